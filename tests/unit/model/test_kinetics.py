"""Which species are integrated together, and what is left of their laws."""

from __future__ import annotations

import pytest

from invasio.solver.model.balance import Kinetics, Species
from invasio.solver.model.kinetics import How, find_kinetics, split
from invasio.solver.scenario.tree import to_text
from tests.lib.models import species

BINDING = (
    species("a", "1", diffusion="1", loss="2*b", production="c + x"),
    species("b", "1", loss="2*a", growth="1 - b", production="c"),
    species("c", "0", diffusion="1", loss="1 + 3", production="2*a*b"),
)
PRODUCT = species("p", "0", diffusion="1", production="3*c", loss="0.1")
CASES: dict[str, tuple[tuple[Species, ...], tuple[Kinetics, ...]]] = {
    "binding": (BINDING, (Kinetics(("a", "b", "c")),)),
    "a product that moves, and one that does not": (
        (*BINDING, PRODUCT, species("q", "0", production="c")),
        (Kinetics(("a", "b", "c", "q"), ("p",)),),
    ),
    "two sets": (
        (*BINDING, species("u", "1", production="v", loss="1"), species("v", "1", production="u", loss="1")),
        (Kinetics(("a", "b", "c")), Kinetics(("u", "v"))),
    ),
    "what is in balance at all times": (
        (species("a", "1", diffusion="1", loss="b", quasi_steady=True), species("b", "1", loss="a")),
        (),
    ),
    "a chain": ((species("a", "1", loss="1"), species("b", "0", production="a", loss="1"), species("c", "0", production="b")), ()),
    "growth into space": ((species("a", "1", "cells", growth="1 - a - b"), species("b", "1", "cells", growth="1 - a - b")), ()),
    "cells, enzyme, matrix": (
        (
            species("n", "1", "cells", diffusion="1", growth="1 - n - f"),
            species("m", "0", "soluble", diffusion="1", production="n", loss="1"),
            species("f", "1", "ecm", loss="m", production="0.1*(1 - n - f)"),
        ),
        (),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_partners(case: str) -> None:
    laws, right = CASES[case]
    assert find_kinetics(laws, "partners") == right
    assert find_kinetics(laws, "none") == ()


@pytest.mark.parametrize(("how", "found"), [("partners", 0), ("cycles", 1)])
def test_cycles(how: How, found: int) -> None:
    assert len(find_kinetics(CASES["cells, enzyme, matrix"][0], how)) == found
    assert find_kinetics(CASES["a chain"][0], how) == ()


def rest(law: Species) -> tuple[list[str], list[str], list[str]]:
    production, growth, loss = ([to_text(t.expr) for t in terms] for terms in (law.production, law.growth, law.loss))
    return production, growth, loss


def test_what_is_left() -> None:
    """Of what moves what it makes of others, of what does not move nothing; of a product all but what is made of partners."""
    together = Kinetics(("a", "b", "c"), ("p",))
    left = {law.name: rest(split(law, together)[0]) for law in (*BINDING, PRODUCT)}
    assert left == {"a": ([], [], []), "b": ([], [], []), "c": ([], [], []), "p": ([], [], ["0.1"])}
    supplied = species("s", "0", diffusion="1", production="x", growth="1 - s", loss="b")
    assert rest(split(supplied, Kinetics(("s", "b")))[0]) == (["x"], ["1 - s"], [])
    cells = species("s", "0", "cells", diffusion="1", growth="1 - s - b", loss="0.1")
    assert rest(split(cells, Kinetics(("s", "b")))[0]) == ([], ["1 - s - b"], ["0.1"])
    fed = species("s", "0", "cells", diffusion="1", growth="b - 1", loss="0.1")
    assert rest(split(fed, Kinetics(("s", "b")))[0]) == ([], [], ["0.1"])


def test_rates_are_those_of_the_law() -> None:
    together = Kinetics(("a", "b", "c"), ("p",))
    rates = {law.name: to_text(split(law, together)[1]) for law in (*BINDING, PRODUCT)}
    assert rates == {
        "a": "c + x - 2 * b * a",
        "b": "c + (1 - b) * b - 2 * a * b",
        "c": "2 * a * b - 4 * c",
        "p": "3 * c",
    }
