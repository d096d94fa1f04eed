"""Fits: what data determine, how likely they are, what of a run they measure, and what is refused."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.stats import binom, lognorm, nbinom, norm, poisson

from invasio.hpc.fits.abc import quantiles
from invasio.hpc.fits.counts import likeliest
from invasio.hpc.fits.data import Data, Datum, read_data
from invasio.hpc.fits.fit import Stopped, fit
from invasio.hpc.fits.noise import Likelihood
from invasio.hpc.fits.observe import part
from invasio.hpc.fits.pool import Answer, Here
from invasio.hpc.fits.task import DRAWN, Task
from invasio.meshes.structured import lattice
from invasio.postprocess.cascade_numbers import over_time
from invasio.solver.api import run
from invasio.solver.cli import main
from invasio.solver.scenario.fit import Noise, Observable
from invasio.solver.scenario.loader import Statement, load
from tests.lib.measured import DECAY, FREE, TRUE, decaying, xiao
from tests.lib.messages import refused


def test_a_parameter_that_the_data_cannot_determine_is_called_so(tmp_path: Path) -> None:
    """Of two whose product alone matters neither is determined, and each is said to make up for the other."""
    found = fit(decaying(tmp_path), tmp_path / "fit", jobs=1)
    by_name = {one.name: one for one in found.estimates}
    assert [by_name[name].verdict for name in "abc"] == ["not determined", "not determined", "determined"]
    assert (by_name["a"].with_, by_name["b"].with_, by_name["c"].with_) == (("b",), ("a",), ())
    assert math.isnan(by_name["a"].lower) and math.isnan(by_name["a"].upper)
    assert by_name["a"].value * by_name["b"].value == pytest.approx(0.5, abs=0.01)
    assert by_name["c"].lower < 2.0 < by_name["c"].upper
    assert "a is not determined by these data" in found.text and "the model meets the data" in found.text


def test_intervals_are_those_of_the_straight_model(tmp_path: Path) -> None:
    """Of an amplitude alone they are in closed form: sum of y e/s^2 over sum of e^2/s^2, and 1.96 standard errors."""
    found = fit(decaying(tmp_path, "vary: {c: {from: 0, to: 10}}"), tmp_path / "fit", jobs=1).estimates[0]
    times = np.array([0, 0.5, 1, 2, 3])
    shape = np.exp(-0.5 * times)
    data = 2 * shape * (1 + 0.01 * (-1.0) ** np.arange(5))
    error = 0.02 / math.sqrt((shape**2).sum())
    assert found.value == pytest.approx((data * shape).sum() / (shape**2).sum(), abs=2e-4)
    assert found.upper - found.lower == pytest.approx(2 * norm.ppf(0.975) * error, rel=0.01)
    assert found.error == pytest.approx(error, rel=0.01)


def test_two_parameters_of_an_independent_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By command: from profiles with 2 % noise; the table, the figures and the scenario with the best values are there."""
    xiao(tmp_path / "xiao.csv", seed=1, every=4)
    base = Path(__file__).parents[3] / "scenarios" / "fits" / "xiao.yaml"
    given = "starts: 1, vary: {d_n: null, d_m: null, alpha: null, r: null}"
    (tmp_path / "two.yaml").write_text(
        f"extends: {base}\nmesh: {{cells: 50}}\ntime: {{end: 5, step: 0.05}}\nexpect: []\nfit: {{{given}}}\n"
    )
    (tmp_path / "two.yaml").write_text(
        (tmp_path / "two.yaml").read_text().replace("starts: 1", f"data: {tmp_path / 'xiao.csv'}, starts: 1")
    )
    assert main(["fit", str(tmp_path / "two.yaml"), "--out", str(tmp_path / "fit"), "-j", "1"]) == 0
    said = capsys.readouterr().out
    assert "gamma is determined" in said and "eta is determined" in said
    found = json.loads((tmp_path / "fit" / "estimates.json").read_text())["estimates"]
    for name in ("gamma", "eta"):
        assert found[name]["lower"] < TRUE[name] < found[name]["upper"], found[name]
    assert load(tmp_path / "fit" / "best.yaml").parameters["eta"].value == pytest.approx(found["eta"]["value"])
    assert {path.name for path in (tmp_path / "fit" / "figures").iterdir()} == {
        f"{name}.{end}" for name in ("fit", "profiles") for end in ("png", "pdf")
    }


