"""Runs that the tests of this folder submit, and what they compare."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.lib.tables import Table, datasets

from .cluster import Cluster

SCENARIO = Path(__file__).resolve().parents[2] / "scenarios" / "published" / "anderson_2000" / "1d_h0.02.yaml"
# Some seconds. The step is a power of two: sums of steps are exact, so that resuming cannot change a step's last bit.
LONG = ["time.end=1", "time.step=0.00048828125", "output.every=0.25", "output.figures=false", "expect=null"]
STEPS = 2048

# Messages stay on this node, whose cores are shared.
_LOCAL = 'environment: {OMPI_MCA_btl: "self,sm", OMPI_MCA_pml: ob1, OMPI_MCA_mpi_yield_when_idle: "1"}\n'
SITE = f"extends: generic\n{_LOCAL}"
# The limit of one minute is the shortest that Slurm has; the margin is most of it.
_SITE = f"""
{SITE}time: "1"
margin: 50
"""


@dataclass(frozen=True)
class Submitted:
    """A run folder and its job."""

    folder: Path
    job: str

    @property
    def output(self) -> str:
        """What the job has printed so far."""
        return (self.folder / f"slurm-{self.job}.out").read_text()

    def wait_for_steps(self, seconds: float = 180.0) -> None:
        """Wait until the run has done a step."""
        log = self.folder / "run.log"
        deadline = time.monotonic() + seconds
        while not (log.exists() and "step 1," in log.read_text()):
            if time.monotonic() > deadline:
                raise RuntimeError(f"the run does not start: {self.output}")
            time.sleep(0.05)

    def has_pending(self, number: int) -> bool:
        """Whether a signal waits for one of the run's processes (they are stopped)."""
        return any(_pending(entry, number) for entry in Path("/proc").glob("[0-9]*") if _mentions(entry, f"{self.folder}/resolved.yaml"))

    @property
    def status(self) -> str:
        """The line in STATUS."""
        path = self.folder / "STATUS"
        return path.read_text().strip() if path.exists() else ""


def _mentions(process: Path, text: str) -> bool:
    try:
        return text in (process / "cmdline").read_text(errors="replace")
    except OSError:
        return False


def _pending(process: Path, number: int) -> bool:
    try:
        lines = (process / "status").read_text().splitlines()
    except OSError:
        return False
    return any(int(line.split()[1], 16) >> (number - 1) & 1 for line in lines if line.startswith("ShdPnd:"))


def invasio(cluster: Cluster, *words: str, settings: list[str] | None = None) -> subprocess.CompletedProcess[str]:
    """The command line on the cluster; ``settings`` become `--set`."""
    options = [word for setting in settings or [] for word in ("--set", setting)]
    command = [sys.executable, "-m", "invasio.solver.cli", *words, *options]
    return subprocess.run(command, env=cluster.environment, capture_output=True, text=True, timeout=180, cwd=cluster.folder)


def submit(cluster: Cluster, out: Path, *options: str, site: str = "") -> subprocess.CompletedProcess[str]:
    """`invasio submit` of the long run with the site profile of the tests and what ``site`` adds."""
    profile = cluster.folder / "site.yaml"
    profile.write_text(_SITE)
    if site:
        (cluster.folder / "more.yaml").write_text(f"extends: site.yaml\n{site}")
        profile = cluster.folder / "more.yaml"
    return invasio(cluster, "submit", str(SCENARIO), "--site", str(profile), "--out", str(out), "--no-warm", *options, settings=LONG)


def submitted(cluster: Cluster, out: Path, *options: str, site: str = "") -> Submitted:
    """The same, when it has to work."""
    done = submit(cluster, out, *options, site=site)
    if done.returncode:
        raise RuntimeError(f"{done.stdout}{done.stderr}{cluster.logs()}")
    return Submitted(out, done.stdout.split()[1].rstrip(","))


def final_state(folder: Path) -> dict[str, Table]:
    """All arrays of the last checkpoint, in double precision."""
    return datasets(max((folder / "checkpoints").glob("checkpoint-*.h5")), "state")


def can_nest() -> bool:
    """Whether these tests run in the sealed environment and may build sandboxes in it."""
    if "INVASIO_SEALED" not in os.environ or shutil.which("bwrap") is None:
        return False
    return subprocess.run(["bwrap", "--ro-bind", "/", "/", "true"], capture_output=True).returncode == 0
