"""Parameters and values of any unit: brought to the scenario's scales where a formula uses them, or refused at their place."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from invasio.solver.scenario.loader import Statement, load
from invasio.solver.scenario.schema import Scenario
from invasio.solver.scenario.tree import evaluate
from tests.lib.messages import refused

N_A = 1e-6  # nM in mol/m^3


def scenario(
    folder: Path, parameters: str, tumour: str = "initial: 1", oxygen: str = "diffusion: 1", more: str = "", mmp: str = ""
) -> Scenario:
    """Cells, oxygen in uM and an enzyme in nM, in 3-D; lengths in um, times in h."""
    path = folder / "units.yaml"
    path.write_text(
        "scales: {length: 1 um, time: 1 h, cells: 1e8 /cm^3, oxygen: 1 uM, mmp: 1 nM}\n"
        "mesh: {kind: box, to: [100, 100, 100], cells: [2, 2, 2]}\n"
        f"time: {{end: 1}}\nparameters: {{{parameters}}}\nmodel:\n  cells: {{tumour: {{{tumour}, motility: 1}}}}\n"
        f"  solubles: {{oxygen: {{{oxygen}}}, mmp: {{diffusion: 1{mmp}}}}}\n{more}",
        encoding="utf-8",
    )
    return load(path)


def value(found: Scenario, formula: object, **at: float) -> float:
    """A formula at given densities."""
    return float(evaluate(formula.expr, {**{name: p.value for name, p in found.parameters.items()}, **at}))  # type: ignore[attr-defined]


def test_uptake_per_cell(tmp_path: Path) -> None:
    """Michaelis-Menten uptake of 30 fmol/cell/h at K = 4.5e3 nM, at 2e8 cells per cm^3 and 1.5 uM oxygen."""
    found = scenario(tmp_path, "vmax: 30 fmol/cell/h, km: 4.5e3 nM", oxygen="diffusion: 1, decay: vmax*tumour/(km + oxygen)")
    per_hour = 30e-15 * 2e14 / ((4500e-6) + 1.5e-3)  # mol/cell/h cells/m^3 / (mol/m^3)
    assert value(found, found.model.solubles["oxygen"].decay, tumour=2.0, oxygen=1.5) == pytest.approx(per_hour, rel=1e-12)
    assert (found.parameters["vmax"].value, found.parameters["vmax"].unit) == (30.0, "fmol/cell/h")
    again = Statement.of(found).scenario()
    assert value(again, again.model.solubles["oxygen"].decay, tumour=2.0, oxygen=1.5) == pytest.approx(per_hour, rel=1e-12)


def test_parameters_of_parameters(tmp_path: Path) -> None:
    """A sum of different prefixes, and half of it."""
    found = scenario(tmp_path, "a: 1 uM, b: 500 nM, both: a + b, half: 0.5*both", oxygen="diffusion: 1, initial: half")
    assert value(found, found.model.solubles["oxygen"].initial[""]) == pytest.approx(0.75, rel=1e-14)


@pytest.mark.parametrize(
    ("text", "per_hour"),
    [
        ("2 nmol/cell/y", 2e-9 * 1e14 / N_A / 8766),
        ("0.1 nM/min", 6.0),
        ("secreted", 3e-18 * 1e14 / N_A * 60),
        ("2*secreted", 2 * 3e-18 * 1e14 / N_A * 60),
    ],
)
def test_secretion_per_cell(tmp_path: Path, text: str, per_hour: float) -> None:
    """What one unit of cells, 1e8 per cm^3, makes of the enzyme in nM/h."""
    found = scenario(tmp_path, "secreted: 3e-18 mol/cell/min", tumour=f"initial: 1, secretes: {{mmp: '{text}'}}")
    assert value(found, found.model.cells["tumour"].secretes["mmp"].rate) == pytest.approx(per_hour, rel=1e-12)


def test_a_molar_mass_makes_amounts_of_masses(tmp_path: Path) -> None:
    """50 ng/ml of an enzyme of 72 kg/mol are 694 pM; also in a parameter, and in a rate per enzyme."""
    more = "  ecm: {initial: 1, degraded_by: {mmp: 0.2 mL/ng/h}}\n"
    found = scenario(tmp_path, "dose: 50 ng/mL", more=more, mmp=", molar_mass: 72 kg/mol, initial: dose")
    nanomolar = 50e-6 / 72e3 * 1e9  # g/L / (g/mol)
    assert value(found, found.model.solubles["mmp"].initial[""]) == pytest.approx(nanomolar, rel=1e-12)
    rate = found.model.ecm["ecm"].degraded_by["mmp"]
    assert value(found, rate) * nanomolar == pytest.approx(0.2 * 50, rel=1e-12)
    text = scenario(tmp_path, "", mmp=", molar_mass: 72 kg/mol, initial: 50 ng/mL").model.solubles["mmp"].initial[""]
    assert text.constant == pytest.approx(nanomolar, rel=1e-12)
    with refused("wrong-unit", "model.solubles.mmp.initial", "needed is amount/length^3"):
        scenario(tmp_path, "", mmp=", initial: 50 ng/mL")
    with refused("wrong-unit", "model.solubles.mmp.molar_mass", "mass per amount", ("72 kg",)):
        scenario(tmp_path, "", mmp=", molar_mass: 72 kg")


def test_pressures_and_cells(tmp_path: Path) -> None:
    """A ratio of pressures is a plain number; a number of cells is an amount."""
    found = scenario(tmp_path, "p: 40 mmHg, p0: 5 kPa, n0: 5000 cells, dense: 1e6 cells/cm^3", tumour="initial: dense*p/p0, amount: n0")
    cells = found.model.cells["tumour"]
    assert value(found, cells.initial[""]) == pytest.approx(0.01 * 40 * 133.322387415 / 5000, rel=1e-12)
    assert cells.amount is not None
    assert value(found, cells.amount) == pytest.approx(5000 / 1e-4, rel=1e-12)


@pytest.mark.parametrize(
    ("parameters", "oxygen", "says"),
    [
        ("vmax: 30 fmol/cell/h", "diffusion: 1, decay: vmax*tumour", "the formula is amount/length^3/time"),
        ("km: 40 mmHg, v: 1 nM", "diffusion: 1, decay: v/(km + oxygen)", "stand on two sides of one sum"),
        ("a: 40 mmHg, b: 2 kPa", "diffusion: 1, decay: a/b", "the formula is a plain number"),
        ("km: 40 mmHg", "diffusion: 1, decay: 0.1*exp(km)", "exp is taken of mass/"),
        ("km: 40 mmHg", "diffusion: 1, decay: 'where(oxygen < km, 1, 0)'", "stand on two sides of one sum"),
    ],
)
def test_a_unit_that_does_not_fit_names_the_place(tmp_path: Path, parameters: str, oxygen: str, says: str) -> None:
    with refused("wrong-unit", "model.solubles.oxygen.decay", says=(says,)):
        scenario(tmp_path, parameters, oxygen=oxygen)
    with refused("wrong-unit", "parameters.c", says=("two sides",)):
        scenario(tmp_path, "a: 40 mmHg, b: 3 nM, c: a + b")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("exp(-x^2/w^2)", math.exp(-9 / 400)), ("0.5*(1 - tumour/2)", 0.125), ("k*tumour", 0.15), ("w/20 + x", 4.0)],
)
def test_lengths_and_times_alone_stay_plain_numbers(tmp_path: Path, text: str, expected: float) -> None:
    """Formulas that name no parameter with a unit of another kind are left as they are, whatever they mean."""
    found = scenario(tmp_path, "w: 20 um, k: 0.1 /h, other: 3 nM", oxygen=f"diffusion: 1, decay: '{text}'")
    assert value(found, found.model.solubles["oxygen"].decay, x=3.0, tumour=1.5) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("text", ["p", "-p", "p*p", "p/k", "p + q", "sqrt(k*k)", "1/p"])
def test_parameters_of_lengths_and_times_alone_must_fit_where_no_number_is_beside_them(tmp_path: Path, text: str) -> None:
    """A rate is needed: a length is none, whatever is made of it; what holds plain numbers, or a root, is left to the reader."""
    given = "p: 5 um, q: 3 um, k: 0.1 /h"
    if text in ("sqrt(k*k)", "1/p"):
        scenario(tmp_path, given, oxygen=f"diffusion: 1, decay: '{text}'")
        return
    with refused("wrong-unit", "model.solubles.oxygen.decay", "needed is 1/time"):
        scenario(tmp_path, given, oxygen=f"diffusion: 1, decay: '{text}'")
    found = scenario(tmp_path, given, oxygen="diffusion: p*q*k, decay: k*p/q")
    assert value(found, found.model.solubles["oxygen"].decay) == pytest.approx(0.1 * 5 / 3, rel=1e-15)


def test_pulses_of_any_unit(tmp_path: Path) -> None:
    """A period in days and a length in minutes, where times are in hours; how many periods have passed."""
    text = "where(mod(t, period) < long, high*floor(t/period), 0)"
    found = scenario(tmp_path, "period: 2 d, long: 30 min, high: 1 nM/h", mmp=f', production: "{text}"')
    made = found.model.solubles["mmp"].production
    assert [value(found, made, t=t) for t in (0.2, 48.4, 48.6, 96.1)] == pytest.approx([0.0, 1.0, 0.0, 2.0])
    with refused("wrong-unit"):
        scenario(tmp_path, "period: 2 nM", mmp=', production: "mod(t, period) < 1"')


K, C = 0.2, 0.4  # uM, of which the parameter is written in nM


@pytest.mark.parametrize(
    ("text", "per_hour"),
    [
        ("k*oxygen/(half + oxygen)", 0.5 * C / (K + C)),
        ("0.5*oxygen/(half + oxygen)", 0.5 * C / (K + C)),
        ("0.5*oxygen/(half + oxygen) + k", 0.5 * C / (K + C) + 0.5),
        ("k/(1 + oxygen/half)", 0.5 / (1 + C / K)),
        ("k*oxygen^2/(half^2 + oxygen^2)", 0.5 * C**2 / (K**2 + C**2)),
        ("k*oxygen^n/(half^n + oxygen^n)", 0.5 * C**1.5 / (K**1.5 + C**1.5)),
        ("k/(1 + (half/oxygen)^n)", 0.5 / (1 + (K / C) ** 1.5)),
        ("k*sqrt(oxygen)/sqrt(half)", 0.5 * math.sqrt(C / K)),
        ("k*min(1, half/oxygen)", 0.5 * K / C),
        ("k*(oxygen/half > 1.5)", 0.5),
        ("k*max(0, oxygen/half - 1)", 0.5 * (C / K - 1)),
        ("k*(1 - exp(-oxygen/half))", 0.5 * (1 - math.exp(-C / K))),
        ("k*p^n/(p0^n + p^n)", 0.5 / (1 + (5 / (40 * 0.133322387415)) ** 1.5)),
        ("0.5*p/p0", 0.5 * 40 * 0.133322387415 / 5),
        ("turned*oxygen/half", 3600 * 0.002 / 5 * C / K),
        ("k*volume*tumour*oxygen/half", 500e-12 * 2e8 * C / K * 0.5),
    ],
)
def test_ratios_of_different_prefixes_are_plain_numbers(tmp_path: Path, text: str, per_hour: float) -> None:
    """Saturation, inhibition and powers with oxygen in uM, its half value in nM, and pressures in mmHg and kPa."""
    parameters = "half: 200 nM, k: 0.5 /h, n: 1.5, p: 40 mmHg, p0: 5 kPa, turned: v/p0, v: 2 Pa/s, volume: 500 um^3"
    found = scenario(tmp_path, parameters, oxygen=f"diffusion: 1, decay: '{text}'")
    assert value(found, found.model.solubles["oxygen"].decay, oxygen=C, tumour=2.0) == pytest.approx(per_hour, rel=1e-12)
    again = Statement.of(found).scenario()
    assert value(again, again.model.solubles["oxygen"].decay, oxygen=C, tumour=2.0) == pytest.approx(per_hour, rel=1e-12)


def test_plain_numbers_beside_parameters_are_in_the_scales(tmp_path: Path) -> None:
    """A threshold of 0.3 uM beside one of 200 nM; a density of cells that is written without the word."""
    found = scenario(tmp_path, "half: 200 nM, dense: 5e6 /cm^3", oxygen="diffusion: 1, initial: 'max(0.3, half)'", tumour="initial: dense")
    assert value(found, found.model.solubles["oxygen"].initial[""]) == pytest.approx(0.3, rel=1e-14)
    assert value(found, found.model.cells["tumour"].initial[""]) == pytest.approx(0.05, rel=1e-14)


@pytest.mark.parametrize(
    ("text", "code"), [("x/(200 um)", "wrong-formula"), ("0.03 /h*oxygen", "unknown-name"), ("d*oxygen", "unknown-name")]
)
def test_a_unit_inside_a_formula_is_to_be_given_a_name(tmp_path: Path, text: str, code: str) -> None:
    with refused(code, "model.solubles.oxygen.decay", "in formulas, give it a name, as in parameters: {width: 200 um}"):
        scenario(tmp_path, "", oxygen=f"diffusion: 1, decay: {text}")
