"""Patients that differ: each the same whatever else is drawn, distributions as stated, and the two parts of the variance."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from invasio.postprocess.run import Run
from invasio.postprocess.table import of_cascade
from invasio.solver.cascade.patients import Patients, of_draws, parts, spread
from invasio.solver.cli import main
from invasio.solver.output.layout import CASCADE, ENTRIES, OF_PATIENTS, PATIENTS, RESOLVED, SPREAD
from invasio.solver.scenario.loader import dump_resolved, load
from tests.lib.cascades import changed
from tests.lib.messages import refused

ROWS = "time,step,dt,vein/right.entered:tumour\n0.0,0,0.0,0.0\n10.0,1,10.0,60.0\n"
TWO_BEDS = (
    ("    duct: {carries: lymph, at: {boundary: left}, entry: {tumour: 0.5 um/h}}\n", ""),
    ("  lymph: {levels: [{name: II, hold: 0.8}, {name: III, hold: 0.5}]}\n", ""),
    ("anatomy: human_adult", "beds: {lungs: {share: 1, into: arteries}, body: {share: 1}}"),
    ("soil: {liver: 0.02, bone: 0.02, lungs: 0.005, others: 0.001}", "soil: {lungs: 0.5, body: 0.25}"),
    ("clusters: {mean: 1.03}", "clusters: {mean: 1}"),
    ("  dormancy: {enter: 0.6, wake: 0.002 /d}\n", ""),
    ("birth: 0.25 /d, death: 0.2 /d, micro: 50 cells, macro: 1e6 cells", "birth: 0, micro: 1, macro: 1"),
    ("single: 5e-4, cluster: 2.5e-2", "single: 5e-4"),
    ("end: 2 y", "end: 100 d\n  step: 10 d"),
)
SOIL = "organs.soil.lungs: {logitnormal: {spread: 4}}"
SINGLE = "circulation.blood.survival.single: {lognormal: {spread: 2}}"
TRANSIT = "circulation.blood.transit: {normal: {mean: 12 h, variation: 0.8}}"
CAPTURE = "organs.capture: {uniform: {from: 0.3, to: 0.9}}"


def stated(*patients: str, more: tuple[tuple[str, str], ...] = ()) -> str:
    """The scenario with patients that differ so."""
    listed = "".join(f"\n  {line}" for line in patients)
    return changed(*TWO_BEDS, ("time: {end", f"patients:{listed if listed else ' {}'}\ntime: {{end"), *more)


def folder(path: Path, text: str) -> Path:
    """A run folder, as far as a cascade reads it."""
    file, run = path / "cascade.yaml", path / "run"
    file.write_text(text, encoding="utf-8")
    run.mkdir(exist_ok=True)
    (run / RESOLVED).write_text(dump_resolved(load(file)), encoding="utf-8")
    (run / ENTRIES).write_text(ROWS, encoding="utf-8")
    return run


def test_a_patient_is_the_same_whatever_else_is_drawn(tmp_path: Path) -> None:
    one = Patients(folder(tmp_path, stated(SOIL, SINGLE)))
    more = Patients(folder(tmp_path, stated(CAPTURE, SINGLE, SOIL)))
    for number in (0, 7):
        found, other = one.draw(number).values, more.draw(number).values
        assert found == {path: other[path] for path in found} and len(other) == 3
    assert one.draw(7).values != one.draw(8).values


def test_numbers_have_the_distributions_that_are_stated(tmp_path: Path) -> None:
    patients = Patients(folder(tmp_path, stated(SOIL, SINGLE, TRANSIT, CAPTURE)))
    drawn = [patients.draw(number).values for number in range(400)]
    values = {path: np.array([one[path] for one in drawn]) for path in drawn[0]}
    soil, single = values["organs.soil.lungs"], values["circulation.blood.survival.single"]
    normal = {"soil": np.log(soil / (1 - soil)) / np.log(4), "single": np.log(single / 5e-4) / np.log(2)}
    for name, z in normal.items():  # 4 standard errors of a mean and of a standard deviation
        assert abs(z.mean()) < 4 / 20 and abs(z.std() - 1) < 4 / np.sqrt(800), name
    capture, transit = values["organs.capture"], values["circulation.blood.transit"]
    assert capture.min() > 0.3 and capture.max() < 0.9 and abs(capture.mean() - 0.6) < 4 * 0.6 / np.sqrt(12) / 20
    assert transit.min() > 0 and 0.4 < np.median(transit) < 0.7  # half a day; what is not above 0 was drawn again
    assert abs(np.corrcoef(soil, single)[0, 1]) < 4 / 20


def test_the_two_parts_of_the_variance(tmp_path: Path) -> None:
    """Numbers of colonies of one patient are Poisson with mean -ln(1 - p); of many, their variance is Var + mean of that."""
    more = (("stands_for: 200", "stands_for: 30"),)
    found = spread(Patients(folder(tmp_path, stated(SINGLE, SOIL, more=more))), 60, 300)
    chance = found.chance["macro"][:, -1, -1]
    between, within = parts(chance)
    assert between + within == pytest.approx(chance.mean() * (1 - chance.mean()), rel=1 / 50)
    means = -np.log1p(-chance)
    assert 0.2 < means.mean() < 5
    drawn_between, drawn_within = (part[-1, -1] for part in of_draws(found.mean["macro"], found.variance["macro"], 300))
    n, away = 300, means - means.mean()
    error = np.sqrt((4 * away**2 * means / n + 2 * (means / n) ** 2 + means / n**3).sum()) / (len(means) - 1)
    assert abs(drawn_between - means.var(ddof=1)) < 4 * error < 0.2 * means.var(ddof=1)
    spread_of_variance = np.sqrt(((means + 2 * means**2) / n).sum()) / len(means)
    assert abs(drawn_within - means.mean()) < 4 * spread_of_variance < 0.25 * means.mean()
    shares = found.having["macro"][:, -1, -1]
    assert abs(shares - chance).max() < 4.5 * np.sqrt(0.25 / 300)


def test_tables_picture_and_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = folder(tmp_path, stated(SINGLE))
    assert main(["cascade", str(run), "--patients", "6", "--seeds", "5"]) == 0
    said = capsys.readouterr().out
    assert "6 patients, 5 histories of each" in said and "is between patients" in said
    facts = json.loads((run / CASCADE / OF_PATIENTS).read_text(encoding="utf-8"))
    for name, rows in ((PATIENTS, 6), (SPREAD, None)):
        with (run / CASCADE / name).open(encoding="utf-8", newline="") as stream:
            head, *found = list(csv.reader(stream))
        assert list(facts["units"][name]) == head and len(found) == (rows or len(found)) and found
    assert (run / CASCADE / "patients.png").stat().st_size > 10_000
    assert of_cascade(Run(run), "spread", units=True).splitlines()[1].startswith("d,,,1,1,1")
    first = (run / CASCADE / PATIENTS).read_text(encoding="utf-8")
    assert main(["cascade", str(run), "--patients", "3", "--seeds", "5"]) == 0
    assert first.startswith((run / CASCADE / PATIENTS).read_text(encoding="utf-8"))


def test_a_formula_is_multiplied(tmp_path: Path) -> None:
    more = (("extravasation: 0.8", 'extravasation: "0.4*(1 + (t > 5))"'),)
    patient = Patients(folder(tmp_path, stated("organs.extravasation: {normal: {variation: 0.05}}", more=more))).draw(0)
    assert patient.scenario.organs is not None
    factor = patient.values["organs.extravasation"]
    assert 0.7 < factor < 1.25 and repr(factor) in str(patient.scenario.organs.extravasation[""][""].plain())


@pytest.mark.parametrize(
    ("line", "code", "place", "remedy", "says"),
    [
        ("organs.sol: {lognormal: {spread: 2}}", "cannot-vary", "patients.organs.sol", "did you mean", "organs.sol"),
        ("organs.soil: {lognormal: {spread: 2}}", "cannot-vary", "patients.organs.soil", "organs.soil.lungs", ""),
        ("circulation.seed: {lognormal: {spread: 2}}", "cannot-vary", "patients.circulation.seed", "name a number", ""),
        ("time.end: {lognormal: {spread: 2}}", "cannot-vary", "patients.time.end", "name a number", "time.end"),
        ("organs.capture: {uniform: {from: 0.5, to: 1.5}}", "out-of-bounds", "patients.organs.capture", "at most 1", "1.5"),
        ("organs.capture: {lognormal: {median: 2 h, spread: 2}}", "wrong-unit", "patients.organs.capture", "", ""),
        ("organs.capture: {}", "either-or", "patients.organs.capture", "lognormal", ""),
    ],
)
def test_what_cannot_differ_is_refused(tmp_path: Path, line: str, code: str, place: str, remedy: str, says: str) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(stated(line), encoding="utf-8")
    with refused(code, place, remedy, [says]):
        load(file)


def test_a_run_without_patients_and_growth_without_a_closed_form(tmp_path: Path) -> None:
    with refused("missing-option", "patients", "lognormal", []):
        Patients(folder(tmp_path, stated()))
    staged = (("birth: 0, micro: 1, macro: 1", "birth: 0.2, micro: 2, macro: 100, second: {switch: 0.1, birth: 0.3}"),)
    with refused("missing-option", "organs.colony", "--seeds", []):
        spread(Patients(folder(tmp_path, stated(SINGLE, more=staged))), 1)
