"""Which pictures are made, that they show something, and the small rules behind them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import matplotlib.image
import matplotlib.pyplot as plt
import numpy as np
import pytest

from invasio.postprocess import relapse
from invasio.postprocess.cascade import steps
from invasio.postprocess.colours import finish_bar, scale_of
from invasio.postprocess.curves import mixed, profiles, varies
from invasio.postprocess.figures import make_figures
from invasio.postprocess.maps import Plane, map_grid, outlines
from invasio.postprocess.picture import background
from invasio.postprocess.plot import series
from invasio.postprocess.run import open_run
from invasio.postprocess.style import kinds, style
from invasio.postprocess.times import long_time, pick_times, time_label
from tests.unit.output.synthetic import cells_at, ecm_at
from tests.unit.postprocess.folders import make

SCENARIO = """name: a
scales: {length: 200 um, time: 6 h}
model: {cells: {tumour: {}}, ecm: {initial: 1}, solubles: {mmp: {}}}
"""
TIMES = [float(t) for t in range(9)]


def state(points: np.ndarray, time: float) -> dict[str, np.ndarray]:
    return {"mmp": 0.5 * cells_at(points, time), "ecm": ecm_at(points, time), "tumour": cells_at(points, time)}


def test_profiles_of_different_units_have_axes_of_their_own(shared_tmp: Path, comm: Any) -> None:
    """One row of panels for each unit, at most four times, all lines in one legend."""
    run = open_run(make(shared_tmp / "run", comm, 1, 50, TIMES, state, SCENARIO))
    alone = profiles(run, [0, 1, 2])
    assert [axes.get_ylabel() for axes in alone.axes if axes.get_ylabel()] == ["density"]
    run.units.update({"tumour": "1e8 /cm^3", "ecm": "1", "mmp": "um nM"})
    figure = profiles(run, [0, 1, 2])
    assert sorted(axes.get_ylabel() for axes in figure.axes if axes.get_ylabel()) == [
        "concentration (µm nM)", "density", "density (10⁸ cm⁻³)",
    ]  # fmt: skip
    later = [axes.get_title() for axes in profiles(run, [0, 2, 4, 6, 8]).axes if axes.get_title()]
    assert later == ["t = 0 h", "t = 24 h", "t = 48 h"]  # four at most, and evenly spaced
    assert len(figure.axes) == 9 and all(len(axes.lines) == 1 for axes in figure.axes)
    assert sorted(text.get_text() for text in figure.legends[0].get_texts()) == ["ecm", "mmp", "tumour"]
    plt.close("all")


def test_what_is_well_mixed_is_drawn_over_time(shared_tmp: Path, comm: Any) -> None:
    """Densities that nowhere vary: one curve each over time, by unit, logarithmic where they differ by far; no two lines alike."""

    def uniform(points: np.ndarray, time: float) -> dict[str, np.ndarray]:
        return {f"s{n}": np.full(len(points), 10.0**-n * (1 + time)) for n in range(10)} | {"ecm": np.ones(len(points))}

    run = open_run(make(shared_tmp / "mixed", comm, 1, 4, TIMES, uniform, "name: a\nmodel: {ecm: {initial: 1}}\n"))
    assert not varies(run, [0, 8])
    figure = mixed(run)
    lines = {line.get_label(): line for line in figure.axes[0].lines}
    assert figure.axes[0].get_yscale() == "log" and len(lines) == 11
    assert lines["s3"].get_ydata() == pytest.approx([1e-3 * (1 + t) for t in TIMES]) and list(lines["s3"].get_xdata()) == TIMES
    assert len({(line.get_color(), line.get_linestyle()) for line in lines.values()}) == 11
    assert varies(open_run(make(shared_tmp / "run", comm, 1, 50, TIMES, state, SCENARIO)), [0])
    plt.close("all")


@pytest.mark.parametrize("high", [1.0, 0.98, 0.037, 5.2e6, 2e-9])
def test_ticks_of_a_colour_bar_are_apart(high: float) -> None:
    """Round numbers without a power of ten apart: on a linear scale at most six, on a root scale never closer than a label is high."""
    figure, axes = plt.subplots()
    for norm in (scale_of(0.0, high, False), scale_of(0.0, high, True)):
        bar = figure.colorbar(axes.imshow(np.linspace(0, high, 4).reshape(2, 2), norm=norm))
        finish_bar(bar, norm, "n")
        figure.canvas.draw()
        shown = [(norm(t), text.get_text()) for t, text in zip(bar.get_ticks(), bar.ax.get_yticklabels(), strict=True) if 0 <= t <= high]
        places = np.array([place for place, _ in shown], dtype=float)
        assert 3 <= len(shown) <= 7 and np.diff(places).min() >= 0.13 and places[-1] > 0.79, shown
        assert [float(text) for _, text in shown] == pytest.approx([float(norm.inverse(place)) for place in places], rel=1e-5)
        assert not bar.ax.yaxis.get_offset_text().get_text()
    plt.close("all")


@pytest.mark.parametrize(("low", "high"), [(3.0, 5.0), (0.07, 0.9), (1e3, 1e6)])
def test_ticks_of_a_root_scale_that_does_not_begin_at_nothing_lie_on_it(low: float, high: float) -> None:
    """From its low end on, and as far apart as labels need where the scale puts them."""
    figure, axes = plt.subplots()
    norm = scale_of(low, high, True)
    bar = figure.colorbar(axes.imshow(np.linspace(low, high, 4).reshape(2, 2), norm=norm))
    finish_bar(bar, norm, "n")
    ticks = np.array(bar.get_ticks())
    assert len(ticks) >= 2 and ticks.min() >= low and ticks.max() <= high
    assert np.diff([float(norm(tick)) for tick in ticks]).min() >= 0.13
    plt.close("all")


@pytest.mark.parametrize(
    ("dim", "n", "names"),
    [(1, 50, ["profiles", "series"]), (2, 20, ["tumour", "species", "series"]), (3, 6, ["tumour", "species", "body", "series"])],
)
def test_the_pictures_of_a_run(comm: Any, shared_tmp: Path, dim: int, n: int, names: list[str]) -> None:
    made = make_figures(make(shared_tmp / "run", comm, dim, n, TIMES, state, SCENARIO))
    assert [p.stem for p in made] == names
    for path in made:
        picture = matplotlib.image.imread(path)[..., :3]
        assert picture.shape[0] > 300 and picture.shape[1] > 900
        assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 100
        dark = picture.mean(axis=2) < 0.5
        assert 0.002 < dark.mean() < 0.95  # neither blank nor black


def test_a_run_with_one_output_only(comm: Any, shared_tmp: Path) -> None:
    assert [p.stem for p in make_figures(make(shared_tmp / "run", comm, 2, 8, [0.0], state, SCENARIO))] == ["tumour", "species"]


def test_a_picture_lies_beneath_with_y_downwards(comm: Any, shared_tmp: Path) -> None:
    image = np.zeros((10, 20, 3))
    image[0, :, 0] = 1.0
    matplotlib.image.imsave(shared_tmp / "tissue.png", image)
    scenario = SCENARIO + f"mesh: {{kind: image, image: {shared_tmp / 'tissue.png'}, pixel: 0.1}}\n"
    path = make(shared_tmp / "run", comm, 2, 12, [0.0, 5.0], state, scenario)
    picture = background(open_run(path))
    assert picture is not None and picture.extent == (0.0, 2.0, 1.0, 0.0)
    assert picture.pixels.shape == (10, 20, 3) and picture.pixels[0, 3].tolist() == [1.0, 0.0, 0.0]
    assert picture.pale[0, 3].tolist() == [194, 145, 145] and picture.pale[5, 3].tolist() == [114, 114, 114]
    assert len(make_figures(path)) == 3
    (shared_tmp / "tissue.png").unlink()
    assert background(open_run(path)) is None and len(make_figures(path)) == 3


def test_outlines_are_the_region_border_and_the_rim(comm: Any, shared_tmp: Path) -> None:
    between, rim = outlines(open_run(make(shared_tmp / "run", comm, 2, 10, [0.0], state)))
    assert np.isfinite(between).all(axis=1).sum() == 2 * 10 and np.nanmax(np.abs(between[:, 0] - 0.5)) < 1e-12
    assert np.isfinite(rim).all(axis=1).sum() == 2 * 40


def test_kinds_times_and_labels(comm: Any, shared_tmp: Path) -> None:
    run = open_run(make(shared_tmp / "run", comm, 1, 10, [0.0, 1.0, 2.0, 40.0], state, SCENARIO))
    assert kinds(run) == {"tumour": "cells", "ecm": "ecm", "mmp": "soluble"}
    assert pick_times(run, 6) == [0, 1, 2, 3] and pick_times(run, 3) == [0, 2, 3]
    assert time_label(run, 2.0) == "t = 0.5 d"  # 240 h in all: days read best
    short = open_run(make(shared_tmp / "short", comm, 1, 10, TIMES, state, "name: a\n"))
    assert pick_times(short, 6) == [0, 2, 4, 6, 8]
    assert time_label(short, 2.0) == "t = 2"
    odd = open_run(make(shared_tmp / "odd", comm, 1, 10, [0.0, 8.0, 16.0, 24.0], state, "name: a\nscales: {time: 4e4 s}\n"))
    assert [time_label(odd, t, odd.times) for t in odd.times] == ["t = 0 d", "t = 3.7 d", "t = 7.4 d", "t = 11.1 d"]
    assert time_label(odd, 0.54, [0.0, 0.54, 1.08]) == "t = 0.25 d"


def test_what_was_given_is_drawn_under_profiles_and_maps(comm: Any, shared_tmp: Path) -> None:
    """A strip over the whole time with a mark at each time that is shown; densities that fall a thousandfold have a logarithmic axis."""

    def fading(points: np.ndarray, time: float) -> dict[str, np.ndarray]:
        return {"tumour": (1 + points[:, 0]) * 0.3**time}

    given = "name: a\nmodel: {cells: {tumour: {}}}\nradiation: {once: {start: 2.5, dose: 2, alpha: 0.1, beta: 0.01}}\ntime: {end: 8}\n"
    run = open_run(make(shared_tmp / "run", comm, 1, 10, TIMES, fading, given))
    figure = profiles(run, [0, 4, 8])
    strip = figure.subfigs[1].axes[0]
    assert list(strip.lines[0].get_xdata()) == [0, 4, 8] and strip.get_legend().get_texts()[0].get_text() == "once"
    assert strip.collections[0].get_segments()[0][:, 0].tolist() == [2.5, 2.5]
    assert {axes.get_yscale() for axes in figure.subfigs[0].axes} == {"log"}
    flat = open_run(make(shared_tmp / "flat", comm, 2, 10, TIMES, fading, given))
    with style():
        sheet = map_grid(flat, ["tumour"], [0, 8], Plane(flat))
        assert [list(axes.lines[0].get_xdata()) for axes in sheet.axes if axes.get_xlabel().startswith("time")] == [[0, 8]]
    plt.close("all")


def test_a_conserved_amount_looks_constant(comm: Any, shared_tmp: Path) -> None:
    run = open_run(make(shared_tmp / "run", comm, 1, 5, [0.0, 1.0], state, SCENARIO))
    rows = "time,step,dt,a.total,b.total\n0.0,0,0.0,1882.0,1.0\n1.0,1,1.0,1882.00000000001,2.0\n"
    (run.path / "series.csv").write_text(rows, encoding="utf-8")
    constant, growing = series([run], ["a.total", "b.total"]).axes
    assert constant.get_ylim() == pytest.approx((0.9 * 1882, 1.1 * 1882)) and growing.get_ylim() == pytest.approx((0.95, 2.05))


def test_long_times_are_told_in_days_or_years() -> None:
    """In the unit that is read best, whatever the scenario's is; without one as it stands."""
    assert long_time("4e4 s", 60.0) == (pytest.approx(4e4 / 86400), "d")
    assert long_time("d", 731.0) == (pytest.approx(1 / 365.25), "years")
    assert long_time("d", 700.0) == (1.0, "d") and long_time("1 h", 3.0) == (1.0, "h")
    assert long_time("1", 60.0) == (1.0, "") and long_time("d", 0.05) == (1.0, "d")


