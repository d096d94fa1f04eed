"""Sensitivity analyses, by SALib on runs and on a polynomial: Ishigami's function, whose indices are closed forms, as a tissue's cells.

f = sin a + 7 sin^2 b + .1 c^4 sin a on (-pi, pi)^3 (Ishigami & Homma 1990, doi:10.1109/ISUMA.1990.151285), raised by 20 to be a density.
"""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest

from invasio.hpc.fits.emulator import Polynomial
from invasio.hpc.fits.pool import Answer, Here, Stopped
from invasio.hpc.fits.sensitivity import analyse, matters_little
from invasio.hpc.fits.task import Task
from invasio.postprocess.cascade_numbers import over_time
from invasio.solver.api import run
from invasio.solver.cli import main
from tests.lib.messages import refused

VARIANCE = 7**2 / 8 + 0.1 * math.pi**4 / 5 + 0.1**2 * math.pi**8 / 18 + 0.5
ALONE = {"a": 0.5 * (1 + 0.1 * math.pi**4 / 5) ** 2 / VARIANCE, "b": 7**2 / 8 / VARIANCE, "c": 0.0}
TOGETHER = 0.1**2 * math.pi**8 * (1 / 18 - 1 / 50) / VARIANCE  # of a and c
TOTAL = {"a": ALONE["a"] + TOGETHER, "b": ALONE["b"], "c": TOGETHER}


def ishigami(folder: Path, how: str, more: str = "") -> Task:
    """The function as the density in a mesh of one cell; ``more`` varies besides."""
    span = "{from: -3.141592653589793, to: 3.141592653589793}"
    (folder / "ishigami.yaml").write_text(f"""\
name: ishigami
parameters: {{a: 0, b: 0, c: 0, d: 0}}
mesh: {{kind: interval, cells: 1}}
model: {{cells: {{tumour: {{initial: "20 + sin(a) + 7*sin(b)^2 + 0.1*c^4*sin(a) + 0*d", motility: 0}}}}}}
time: {{end: 1, step: 1}}
outcomes: {{f: {{series: tumour.total}}}}
sensitivity: {{{how}, vary: {{a: {span}, b: {span}, c: {span}{more}}}}}
""")
    return Task(folder / "ishigami.yaml")


def test_shares_of_the_variance_on_runs(tmp_path: Path) -> None:
    """N = 256 (1280 runs): within .1 of the closed form, and within the stated intervals and a half."""
    found = analyse(ishigami(tmp_path, "method: sobol, n: 256, seed: 1"), tmp_path / "out", jobs=1)
    for one in found.indices:
        assert one.first == pytest.approx(ALONE[one.option], abs=0.1)
        assert one.total == pytest.approx(TOTAL[one.option], abs=0.1)
        assert abs(one.total - TOTAL[one.option]) < 1.5 * one.total_width
    assert "1280 runs" in found.text


def test_shares_of_the_variance_on_a_polynomial(tmp_path: Path) -> None:
    """Of degree 9 on 512 runs: its error is shown, and the shares are within .02; one of degree 2 is said to be too bad to be trusted."""
    good = analyse(ishigami(tmp_path, "method: sobol, emulator: {runs: 512, degree: 9}"), tmp_path / "good", jobs=1)
    for one in good.indices:
        assert one.first == pytest.approx(ALONE[one.option], abs=0.02)
        assert one.total == pytest.approx(TOTAL[one.option], abs=0.02)
    summary = json.loads((tmp_path / "good" / "indices.json").read_text())
    assert 0 < summary["emulator_error"]["f"] < 0.1
    assert summary["runs"] == 512
    bad = analyse(ishigami(tmp_path, "method: sobol, emulator: {runs: 64, degree: 2}"), tmp_path / "bad", jobs=1)
    assert "too much to trust" in bad.text
    assert "too much to trust" not in good.text
    with refused("out-of-bounds", place="emulator", says=["220"]):
        analyse(ishigami(tmp_path, "method: sobol, emulator: {runs: 64, degree: 9}"), tmp_path / "few", jobs=1)


