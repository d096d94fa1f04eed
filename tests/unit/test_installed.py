"""A plain installation: commands that compute nothing need neither MPI nor DOLFINx, and those that do say how it is got."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from invasio.solver import installed
from invasio.solver.installed import PackageError, check_mpi

ROOT = Path(__file__).resolve().parents[2]
SCENARIO = "scenarios/quickstart.yaml"
# The command line in a Python that has none of the solver's packages, nor those of the other extras.
PLAIN = """
import sys
ABSENT = set("mpi4py dolfinx dolfinx_solver petsc4py basix ufl ffcx gmsh numba meshio skimage xarray nibabel".split())
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ABSENT:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
real = __import__("importlib.util", fromlist=["util"])
find = real.find_spec
real.find_spec = lambda name, package=None: None if name.partition(".")[0] in ABSENT else find(name, package)
from invasio.solver.cli import main
code = main(sys.argv[1:])
assert not ABSENT & {name.partition(".")[0] for name in sys.modules}
sys.exit(code)
"""


def plain(*words: str) -> subprocess.CompletedProcess[str]:
    """`invasio WORDS` with nothing but what a plain `pip install` brings."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "COLUMNS": "200", "MPLBACKEND": "agg"}
    command = [sys.executable, "-c", PLAIN, *words]
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["validate", SCENARIO], "ok: scenarios/quickstart.yaml"),
        (["validate", "--cost", "scenarios/verification/exact_wave_2d.yaml"], "core-hours"),
        (["explain", SCENARIO], "Anderson, Chaplain"),
        (["schema"], '"object"'),
        (["scenarios", "list"], "quickstart"),
        (["sweep", "--dry-run", "scenarios/sweeps/haptotaxis_mmp.yaml"], "haptotaxis"),
        (["submit", "--dry-run", SCENARIO], "#SBATCH"),
        (["doctor"], "missing for any run: DOLFINx, PETSc, MPI, Numba, gmsh, meshio"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else "",
)
def test_commands_that_compute_nothing(words: list[str], said: str) -> None:
    done = plain(*words)
    assert said in done.stdout, done.stdout + done.stderr
    assert done.returncode == (1 if words == ["doctor"] else 0), done.stderr
    assert "Traceback" not in done.stderr
    if words == ["doctor"]:
        assert ".[solver]" in done.stdout  # square brackets are no markup


COMPUTING = ["run {}", "run {} -n 2", "gallery quickstart", "warm", "scaling {}", "sweep {} --out {}", "arms {} --out {}"]


@pytest.mark.parametrize("words", COMPUTING)
def test_commands_that_compute_say_what_is_missing(words: str, tmp_path: Path) -> None:
    many = {"sweep": "scenarios/sweeps/haptotaxis_mmp.yaml", "arms": "scenarios/treatment/mmp_inhibitor.yaml"}
    file = many.get(words.partition(" ")[0], SCENARIO)
    done = plain(*words.format(file, tmp_path / "out").split())
    assert done.returncode == 3
    assert "this command needs MPI for Python, DOLFINx, PETSc for Python, Numba, gmsh, meshio" in done.stderr
    assert "pip install '.[solver]' in a checkout [missing-package]" in done.stderr and "Traceback" not in done.stderr


def test_open_mpi_is_not_mixed_with_the_wheels(monkeypatch: pytest.MonkeyPatch) -> None:
    check_mpi("MPICH Version:      5.0.2")
    monkeypatch.setattr(installed, "has_wheels", lambda: False)
    check_mpi("Open MPI v5.0.7, package: Debian")
    monkeypatch.setattr(installed, "has_wheels", lambda: True)
    with pytest.raises(PackageError, match=r"brings MPICH, but mpi4py here uses Open MPI v5\.0\.7; remove .* \[mixed-packages\]"):
        check_mpi("Open MPI v5.0.7, package: Debian")