def test_predictions_for_any_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Between the data and after them, with bands that hold the true curve; printed for the times that are asked for."""
    path = decaying(tmp_path, "vary: {a: {from: 0.1, to: 10}, c: {from: 0, to: 10}}").path
    words = ["fit", str(path), "--out", str(tmp_path / "fit"), "-j", "1", "--no-figures", "--no-profiles"]
    assert main([*words, "--set", "time.end=5", "--at", "1.5, 5"]) == 0
    said = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith(("1.5 ", "5 "))]
    assert [line[:2] for line in said] == [["1.5", "tumour.total"], ["5", "tumour.total"]]
    for time, line in zip((1.5, 5.0), said, strict=True):
        assert float(line[3]) < 2 * math.exp(-0.5 * time) < float(line[4])
    table = (tmp_path / "fit" / "predictions.csv").read_text().splitlines()
    assert len(table) == 1 + len({0, *np.arange(0.5, 5.1, 0.5), 1.5, 5.0})
    with refused("outside-run", place="--at"):
        fit(Task(path, (), ("9",)), tmp_path / "other", jobs=1)


def test_a_fit_that_was_interrupted_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed while it writes a run, begun again: the same estimates to the bit, and no run twice."""
    task = decaying(tmp_path)
    whole = fit(task, tmp_path / "whole", jobs=1)
    count, ask = 0, Here.ask

    def stopping(self: Here, arm: str, given: list[float], kind: str) -> Answer:
        nonlocal count
        count += 1
        if count == 40:
            self.stop()
        return ask(self, arm, given, kind)

    monkeypatch.setattr(Here, "ask", stopping)
    with pytest.raises(Stopped):
        fit(task, tmp_path / "fit", jobs=1)
    with (tmp_path / "fit" / "runs.csv").open("a") as table:
        table.write(",0.3,0.")  # torn
    with (tmp_path / "fit" / "runs.f64").open("ab") as values:
        values.write(b"torn")
    count = 1000
    again = fit(task, tmp_path / "fit", jobs=1)
    assert [one.value for one in again.estimates] == [one.value for one in whole.estimates]
    assert again.text == whole.text
    assert (tmp_path / "fit" / "runs.csv").read_text() == (tmp_path / "whole" / "runs.csv").read_text()
    with refused("other-run", place="fit", remedy="--overwrite", says=["scenario"]):
        fit(Task(task.path, ("time.step=0.1",)), tmp_path / "fit", jobs=1)


def test_arms_are_conditions(tmp_path: Path) -> None:
    """Data of two arms determine the factors of a product that one arm alone does not."""
    more = "arms: {control: {}, faster: {model.cells.tumour.death: a*b + 0.5*a}}\n"
    task = decaying(tmp_path, FREE, more)
    rows = [
        f"{t},tumour.total,{2 * math.exp(-rate * t):.6f},0.02,{arm}" for arm, rate in (("control", 0.5), ("faster", 1.0)) for t in (0, 1, 2)
    ]
    (tmp_path / "decay.csv").write_text("\n".join(["time,observable,value,error,arm", *rows]) + "\n")
    found = {one.name: one for one in fit(task, tmp_path / "fit", jobs=1).estimates}
    assert [found[name].verdict for name in "abc"] == ["determined"] * 3
    assert (found["a"].value, found["b"].value) == (pytest.approx(1.0, rel=0.01), pytest.approx(0.5, rel=0.01))


