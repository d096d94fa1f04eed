"""PETSc options from the scenario and the command line; faults name the word."""

from __future__ import annotations

import pytest

from invasio.solver.errors import ScenarioError
from invasio.solver.linalg.petsc_options import insert
from tests.lib.comm import Comm


def test_the_command_line_wins_and_negative_numbers_are_values(comm: Comm) -> None:
    from petsc4py import PETSc

    found = insert({"n_ksp_type": "cg", "n_pc_type": "jacobi"}, ["-n_ksp_type", "gmres", "-shift", "-1.5", "-n_ksp_monitor"])
    assert found == {"n_ksp_type": "gmres", "n_pc_type": "jacobi", "shift": "-1.5", "n_ksp_monitor": ""}
    database = PETSc.Options()
    assert database.getString("n_ksp_type") == "gmres"
    for name in found:
        database.delValue(name)


def test_a_word_without_a_name_is_refused() -> None:
    with pytest.raises(ScenarioError, match="PETSc option expected after '--', given 'gmres'"):
        insert({}, ["gmres"])