def test_single_steps(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Morris, by command: an option of no effect is called so; those of Ishigami are not."""
    path = ishigami(tmp_path, "method: morris, n: 20", ", d: {from: 0, to: 1}").path
    assert main(["sensitivity", str(path), "--out", str(tmp_path / "out"), "-j", "1"]) == 0
    said = capsys.readouterr().out
    assert "No outcome depends on d:" in said
    assert {path.name for path in (tmp_path / "out" / "figures").iterdir()} == {"indices.png", "indices.pdf"}
    assert json.loads((tmp_path / "out" / "indices.json").read_text())["heads"] == {"f": "f"}
    found = json.loads((tmp_path / "out" / "indices.json").read_text())["indices"]["f"]
    assert found["d"]["mean_step"] == 0.0
    assert min(found[name]["mean_step"] for name in "abc") > 1.0
    (tmp_path / "plain.yaml").write_text("name: p\nmesh: {kind: interval, cells: 1}\nmodel: {cells: {n: {initial: 1}}}\ntime: {end: 1}\n")
    assert main(["sensitivity", str(tmp_path / "plain.yaml")]) == 2
    assert "[no-fit]" in capsys.readouterr().err


def test_outcomes_of_the_cascade(tmp_path: Path) -> None:
    """As a run with the same values has them, at a time and at the horizon, beside columns of the series; a chance depends on its rate."""
    shipped = Path(__file__).parents[3] / "scenarios" / "cascade" / "inhibitor.yaml"
    liver = "chance of a metastasis in liver"
    (tmp_path / "s.yaml").write_text(f"""\
extends: {shipped}
name: cascade
arms: null
expect: []
parameters: {{wake: 0.002 /d}}
organs: {{dormancy: {{enter: 0.6, wake: wake}}}}
mesh: {{cells: 13}}
drugs: null
schedules: null
circulation: {{end: 300 d}}
model: {{cells: {{tumour: {{initial: 1}}}}, vessels: {{vein: {{wall: null}}}}}}
time: {{end: 2 d}}
outcomes:
  {{invaded: null, entered: {{series: circulation.entered}}, lungs: null, soon: {{cascade: {liver}, at: 200 d}}, liver: {{at: end}}}}
sensitivity: {{method: morris, n: 2, vary: {{wake: {{from: 1e-3, to: 0.01, unit: /d}}}}}}
""")
    found = analyse(Task(tmp_path / "s.yaml"), tmp_path / "out", jobs=1)
    steps = {one.outcome: one.total for one in found.indices}
    assert steps["entered"] == 0.0
    row = next(csv.DictReader((tmp_path / "out" / "outcomes.csv").open()))
    heads = json.loads((tmp_path / "out" / "indices.json").read_text())["heads"]
    assert set(heads.values()) <= set(row) and set(heads) == set(steps) and any("(" in head for head in heads.values())
    assert all(head in found.text for head in heads.values())
    assert steps["soon"] > 0.0
    out = tmp_path / "run"
    run(tmp_path / "s.yaml", set={"sensitivity": None, "outcomes": None, "parameters.wake": f"{row['wake']} /d"}, out=out)
    times, chance = over_time(out, [liver], [200 * 24 / 16])[liver]
    assert [float(row["soon"]), float(row["liver"])] == pytest.approx([np.interp(200 * 24 / 16, times, chance), chance[-1]], rel=1e-9)


def test_an_analysis_that_was_interrupted_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the same indices to the bit, and no run twice."""
    task = ishigami(tmp_path, "method: sobol, n: 16")
    whole = analyse(task, tmp_path / "whole", jobs=1)
    asked, ask = [0], Here.ask

    def stopping(self: Here, arm: str, given: list[float], kind: str) -> Answer:
        asked[0] += 1
        if asked[0] == 30:
            self.stop()
        return ask(self, arm, given, kind)

    monkeypatch.setattr(Here, "ask", stopping)
    with pytest.raises(Stopped):
        analyse(task, tmp_path / "out", jobs=1)
    assert analyse(task, tmp_path / "out", jobs=1).indices == whole.indices
    assert asked[0] == 80 + 1  # the one that was refused is asked for again


def test_a_run_that_fails_is_named(tmp_path: Path) -> None:
    task = ishigami(tmp_path, "method: sobol, n: 16")
    task.path.write_text(task.path.read_text().replace("motility: 0", 'motility: 0, death: "1 - 0.4*(a + 1)*t"'))
    with refused("failed-run", place="a = ", remedy="narrower"):
        analyse(task, tmp_path / "out", jobs=1)


def test_a_polynomial_is_exact_where_the_model_is_one() -> None:
    """Its error at runs left out is then rounding; of noise it is about 1."""
    rng = np.random.default_rng(1)
    points = rng.random((60, 2))
    exact = Polynomial(points, 1 + points[:, 0] * points[:, 1] ** 2, 3)
    assert exact.error < 1e-10
    assert exact(np.array([[0.25, 0.5]])) == pytest.approx([1.0625])
    assert Polynomial(points, rng.standard_normal(60), 1).error > 0.9


def test_little_is_judged_by_the_method() -> None:
    from invasio.hpc.fits.sensitivity import Index

    rows = [Index("f", "a", 0.5, 0.1, 50.0, 0.1), Index("f", "b", 0.1, 0.1, 0.4, 0.1)]
    assert matters_little(rows, "morris") == ["b"]
    assert matters_little(rows, "sobol") == []
