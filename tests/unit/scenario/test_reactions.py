"""Equations of reactions as texts, their rates in units, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from invasio.solver.cli import main
from invasio.solver.errors import ScenarioError
from invasio.solver.scenario.equations import Equation, read_equation
from invasio.solver.scenario.loader import Statement, load
from tests.lib.messages import refused

READ = {
    "a + b <-> c": Equation({"a": 1, "b": 1}, {"c": 1}, True),
    " 2 a->d ": Equation({"a": 2}, {"d": 1}, False),
    "a + a + 2*e -> e + d + e": Equation({"a": 2, "e": 2}, {"e": 2, "d": 1}, False),
    "a ->": Equation({"a": 1}, {}, False),
    "-> 3 a_1": Equation({}, {"a_1": 3}, False),
}


@pytest.mark.parametrize("text", READ)
def test_equations(text: str) -> None:
    assert read_equation(text) == READ[text]
    assert read_equation(read_equation(text).text()) == READ[text]


def test_what_stands_on_both_sides_is_not_changed() -> None:
    assert read_equation("2 a + e -> 3 e + d").change == {"a": -2, "e": 2, "d": 1}
    assert read_equation("a + e -> e + b").change == {"a": -1, "b": 1}


GOOD = """\
mesh: {kind: interval, to: 1, cells: 2}
model:
  solubles:
    a: {initial: 1, diffusion: 1e-3}
    b: {diffusion: 1e-3}
    c: {diffusion: 1e-3}
  reactions:
    r: {equation: "a + b <-> c", forward: 10, backward: 1}
time: {end: 1}
"""
SCALED = "scales: {length: 1 um, time: 1 h, depth: 1 um^2, a: 1 nM, b: 1 nM, c: 1 pM}\n" + GOOD
WRONG = {
    "an unknown partner": ("a + b", "a + bb", "no-species", ":8:19: model.reactions.r.equation", "did you mean 'b'?"),
    "a negative number": ("a + b", "-2 a + b", "wrong-equation", ":8:19: model.reactions.r.equation", "whole numbers from 1 on"),
    "half of one": ("a + b", "0.5 a + b", "wrong-equation", ":8:19: model.reactions.r.equation", "whole numbers from 1 on"),
    "none of it": ("a + b", "0 a + b", "wrong-equation", ":8:19: model.reactions.r.equation", "whole numbers from 1 on"),
    "far too many": ("a + b", "10 a + b", "wrong-equation", ":8:19: model.reactions.r.equation", "at most 9"),
    "no arrow": ("<->", "=", "wrong-equation", ":8:19: model.reactions.r.equation", "2 a + b -> c"),
    "two arrows": ("<-> c", "-> c -> a", "wrong-equation", ":8:19: model.reactions.r.equation", "2 a + b -> c"),
    "two signs": ("a + b", "a + + b", "wrong-equation", ":8:19: model.reactions.r.equation", "2 a + b -> c"),
    "a formula": ("a + b", "a*b", "wrong-equation", ":8:19: model.reactions.r.equation", "2 a + b -> c"),
    "nothing at all": ("a + b <-> c", "->", "wrong-equation", ":8:19: model.reactions.r.equation", "2 a + b -> c"),
    "catalysts only": ("<-> c", "<-> b + a", "wrong-equation", ":8:19: model.reactions.r.equation", "2 a + b -> c"),
    "rate and forward": ("forward: 10", "rate: 10, forward: 10", "either-or", ":8:8: model.reactions.r", "forward and backward"),
    "one way, two rates": ("<->", "->", "either-or", ":8:8: model.reactions.r", "give rate, or law"),
    "two ways, one rate": (", backward: 1", "", "either-or", ":8:8: model.reactions.r", "forward and backward"),
    "a law and a rate": ("forward: 10", "forward: 10, law: a*b", "either-or", ":8:8: model.reactions.r", "forward and backward, or law"),
    "a negative rate": ("forward: 10", "forward: -10", "out-of-bounds", ":8:43: model.reactions.r.forward", "at least 0"),
    "a name twice": ("    r:", '    r: {equation: "a -> b", rate: 1}\n    r:', "repeated-key", ":9:5: model.reactions.r", "take one out"),
    "in balance": ("a: {", "a: {quasi_steady: true, decay: 1, ", "wrong-reaction", ":8:19: model.reactions.r.equation", "quasi_steady"),
    "one half, as a quotient": ("a + b", "1/2 a + b", "wrong-equation", ":8:19: model.reactions.r.equation", "2 a + b -> c"),
    "a power": ("a + b", "a^2 + b", "wrong-equation", ":8:19: model.reactions.r.equation", "2 a + b -> c"),
    "a parameter that reacts": ("mesh", "parameters: {q: 1}\nmesh", "no-species", ":9:19: model.reactions.r.equation", "a, b, c"),
    "a reaction that reacts": ("a + b", "a + r", "no-species", ":8:19: model.reactions.r.equation", "a, b, c"),
    "an unknown rate": ("forward: 10", "forward: k", "unknown-name", ":8:43: model.reactions.r.forward", "a, b, c"),
    "a rate that is negative by a parameter": (
        "mesh", "parameters: {q: -1}\nmesh", "out-of-bounds", ":9:43: model.reactions.r.forward", "at least 0",
    ),
    "of a negative order": ("forward: 10, backward: 1", "law: b/a", "wrong-reaction", ":8:39: model.reactions.r.law", "a/(a + K)"),
    "a bad name": ("    r:", "    2r:", "bad-name", ":8:5: model.reactions.2r", "not starting with a digit"),
    "made of nothing": (
        "forward: 10, backward: 1", "law: 1 - b", "wrong-reaction", ":8:39: model.reactions.r.law", "multiply it by b",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said_with_its_place(case: str, tmp_path: Path) -> None:
    old, new, code, place, remedy = WRONG[case]
    assert old in GOOD
    path = tmp_path / "wrong.yaml"
    text = GOOD.replace(old, new, 1)
    if "parameters" in new:
        text = text.replace("a + b", "a + q") if code == "no-species" else text.replace("forward: 10", "forward: q")
    path.write_text(text, encoding="utf-8")
    with refused(code, f"wrong.yaml{place}", remedy):
        load(path)


CARRIED = """\
mesh: {kind: interval, to: 1, cells: 2}
parameters: {k: 2}
model:
  cells: {tumour: {initial: 1, motility: 1e-3}}
  bound:
    r: {on: tumour, per_cell: 1}
  solubles: {a: {initial: 1, diffusion: 1e-3}}
  reactions:
    bind: {equation: "a + r ->", rate: k}
