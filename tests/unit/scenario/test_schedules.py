"""Functions of time in closed form: pulses, tables, pharmacokinetics; against sums of doses, SciPy and laws of pharmacology."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp

from invasio.solver.model.build import build_model
from invasio.solver.model.text import explain
from invasio.solver.scenario.expressions import Binary, Number, Timed
from invasio.solver.scenario.functions import Function, Pulses, Table, integral, sampled, value
from invasio.solver.scenario.loader import dump_resolved, load
from invasio.solver.scenario.pharmacokinetics import Concentration, one_compartment, two_compartments
from invasio.solver.scenario.shipped import folder
from invasio.solver.scenario.trains import Train

KE = math.log(2.0) / 9.0
MODES = {
    "one": one_compartment(KE),
    "two": two_compartments(KE, 0.3, 0.1),
    "barely two": two_compartments(KE, 1e-9, 1e-9 + KE),
    "fast": two_compartments(1.0, 0.2, 5.0),
}
WAYS: dict[str, dict[str, float]] = {
    "bolus": {},
    "infusion": {"duration": 3.0},
    "without a pause": {"duration": 12.0},
    "overlapping": {"duration": 20.0},
    "absorbed": {"absorption": 0.7},
    "ka = ke": {"absorption": KE},
    "ka nearly ke": {"absorption": KE * (1.0 + 1e-9)},
}


@pytest.mark.parametrize("modes", MODES.values(), ids=MODES)
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_doses_add_up_and_all_of_them_is_eliminated(modes: Any, way: dict[str, float]) -> None:
    """Superposition; AUC = n D/CL; the area under a part of the curve as by quadrature."""
    dose, count = 7.0, 5
    many, one = (Concentration(dose, Train(2.0, 12.0, n), modes, **way) for n in (count, 1))
    times: Any = np.linspace(0.0, 100.0, 401)
    apart = sum(sampled(one, times - 12.0 * k) for k in range(count))
    np.testing.assert_allclose(sampled(many, times), apart, rtol=0, atol=1e-13)
    whole = count * dose * sum(weight / rate for weight, rate in modes)
    assert integral(many, 0.0, 1e5) == pytest.approx(whole, rel=1e-13)
    ends = [14.0, 17.0, 20.0]
    part = quad(lambda t: value(many, t), 14.0 - 1e-6, 21.9, points=ends, epsabs=0, epsrel=1e-12, limit=200)[0]
    assert integral(many, 14.0 - 1e-6, 21.9) == pytest.approx(part, rel=1e-9)


def test_what_accumulates_is_that_of_the_textbooks() -> None:
    """Peaks of a bolus: 1/(1 - 2^(-interval/half-life)); with absorption and ka = ke: k t exp(-k t)."""
    many = Concentration(50.0, Train(0.0, 12.0, None), one_compartment(KE))
    assert value(many, 12.0 * 200) / value(many, 0.0) == pytest.approx(1.0 / (1.0 - 2.0 ** (-12.0 / 9.0)), rel=1e-14)
    assert integral(many, 1200.0, 1212.0) == pytest.approx(50.0 / KE, rel=1e-14)
    absorbed = Concentration(1.0, Train(0.0), one_compartment(KE), absorption=KE)
    for t in (1e-6, 1.0, 20.0, 300.0):
        assert value(absorbed, t) == pytest.approx(KE * t * math.exp(-KE * t), rel=1e-14)


def test_two_compartments_as_an_integrator_finds_them() -> None:
    e, to, back = 0.4, 0.9, 0.05
    found = Concentration(1.0, Train(0.0, 6.0, 2), two_compartments(e, to, back), absorption=1.1)

    def rates(_: float, y: Any) -> list[float]:
        return [-1.1 * y[0], 1.1 * y[0] - (e + to) * y[1] + back * y[2], to * y[1] - back * y[2]]

    y = solve_ivp(rates, (0.0, 6.0), [1.0, 0.0, 0.0], rtol=1e-12, atol=1e-14).y[:, -1]
    assert value(found, 6.0) == pytest.approx(y[1], rel=1e-10)
    y = solve_ivp(rates, (6.0, 20.0), [y[0] + 1.0, y[1], y[2]], rtol=1e-12, atol=1e-14).y[:, -1]
    assert value(found, 20.0) == pytest.approx(y[1], rel=1e-10)


EXAMPLES: dict[str, Function] = {
    **{f"{a}, {b}": Concentration(3.0, Train(1.0, 12.0, 8), modes, **way) for a, modes in MODES.items() for b, way in WAYS.items()},
    "pulses": Pulses(2.0, 0.5, Train(9.0, 24.0, 3)),
    "overlapping pulses": Pulses(2.0, 30.0, Train(9.0, 24.0, 3)),
    "pulses at": Pulses(2.0, 3.0, Train(at=(1.0, 5.0, 60.0))),
    "lines": Table((0.0, 10.0, 11.0, 50.0), (1.0, -3.0, 8.0, 8.0), False),
    "steps": Table((5.0, 10.0), (1.0, -3.0), True),
}


@pytest.mark.parametrize("function", EXAMPLES.values(), ids=EXAMPLES)
def test_bounds_enclose_values_and_slopes(function: Function) -> None:
    rng = np.random.default_rng(3)
    for begin in rng.uniform(0.0, 120.0, 40):
        piece, end = function.piece(begin), min(function.next(begin), begin + rng.uniform(0.01, 20.0))
        times = np.linspace(begin, end, 60)
        values = function.values(times, piece)
        low, high = function.bounds(begin, end, piece)
        assert low <= values.min() and values.max() <= high
        slopes = np.diff(values) / np.diff(times)
        least, most = function.slopes(begin, end, piece)
        assert least - 1e-6 <= slopes.min() and slopes.max() <= most + 1e-6
        assert value(function, begin) == pytest.approx(values[0], rel=1e-14)
        assert values.min() >= function.least


def test_pulses_and_trains() -> None:
    """Pulses end where the next begins without a gap or a double; no pulse at all is a function too."""
    pulses = Pulses(4.0, 0.1, Train(0.3, 0.1, 1000))
    middle = 0.35 + 0.1 * np.arange(1000)
    assert (sampled(pulses, middle) == 4.0).all()
    assert integral(pulses, 0.0, 1e3) == pytest.approx(400.0, rel=1e-13)
    never = Pulses(4.0, 0.5, Train(0.3, 0.1, 0))
    assert (value(never, 0.4), never.next(-math.inf), integral(never, 0.0, 9.0)) == (0.0, math.inf, 0.0)
    endless = Pulses(4.0, 0.5, Train(9.0, 24.0, None))
    assert endless.next(9.0 + 24.0 * 1e6) == 9.5 + 24.0 * 1e6
    late = Train(0.1, 0.1, None)
    for k in range(2000):
        assert late.begun(late.instant(k)) == k + 1 and late.begun(math.nextafter(late.instant(k), 0.0)) == k


SCENARIO = """\
scales: {length: 1 mm, time: 1 h, cells: 1e8 /cm^3, depth: 1 mm, drug: 1 nM}
mesh: {kind: interval, to: 1, cells: 4}
parameters: {often: 1 d}
schedules:
  pump: {kind: pulses, height: 5 uM/d, width: 30 min, start: 1 d, every: 1 d, count: 3}
  plasma: {kind: pharmacokinetics, dose: 50 mg, volume: 207 L, every: 12 h, half_life: 4.5 h, absorption_half_life: 1 h}
  seen: {kind: table, file: seen.csv}
