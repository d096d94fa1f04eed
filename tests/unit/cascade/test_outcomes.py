"""Numbers of the cascade as outcomes of arms: what they are, their table and figure, and what is refused beforehand."""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

from invasio.hpc.sweep.folder import prepare
from invasio.postprocess.arms import figure, table_of
from invasio.postprocess.cascade_numbers import over_time
from invasio.postprocess.outcomes import as_json, as_text
from invasio.postprocess.run import Run
from invasio.postprocess.sweep import SweepRun, open_sweep
from invasio.solver.cascade.build import parts_of, plan_of
from invasio.solver.circulation.chances import chances
from invasio.solver.circulation.means import means
from invasio.solver.circulation.plan import Entries
from invasio.solver.scenario.loader import load
from invasio.solver.scenario.moments import output_times
from tests.lib.cascades import changed
from tests.lib.messages import refused

ENTRIES = "time,step,dt,vein/right.entered:tumour,duct/left.entered:tumour\n0.0,0,0.0,0.0,0.0\n10.0,1,10.0,6e4,6e4\n"
ARMS = "arms: {control: {}, awake: {organs.dormancy.wake: 0.02 /d}}\n"
OUTCOMES = """\
outcomes:
  tumour: {series: tumour.total}
  lungs: {cascade: chance of a metastasis in lungs, at: 160 d}
  asleep: {cascade: cells asleep anywhere}
  entered: {cascade: cells entered, at: 5 d}
"""
TEXT = "name: c\n" + changed(("end: 2 y", "end: 200 d\n  step: 10 d"), ("macro: 1e6", "macro: 1e3"))


def finished(tmp_path: Path, text: str = TEXT + ARMS + OUTCOMES) -> SweepRun:
    """The folder of arms whose runs have ended, made here as far as outcomes read it."""
    (tmp_path / "c.yaml").write_text(text)
    sweep = prepare(load(tmp_path / "c.yaml"), tmp_path / "arms")
    for member in sweep.members:
        (member.folder / "entries.csv").write_text(ENTRIES)
        (member.folder / "series.csv").write_text("time,tumour.total\n0.0,1.0\n5.0,2.0\n10.0,3.0\n")
        (member.folder / "manifest.json").write_text(json.dumps({"units": {"time": "d", "tumour.total": "cells"}}))
        (member.folder / "STATUS").write_text("done\n")
    return open_sweep(sweep.path)


def test_outcomes_of_the_cascade_are_those_of_the_chain(tmp_path: Path) -> None:
    sweep = finished(tmp_path)
    table = table_of(sweep)
    assert [(o.name, o.unit, o.cascade) for o in table.outcomes] == [
        ("tumour", "cells", False), ("lungs", "1", True), ("asleep", "cells", True), ("entered", "cells", True),
    ]  # fmt: skip
    for row, member in zip(table.rows, load(tmp_path / "c.yaml").members, strict=True):
        plan = plan_of(member.scenario, reports=20)  # the 16th time of the grid is day 160
        named = [("vein", "right"), ("duct", "left")]
        cells = np.array([[[0.0], [0.0]], [[6e4], [6e4]]])
        entries = Entries(np.array([0.0, 10.0]), cells, parts_of(member.scenario, named)).until(200.0)
        found, expected = chances(plan, entries, ("macro",)), means(plan, entries, plan.times)
        assert row.values["lungs"] == pytest.approx(found.macro[16, plan.places.index("lungs")], rel=1e-12) and row.values["lungs"] > 1e-3
        assert row.values["asleep"] == pytest.approx(expected.dormant[-1].sum(), rel=1e-12)
        assert row.values["entered"] == pytest.approx(200 * 6e4, rel=1e-12)  # half of 200 blocks' 120,000
    awake = table.rows[1]
    assert table.difference(awake, table.outcomes[1]) > 0.0 > table.difference(awake, table.outcomes[2])
    assert "lungs: chance of a metastasis in lungs, at t = 160" in as_text(table, sweep) and "asleep (cells)" in as_text(table, sweep)
    facts = json.loads(as_json(table))
    assert facts["outcomes"]["lungs"] == {"cascade": "chance of a metastasis in lungs", "at": 160.0, "unit": "1"}
    assert facts["arms"]["awake"]["lungs"]["value"] == awake.values["lungs"]
    assert output_times(load(tmp_path / "c.yaml").members[0].scenario) == (5.0, 10.0)  # those of the cascade are none of the run


