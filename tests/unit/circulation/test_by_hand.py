"""One history of six events, computed by hand from numpy's random words, as docs/cascade.md shows it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from invasio.solver.circulation.draws import Purpose
from invasio.solver.circulation.means import means
from invasio.solver.circulation.plan import Beds, Blood, Colony, Dormancy, Growth, Part, Plan, number
from invasio.solver.circulation.results import Fate
from tests.lib.cascade import constant, drawn

PAGE = Path(__file__).parents[3] / "docs" / "cascade.md"
SEED = 1267
BEDS = Beds(("lungs", "body"), number(0.5), np.array([[0.0, 1], [1, 0]]), np.array([1.0, 0]))
GROWTH = Growth("gompertz", number(0.5), number(1e6, 1))
PLAN = Plan(
    SEED, 1.0, np.linspace(0, 20, 21).astype(float), ("tumour",), np.array([0.6, 0.4]),
    Blood(number(0.5, 1), number(0.5, 2), number(0.6, 2), number(0.5, 2), losses=(("shear", 0.5), ("immune", 0.5))),
    BEDS, number(0.8), np.array([0.5, 0.75])[:, None, None], Dormancy(number(0.5), number(0.1)),
    Colony(number(0), number(0), number(10, 1), number(1e4, 1), growth=GROWTH),
)  # fmt: skip
ENTRIES = constant(8.4, 10, part=Part("vein", "wall", beds=np.array([1.0, 0])))  # six events of 1.4 cells in ten days


@dataclass
class Row:
    """A line of the table in the page."""

    event: int
    size: int
    entered: float
    arrived: float
    place: str
    fate: str
    woke: float
    micro: float


def words(ident: int, index: int, purpose: int) -> list[int]:
    """Philox as in numpy, which counts before it draws."""
    counter = index + (purpose << 64) - 1
    return [int(word) for word in np.random.Philox(counter=counter, key=SEED + (ident << 64)).random_raw(4)]


def uniform(word: int) -> float:
    return ((word >> 11) + 0.5) * 2.0**-53


def by_hand() -> list[Row]:
    rows: list[Row] = []
    total, number_of = 0.0, 0
    while True:
        first, ident, third, _ = words(0, number_of, Purpose.EVENT)
        total -= math.log(uniform(first))
        if total > 6:
            return rows
        size = 1 if uniform(third) <= 0.6 else 2
        entered = 10 * total / 6
        loose = [uniform(words(ident, cell, Purpose.CELL)[1]) < 0.5 for cell in range(size)] if size > 1 else []
        units = [(ident, size)] if not any(loose) else []
        if any(loose):
            units += [(ident, 1)] if not all(loose) else []
            units += [(words(ident, cell, Purpose.CHILD)[0], 1) for cell in range(2) if loose[cell]]
        rows += [unit(number_of, cells, entered, key) for key, cells in units]
        number_of += 1


def unit(event: int, size: int, entered: float, ident: int) -> Row:
    """Blood, bed, vessel wall, soil, sleep, growth; the share of arrests in the lungs is .5/(1 - .25)."""
    never = math.inf
    time = entered - 0.5 * math.log(uniform(words(ident, 0, Purpose.TRANSIT)[0]))
    alive, cause, bed, leaves = (uniform(word) for word in words(ident, 0, Purpose.BLOOD))
    if alive >= (0.5 if size == 1 else 0.6):
        return Row(event, size, entered, never, "-", "lost: shear" if cause <= 0.5 else "lost: immune", never, never)
    place = "lungs" if bed <= 2 / 3 else "body"
    if leaves >= 0.8:
        return Row(event, size, entered, time, place, "stuck", never, never)
    soil, sleeps = (uniform(word) for word in words(ident, 0, Purpose.SETTLE)[:2])
    if soil >= (0.5 if place == "lungs" else 0.75):
        return Row(event, size, entered, time, place, "starved", never, never)
    woke = time if sleeps >= 0.5 else time - math.log(uniform(words(ident, 0, Purpose.WAKE)[0])) / 0.1
    if woke > 20:
        return Row(event, size, entered, time, place, "dormant", never, never)
    age = -math.log(math.log(10 / 1e6) / math.log(size / 1e6)) / 0.5  # Z = K (R/K)^exp(-a age) = 10
    micro = math.ceil(woke + age)
    return Row(event, size, entered, time, place, "colony", woke, micro if micro <= 20 else never)


def printed() -> list[list[str]]:
    """The table of the page."""
    text = PAGE.read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if re.match(r"\| \d+ \|", line)]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def shown(rows: list[Row]) -> list[list[str]]:
    def cell(value: float, digits: int = 3) -> str:
        return "-" if math.isinf(value) else f"{value:.{digits}f}"

    return [[str(r.event), str(r.size), cell(r.entered), cell(r.arrived), r.place, r.fate, cell(r.woke), cell(r.micro, 0)] for r in rows]


def test_the_page_shows_what_is_computed_by_hand() -> None:
    rows = by_hand()
    assert {row.event for row in rows} == set(range(6))
    assert printed() == shown(rows)


def test_the_cascade_gives_the_history_that_is_computed_by_hand() -> None:
    rows = by_hand()
    found = drawn(PLAN, ENTRIES, [SEED], everything=True)[0]
    units = found.units
    order = np.lexsort((units.arrived, units.entered))
    mine = sorted(rows, key=lambda row: (row.entered, row.arrived))
    assert len(units) == len(rows)
    for number_of, row in zip(order, mine, strict=True):
        fate = Fate(units.fate[number_of]).name.lower()
        if fate == "lost":
            fate = f"lost: {('shear', 'immune')[units.cause[number_of]]}"
        assert (int(units.event[number_of]), int(units.size[number_of]), fate) == (row.event, row.size, row.fate)
        place = units.place[number_of]
        assert (PLAN.places[place] if place >= 0 else "-") == row.place
        for name in ("entered", "arrived", "woke", "micro"):
            assert getattr(units, name)[number_of] == pytest.approx(getattr(row, name), abs=1e-12)


def test_the_ledger_of_the_page() -> None:
    found = drawn(PLAN, ENTRIES, [SEED])[0]
    ledger = {name: int(cells) for name, cells in zip(found.accounts, found.ledger[0], strict=True) if cells}
    text = PAGE.read_text(encoding="utf-8")
    line = " + ".join(f"{cells} {name}" for name, cells in ledger.items() if name != "entered")
    assert f"{ledger['entered']} entered = {line}" in " ".join(text.split())
    assert means(PLAN, ENTRIES).entered[-1].sum() == pytest.approx(8.4)
