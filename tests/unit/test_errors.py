"""Errors: how they are printed, that they survive pickling, and that every code is in the registry, used and unique."""

from __future__ import annotations

import pickle

import pytest

from invasio.solver.errors import InvasioError, MeshError, ScenarioError


def test_place_what_remedy_and_code_are_printed() -> None:
    error = MeshError("region 'a' is empty", code="empty-region", place="m.msh", remedy="move it", details=["one", "two"])
    assert str(error) == "m.msh: region 'a' is empty; move it [empty-region]\none\ntwo"
    assert str(MeshError("no cells", code="no-cells")) == "no cells [no-cells]"


def test_several_faults_have_a_line_and_a_code_each() -> None:
    faults = [ScenarioError("wrong", code="wrong-type", place=f"s.yaml:{k}:1") for k in (3, 7)]
    error = ScenarioError.together(faults, "2 errors in s.yaml")
    assert str(error) == "2 errors in s.yaml:\ns.yaml:3:1: wrong [wrong-type]\ns.yaml:7:1: wrong [wrong-type]"
    assert (error.code, error.exit_code) == ("wrong-type", 2)


@pytest.mark.parametrize("several", [False, True])
def test_an_error_survives_pickling(several: bool) -> None:
    error: InvasioError = MeshError("what", code="no-cells", place="here", remedy="do", details=["more"])
    if several:
        error = MeshError.together([error, MeshError("other", code="no-lines")])
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is MeshError
    assert str(again) == str(error)
    assert vars(again).keys() == vars(error).keys()
    assert (again.code, again.place, again.remedy, again.details) == (error.code, error.place, error.remedy, error.details)
    assert [fault.code for fault in again.faults] == [fault.code for fault in error.faults]
