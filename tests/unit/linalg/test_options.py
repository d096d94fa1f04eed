"""PETSc options from the scenario and the command line; faults name the word; nothing is left behind."""

from __future__ import annotations

import pytest

from invasio.solver.errors import ScenarioError
from invasio.solver.linalg.petsc_options import PetscOptions
from tests.lib.comm import Comm


def test_the_command_line_wins_and_negative_numbers_are_values(comm: Comm) -> None:
    from petsc4py import PETSc

    words = ["-n_ksp_type", "gmres", "-shift", "-1.5", "-n_ksp_monitor"]
    with PetscOptions({"n_ksp_type": "cg", "n_pc_type": "jacobi"}, words) as options:
        assert options.given == {"n_ksp_type": "gmres", "n_pc_type": "jacobi", "shift": "-1.5", "n_ksp_monitor": ""}
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
    with pytest.raises(ScenarioError, match="PETSc option expected after '--', given 'gmres'"):
        PetscOptions({}, ["gmres"])
