"""The comparison of two versions: it sees one bit, a missing array and a new name; the list holds every shipped scenario."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from invasio.solver.scenario.shipped import headers
from tests.bits import comparison
from tests.bits.cases import CASES

STATE = {"n/state": np.linspace(0.5, 2.0, 40), "sites/b/integrity": np.ones((7, 2))}


def checkpoint(path: Path, state: Mapping[str, Any] = STATE, **numbers: Any) -> Path:
    """A checkpoint with these arrays and numbers."""
    header = json.dumps({"scalars": {"time": 1.5, "amount/n/flux": [0.25, 0.5], **numbers}})
    with h5py.File(path, "w") as h5:
        h5.create_dataset("header", data=np.frombuffer(header.encode(), dtype=np.uint8))
        for name, values in state.items():
            h5.create_dataset(f"state/{name}", data=values)
    return path


def test_same_checkpoints(tmp_path: Path) -> None:
    """Nothing is told, also where values are no numbers."""
    state = {**STATE, "m/state": np.array([np.nan, np.inf, -0.0])}
    found = comparison.checkpoints(checkpoint(tmp_path / "a.h5", state), checkpoint(tmp_path / "b.h5", state))
    assert found == comparison.Found([], [])


def test_one_bit(tmp_path: Path) -> None:
    """One bit of one value is told, by its array, count and size."""
    other = {name: values.copy() for name, values in STATE.items()}
    other["n/state"].view(np.uint64)[17] ^= np.uint64(1)
    found = comparison.checkpoints(checkpoint(tmp_path / "a.h5"), checkpoint(tmp_path / "b.h5", other))
    assert len(found.arrays) == 1 and not found.numbers
    assert found.arrays[0].startswith("n/state: 1 of 40 values, by up to 1 ulp")


def test_sign_of_zero_and_shape() -> None:
    """-0 is not 0, and other shapes are other arrays."""
    assert comparison.difference(np.zeros(3), -np.zeros(3)).startswith("3 of 3 values, by up to 0 ulp")
    assert comparison.difference(np.zeros(3), np.zeros((3, 1)))


def test_missing_and_renamed_arrays(tmp_path: Path) -> None:
    """An array on one side is told, on which; a declared new name is followed, for arrays and numbers."""
    base = checkpoint(tmp_path / "a.h5", dt_last=0.1)
    head = checkpoint(tmp_path / "b.h5", {"species/n/state": STATE["n/state"]}, **{"history/last": 0.1})
    found = comparison.checkpoints(base, head, [(r"(\w+)/state", r"species/\1/state"), ("dt_last", "history/last")])
    assert found == comparison.Found(["sites/b/integrity: only in BASE"], [])
    assert comparison.checkpoints(base, head).arrays == [
        "n/state: only in BASE",
        "sites/b/integrity: only in BASE",
        "species/n/state: only in HEAD",
    ]


def test_numbers_apart(tmp_path: Path) -> None:
    """A number of the header that differs is no difference of arrays."""
    found = comparison.checkpoints(checkpoint(tmp_path / "a.h5", dt=0.1), checkpoint(tmp_path / "b.h5", dt=np.nextafter(0.1, 1.0)))
    assert found.arrays == [] and found.numbers == ["dt: 1 of 1 values, by up to 1 ulp, 1.4e-16 relative"]


def test_series(tmp_path: Path) -> None:
    """Columns that differ and those of one side; the same text is the same."""
    a, b = tmp_path / "a.csv", tmp_path / "b.csv"
    a.write_text("time,n.total,old\n0,1.0,\n1,2.0,3\n", encoding="utf-8")
    b.write_text("time,n.total,new\n0,1.0,\n1,2.5,3\n", encoding="utf-8")
    assert comparison.series(a, a) == []
    assert comparison.series(a, b)[:2] == ["old: only in BASE", "new: only in HEAD"]
    assert comparison.series(a, b)[2].startswith("n.total: 1 of 2 values") and "2.0e-01 relative" in comparison.series(a, b)[2]
    b.write_text("time,n.total,old\n0,1.0,\n1,2.00,3\n", encoding="utf-8")
    assert comparison.series(a, b) == ["the text, but no column of it"]


def test_every_shipped_scenario_is_in_the_list() -> None:
    """And nothing twice."""
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)
    assert {header.name for header in headers()} <= set(names)


@pytest.mark.parametrize("name", ["everything/2d_positivity", "everything/3d_local_bounds"])
def test_everything_runs_on_all_ranks(name: str) -> None:
    """Membranes, vessels and rejected steps are compared on 1, 2 and 3 ranks."""
    assert next(case for case in CASES if case.name == name).most_ranks == 3