model:
  cells: {tumour: {initial: 1}}
  solubles:
    drug: {diffusion: 1e-3, molar_mass: 331.4 g/mol, production: pump}
boundaries: {left: {drug: {kind: exchange, rate: 0.1, value: plasma}}, right: {drug: {kind: fixed, value: seen}}}
time: {end: 10}
"""


def test_units_are_those_of_the_options_that_use_them(tmp_path: Path) -> None:
    """uM/d as nM/h, mg/L by the molar mass as nM, a table in minutes and pM; the resolved scenario is the same one."""
    (tmp_path / "seen.csv").write_text("time (min), level [pM]\n0, 0\n\n60, 3000\n", encoding="utf-8")
    (tmp_path / "a.yaml").write_text(SCENARIO, encoding="utf-8")
    scenario = load(tmp_path / "a.yaml")
    (tmp_path / "b.yaml").write_text(dump_resolved(scenario), encoding="utf-8")
    for found in (scenario, load(tmp_path / "b.yaml")):
        drug = build_model(found).species[1]
        assert drug.name == "drug"
        factor, pump = _product(drug.production[0].expr)
        assert factor * value(pump, 24.25) == pytest.approx(5e3 / 24.0, rel=1e-12)
        factor, plasma = _product(drug.boundaries["left"].value)
        first = 50e-3 / 207.0 / 331.4 * 1e9
        assert factor * integral(plasma, 0.0, 1e-9) * 2e9 * 1e9 == pytest.approx(first * math.log(2.0), rel=1e-6)
        factor, seen = _product(drug.boundaries["right"].value)
        assert factor * value(seen, 0.5) == pytest.approx(1.5, rel=1e-12)
        assert found.schedules["plasma"].function == scenario.schedules["plasma"].function
    text = explain(build_model(scenario))
    assert "plasma(t): 50 mg into 207 L" in text and "pump(t): 5 uM/d for 0.5, from 24 on every 24, 3 times" in text


def _product(expr: Any) -> tuple[float, Function]:
    """A number times a schedule."""
    match expr:
        case Timed(function=function):
            return 1.0, function
        case Binary("*", Number(factor), Timed(function=function)) | Binary("*", Timed(function=function), Number(factor)):
            return factor, function
    raise AssertionError(expr)


def test_the_shipped_tablets_give_what_was_measured_in_patients() -> None:
    """Marimastat, 50 mg twice a day: the highest concentration 196 ng/mL, 1.5 to 3 h after the first dose its peak."""
    plasma = load(folder() / "treatment" / "mmp_inhibitor.yaml").schedules["plasma"].function
    times: Any = np.linspace(1.5, 20.0, 200_001)  # of 16 h; the first dose is at 1 d
    levels = 1000.0 * sampled(plasma, times)
    first = times < 1.5 + 12.0 / 16.0
    assert levels.max() == pytest.approx(196.0, abs=1.0)
    assert 1.5 < 16.0 * (times[first][levels[first].argmax()] - 1.5) < 3.0
