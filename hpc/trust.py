"""Commands that a record of an earlier submission would run: those of this user's own submissions are known, others are asked for."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from invasio.hpc.sites.profile import Site
from invasio.solver.errors import InvasioError

_RUN = {"setup", "start", "environment", "srun", "directives", "jit_cache"}  # options that become shell lines, programs or their settings


class ConsentError(InvasioError):
    """Commands of a folder that came from elsewhere were not agreed to."""

    exit_code = 2


def commands(site: Site) -> dict[str, Any]:
    """The options of a profile that run something, as far as they are given."""
    return site.model_dump(mode="json", by_alias=True, exclude_unset=True, include=_RUN)


def remember(site: Site) -> None:
    """Note that this user has submitted with these commands."""
    with contextlib.suppress(OSError):
        path = _notes()
        path.parent.mkdir(parents=True, exist_ok=True)
        if not known(site):
            with path.open("a", encoding="utf-8") as stream:
                stream.write(_digest(site) + "\n")


def known(site: Site) -> bool:
    """Whether this user has submitted with these commands before, or there are none."""
    if not commands(site):
        return True
    try:
        return _digest(site) in _notes().read_text(encoding="utf-8").split()
    except (OSError, ValueError):
        return False


def agree(folder: Path, site: Site, yes: bool) -> None:
    """Show the commands of a record that this user did not write, and ask. Raises ConsentError where the answer is not yes."""
    if known(site):
        return
    lines = [line for name, value in commands(site).items() for line in _lines(name, value)]
    print("\n".join([f"{folder}: was submitted with these commands and settings, which are not known here:", *lines]), flush=True)
    if yes:
        return
    if sys.stdin is not None and sys.stdin.isatty():
        print("Run them? [y/N] ", end="", flush=True)
        if sys.stdin.readline().strip().lower() in ("y", "yes"):
            return
    raise ConsentError(
        "its commands were not agreed to", code="no-consent", place=str(folder), remedy="--yes runs them, --site or --here do without them"
    )


def _lines(name: str, value: Any) -> list[str]:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=True)
    return [f"  {name}: {ascii(line)[1:-1]}" for line in text.split("\n") if line]


def _digest(site: Site) -> str:
    return hashlib.sha256(json.dumps(commands(site), sort_keys=True).encode()).hexdigest()


def _notes() -> Path:
    cache = os.environ.get("INVASIO_CACHE") or os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "invasio")
    return Path(cache) / "submitted-commands"
