"""Figures by a second process: the same as here, with none where no core is free, and here where it has gone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pytest

from invasio.postprocess import drawing
from invasio.postprocess.drawing import Drawing, core_is_free
from tests.unit.postprocess.test_figures import SCENARIO, TIMES, make, state


def test_a_second_process_draws_the_same(comm: Any, shared_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before and after it has been ended from outside, which PETSc must not notice; none is left behind."""
    from invasio.solver import petsc_start  # noqa: F401

    run = make(shared_tmp / "run", comm, 1, 50, TIMES, state, SCENARIO)
    monkeypatch.setattr(drawing, "core_is_free", lambda: True)
    with Drawing() as draw:
        process = draw._process
        assert process is not None and process.poll() is None
        theirs = draw(run)
        pictures = [matplotlib.image.imread(path) for path in theirs]
        process.kill()
        process.wait()
        ours = draw(run)
    assert [path.name for path in theirs] == [path.name for path in ours] == ["profiles.png", "series.png"]
    assert all(np.array_equal(matplotlib.image.imread(path), one) for path, one in zip(ours, pictures, strict=True))
    with pytest.raises(KeyboardInterrupt), Drawing() as draw:
        process = draw._process
        raise KeyboardInterrupt
    assert process is not None and process.poll() is not None


def test_there_is_none_without_a_core_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for cores, load, free in ((1, 0.0, False), (2, 0.2, True), (2, 1.0, False), (4, 2.0, True), (4, 4.0, False)):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _, cores=cores: set(range(cores)))
        monkeypatch.setattr(os, "getloadavg", lambda load=load: (load, 0.0, 0.0))
        assert core_is_free() is free, (cores, load)
    assert Drawing()._process is None
    assert Drawing(wanted=False)._process is None
