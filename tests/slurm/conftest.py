"""One Slurm for all tests of this folder, and the two runs that several of them look at."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .cluster import Cluster, missing
from .jobs import Submitted, submitted


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


@pytest.fixture(scope="session")
def reference(cluster: Cluster) -> Submitted:
    """The long run on two ranks, from its start to its end."""
    run = submitted(cluster, cluster.folder / "reference", "-n", "2", "--time", "10")
    if cluster.wait(run.job, "COMPLETED", "FAILED", "TIMEOUT") != "COMPLETED":
        raise RuntimeError(f"{run.output}{cluster.logs()}")
    return run


@pytest.fixture(scope="session")
def limited(cluster: Cluster, reference: Submitted) -> Submitted:
    """The same run with a time limit that it reaches: submitted so that Slurm's next look at the limits comes in the middle of it."""
    while not 6.0 < cluster.seconds_to_check() < 7.5:
        time.sleep(0.2)
    return submitted(cluster, cluster.folder / "limited", "-n", "2")
