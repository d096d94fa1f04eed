"""The walker over laws finds every expression of every part."""

from __future__ import annotations

import dataclasses

import pytest

from invasio.solver.model import balance
from invasio.solver.model.balance import (
    Boundary,
    Carried,
    Degradation,
    Factor,
    Fibres,
    IntegrityLaw,
    Membrane,
    Passage,
    Pool,
    Reaction,
    Removal,
    Species,
    Taxis,
    Term,
    Transfer,
    Vessel,
    WallFlux,
)
from invasio.solver.model.walk import expressions, map_expressions, names_in, sources
from invasio.solver.scenario.expressions import Binary, Expr, Name, Number
from invasio.solver.scenario.parser import parse
from invasio.solver.scenario.trains import Train
from invasio.solver.scenario.tree import simplify, to_text

SPECIES = Species(
    name="n",
    kind="cells",
    symbol="n",
    unit="",
    initial={"": Name("i1"), "core": Name("i2")},
    diffusion={"": Name("d1"), "core": Name("d2")},
    room=Name("w"),
    fibres=Fibres((Name("e1"), Name("e2")), 0.5),
    taxis=(Taxis("taxis", "f", Name("p"), Name("chi"), "taxis 1971"),),
    production=(Term(Name("P"), "production", "made 2000"),),
    growth=(Term(Name("g1"), "growth", factors=(Factor(Name("cap"), "capacity"),)), Term(Name("g2"), "growth", "grown 2001")),
    loss=(Term(Name("L"), "loss", "made 2000"),),
    transfers=(Transfer("m", Name("k"), "turned 2003"),),
    amount=Name("N"),
    carried=Carried("n", Name("each")),
    boundaries={"left": Boundary("exchange", Name("v"), Name("r"))},
)
INTEGRITY = IntegrityLaw(
    Name("b0"), (Degradation(Name("K"), "mean", "degradation", "cut 2017"),), Name("rep"), Name("b_c"), Name("sh"), Name("br")
)
MEMBRANE = Membrane("wall", INTEGRITY, (Passage("n", Name("kappa"), "pressure", Name("gam"), Name("c_ref"), source="through 1958"),))
FLUX = WallFlux("n", Name("open"), Name("closed"), Name("torn"), Name("inside"), source="in 2019")
REACTION = Reaction(
    "r", "a <-> b", {"a": -1}, {"a": -1.0}, Name("onward"), Name("back"), True, (Factor(Name("kf"), "on"), Factor(Name("kb"), "off"))
)
VESSEL = Vessel("v", "blood", "boundary", ("left",), (FLUX,), INTEGRITY, Name("ruptured"))
POOL = Pool("q", "", Name("q0"), Name("in"), Name("out"))
REMOVAL = Removal("cut", "surgery", Train(at=(1.0, 2.0)), ("n",), Name("stays"), where=Name("where_"))
LAWS = {
    "species": (SPECIES, ["i1", "i2", "d1", "d2", "w", "e1", "e2", "p", "chi", "P", "g1", "cap", "g2", "L", "k", "N", "each", "v", "r"]),
    "membrane": (MEMBRANE, ["b0", "K", "rep", "b_c", "sh", "br", "kappa", "gam", "c_ref"]),
    "reaction": (REACTION, ["onward", "back", "kf", "kb"]),
    "pool": (POOL, ["q0", "in", "out"]),
    "removal": (REMOVAL, ["stays", "where_"]),
    "vessel": (VESSEL, ["open", "closed", "torn", "inside", "b0", "K", "rep", "b_c", "sh", "br", "ruptured"]),
}


@pytest.mark.parametrize("what", LAWS)
def test_every_expression_is_found_once_and_in_order(what: str) -> None:
    law, wanted = LAWS[what]
    assert [to_text(expr) for expr in expressions(law)] == wanted
    assert names_in(law) == set(wanted)
    everything = tuple(law for law, _ in LAWS.values())
    assert names_in(*everything) == names_in(everything) == {name for _, more in LAWS.values() for name in more}


@pytest.mark.parametrize("what", LAWS)
def test_mapping_changes_expressions_and_nothing_else(what: str) -> None:
    law, wanted = LAWS[what]

    def doubled(expr: Expr) -> Expr:
        return Binary("*", Number(2.0), expr)

    def halved(expr: Expr) -> Expr:
        assert isinstance(expr, Binary) and expr.left == Number(2.0)
        return expr.right

    there = map_expressions(law, doubled)
    assert type(there) is type(law) and [to_text(expr) for expr in expressions(there)] == [f"2 * {name}" for name in wanted]
    assert map_expressions(there, halved) == law
    assert map_expressions(law, lambda expr: expr) == law


def test_no_part_of_a_law_is_left_out_of_these_tests() -> None:
    """Every field of balance.py that holds an expression holds one above."""
    parts: list[object] = [SPECIES, MEMBRANE, VESSEL, REACTION, POOL, REMOVAL]
    filled = set()
    while parts:
        part = parts.pop()
        if dataclasses.is_dataclass(part):
            for field in dataclasses.fields(part):
                value = getattr(part, field.name)
                filled |= {(type(part).__name__, field.name)} if value not in (None, (), {}) else set()
                parts.append(value)
        elif isinstance(part, dict):
            parts += part.values()
        elif isinstance(part, tuple):
            parts += part
    classes = [thing for thing in vars(balance).values() if isinstance(thing, type) and dataclasses.is_dataclass(thing)]
    declared = {(c.__name__, f.name) for c in classes for f in dataclasses.fields(c) if "Expr" in str(f.type)}
    assert len(declared) > 20 and declared <= filled


def test_whole_expressions_are_mapped() -> None:
    term = Term(parse("2*3*c + 0*d"), "production")
    assert map_expressions(term, simplify) == Term(parse("6*c"), "production")
    assert [to_text(expr) for expr in expressions((term, None, "text", 1.0))] == ["2 * 3 * c + 0 * d"]


def test_sources_come_once_in_the_order_of_the_fields() -> None:
    assert sources(SPECIES) == ("taxis 1971", "made 2000", "grown 2001", "turned 2003")
    assert sources(MEMBRANE, VESSEL) == ("cut 2017", "through 1958", "in 2019")
    assert sources(None, IntegrityLaw()) == ()
