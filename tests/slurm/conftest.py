"""One Slurm for all tests of this folder, and the two runs that several of them look at."""

from __future__ import annotations

import shutil
import signal
import tempfile
import threading
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
def limited(cluster: Cluster) -> Iterator[Submitted]:
    """The long run with a time limit that it reaches, however fast this machine is.

    It is halted after its first steps. Slurm looks at the limits every 30 s; when its signal has come, the run goes on and finds it.
    """
    run = submitted(cluster, cluster.folder / "limited", "-n", "2")
    run.wait_for_steps()
    cluster.command("scancel", "--signal=STOP", run.job)
    over = threading.Event()

    def go_on_when_signalled() -> None:
        deadline = time.monotonic() + 45
        while not run.has_pending(signal.SIGUSR1) and time.monotonic() < deadline and not over.wait(0.2):
            pass
        cluster.command("scancel", "--signal=CONT", run.job)

    thread = threading.Thread(target=go_on_when_signalled)
    thread.start()
    yield run
    over.set()
    thread.join()


@pytest.fixture(scope="session")
def reference(cluster: Cluster, limited: Submitted) -> Submitted:
    """The long run on two ranks, from its start to its end, while the other one is halted."""
    run = submitted(cluster, cluster.folder / "reference", "-n", "2", "--time", "10")
    if cluster.wait(run.job, "COMPLETED", "FAILED", "TIMEOUT", seconds=300) != "COMPLETED":
        raise RuntimeError(f"{run.output}{cluster.logs()}")
    return run