def test_the_picture_of_the_cascade_counts_colonies_apart_from_the_cells_of_their_clusters(tmp_path: Path) -> None:
    """Six cells in clusters of three found two colonies, of which 1.5 are seen: half a one is small, not four cells and a half."""
    (tmp_path / "ledger.csv").write_text(
        "account,expected,drawn,deviation\nentered,100,100,1\nlost: lost,92,92,1\nfloating,1e-20,0,0\n"
        "dormant: liver,2,2,0\nfaded: liver,0,0,0\nfounders: liver,6,6,0\nfounders: bone,0,0,0\n"
    )
    (tmp_path / "organs.csv").write_text(
        "time,place,mean_settled,micro,macro\n0,liver,0,0,0\n9,liver,2.6666666666666667,1.5,1\n9,bone,0,0,0\n9,anywhere,,,\n"
    )
    way = {label: (value, dict(losses)) for label, value, losses in steps(tmp_path, {})}
    assert way["founded a colony"] == (6.0, {"asleep": 2.0})
    assert way["colonies"] == (pytest.approx(2.0), {})
    assert way["micrometastases"] == (1.5, {"died out or small": pytest.approx(0.5)})
    assert way["metastases that show"] == (1.0, {"small so far": pytest.approx(0.5)})


def test_the_relapse_free_curve_begins_when_the_tumour_is_out(tmp_path: Path) -> None:
    """Closed form and drawn shares from the end of the run on, in days; a band only where there are histories enough."""
    (tmp_path / "relapse.csv").write_text(
        "time,after,chance_free,free,low,high\n0,-24,1,1,.9,1\n24,0,.9,.95,.8,1\n48,24,.4,.5,.3,.7\n72,48,.2,.1,0,.3\n"
    )
    for count, bands in ((100, 1), (1, 0)):
        (tmp_path / "manifest.json").write_text(
            json.dumps({"histories": count, "sheds": True, "units": {"relapse.csv": {"after": "4e4 s"}}})
        )
        (panel,) = relapse.figure(tmp_path).axes
        drawn, closed = panel.lines
        days = np.array([0.0, 24.0, 48.0]) * 4e4 / 86400
        assert drawn.get_xdata() == pytest.approx(days) and drawn.get_ydata() == pytest.approx([0.95, 0.5, 0.1])
        assert closed.get_ydata() == pytest.approx([0.9, 0.4, 0.2]) and "without shedding" in closed.get_label()
        assert len(panel.collections) == bands and panel.get_xlabel().endswith("(d)")
        plt.close("all")
