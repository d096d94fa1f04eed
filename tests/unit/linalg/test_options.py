"""PETSc options from the scenario and the command line; faults name the word; nothing is left behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from invasio.solver.linalg.petsc_options import PetscOptions
from invasio.solver.petsc_names import refusal
from tests.lib.comm import Comm
from tests.lib.messages import refused
from tests.lib.outside import outside

ALLOWED = {
    "ksp_type": "gmres",
    "ksp_rtol": "1e-3",
    "ksp_monitor": "",
    "ksp_view": True,
    "ksp_gmres_restart": 50,
    "pc_type": "hypre",
    "pc_hypre_boomeramg_strong_threshold": 0.7,
    "pc_gamg_agg_nsmooths": 1,
    "pc_factor_levels": 2,
    "sub_pc_type": "icc",
    "sub_pc_factor_shift_type": "positive_definite",
    "mg_levels_ksp_type": "chebyshev",
    "mg_levels_2_ksp_max_it": 3,
    "mg_levels_esteig_ksp_type": "cg",
    "mat_mumps_icntl_14": 30,
    "pc_factor_mat_solver_type": "mumps",
}


def test_the_command_line_wins_and_negative_numbers_are_values(comm: Comm) -> None:
    from petsc4py import PETSc

    words = ["-n_ksp_type", "gmres", "-n_ksp_rtol", "-1.5", "-n_ksp_monitor"]
    with PetscOptions({"n_ksp_type": "cg", "n_pc_type": "jacobi"}, words) as options:
        assert options.given == {"n_ksp_type": "gmres", "n_pc_type": "jacobi", "n_ksp_rtol": "-1.5", "n_ksp_monitor": ""}
        assert PETSc.Options().getString("n_ksp_type") == "gmres"
    assert not any(PETSc.Options().hasName(name) for name in options.given)


def test_options_from_before_are_as_before(comm: Comm) -> None:
    from petsc4py import PETSc

    database = PETSc.Options()
    database.setValue("n_ksp_type", "cg")
    try:
        with PetscOptions({"n_ksp_type": "gmres"}) as outer, PetscOptions({"n_ksp_type": "bcgs"}):
            assert database.getString("n_ksp_type") == "bcgs"
        outer.remove()
        assert database.getString("n_ksp_type") == "cg"
    finally:
        database.delValue("n_ksp_type")


def test_a_word_without_a_name_is_refused() -> None:
    with refused("petsc-option", "--", "write -name value", says=["(given 'gmres')"]):
        PetscOptions({}, ["gmres"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("options_file", "more"),
        ("n_options_file", "more"),
        ("n_ksp_view", "ascii:overwritten"),
        ("n_ksp_view", "binary"),
        ("n_ksp_monitor", "ascii:overwritten::append"),
        ("n_ksp_view_mat", "binary:overwritten"),
        ("log_view", ":overwritten"),
        ("log_view", ""),
        ("info", "overwritten"),
        ("n_pc_type", "python"),
        ("n_pc_python_type", "os.system"),
        ("n_ksp_type", "python"),
        ("n_ksp_python_type", "os.system"),
        ("n_mat_type", "python"),
        ("python", ""),
        ("n_pc_factor_mat_ordering_type", "/tmp/library.so:order"),
        ("n_pc_hypre_boomeramg_print_debug", "1"),
        ("n_mat_mumps_ooc_tmpdir", "/tmp"),
        ("n_mat_mumps_icntl_22", "1"),
        ("dll_append", "library.so"),
        ("on_error_attach_debugger", "sh"),
        ("malloc_dump", ""),
        ("history", "overwritten"),
        ("n_ksp_monitor_python", "os.system"),
        ("n_ksp_type\nn_pc_type", "lu"),
        ("n_ksp_rtol", "1e-3 -options_file more"),
        ("", ""),
        ("x" * 5000, ""),
    ],
)
def test_what_is_no_choice_of_a_linear_solver_is_refused(name: str, value: str) -> None:
    """Nothing that reads or writes files, loads libraries or runs programs; from the scenario and from the command line."""
    with refused("petsc-option", "PETSc options"):
        PetscOptions({name: value}, [])
    if name and "\n" not in name:
        with refused("petsc-option", "PETSc options"):
            PetscOptions({}, [f"-{name}", *([value] if value else [])])


@pytest.mark.parametrize("name", [species + option for species in ("", "n_", "pathogen_", "file_low_") for option in ALLOWED])
def test_choices_of_linear_solvers_are_allowed(name: str) -> None:
    option = name.removeprefix("pathogen_").removeprefix("file_low_").removeprefix("n_")
    assert refusal(name, ALLOWED[option]) == ("", "")


# Writing to what nobody reads any more is an error that can be dealt with.
NOBODY_READS = """
import os
there, here = os.pipe()
os.close(there)
try:
    os.write(here, b"x")
except BrokenPipeError:
    print("goes on")
"""


@pytest.mark.parametrize("module", ["simulation", "compat"])
def test_files_of_options_are_not_read_nor_signals_taken(tmp_path: Path, module: str) -> None:
    """A .petscrc in the working folder or at home could load a library; PETSC_OPTIONS are the user's. Signals stay Python's."""
    (tmp_path / ".petscrc").write_text("-from_folder 1\n", encoding="utf-8")
    first = {
        "simulation": "import invasio.solver.simulation",
        "compat": "import numpy as np; from invasio.solver.compat import create_simplex_mesh; from mpi4py import MPI\n"
        "create_simplex_mesh(MPI.COMM_SELF, np.array([[0, 1]]), np.array([[0.0], [1.0]]))",
    }
    program = f"{first[module]}\nfrom petsc4py import PETSc\nprint(sorted(PETSc.Options().getAll()))\n{NOBODY_READS}"
    plain = outside() | {"HOME": str(tmp_path), "PETSC_OPTIONS": "-from_user 1"}
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=plain, capture_output=True, text=True, check=False)
    options, last = done.stdout.splitlines()[:2]
    assert options == "['from_user', 'no_signal_handler', 'skip_petscrc']", done.stderr
    assert (done.returncode, last) == (0, "goes on"), done.stderr
