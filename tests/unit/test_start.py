"""What a run on a lattice imports: counted, since times are those of a machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from invasio.solver import installed
from invasio.solver.kernels import native

SCENARIO = """\
name: small
mesh: {kind: interval, cells: 20}
model:
  cells:
    tumour: {initial: "exp(-x^2/0.01)", motility: 1e-3, haptotaxis: {ecm: 5e-3}, secretes: {mmp: 0.1}}
  ecm: {initial: 1, degraded_by: {mmp: 10}}
  solubles: {mmp: {diffusion: 1e-3}}
time: {end: 0.02, step: 0.01}
output: {figures: false}
"""
COMMAND = """
import sys
from invasio.solver.cli import main
code = main(["run", "small.yaml", "--overwrite", "--out", "out"])
print("MODULES", *sorted({name.partition(".")[0] for name in sys.modules}))
print("COUNT", len(sys.modules))
sys.exit(code)
"""
# Half a second and more of a run that may take less itself.
HEAVY = {
    "numba",
    "llvmlite",
    "scipy",
    "matplotlib",
    "meshio",
    "gmsh",
    "rich",
    "pint",
    "skimage",
    "dolfinx",
    "ufl",
    "basix",
    "cffi",
    "unittest",
    "asyncio",
    "http",
}


def loaded(folder: Path) -> tuple[set[str], int]:
    """The top-level modules of a process that has run the scenario, and the number of all."""
    done = subprocess.run([sys.executable, "-c", COMMAND], capture_output=True, text=True, cwd=folder, timeout=180, env={**os.environ})
    assert done.returncode == 0, done.stderr
    *_, names, count = done.stdout.strip().splitlines()
    return set(names.split()[1:]), int(count.split()[1])


@pytest.mark.skipif(native.caller() is None, reason="no C compiler: Numba does all")
def test_a_run_on_a_lattice_imports_little(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(SCENARIO)
    loaded(tmp_path)  # compiles
    names, count = loaded(tmp_path)
    assert not HEAVY & names
    assert count < 900


def test_versions_are_those_of_importlib() -> None:
    from importlib import metadata

    names = ("numpy", "scipy", "numba", "h5py", "mpi4py", "petsc4py", "meshio", "pydantic", "ruamel.yaml", "fenics-dolfinx", "gmsh", "none")
    for name in names:
        try:
            theirs = metadata.version(name)
        except metadata.PackageNotFoundError:
            theirs = None
        assert installed.version(name) == theirs, name
