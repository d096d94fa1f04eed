"""`python3 -m tests.verification.organs`: chances of metastases by organ beside autopsies, as tables in docs/organs.md.

The tissue of every scenario is run anew. Chances by organ are the closed form at its horizon; levels of lymph nodes and the injected
melanoma are drawn. On one rank; some minutes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from mpi4py import MPI
from scipy.optimize import brentq

from invasio.solver.cascade.draw import prepared
from invasio.solver.cascade.finished import read
from invasio.solver.circulation.chances import chances
from invasio.solver.circulation.histories import histories
from invasio.solver.circulation.means import means
from invasio.solver.circulation.plan import Entries, Floats, Plan
from invasio.solver.run import run
from invasio.solver.scenario.loader import load

ROOT = Path(__file__).resolve().parents[2]
TEXT = Path(__file__).with_name("organs.md")
EQUAL = 0.01  # soil of every place in "flow alone"
FEW = 1e-6  # share of the tumour with which chances are small, so that nothing is lost to rounding
ABRAMS, BUBENDORF = "Abrams", "Bubendorf"


@dataclass(frozen=True)
class Autopsies:
    """Shares of metastatic cases with deposits, by place, and from whom."""

    scenario: str
    source: str
    cases: int
    shares: Mapping[str, float]


# Abrams, Spiro, Goldstein 1950, Cancer 3:74-85; Bubendorf et al. 2000, Hum. Pathol. 31:578-583.
SEEN = (
    Autopsies("breast", ABRAMS, 167, {"lungs": 0.77, "bone": 0.73, "liver": 0.61, "adrenals": 0.54}),
    Autopsies("colon", ABRAMS, 101, {"liver": 0.76, "lungs": 0.44}),
    Autopsies("lung", ABRAMS, 148, {"liver": 0.43, "adrenals": 0.39, "bone": 0.35}),
    Autopsies("pancreas", ABRAMS, 28, {"liver": 0.71, "peritoneum": 0.50}),
    Autopsies("ovary", ABRAMS, 62, {"peritoneum": 0.94}),
    Autopsies("prostate", BUBENDORF, 556, {"bone": 0.90, "lungs": 0.46, "liver": 0.25}),
)


# lydata, CC BY-SA 4.0: patients of a cohort; II, III, IV positive; P(III | II), P(III | not II), P(IV | III), P(IV | not III).
COHORTS = {
    287: (0.815, 0.415, 0.118, 0.487, 0.094, 0.26, 0.018),
    263: (0.76, 0.335, 0.129, 0.400, 0.127, 0.31, 0.040),
    164: (0.78, 0.341, 0.116, 0.438, 0.0, 0.32, 0.009),
}


@dataclass(frozen=True)
class Case:
    """A scenario after its run: its plan until the horizon, and what entered."""

    plan: Plan
    entries: Entries

    def soil(self, values: Mapping[str, float]) -> Floats:
        """Soil by place: these, else what the scenario states."""
        stated = np.broadcast_to(self.plan.soil, (len(self.plan.places), 1, 1)).ravel()
        return np.array([values.get(place, own) for place, own in zip(self.plan.places, stated, strict=True)])[:, None, None]

    def expected(self, soil: Floats) -> dict[str, float]:
        """Expected events that make a macrometastasis by the horizon, by place and ``anywhere``; the chance of one is 1 - exp(-these)."""
        plan = replace(self.plan, soil=soil, stands_for=FEW * self.plan.stands_for)
        found = chances(plan, self.entries, ("macro",))
        events = {place: -np.log1p(-chance) / FEW for place, chance in zip(plan.places, found.macro[-1].tolist(), strict=True)}
        return events | {"anywhere": float(-np.log1p(-found.macro_anywhere[-1]) / FEW)}


def case(name: str) -> Case:
    """Run a scenario of scenarios/cascade."""
    with TemporaryDirectory() as folder:
        scenario = load(ROOT / "scenarios" / "cascade" / f"{name}.yaml", ["output.figures=false", "expect=[]"])
        run(scenario, MPI.COMM_SELF, Path(folder) / "run")
        plan, entries = prepared(*read(Path(folder) / "run"))
    return Case(replace(plan, report=(len(plan.times) - 1,)), entries)


def fitted(one: Case, seen: Mapping[str, float], rounds: int = 4) -> dict[str, float]:
    """Relative soil of the places of a table (the largest is 1) with which chances are the shares seen, for some size of the tumour."""
    soil = dict.fromkeys(seen, 1.0)
    for _ in range(rounds):
        now = one.expected(one.soil(soil))
        raw = {place: -value * np.log1p(-seen[place]) / now[place] for place, value in soil.items()}
        soil = {place: value / max(raw.values()) for place, value in raw.items()}
    return soil


def shares(events: Mapping[str, float], seen: Mapping[str, float]) -> dict[str, float]:
    """P(a metastasis in a place | one anywhere) for the size of the tumour with which their mean is that of the shares seen."""

    def at(size: float) -> dict[str, float]:
        return {place: float(np.expm1(-size * events[place]) / np.expm1(-size * events["anywhere"])) for place in seen}

    mean = float(np.mean(list(seen.values())))
    ends = np.log(1e-9 / events["anywhere"]), np.log(1e4 / min(events[place] for place in seen))
    if np.mean(list(at(np.exp(ends[0])).values())) >= mean:
        return at(float(np.exp(ends[0])))  # already of one tumour that sends a single event
    return at(float(np.exp(brentq(lambda size: np.mean(list(at(np.exp(size)).values())) - mean, *ends))))


def in_order(seen: Mapping[str, float], events: Mapping[str, float]) -> tuple[int, int]:
    """How many pairs of places are in the order seen, and of how many."""
    two = list(combinations(seen, 2))
    return sum((seen[a] - seen[b]) * (events[a] - events[b]) > 0 for a, b in two), len(two)


def conditionals(positive: Floats) -> tuple[float, ...]:
    """As in COHORTS, of (patients, 3) levels that are positive."""
    two, three, four = positive.astype(bool).T
    parts = ((three, two), (three, ~two), (four, three), (four, ~three))
    return (*positive.mean(axis=0).tolist(), *(float(one[given].mean()) if given.any() else float("nan") for one, given in parts))


def levels(one: Case, count: int, sheds: bool = True) -> Floats:
    """(count, levels) which are positive at the horizon, drawn."""
    plan = one.plan if sheds else replace(one.plan, colony=replace(one.plan.colony, sheds=None))
    beds, nodes = len(plan.beds.names), len(plan.lymph.names)
    found = [batch.micro[:, -1, beds : beds + nodes] > 0 for batch in histories(plan, one.entries, range(1, count + 1))]
    return np.concatenate(found).astype(float)


def main(argv: list[str]) -> int:
    """Run, compare and write."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.verification.organs", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, default=ROOT / "docs", help="folder for organs.md (default: docs)")
    parser.add_argument("--draws", type=int, default=4000, help="histories of the levels of lymph nodes")
    options = parser.parse_args(argv)
    tables = _organs({seen.scenario: case(seen.scenario) for seen in SEEN})
    tables |= {"levels": _levels(case("oropharynx"), options.draws), "draws": str(options.draws), "melanoma": _melanoma(case("melanoma"))}
    (options.out / "organs.md").write_text(TEXT.read_text(encoding="utf-8").format(**tables), encoding="utf-8")
    print(f"written: {options.out / 'organs.md'}")
    return 0


