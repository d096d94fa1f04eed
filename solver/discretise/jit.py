"""The cache of compiled forms: where it is, and what killed compilations have left in it."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from ..parallel import Comm

PATIENCE = 120.0  # seconds after which a compilation that has not ended is taken for killed; these forms take a few
TIMEOUT = 600  # seconds that FFCx waits for another program that compiles the same form


def options() -> dict[str, Any]:
    """Options of DOLFINx for compiling a form."""
    return {"timeout": TIMEOUT, "cache_dir": folder()}


def folder() -> Path:
    """The folder: FFCx's own, fenics below XDG_CACHE_HOME (or ~/.cache)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fenics"


def clear_stale(comm: Comm, patience: float = PATIENCE) -> None:
    """Remove what a killed compilation has left: FFCx would wait for its end. Rank 0 works; the others compile nothing.

    A source without its mark of success is being compiled by somebody; once it is older than ``patience`` it is not.
    """
    if comm.rank:
        return
    for source in folder().glob("*.c"):
        mark = source.with_suffix(".c.cached")
        while not mark.exists():
            try:
                age = time.time() - source.stat().st_mtime
            except FileNotFoundError:
                break  # another program has removed it
            if age > patience:
                source.unlink(missing_ok=True)
                break
            time.sleep(min(0.2, patience))