time: {end: 1}
"""
WRONG_NAMES = {
    "carried by a soluble": ("on: tumour", "on: a", "wrong-species", ":6:13: model.bound.r.on", "allowed: tumour"),
    "carried by nobody": ("on: tumour", "on: tumor", "no-species", ":6:13: model.bound.r.on", "did you mean 'tumour'?"),
    "carried by itself": ("on: tumour", "on: r", "wrong-species", ":6:13: model.bound.r.on", "allowed: tumour"),
    "carried, and a soluble": ("    r:", "    a: {on: tumour, per_cell: 1}\n    r:", "repeated-name", ":8:14: model.solubles.a", "rename"),
    "carried, and the cells": ("    r:", "    tumour:", "repeated-name", ":6:5: model.bound.tumour", "rename"),
    "carried, and a parameter": ("    r:", "    k: {on: tumour, per_cell: 1}\n    r:", "repeated-name", ":2:14: parameters.k", "rename"),
    "cells and a parameter": ("cells: {", "cells: {k: {initial: 1}, ", "repeated-name", ":2:14: parameters.k", "rename"),
    "cells that become a parameter": ("1e-3}}\n  bound", "1e-3, becomes: {k: 1}}}\n  bound", "no-species", ":4:58:", "allowed: tumour"),
    "cells that become themselves": ("1e-3}}\n  bound", "1e-3, becomes: {tumour: 1}}}\n  bound", "wrong-transfer", ":4:66:", "another"),
    "less than nothing in each": ("per_cell: 1", "per_cell: -1", "out-of-bounds", ":6:31: model.bound.r.per_cell", "at least 0"),
}


@pytest.mark.parametrize("case", WRONG_NAMES)
def test_names_that_collide_and_carriers_that_are_none(case: str, tmp_path: Path) -> None:
    old, new, code, place, remedy = WRONG_NAMES[case]
    assert old in CARRIED
    path = tmp_path / "wrong.yaml"
    path.write_text(CARRIED, encoding="utf-8")
    load(path)
    text = CARRIED.replace("a + r ->", "a ->") if new == "    tumour:" else CARRIED
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with refused(code, f"wrong.yaml{place}", remedy):
        load(path)


IN_CYCLES = {
    "carriers": (
        "on: tumour",
        "on: q, per_cell: 1}\n    q: {on: r",
        "wrong-species",
        (":6:13: model.bound.r.on", ":7:13: model.bound.q.on"),
    ),
    "parameters": ("{k: 2}", "{k: l, l: k}", "circular-parameters", (":2:17: parameters.k", ":2:23: parameters.l")),
}


@pytest.mark.parametrize("case", IN_CYCLES)
def test_cycles_of_names(case: str, tmp_path: Path) -> None:
    """All of a cycle are named, each with its line."""
    old, new, code, places = IN_CYCLES[case]
    path = tmp_path / "wrong.yaml"
    path.write_text(CARRIED.replace(old, new), encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        load(path)
    assert [fault.code for fault in caught.value.faults] == [code] * 2
    assert all(f"wrong.yaml{place}: " in str(caught.value) for place in places)


def rates(tmp_path: Path, text: str) -> tuple[float, float]:
    path = tmp_path / "units.yaml"
    path.write_text(text, encoding="utf-8")
    reaction = load(path).model.reactions["r"]
    forward, backward = reaction.forward or reaction.rate, reaction.backward
    assert forward is not None and forward.constant is not None
    return forward.constant, 0.0 if backward is None or backward.constant is None else backward.constant


def test_rates_have_the_unit_of_their_order(tmp_path: Path) -> None:
    """v is that of the first species that changes, a: of c, in pM, a thousandth of it is lost."""
    found = rates(tmp_path, SCALED.replace("10", "2.5e-3 /nM/s").replace("backward: 1", "backward: 4e-3 /s"))
    assert found == pytest.approx((9.0, 4e-3 * 3600 / 1000), rel=1e-14)
    assert rates(tmp_path, SCALED.replace("a + b <-> c", "2 a -> b").replace("forward: 10, backward: 1", "rate: 1e6 /M/s"))[
        0
    ] == pytest.approx(3.6, rel=1e-14)
    assert rates(tmp_path, SCALED.replace("a + b <-> c", "-> a").replace("forward: 10, backward: 1", "rate: 1 pM/s"))[0] == pytest.approx(
        3.6, rel=1e-14
    )


@pytest.mark.parametrize("unit", ["/s", "/nM^2/s", "/nM", "nM/s"])
def test_units_of_another_order_are_refused(unit: str, tmp_path: Path) -> None:
    path = tmp_path / "units.yaml"
    path.write_text(SCALED.replace("forward: 10", f"forward: 10 {unit}"), encoding="utf-8")
    with refused("wrong-unit", "model.reactions.r.forward", "length^3/amount/time"):
        load(path)


def test_molar_rates_need_scales_of_the_species(tmp_path: Path) -> None:
    path = tmp_path / "units.yaml"
    path.write_text(SCALED.replace(", a: 1 nM, b: 1 nM, c: 1 pM", "").replace("10", "10 /nM/s"), encoding="utf-8")
    with refused("wrong-unit", "model.reactions.r.forward", "needed is 1/time; a has no scale: state one, as in scales: {a: 1 nM}"):
        load(path)


def test_a_unit_that_is_called_as_a_species_is(tmp_path: Path) -> None:
    text = SCALED.replace("a: ", "M: ").replace("a + b", "M + b").replace("10", "2.5e6 /M/s")
    assert rates(tmp_path, text)[0] == pytest.approx(9.0, rel=1e-14)


def test_species_of_different_kinds_cannot_become_one_another(tmp_path: Path) -> None:
    path = tmp_path / "units.yaml"
    path.write_text(SCALED.replace("c: 1 pM", "c: 1 ng/ml"), encoding="utf-8")
    with refused("wrong-unit", "model.reactions.r.equation", "scales", ("a", "c")):
        load(path)


def test_all_options_read_back(tmp_path: Path) -> None:
    path = tmp_path / "again.yaml"
    path.write_text(SCALED.replace("forward: 10", "forward: 2.5e-3 /nM/s, source: somebody"), encoding="utf-8")
    scenario = load(path)
    again = Statement.of(scenario).scenario()
    assert again.model.reactions == scenario.model.reactions


def test_explain_says_what_is_conserved_and_credits_nobody(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "said.yaml"
    path.write_text(GOOD, encoding="utf-8")
    assert main(["explain", str(path)]) == 0
    said = capsys.readouterr().out
    assert "r: a + b ⇌ c, r_r = k_r a b − k_r_back c\n" in said
    assert "a + c is conserved" in said and "b + c is conserved" in said and "Literature" not in said
    path.write_text(GOOD.replace("forward", "source: 'Adair, Hill 1925, J. Biol. Chem. 63:529', forward"), encoding="utf-8")
    assert main(["explain", str(path)]) == 0
    said = capsys.readouterr().out
    assert "k_r_back c; Adair and Hill 1925\n" in said and "Literature" in said
