"""What a killed compilation leaves in the cache does not stop the next run."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from invasio.solver.discretise.jit import clear_stale, folder, options
from tests.lib.comm import Comm


def test_only_stale_sources_are_removed(comm: Comm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    tmp_path = folder()
    tmp_path.mkdir()
    for name in ("done.c", "killed.c", "busy.c"):
        (tmp_path / name).touch()
    (tmp_path / "done.c.cached").touch()
    for name in ("done.c", "killed.c"):
        os.utime(tmp_path / name, (time.time() - 3600,) * 2)
    other = threading.Timer(0.5, (tmp_path / "busy.c.cached").touch)  # somebody compiles it, and ends in time
    other.start()
    began = time.monotonic()
    clear_stale(comm, patience=60.0)
    other.join()
    assert time.monotonic() - began >= 0.4
    assert sorted(path.name for path in tmp_path.glob("*.c")) == ["busy.c", "done.c"]
    assert options()["cache_dir"] == tmp_path
    (tmp_path / "busy.c.cached").unlink()
    clear_stale(comm, patience=0.0)
    assert sorted(path.name for path in tmp_path.glob("*.c")) == ["done.c"]