def test_without_a_likelihood(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By pyABC: what is kept holds the true values, is little wider than the likelihood's interval, and goes on where it ended."""
    path = decaying(tmp_path, "vary: {c: {from: 0, to: 10}}, abc: {population: 40, generations: 6}").path
    words = ["fit", str(path), "--abc", "--out", str(tmp_path / "abc"), "-j", "1"]
    assert main([*words, "--no-figures"]) == 0
    assert main([*words, "--set", "fit.abc.generations=9"]) == 0
    said = capsys.readouterr().out
    assert "6 generations are there already" in said and "generation 9 of 9" in said
    table = np.genfromtxt(tmp_path / "abc" / "sample.csv", delimiter=",", names=True)
    low, middle, high = quantiles(table["c"], table["weight"], [0.025, 0.5, 0.975])
    likely = fit(Task(path), tmp_path / "fit", jobs=1).estimates[0]
    assert low < 2.0 < high
    assert middle == pytest.approx(likely.value, abs=0.04)
    assert 0.5 < (high - low) / (likely.upper - likely.lower) < 4.0
    assert {path.name for path in (tmp_path / "abc" / "figures").iterdir()} == {"sample.png", "sample.pdf"}


def test_numbers_that_are_drawn_for_each_run(tmp_path: Path) -> None:
    """The last value of a run that is drawn goes to the path that is named."""
    task = decaying(tmp_path, "vary: {c: {from: 0, to: 10}}, abc: {draws: parameters.a}")
    assert Here(task).ask("", [2.0, 0.0], DRAWN).values == pytest.approx([2.0] * 5)


def of_kind(noise: Noise, rows: list[dict[str, object]]) -> Likelihood:
    """The likelihood of data with one kind of noise."""
    data = tuple(Datum(**{"time": 0.0, "observable": "y", "error": None, **row}) for row in rows)  # type: ignore[arg-type]
    return Likelihood(Data(data, {"y": Observable(series="y", noise=noise)}, {"y": "1"}))


def test_likelihoods_are_those_of_scipy() -> None:
    """The logarithm of each kind of noise, with its constants; at the data themselves the residuals are 0."""
    y, m = np.array([0.0, 3.0, 7.0]), np.array([0.5, 2.5, 9.0])
    counts = of_kind(Noise(kind="poisson"), [{"value": v} for v in y])
    assert counts.logarithm(m) == pytest.approx(poisson.logpmf(y, m).sum(), rel=1e-12)
    assert np.abs(counts.residuals(y)).max() < 1e-7
    grouped = of_kind(Noise(kind="negative_binomial", overdispersion=4.0), [{"value": v} for v in y])
    assert grouped.logarithm(m) == pytest.approx(nbinom.logpmf(y, m / 3, 0.25).sum(), rel=1e-12)
    shares, p = of_kind(Noise(kind="binomial"), [{"value": v, "trials": 10.0} for v in y]), m / 10
    assert shares.logarithm(p) == pytest.approx(binom.logpmf(y, 10, p).sum(), rel=1e-12)
    normal = of_kind(Noise(kind="normal", error=0.3), [{"value": v} for v in y])
    assert normal.logarithm(m) == pytest.approx(norm.logpdf(y, m, 0.3).sum(), rel=1e-12)
    relative = of_kind(Noise(kind="normal", relative=0.1), [{"value": v} for v in y[1:]])
    assert relative.logarithm(m[1:]) == pytest.approx(norm.logpdf(y[1:], m[1:], 0.1 * y[1:]).sum(), rel=1e-12)
    log = of_kind(Noise(kind="log_normal"), [{"value": v, "error": 0.2} for v in y[1:]])
    assert log.logarithm(m[1:]) == pytest.approx(lognorm.logpdf(y[1:], 0.2, scale=m[1:]).sum(), rel=1e-12)
    censored = of_kind(Noise(kind="normal", error=2.0), [{"value": 3.0, "censored": "above"}, {"value": 3.0, "censored": "below"}])
    model = np.array([2.5, 5.0])
    assert censored.logarithm(model) == pytest.approx(norm.logsf(3, 2.5, 2) + norm.logcdf(3, 5, 2), rel=1e-12)
    assert censored.residuals(model)[0] > 0 > censored.residuals(model)[1]
    events = of_kind(Noise(kind="events"), [{"value": 4.0, "since": 1.0}, {"value": 7.0, "censored": "above"}])
    assert events.logarithm(np.array([0.2, 0.6])) == pytest.approx(4 * math.log(0.2) + 7 * math.log(0.6), rel=1e-12)


def test_overdispersion_is_estimated_with_the_likelihood_of_scipy() -> None:
    """What is minimised is minus twice the logarithm, up to a constant; likeliest means have no residual, others of either sign."""
    rng = np.random.default_rng(1)
    m = np.repeat([3.0, 40.0, 900.0], 200)
    y = nbinom.rvs(m / 19.0, 1 / 20, random_state=rng).astype(float)
    counts = of_kind(Noise(kind="negative_binomial", overdispersion="estimated"), [{"value": v} for v in y])
    found = [(counts.residuals(m, [phi]) ** 2).sum() + (counts.scatter([phi]) ** 2).sum() for phi in (5.0, 20.0, 80.0)]
    wanted = [-2.0 * nbinom.logpmf(y, m / (phi - 1), 1 / phi).sum() for phi in (5.0, 20.0, 80.0)]
    assert np.diff(found) == pytest.approx(np.diff(wanted), rel=1e-9)
    assert [counts.logarithm(m, [phi]) for phi in (5.0, 20.0, 80.0)] == pytest.approx([-0.5 * one for one in wanted], rel=1e-12)
    assert counts.guess(m) == pytest.approx([20.0], rel=0.3)
    best = likeliest(y, 20.0)
    assert np.abs(counts.residuals(best, [20.0])).max() < 1e-6
    some = best > 0
    assert (counts.residuals(0.9 * best, [20.0])[some] > 0).all() and (counts.residuals(1.1 * best, [20.0])[some] < 0).all()


def test_numbers_of_the_cascade(tmp_path: Path) -> None:
    """Chances up to the horizon of the cascade, of arms, and of events seen in between: as a run with the same values has them."""
    shipped = Path(__file__).parents[3] / "scenarios" / "cascade" / "inhibitor.yaml"
    liver = "chance of a metastasis in liver"
    text = f"""\
extends: {shipped}
name: cascade
outcomes: null
time: {{tolerance: 1e-5}}
expect: []
parameters: {{wake: 0.002 /d}}
organs: {{dormancy: {{enter: 0.6, wake: wake}}}}
fit:
  data: data.csv
  observables: {{liver: {{cascade: {liver}, noise: binomial}}, seen: {{cascade: {liver}, noise: events}}}}
  vary: {{wake: {{from: 1e-4, to: 0.02, spacing: log, unit: /d}}}}
"""
    (tmp_path / "s.yaml").write_text(text)
    rows = ["1,liver,5,20,,,late", "2,seen,4,,1,,late", "2,seen,7,,,above,late"]
    (tmp_path / "data.csv").write_text("\n".join(["time (y),observable,value,trials,since (y),censored,arm", *rows]) + "\n")
    found = Here(Task(tmp_path / "s.yaml")).ask("late", [0.004]).values
    statement = Statement.read(tmp_path / "s.yaml")
    scenario = statement.scenario(values={"fit": None, "arms": None, "parameters.wake": "0.004 /d", "schedules.plasma.start": "12 d"})
    run(scenario, out=tmp_path / "run")
    year = 365.25 * 24 / 16
    times, chance = over_time(tmp_path / "run", [liver], [year, 2 * year])[liver]
    first, second = np.interp([year, 2 * year], times, chance)
    assert 0 < first < second < 1
    assert found == pytest.approx([first, second - first, 1 - second], rel=1e-4)  # steps end at other outputs, so they must be small
    text = text.replace(f"seen: {{cascade: {liver}", "seen: {cascade: chance of a metastasis in lever")
    (tmp_path / "s.yaml").write_text(text)
    with refused("no-organ", place="fit.observables.seen", says=["lever"]):
        Here(Task(tmp_path / "s.yaml")).ask("late", [0.004])


def test_pictures_as_data(tmp_path: Path) -> None:
    """The brightness in blocks is a density; what is segmented, the share of blocks: both find the width of a round spot."""
    side, sigma = 80, 0.2
    middles = (np.arange(side) + 0.5) / side
    x, y = np.meshgrid(middles, middles)  # rows are y
    spot = np.exp(-((x - 0.3) ** 2 + (y - 0.6) ** 2) / (2 * sigma**2))
    pixels = np.round(255 * spot).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "spot.png")
    text = """\
name: spot
parameters: {s: 0.3}
mesh: {kind: rectangle, to: [1, 1], cells: [40, 40]}
model: {cells: {tumour: {initial: "exp(-((x - 0.3)^2 + (y - 0.6)^2)/(2*s^2))", motility: 0}}}
time: {end: 1, step: 1}
fit:
  pictures: [{image: spot.png, pixel: 0.0125, time: 1, observable: stain, blocks: [5, 4], error: 0.02 MORE}]
  observables: {stain: {value: tumour ABOVE}}
  vary: {s: {from: 0.05, to: 0.5}}
  starts: 1
"""
    for name, more, above in (("density", "", ""), ("front", ", brighter: 0.4", ", above: 0.4")):
        (tmp_path / f"{name}.yaml").write_text(text.replace(" MORE", more).replace(" ABOVE", above))
        task = Task(tmp_path / f"{name}.yaml")
        assert len(task.data.rows) == 20
        found = fit(task, tmp_path / name, jobs=1).estimates[0]
        assert found.value == pytest.approx(sigma, rel=0.01)
        assert found.lower < sigma < found.upper
    first = task.data.rows[0]
    assert (first.at, first.box) == (pytest.approx((0.1, 0.125)), ((0.0, 0.0), pytest.approx((0.2, 0.25))))
    (tmp_path / "front.yaml").write_text(text.replace(" MORE", ", brighter: 0.4").replace(" ABOVE", ""))
    with refused("missing-option", place="fit", remedy="above"):
        load(tmp_path / "front.yaml")


