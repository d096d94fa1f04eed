"""What a notebook uses of a run, and the shipped notebook itself, cell by cell."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import invasio
from invasio.postprocess.faults import UnknownTime, WrongRequest
from invasio.postprocess.run import open_run
from tests.unit.postprocess.folders import make
from tests.unit.postprocess.test_figures import SCENARIO, TIMES, state

NOTEBOOK = Path(invasio.__file__).parents[2] / "docs" / "notebook.ipynb"


@pytest.fixture
def folder(comm: Any, shared_tmp: Path) -> Path:
    """Nine outputs, 6 h apart."""
    return make(shared_tmp / "run", comm, 2, 8, TIMES, state, SCENARIO)


def test_fields_by_a_time_with_a_unit_and_between_outputs(folder: Path) -> None:
    run = open_run(folder)
    np.testing.assert_array_equal(run.field("tumour", "1.5 d"), run.field("tumour", step=6))
    between = run.field("tumour", "33 h", interpolate=True)  # 5.5 units of time
    np.testing.assert_allclose(between, 0.5 * (run.field("tumour", step=5) + run.field("tumour", step=6)), rtol=1e-12)
    np.testing.assert_array_equal(run.field("ecm", 8.0, interpolate=True), run.field("ecm", step=8))
    for time, code in (("33 h", "no-time"), ("3 nM", "wrong-unit"), ("soon", "not-a-quantity")):
        with pytest.raises(UnknownTime) as caught:
            run.field("tumour", time)
        assert caught.value.code == code
    with pytest.raises(UnknownTime, match="outside") as caught:
        run.field("tumour", 8.1, interpolate=True)
    assert "0 to 8" in str(caught.value)


def test_tables_have_the_numbers_of_the_run(folder: Path) -> None:
    pytest.importorskip("xarray")
    pandas = pytest.importorskip("pandas")
    run = open_run(folder)
    data, table = run.to_xarray(), run.to_pandas()
    for name in run.fields:
        for step, time in enumerate(run.times):
            np.testing.assert_array_equal(data[name].sel(time=time), run.field(name, step=step))
    assert isinstance(table, pandas.DataFrame) and table.index.tolist() == TIMES
    np.testing.assert_array_equal(table["tumour.total"], run.series["tumour.total"])
    assert table.attrs["units"] == run.units


def test_the_card_and_the_figures(folder: Path) -> None:
    run = open_run(folder)
    text = run._repr_html_()
    assert all(word in text for word in ("81 nodes, 128 cells", "tumour, ecm, mmp", "9, to t = 48 h", "data:image/png;base64,"))
    figure = run.plot("series", "tumour.total", width=85)
    assert (
        figure.get_size_inches()[0] == pytest.approx(85 / 25.4)
        and figure.axes[0].lines[0].get_ydata()[-1] == run.series["tumour.total"][-1]
    )
    assert len([axes for axes in run.plot(field="tumour", times=[0, 8]).axes if axes.images]) == 2
    for wrong in ({"kind": "pie"}, {"kind": "surface"}, {"colour": 3}):
        with pytest.raises(WrongRequest):
            run.plot(**wrong)
    assert run.membranes is None and run.vessels is None and run.events == []


def test_events_of_doses_and_breaches(comm: Any, shared_tmp: Path) -> None:
    """Doses each unit of time from 1 on, radiation at 2.5, a breach at 3.25, the first cells in blood by the output at 4."""
    given = "schedules: {plasma: {kind: pharmacokinetics, dose: 1, every: 1, start: 1, count: 3, half_life: 0.5, volume: 1}}\n"
    given += "radiation: {once: {start: 2.5, dose: 2, alpha: 0.1, beta: 0.01}}\ntime: {end: 8}\n"
    path = make(shared_tmp / "run", comm, 1, 8, TIMES, state, "name: a\nmodel: {cells: {tumour: {}}}\n" + given)
    rows = ["time,step,dt,wall.first_breach,tumour.blood:v"] + [f"{t},1,1,{3.25 if t >= 4 else 'nan'},{max(t - 3, 0)}" for t in TIMES]
    (path / "series.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    found = open_run(path).events
    assert [event for event in found if event.what == "first breach"] == [(3.25, "first breach", "wall")]
    assert [event for event in found if event.what == "first entry"] == [(4.0, "first entry", "tumour into v")]
    assert {event.time for event in found if event.what == "schedule"} >= {1.0, 2.0, 3.0}
    assert [event.time for event in found] == sorted(event.time for event in found)
    assert [event.time for event in found if event.what == "radiation"] == [2.5]


def test_the_shipped_notebook(shared_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every cell runs, in its order; what a cell shows can be shown; what it says of the membrane is what the file says."""
    pytest.importorskip("pandas")
    pytest.importorskip("xarray")
    monkeypatch.chdir(shared_tmp)
    names: dict[str, Any] = {}
    shown: list[Any] = []
    cells = [cell for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    for cell in cells:
        assert cell["outputs"] == []
        tree = ast.parse("".join(cell["source"]))
        end = tree.body[-1]
        last = end if isinstance(end, ast.Expr) else None
        tree.body = tree.body[:-1] if last else tree.body
        exec(compile(tree, str(NOTEBOOK), "exec"), names)
        if last is not None:
            shown.append(eval(compile(ast.Expression(last.value), str(NOTEBOOK), "eval"), names))
    assert len(shown) == len(cells) and "data:image/png" in shown[1]._repr_html_()
    run = names["run"]
    (breach,) = (event for event in run.events if event.what == "first breach")
    assert breach.time == run.series["basement.first_breach"][-1] < 12 and (shared_tmp / "front.pdf").read_bytes().startswith(b"%PDF")
    with h5py.File("duct/membranes.vtkhdf") as file:
        count = int(file["VTKHDF/NumberOfPoints"][0])
        assert shown[-1][0] == pytest.approx(file["VTKHDF/PointData/integrity"][-count:].reshape(-1, 2).mean(axis=1).min())