def test_figure_has_a_curve_to_the_horizon_for_each_arm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Run, "times", np.array([0.0, 5.0, 10.0]))  # there are no fields
    sweep = finished(tmp_path)
    drawn = figure(sweep, table_of(sweep))
    assert drawn is not None
    panel = next(axis for axis in drawn.axes if axis.get_ylabel() == "chance of a metastasis in lungs")
    assert [len(panel.lines), panel.lines[0].get_xdata()[-1]] == [2, 200.0]
    first, second = (np.asarray(line.get_ydata()) for line in panel.lines)
    assert np.all(np.diff(first) >= -1e-12) and second[-1] > first[-1] > 0.0
    plt.close(drawn)


def test_between_times_of_the_grid_and_where_rates_change(tmp_path: Path) -> None:
    """A time that is none of the grid's is interpolated between those about it, not between the few that are shown."""
    moved = changed(("wake: 0.002 /d", 'wake: "0.002 + 1e-4*t"'), text=TEXT)
    sweep = finished(tmp_path, moved + "arms: {control: {}}\noutcomes: {o: {cascade: chance of a metastasis in brain, at: 164 d}}\n")
    times, values = over_time(sweep.members[0].folder, ["chance of a metastasis in brain"], [164.0])["chance of a metastasis in brain"]
    low, high = (float(values[np.flatnonzero(times == at)[0]]) for at in (160.0, 170.0))
    assert table_of(sweep).rows[0].values["o"] == pytest.approx(0.6 * low + 0.4 * high, rel=1e-12) and 0.0 < low < high


@pytest.mark.parametrize(
    ("outcome", "code", "says"),
    [
        ("{cascade: chance of a metastasis in livr}", "no-organ", ["'livr'", "did you mean 'liver'"]),
        ("{cascade: chance of a metastasis}", "unknown-name", ["cells entered", "chance of a metastasis in PLACE", "lungs", "III"]),
        ("{cascade: cells aslep in liver}", "unknown-name", ["did you mean 'cells asleep in liver'"]),
        ("{cascade: chance of a metastasis in liver, at: 201 d}", "outside-run", ["circulation.end", "0 to 200"]),
        ("{cascade: cells entered, at: max}", "meaningless-option", ["a time"]),
        ("{cascade: cells entered, series: tumour.total}", "either-or", ["'series'"]),
        ("{at: 3}", "either-or", ["'cascade'"]),
    ],
)
def test_what_the_cascade_does_not_have_is_refused(tmp_path: Path, outcome: str, code: str, says: list[str]) -> None:
    (tmp_path / "c.yaml").write_text(f"{TEXT}{ARMS}outcomes: {{o: {outcome}}}\n")
    with refused(code, "c.yaml", says=says):
        load(tmp_path / "c.yaml")


def test_refused_without_a_cascade_and_without_a_closed_form(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(TEXT.partition("circulation:")[0] + "time: {end: 10}\noutcomes: {o: {cascade: cells entered}}\n")
    with refused("missing-option", "c.yaml", says=["no cascade"]):
        load(file)
    stages = changed(("macro: 1e3 cells", "macro: 1e3 cells, second: {switch: 0.1 /d, birth: 1 /d}"), text=TEXT)
    for text in ("chance of a metastasis in liver", "cells in colonies in liver"):
        file.write_text(stages + f"outcomes: {{o: {{cascade: {text}}}}}\n")
        with refused("meaningless-option", "c.yaml", says=["invasio cascade"]):
            load(file)
    file.write_text(stages + "outcomes: {o: {cascade: units that could live in liver}}\n")
    assert load(file).outcomes["o"].of == "units that could live in liver"