def test_errors_can_be_estimated(tmp_path: Path) -> None:
    """The estimate of a standard deviation is the root mean square of the residuals."""
    task = decaying(tmp_path, "observables: {tumour.total: {series: tumour.total, noise: {kind: normal, error: estimated}}}, "
                              "vary: {c: {from: 0, to: 10}}")  # fmt: skip
    found = {one.name: one for one in fit(task, tmp_path / "fit", jobs=1, profiles=False).estimates}
    shape = np.exp(-0.5 * np.array([0, 0.5, 1, 2, 3]))
    data = 2 * shape * (1 + 0.01 * (-1.0) ** np.arange(5))
    rest = data - shape * (data * shape).sum() / (shape**2).sum()
    assert found["error of tumour.total"].value == pytest.approx(math.sqrt((rest**2).mean()), rel=0.02)


@pytest.mark.parametrize(("dim", "cells"), [(1, (7,)), (2, (5, 4)), (3, (3, 2, 3))])
def test_slabs_lose_nothing(dim: int, cells: tuple[int, ...]) -> None:
    """Side by side they hold the whole; whole cells, and all of one dimension, are exact."""
    points, simplices = lattice((0.0,) * dim, (1.0,) * dim, cells)
    corners = points[simplices]
    measures = np.abs(np.linalg.det(corners[:, 1:] - corners[:, :1])) / math.factorial(dim)
    everywhere = np.ones(len(simplices), dtype=bool)
    ends = (0.0, 0.23, 0.5, 1.0)

    def weights(low: float, high: float) -> np.ndarray:
        lower, upper = np.full(dim, -np.inf), np.full(dim, np.inf)
        lower[-1], upper[-1] = low, high
        return part(points, simplices, measures, everywhere, lower, upper)

    slabs = [weights(low, high) for low, high in itertools.pairwise(ends)]
    assert np.allclose(sum(slabs), weights(-1.0, 2.0), rtol=0, atol=1e-14)
    field = 1.0 + points[:, -1]
    exact = [(b + b**2 / 2) - (a + a**2 / 2) for a, b in itertools.pairwise(ends)]
    assert [w @ field for w in slabs] == pytest.approx(exact, abs=1e-12 if dim == 1 else 3e-3)


