"""A fault on one rank only ends all ranks, with its message once and its exit code; nothing is left running."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from invasio.hpc.ranks import mpi_environment
from invasio.postprocess.run import open_run
from tests.launcher.injected import PLACES
from tests.lib.outside import outside

PROGRAM = Path(__file__).with_name("injected.py")
SCENARIO = """\
schema_version: 1
mesh: {kind: interval, from: 0, to: 1, cells: 40}
model:
  cells: {tumour: {motility: 1e-3, haptotaxis: {ecm: 5e-3}, initial: "exp(-x^2/0.02)", secretes: {mmp: 0.1}}}
  ecm: {initial: 1, degraded_by: {mmp: 10}}
  solubles: {mmp: {diffusion: 1e-3}}
time: {end: 1, step: 0.05}
output: {every: 0.1, checkpoint_every: 0.2, figures: false}
expect: [{at: 1, what: integral, of: ecm, value: 1, relative: 0.5}]
"""
SAID = {  # by fault: what is printed once, and the exit code
    "memory": ("memory: the system gives no more: Unable to allocate 1.00 TiB", 4),
    "system": ("/dev/broken: the system refuses: Input/output error", 4),
    "full": ("No space left on device", 4),
    "bug": ("ZeroDivisionError: a fault of the program", 1),
    "petsc": ("error code 76", 1),
    "interrupt": ("interrupted", 130),
    "message": ("here: said on one rank; nothing [step-failed]", 4),
}
QUICK = [(2, "step", "memory", 1), (2, "before a write of all", "full", 1), (3, "snapshot", "memory", 2)]
FAULTS = [
    *[("set-up", "memory"), ("folder", "bug"), ("step", "message"), ("step", "petsc"), ("step", "interrupt"), ("output", "system")],
    *[("series", "memory"), ("within a write of all", "full"), ("flush", "full"), ("fields", "memory"), ("checkpoint", "full")],
    *[("digest", "memory"), ("closing", "system"), ("expectations", "bug")],
]
NOBODY = "step:bug:9"  # no fault: there is no such rank
ALONE = {"series": 0, "folder": 0, "expectations": 0}  # where only rank 0 works
LONG = [(ranks, place, fault, ALONE.get(place, ranks - 1)) for ranks in (2, 3) for place, fault in FAULTS]


def launched(ranks: int, where: str, scenario: Path, out: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """`invasio run -n RANKS` with a fault."""
    command = ["run", str(scenario), "--out", str(out), *options]
    program = (sys.executable, str(PROGRAM), where)
    code = f"import sys; from invasio.hpc.ranks import launch; sys.exit(launch({ranks}, {command!r}, {program!r}))"
    plain = outside(ours="OMPI_COMM")
    return subprocess.run([sys.executable, "-c", code], env=plain, capture_output=True, text=True, timeout=240, stdin=subprocess.DEVNULL)


@pytest.mark.parametrize(
    ("ranks", "place", "fault", "rank"),
    [*(pytest.param(*case) for case in QUICK), *(pytest.param(*case, marks=pytest.mark.slow) for case in LONG)],
)
def test_a_fault_of_one_rank_ends_all(tmp_path: Path, ranks: int, place: str, fault: str, rank: int) -> None:
    assert place in PLACES
    scenario, out = tmp_path / "line.yaml", tmp_path / "out"
    scenario.write_text(SCENARIO, encoding="utf-8")
    done = launched(ranks, f"{place}:{fault}:{rank}", scenario, out)
    what, code = SAID["system" if (place, fault) == ("digest", "system") else fault]
    assert done.returncode == code, done.stderr
    assert done.stderr.count(what) == 1, done.stderr
    assert f"rank {rank}" in done.stderr or fault in ("bug", "petsc"), done.stderr
    for noise in ("prterun", "MPI_ABORT", "-----", "invasio: rank", "ended by signal", "\0"):
        assert noise not in done.stderr
    if place not in ("set-up", "expectations"):
        assert (out / "STATUS").read_text(encoding="utf-8") == "failed\n"
    if place not in ("set-up", "expectations", "within a write of all"):  # there the others hear of it when they meet
        assert f"rank {rank} failed alone: " in (out / "run.log").read_text(encoding="utf-8")
    if place in ("step", "flush", "checkpoint", "within a write of all"):
        done = launched(ranks, NOBODY, scenario, out, "--resume")
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("place", "rank"),
    [("room for fields", -1), ("rows of fields", 1), pytest.param("rows of fields", 0, marks=pytest.mark.slow)]
    + [pytest.param("checkpoint", rank, marks=pytest.mark.slow) for rank in (-1, 0, 1)],
)
def test_a_disk_that_fills_on_two_ranks(tmp_path: Path, place: str, rank: int) -> None:
    """On all ranks or on one, before an output or in the middle: code 4, the file named, and a resumed run ends as it should."""
    scenario, out = tmp_path / "line.yaml", tmp_path / "out"
    scenario.write_text(SCENARIO, encoding="utf-8")
    done = launched(2, f"{place}:no room:{rank}", scenario, out)
    if done.returncode:  # what is small may find room in the file as it is
        assert done.returncode == 4, done.stderr
        assert done.stderr.count("File too large") == 1 and done.stderr.count("[cannot-write]") == 1, done.stderr
        assert (out / "STATUS").read_text(encoding="utf-8") == "failed\n"
    assert done.returncode or place == "checkpoint" or rank >= 0, done.stdout
    done = launched(2, NOBODY, scenario, out, "--resume")
    assert done.returncode == 0, done.stderr
    assert list(open_run(out).times) == pytest.approx([k / 10 for k in range(11)])


EXTENSION = """\
import sys
import invasio
from mpi4py import MPI
from invasio.solver.components.protocol import Component, Phase
from invasio.solver.errors import SolverError

class Faulty(Component):
    phases = frozenset({Phase.WHOLE})
    def advance(self, phase, time, dt, book):
        if time > 0.3 and MPI.COMM_WORLD.rank == 1:
            raise SolverError("it is too late", code="step-failed", place="extension", remedy="begin earlier")
        return ""

class Extension:
    def scalars(self):
        return {}
    def build(self, problem):
        return [Faulty()]

try:
    with invasio.Simulation(sys.argv[1], extensions=[Extension()]) as simulation:
        simulation.run()
except SolverError:
    if sys.argv[2] == "raise":
        raise
    sys.exit(0)
"""


@pytest.mark.parametrize("deed", ["raise", pytest.param("leave", marks=pytest.mark.slow)])
def test_a_fault_in_an_extension_of_a_program(tmp_path: Path, deed: str) -> None:
    """Nobody catches it, or the program catches it and leaves, while the others wait."""
    (tmp_path / "line.yaml").write_text(SCENARIO, encoding="utf-8")
    (tmp_path / "program.py").write_text(EXTENSION, encoding="utf-8")
    command = ["mpirun", "-n", "2", sys.executable, str(tmp_path / "program.py"), str(tmp_path / "line.yaml"), deed]
    plain = outside(mpi_environment(), "OMPI_COMM")
    done = subprocess.run(command, env=plain, capture_output=True, text=True, timeout=240, stdin=subprocess.DEVNULL)
    assert done.returncode == (4 if deed == "raise" else 1), done.stderr
    assert done.stderr.count("SolverError: extension: it is too late") == (deed == "raise"), done.stderr
