"""Which version this is: from git's tags, from what an archive or an installation states, else the last release."""

from __future__ import annotations

import re
import subprocess
from importlib import metadata
from pathlib import Path

RELEASED = "0.2.0"  # the last release in CHANGELOG.md, for copies without tags
_ROOT = Path(__file__).resolve().parents[2]
_ARCHIVED = ".git_archival.txt"  # git writes into it what `git archive` and the archives of forges are made of
_TAG = re.compile(r"v?(\d+(?:\.\d+)*(?:(?:a|b|rc)\d+)?)(?:-(\d+)-g([0-9a-f]+))?")


def find(root: Path = _ROOT) -> str:
    """The version of a checkout, of an archive of one, or of what is installed, as PEP 440 writes it.

    A tag vX.Y.Z is X.Y.Z, N commits after it X.Y.Z.postN+gCOMMIT; without tags the last release and the commit, RELEASED+gCOMMIT.
    """
    if not _is_ours(root):
        return _installed() or RELEASED
    if (root / ".git").exists():
        return _described(_git(root, "describe", "--tags", "--match", "v[0-9]*"), _git(root, "rev-parse", "--short=9", "HEAD"))
    stated = re.search(r"^Version: (\S+)$", _text(root / "PKG-INFO"), re.MULTILINE)
    if stated:
        return stated[1]
    tag, commit = (_after(key, _text(root / _ARCHIVED)) for key in ("describe", "commit"))
    return _described(tag, commit)


def _described(tag: str, commit: str) -> str:
    """What `git describe` says (v1.2.0-5-gabc), or nothing and a commit, as a version."""
    found = _TAG.fullmatch(tag)
    if found:
        return f"{found[1]}.post{found[2]}+g{found[3]}" if found[2] else found[1]
    return f"{RELEASED}+g{commit}" if re.fullmatch("[0-9a-f]+", commit) else RELEASED


def _is_ours(root: Path) -> bool:
    return re.search(r'^name = "invasio"$', _text(root / "pyproject.toml"), re.MULTILINE) is not None


def _installed() -> str:
    try:
        return metadata.version("invasio")
    except metadata.PackageNotFoundError:
        return ""


def _after(key: str, text: str) -> str:
    found = re.search(rf"^{key}: (\S+)$", text, re.MULTILINE)
    return found[1] if found else ""


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _git(root: Path, *words: str) -> str:
    """What git prints; nothing where it fails or is not there."""
    command = ["git", "-c", "safe.directory=*", "-C", str(root), *words]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