def _organs(cases: Mapping[str, Case]) -> dict[str, str]:
    """The table of organs, the soil fitted to breast, and how many pairs of places are in order."""
    soil = fitted(cases["breast"], SEEN[0].shares)
    rows, total = [], np.zeros((3, 2), dtype=int)
    for seen in SEEN:
        one = cases[seen.scenario]
        cells = [f"{seen.scenario} ({seen.cases}, {seen.source})", _order(seen.shares)]
        ways = (np.full_like(one.soil({}), EQUAL), one.soil({}), one.soil(soil))
        for k, way in enumerate(ways):
            events = one.expected(way)
            good, pairs = in_order(seen.shares, events)
            judged = k < 2 or seen.scenario != "breast"  # what is fitted is not counted
            total[k] += (good, pairs) if judged else (0, 0)
            organs = [place for place in one.plan.places if place not in one.plan.lymph.names]
            first = max(organs, key=lambda place: events[place])
            mark = ("no pair" if not pairs else f"{good} of {pairs}") if judged else "fitted"
            cells.append(f"{_order(shares(events, seen.shares))}; {mark}; first {first}")
        rows.append(cells)
    counts = [f"{good} of {pairs} pairs" for good, pairs in total.tolist()]
    rows.append(["in the order seen", "", *counts])
    head = ["cancer (cases, source)", "seen", "flow alone", "flow and stated soil", "flow and soil fitted to breast"]
    return {"organs": _table(head, rows), "soil": ", ".join(f"{place} {value:.2g}" for place, value in soil.items())}


def _levels(one: Case, count: int) -> str:
    """Levels of lymph nodes: cohorts, and drawn with and without what colonies shed."""
    rows = [[f"cohort of {size}", *(f"{value:g}" for value in values)] for size, values in COHORTS.items()]
    for name, sheds in (("drawn", True), ("drawn, colonies shed nothing", False)):
        rows.append([name, *(f"{value:.3f}" for value in conditionals(levels(one, count, sheds)))])
    head = ["", "II", "III", "IV", "P(III, given II)", "P(III, given not II)", "P(IV, given III)", "P(IV, given not III)"]
    return _table(head, rows)


def _melanoma(one: Case, count: int = 10) -> str:
    """From the cell that is injected to the colony that shows, per cell."""
    found = means(one.plan, one.entries, one.plan.times[-1:])
    entered = float(found.entered[-1].sum())
    units = [batch.units for batch in histories(one.plan, one.entries, range(1, count + 1))]
    micro, macro = (sum(int(np.isfinite(getattr(batch, kind)).sum()) for batch in units) for kind in ("micro", "macro"))
    survival, alone = float(one.plan.blood.single.ravel()[0]), 5e-4
    rows = [
        ["leave the circulation alive", "above 0.8", "input", f"{float(found.settled[-1].sum()) / entered:.3g}"],
        ["asleep at the end", "0.36", "input", f"{float(found.dormant[-1].sum()) / entered:.3g}"],
        ["come to a micrometastasis", "1 of 40", "input (births and deaths)", f"1 of {entered * count / micro:.3g}"],
        ["of these, to a macrometastasis", "1 of 100", "input (rates of the second stage)", f"1 of {micro / macro:.3g}"],
        ["macrometastases per cell injected", "1 of 4000", "their product", f"1 of {entered * count / macro:.3g} ({macro} drawn)"],
        ["per cell that enters by itself", "below 1e-4", f"survival {alone:g}", f"{macro / entered / count * alone / survival:.2g}"],
    ]
    return _table(["step", "seen", "", "this program"], rows)


def _order(values: Mapping[str, float]) -> str:
    """Places from the most to the least frequent."""
    return ", ".join(f"{place} {values[place]:.2g}" for place in sorted(values, key=lambda place: -values[place]))


def _table(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