def test_quantiles_of_places(tmp_path: Path) -> None:
    """The median height and the upper decile of cells that lie evenly in a box, and of half of it."""
    text = """\
name: heights
mesh: {kind: rectangle, to: [1, 2], cells: [2, 16]}
model: {cells: {tumour: {initial: "2 - y", motility: 0}}}
time: {end: 1, step: 1}
fit:
  data: data.csv
  observables:
    median: {quantile: tumour, along: y, noise: {kind: normal, error: 0.1}}
    high: {quantile: tumour, along: y, level: 0.9, noise: {kind: normal, error: 0.1}}
  vary: {model.cells.tumour.motility: {from: 0, to: 1}}
"""
    (tmp_path / "s.yaml").write_text(text)
    (tmp_path / "data.csv").write_text("time,observable,value\n1,median,0.6\n1,high,1.4\n")
    found = Here(Task(tmp_path / "s.yaml")).ask("", [0.0]).values
    exact = [2 - math.sqrt(4 * (1 - share)) for share in (0.5, 0.9)]
    assert found == pytest.approx(exact, abs=0.01)


HEAD = "time,observable,value,error"


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        (f"{HEAD}\n1,tumour.totl,1,1\n", "no-column", "tumour.total"),
        (f"{HEAD}\n9,tumour.total,1,1\n", "outside-run", "9"),
        (f"{HEAD}\n1,tumour.total,x,1\n", "not-a-number", "'x'"),
        (f"{HEAD}\n1,tumour.total,1,\n", "missing-option", "error"),
        (f"{HEAD}\n1,tumour.total,1,-1\n", "out-of-bounds", "-1"),
        (f"{HEAD}\n1,tumour.total,1\n", "wrong-length", "3 values"),
        (f"{HEAD}\n", "unreadable-file", "no data"),
        ("time,observable,valu\n1,tumour.total,1\n", "unknown-key", "did you mean 'value'?"),
        ("time (d),observable,value,error\n1,tumour.total,1,1\n", "no-scales", "scales"),
        (f"{HEAD},arm\n1,tumour.total,1,1,late\n", "unknown-key", "late"),
    ],
)
def test_wrong_data_are_refused_at_their_line(tmp_path: Path, text: str, code: str, says: str) -> None:
    task = decaying(tmp_path)
    (tmp_path / "decay.csv").write_text(text)
    with refused(code, place="decay.csv", says=[says]):
        read_data(task.scenario, task.options)


