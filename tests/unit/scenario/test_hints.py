"""Remedies fit the slip and say nothing where there is none of these."""

from __future__ import annotations

import pytest

from invasio.solver.scenario.hints import as_name, hint


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("0,5", "point"),
        ("1e\u22123", "minus"),
        ("10 cm\u00b2/s", "cm^2/s"),
        ("5 \u00d7 10^-3", "powers of ten"),
        ("exp(-2x)", "2*x"),
        ("3(x + 1)", "2*x"),
        ("x/(200 um)", "parameters"),
        ("0.03 /h*oxygen", "parameters"),
        ("0.05 1/h", "without the 1"),
        ("5 % of x", "fraction"),
        ("pow(x, 2)", "x^2"),
        ("math.exp(x)", "prefix"),
        ("x > 1 ? 2 : 3", "where"),
        ("x = 1", "=="),
        ("x > 1 && y > 2", "and"),
    ],
)
def test_slips(text: str, word: str) -> None:
    assert word in hint(text)


@pytest.mark.parametrize("text", ["1e-3*(x", "2.5E+4*x)", "exp(mmp2", "log10(x)", "x <= 2 >= 1", "where(x >= 1, 2, 3", "n1 n2", ""])
def test_nothing_is_said_where_nothing_fits(text: str) -> None:
    assert hint(text) == ""


def test_names() -> None:
    assert [as_name(text) for text in ("tumour cells", "cellule \u00e9pith\u00e9liale", "MDA-MB-231", "4T1", "\u03bc")] == [
        "tumour_cells",
        "cellule_epitheliale",
        "MDA_MB_231",
        "T1",
        "",
    ]
