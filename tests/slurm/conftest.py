"""One Slurm for all tests of this folder."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from .cluster import Cluster, missing


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A running Slurm of one node; its folder has a short name because socket names may have 107 characters only."""
    lacking = missing()
    if lacking:
        pytest.skip(f"Slurm is not installed here (missing: {', '.join(lacking)}); the environment's profile `test` has it")
    folder = Path(tempfile.mkdtemp(prefix="invasio-slurm-"))
    it = Cluster(folder)
    try:
        it.start()
        yield it
    finally:
        it.stop()
        shutil.rmtree(folder, ignore_errors=True)