def test_data_that_no_run_can_meet_are_refused(tmp_path: Path) -> None:
    """Slabs and places beside the tissue, values beyond any error; a start that fails says why. Data at the start alone are fine."""
    observed = "observables: {low: {integral: tumour, along: x}, p: {value: tumour}}, vary: {c: {from: 1, to: 10}}"
    task = decaying(tmp_path, observed)
    where = "time,observable,value,error,x,from,to\n"
    for row, code, place in (("1,low,1,1,,5,6", "outside-tissue", "low from 5 to 6"), ("1,p,1,1,7,,", "outside-tissue", "p at (7)")):
        (tmp_path / "decay.csv").write_text(f"{where}{row}\n")
        with refused(code, place=place, remedy="0 to 1"):
            fit(Task(task.path), tmp_path / "fit", jobs=1, overwrite=True)
    (tmp_path / "decay.csv").write_text(f"{HEAD}\n1,tumour.total,1e300,1\n")
    with refused("failed-start", says=["1e+06 errors"]):
        fit(Task(task.path), tmp_path / "fit", jobs=1, overwrite=True)
    task = decaying(tmp_path, "vary: {c: {from: 1, to: 10}}")
    task.path.write_text(task.path.read_text().replace("death: a*b", 'death: "a*b*(1 - t)"'))
    with refused("failed-start", says=["negative"]):
        fit(Task(task.path), tmp_path / "fit", jobs=1, overwrite=True)
    task = decaying(tmp_path, "vary: {c: {from: 1, to: 10}}")
    (tmp_path / "decay.csv").write_text(f"{HEAD}\n0,tumour.total,3,0.1\n")
    found = fit(task, tmp_path / "fit", jobs=1, overwrite=True)
    assert found.estimates[0].value == pytest.approx(3.0, abs=1e-3)
    assert "no more data than unknowns" in found.text


