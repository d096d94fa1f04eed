"""The unit table against pint, conversions to the scenario's scales, and what is refused."""

from __future__ import annotations

import pint
import pytest

from invasio.solver.scenario.base import Context
from invasio.solver.scenario.units import PREFIXES, UNITS, UnitError, measure, words


def _all_units() -> list[str]:
    prefixed = [prefix + name for name, (_, _, takes) in UNITS.items() if takes for prefix in PREFIXES]
    return [*UNITS, *(name for name in prefixed if name not in UNITS)]


def test_every_unit_agrees_with_pint() -> None:
    registry = pint.UnitRegistry()
    registry.define("cell = 1 = cells")
    for name in _all_units():
        ours = measure(f"1 {name}")
        theirs = registry.Quantity(1, "year" if name == "y" else name).to_base_units()
        assert float(ours.factor) == pytest.approx(theirs.magnitude, rel=1e-12), name
        dimensions = {str(k).strip("[]").replace("substance", "amount"): int(v) for k, v in theirs.dimensionality.items()}
        if name.endswith("Gy"):  # doses of radiation are kept apart from other things in m^2/s^2
            dimensions = {"dose": 1}
        assert dict(ours.dimension) == dimensions, name


SCALES = {"length": "1 um", "time": "1 h", "cells": "1e5 /cm^2", "mmp": "1 nM"}
CONTEXT = Context({name: measure(text) for name, text in SCALES.items()}, {"mmp": "soluble", "tumour": "cells", "ecm": "ecm"})


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [
        ("1e-10 cm^2/s", "length^2/time", 36.0),
        ("1e-10 cm**2 / s", "length^2/time", 36.0),
        ("10 d", "time", 240.0),
        ("1 week", "time", 168.0),
        ("0.4 /nM/h", "1/time/mmp", 0.4),
        ("0.4 1/(nM h)", "1/time/mmp", 0.4),
        ("4e8 L/mol/h", "1/time/mmp", 0.4),
        ("2e5 cells/cm^2", "tumour", 2.0),
        ("-2 mm", "length", -2000.0),
        ("3", "ecm", 3.0),
        ("2 um h^-1", "length/time", 2.0),
        ("2 µm/h", "length/time", 2.0),
        (".5 nmol/L", "mmp", 0.5),
    ],
)
def test_conversion_rounds_once(text: str, dimension: str, value: float) -> None:
    assert CONTEXT.convert(text, dimension) == value


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("1 parsec", "unknown-unit", "'parsec'"),
        ("um", "not-a-quantity", "not a number with a unit"),
        ("", "not-a-quantity", "not a number with a unit"),
        ("1 m^x", "not-a-quantity", "not a number with a unit"),
        ("1 m^99", "not-a-quantity", "not a number with a unit"),
        ("(1 m", "not-a-quantity", "not a number with a unit"),
        ("1 m; 2", "not-a-quantity", "not a number with a unit"),
        ("1/0 m", "not-a-quantity", "division by zero"),
        ("1e999 m", "out-of-bounds", "1e999"),
        ("1 m" + " m" * 200, "not-a-quantity", "too long"),
    ],
)
def test_what_is_no_quantity(text: str, code: str, says: str) -> None:
    with pytest.raises(UnitError) as caught:
        measure(text)
    assert caught.value.code == code
    assert says in str(caught.value)


def test_dimensions_in_words() -> None:
    assert words(measure("3 cm^2/s").dimension) == "length^2/time"
    assert words(measure("3 /nM").dimension) == "length^3/amount"
    assert words(measure("3").dimension) == "a plain number"
