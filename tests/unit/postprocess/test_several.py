"""Several runs in one command: they are called by their folders' names, and the folder of arms stands for its runs."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest

from invasio.postprocess import plot
from invasio.postprocess.run import Run, open_run
from invasio.solver.cli import main
from tests.lib.messages import printed, refused
from tests.unit.output.synthetic import cells_at
from tests.unit.postprocess.folders import make

TIMES = [0.0, 1.0, 2.0]


@pytest.fixture
def arms(comm: Any, tmp_path: Path) -> Path:
    """The folder of three arms, of which the last has not begun."""
    for number, name in enumerate(("control", "late")):
        scale = 1.0 + number
        text = f"name: s-{name}\nschedules: {{dose: {{kind: pulses, height: 1, width: 0.5, start: {number}}}}}\ntime: {{end: 2}}\n"
        make(tmp_path / "arms" / name, comm, 1, 10, TIMES, lambda x, t, scale=scale: {"tumour": scale * cells_at(x, t)}, text)  # type: ignore[misc]
    (tmp_path / "arms" / "never").mkdir()
    (tmp_path / "arms" / "sweep.csv").write_text("member,folder,a\n1,control,\n2,late,1\n3,never,2\n")
    (tmp_path / "arms" / "sweep.yaml").write_text("name: s\narms: {control: {}, late: {a: 1}, never: {a: 2}}\n")
    return tmp_path / "arms"


def test_table_of_several_runs_names_them(arms: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["table", str(arms), "--columns", "tumour.total"]) == 0
    found = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["run"] for row in found] == ["control"] * 3 + ["late"] * 3
    control, late = (np.array([float(row["tumour.total"]) for row in found if row["run"] == run]) for run in ("control", "late"))
    assert np.allclose(late, 2.0 * control, rtol=1e-15)
    assert main(["table", str(arms / "late"), str(arms / "control"), "--tidy", "--columns", "tumour.total"]) == 0
    tidy = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["run"] for row in tidy] == ["late"] * 3 + ["control"] * 3
    assert main(["table", str(arms), "-o", str(arms / "x.nc")]) == 2
    printed(capsys.readouterr().err, "wrong-arguments", "", ".csv")


def test_runs_are_compared_with_the_first(arms: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(arms / "control"), str(arms / "late"), str(arms / "control")]) == 1
    said = capsys.readouterr().out
    assert "control and late" not in said, "where two have one name, their paths tell them apart"
    assert f"{arms / 'control'} and {arms / 'late'}\n" in said and "fields: the same in every bit" in said
    assert main(["compare", str(arms), "--tolerance", "1"]) == 0
    assert "largest, relative to the field's maximum: tumour" in capsys.readouterr().out
    assert main(["compare", str(arms / "late")]) == 2
    printed(capsys.readouterr().err, "wrong-arguments", str(arms / "late"), "two or more")


def test_curves_of_several_runs_have_their_names_above_and_schedules_below(arms: Path) -> None:
    from invasio.postprocess.schedules import lanes_of

    runs = [open_run(arms / name) for name in ("control", "late")]
    figure = plot.series(runs, ["tumour.total", "tumour.front.xmax"], lanes_of(runs, 3))
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["control", "late"]
    curves, strips = figure.axes[:2], figure.axes[2:]
    assert [panel.get_legend() for panel in curves] == [None, None]
    assert len(strips) == 2 and strips[0].get_ylabel() == "dose" and strips[0].get_xlim() == curves[0].get_xlim()
    assert len({(line.get_color(), line.get_linestyle()) for line in curves[0].lines}) == 2
    plt.close(figure)
    assert main(["plot", str(arms), "--series", "tumour.total"]) == 0
    assert (arms / "figures" / "plot-series.png").stat().st_size > 0


def test_a_legend_of_eight_takes_no_room_of_the_panels(arms: Path) -> None:
    """It stands above them, off the curves, in as many rows as it needs; the panels are as high as with two lines."""
    runs = {name: open_run(arms / name) for name in ("control", "late")}
    heights = []
    for count in (2, 8):
        several = [runs["late" if k else "control"] for k in range(count)]
        figure = plot.series(several, ["tumour.total"])
        figure.draw_without_rendering()
        (legend,), panel = figure.legends, figure.axes[0]
        assert len(legend.get_texts()) == count
        assert legend.get_window_extent().y0 >= panel.get_window_extent().y1
        heights.append(panel.get_window_extent().height / figure.dpi)
        plt.close(figure)
    assert abs(heights[1] - heights[0]) < 0.1 and heights[1] > 1.7


def test_a_schedule_that_is_the_same_in_all_is_drawn_once(arms: Path) -> None:
    from invasio.postprocess.schedules import lanes_of

    control, late = open_run(arms / "control"), open_run(arms / "late")
    assert [len(lanes_of(runs, 3)["dose"]) for runs in ([control, late], [control, control], [control])] == [2, 1, 1]


def test_no_more_columns_than_fit_into_one_picture(arms: Path) -> None:
    """As those of hundreds of parts of a vessel: minutes of drawing, and nothing to see."""
    names = list(open_run(arms / "control").series)[1:]
    many = (names * plot.MOST_COLUMNS)[: plot.MOST_COLUMNS + 1]
    with refused("too-many", "control", f"at most {plot.MOST_COLUMNS}"):
        plot.series([open_run(arms / "control")], many)


def test_no_more_runs_than_can_be_told_apart(arms: Path) -> None:
    assert len({tuple(plot.stroke(number).values()) for number in range(plot.MOST_LINES)}) == plot.MOST_LINES
    with refused("too-many", "", f"at most {plot.MOST_LINES}"):
        plot.told_apart([Run(arms / "control")] * (plot.MOST_LINES + 1))