def test_units_of_data(tmp_path: Path) -> None:
    """Times and places by the head of their columns, values by the observable's unit; kept as a run gives them."""
    text = """\
name: scaled
scales: {length: 1 um, time: 1 h, cells: 1e5 /cm^2, mmp: 1 nM}
mesh: {kind: rectangle, to: [100, 100], cells: [2, 2]}
model: {cells: {tumour: {initial: 1, motility: 1, secretes: {mmp: 1}}}, solubles: {mmp: {diffusion: 1}}}
time: {end: 48, step: 1}
fit:
  data: data.csv
  observables:
    mmp: {value: mmp, unit: pM, noise: {kind: normal, error: 1}}
    low: {integral: tumour, along: y, noise: poisson}
  vary: {model.cells.tumour.motility: {from: 1e-13, to: 1e-12, unit: m^2/s}}
"""
    (tmp_path / "s.yaml").write_text(text)
    (tmp_path / "data.csv").write_text("time (d),observable,value,x (mm),y (mm),from (um),to (um)\n1,mmp,500,0.05,0.1,,\n2,low,7,,,0,50\n")
    scenario = load(tmp_path / "s.yaml")
    assert scenario.fit is not None
    data = read_data(scenario, scenario.fit)
    first, second = data.rows
    assert (first.time, second.time) == (24.0, 48.0)
    assert (first.value, first.at) == (pytest.approx(0.5), (pytest.approx(50.0), pytest.approx(100.0)))
    assert (second.value, second.span) == (7.0, (0.0, 50.0))
    assert data.units == {"mmp": "nM", "low": "cells"}
    predicted = Here(Task(tmp_path / "s.yaml")).ask("", [5e-13]).values
    assert predicted[1] == pytest.approx(1e5 * 1e-4 * 0.5 * 1.0, rel=1e-6) or predicted[1] == pytest.approx(5.0, rel=1e-6)


def test_validate_reads_the_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = decaying(tmp_path).path
    assert main(["validate", str(path)]) == 0
    assert "5 data of tumour.total; varies a, b, c" in capsys.readouterr().out
    (tmp_path / "decay.csv").write_text(f"{HEAD}\n9,tumour.total,1,1\n")
    assert main(["validate", str(path)]) == 2
    assert "decay.csv:2: outside the run" in capsys.readouterr().err


def test_ranges_that_are_no_scenario_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """At the line of what varies, before anything runs."""
    with refused("out-of-bounds", place="decay.yaml:6:"):
        load(decaying(tmp_path, "vary: {time.step: {from: -1, to: 1}}").path)
    with refused("unknown-key", place="decay.yaml:6:"):
        load(decaying(tmp_path, "vary: {d: {from: 0, to: 1}}").path)
    with refused("repeated-name", place="fit.vary"):
        load(decaying(tmp_path, "vary: {a: {from: 1, to: 2}, parameters.a: {from: 1, to: 2}}").path)
    (tmp_path / "decay.yaml").write_text(DECAY)
    assert main(["fit", str(tmp_path / "decay.yaml")]) == 2
    assert "[no-fit]" in capsys.readouterr().err
