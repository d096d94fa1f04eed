"""Expected numbers in every compartment, for classes of units told apart by their cells; everything lost is booked.

For units c in the blood (from each start), B_c' = J_c - B_c/T; arrests that can live phi_j = x a sum_c pi_j S_c B_c/T; dormant
D_j' = q phi_j - (w + delta) D_j; cells in colonies G_j' = (1 - q) phi_j + w D_j + (b - d) G_j. Rates and inflows are constant over a step,
and what leaves is what was there and came less what is there, so that the ledger closes to rounding. Growth that is not linear is an
integral over ages: of a colony without chance, from its founders on. With two stages the cells in colonies are not followed (nan).
"""

from __future__ import annotations

import numpy as np

from .classes import Classes
from .colony import without_chance
from .entry import mean_size
from .plan import Entries, Floats, Plan
from .results import Means
from .routes import Body
from .values import interval, of_all

STOCKS = (
    "blood", "cavity", "lost", "cleared", "stuck", "starved", "faded", "dormant", "founders", "growing", "settled", "arrived", "through",
    "entered", "shed", "pending", "young", "aged",
)  # fmt: skip

Apart = tuple[float, ...]  # chances of cells to come loose, by phenotype
PLACES_OF_CELLS = ("blood", "cavity", "lost", "cleared", "stuck", "starved", "faded", "dormant", "founders")


class Stock:
    """What is where now: units of each class (last axis M), from the start of the grid to ``time``.

    Now: blood (S, M), cavity (M,), dormant (O, M). Up to now: lost, cleared, through (units that came into the blood whole; M,), stuck,
    starved, faded, founders, settled, arrived (O, M). Cells: growing (O, M), shed (), entered (parts, P), pending (O, P). young, aged
    (n, O, M): numbers and sizes of the colonies of each step, where growth is not linear.
    """

    def __init__(self, body: Body, first: float | None = None) -> None:
        self.body, self.plan = body, body.plan
        self.classes = Classes.of(body.plan.sizes, len(body.plan.phenotypes))
        kinds, places, parts = len(self.classes.cells), len(body.plan.places), len(body.parts)
        self.time = float(body.times[0] if first is None else first)
        self.blood: Floats = np.zeros((len(body.arrests), kinds))
        self.cavity, self.lost, self.cleared, self.through = _zeros(4, kinds)
        self.stuck, self.starved, self.faded, self.dormant = _zeros(4, places, kinds)
        self.founders, self.growing, self.settled, self.arrived = _zeros(4, places, kinds)
        self.entered: Floats = np.zeros((parts, len(body.plan.phenotypes)))
        self.shed: Floats = np.zeros(())
        self.pending: Floats = np.zeros((places, len(body.plan.phenotypes)))  # shed in the step in which they were founded
        self.young, self.aged = _zeros(2, 0, places, kinds)
        self._given: Floats = np.zeros_like(self.entered)
        self._rates: tuple[int, Rates] | None = None
        self._splits: dict[Apart, Floats] = {}
        self.parted: dict[Apart, Floats] = {}  # whole units that came into the blood, by the chances of their cells to come loose
        sheds, colony = body.plan.colony.sheds, body.plan.colony
        self.power = np.ones((places, 1)) if sheds is None else np.broadcast_to(sheds.exponent, places)[:, None]
        self.ages = colony.second is None and (colony.growth is not None or (sheds is not None and bool((sheds.exponent != 1).any())))

    @property
    def given(self) -> Floats:
        """(parts, P) cells of one block that have entered."""
        return self._given

    def numbers(self) -> dict[str, Floats]:
        """Everything that ``recall`` needs to go on from here."""
        return {name: np.array(getattr(self, name)) for name in STOCKS} | {"time": np.array(self.time), "given": self._given.copy()}

    def recall(self, numbers: dict[str, Floats]) -> None:
        for name in STOCKS:
            setattr(self, name, np.array(numbers[name]))
        self.time, self._given = float(numbers["time"]), np.array(numbers["given"])

    def advance(self, until: float, cells: Floats) -> None:
        """On to a time, when ``cells`` (parts, P) have entered of one block, at a constant rate since the last."""
        begin, before = self.time, self._given.copy()
        inner = self.body.times[(self.body.times > begin) & (self.body.times < until)]
        for end in (*inner, until):
            share = (end - begin) / (until - begin) if until > begin else 1.0
            now = cells if end == until else before + share * (cells - before)
            self.step(int(interval(self.body.times, np.array([(self.time + end) / 2]))[0]), end - self.time, now - self._given)
            self.time, self._given = float(end), now.copy()

    def step(self, when: int, span: float, cells: Floats) -> None:
        r, plan = self.rates(when), self.plan
        gained = plan.stands_for * cells
        self.entered = self.entered + gained
        blood = np.zeros_like(self.blood)
        nodes = np.zeros((self.body.nodes + 1, len(self.classes.cells)))
        floating = np.zeros_like(self.cavity)
        singles = self.pending + self._sheds(r, span)
        self.shed = self.shed + singles.sum()
        for number, route in enumerate(self.body.routes):
            units = np.zeros(len(self.classes.cells))
            if number < len(self.body.parts):
                total = gained[number].sum()
                if total > 0:
                    units = total / mean_size(plan.sizes) * self.classes.leaving(gained[number] / total)
            else:
                units[: singles.shape[1]] = singles[number - len(self.body.parts)]
            if route.kind == "blood":
                blood[route.start] += units @ r.split
                self._part(r.apart, units)
            elif route.kind == "lymph":
                nodes[route.level] += units
            else:
                floating += units
        inward = np.zeros_like(self.settled)
        self._float(r, span, floating, nodes, inward)
        passing: Floats = nodes[0]
        for level in range(self.body.nodes):
            held = passing * r.hold[level]
            inward[self.body.beds + level] += held
            passing = passing - held + nodes[level + 1]
        self._part(r.apart, passing)
        blood[len(self.body.parts) + self.body.beds] += passing @ r.split
        self._flow(r, span, blood, inward)
        self._live(r, span, inward)

    def _part(self, apart: Floats, units: Floats) -> None:
        self.through = self.through + units
        key = tuple(map(float, apart))
        self.parted[key] = self.parted.get(key, 0) + units

    def _float(self, r: Rates, span: float, floating: Floats, nodes: Floats, inward: Floats) -> None:
        if not self.plan.cavity.names:
            return
        total = r.leaves.sum(axis=0)
        after = self.cavity * np.exp(-total * span) + floating * _fill(total * span)
        gone = self.cavity + floating - after
        self.cavity = after
        shares = r.leaves / np.where(total > 0, total, 1)
        surfaces = len(self.plan.cavity.names)
        inward[self.body.beds + self.body.nodes :] += gone * shares[:surfaces]
        self.cleared = self.cleared + gone * shares[surfaces]
        nodes[self.plan.cavity.level] += gone * shares[surfaces + 1]

    def _flow(self, r: Rates, span: float, units: Floats, inward: Floats) -> None:
        after = self.blood * np.exp(-span / r.transit) + units * _fill(np.array(span / r.transit))
        gone = self.blood + units - after
        self.blood = after
        alive = gone * r.survival
        self.lost = self.lost + (gone - alive).sum(axis=0)
        arrests = np.einsum("sm,smb->bm", alive, r.arrests)
        beds = self.body.beds
        self.arrived[:beds] += arrests
        out = arrests * r.extravasation[:beds]
        self.stuck[:beds] += arrests - out
        inward[:beds] += out

    def _live(self, r: Rates, span: float, inward: Floats) -> None:
        settled = inward * r.soil
        self.starved = self.starved + inward - settled
        self.settled = self.settled + settled
        asleep = settled * r.enter
        leaving = r.wake + r.dies
        after = self.dormant * np.exp(-leaving * span) + asleep * _fill(leaving * span)
        gone = self.dormant + asleep - after
        woke = gone * (r.wake / np.where(leaving > 0, leaving, 1))
        self.dormant = after
        self.faded = self.faded + gone - woke
        founders = settled - asleep + woke
        self.founders = self.founders + founders
        size = np.broadcast_to(self.classes.size.astype(float), founders.shape)
        if r.sheds is not None:
            self.pending = (r.sheds * span / 2 * founders * size**self.power) @ self.classes.shares
        if self.plan.colony.second is not None:
            self.growing = np.full_like(self.growing, np.nan)
        elif self.ages:
            self.aged = np.concatenate([self._bigger(r, self.aged, span), self._bigger(r, size, span / 2)[None]])
            self.young = np.concatenate([self.young, founders[None]])
            self.growing = (self.young * self.aged).sum(axis=0)
        else:
            net = (r.birth - r.death) * span
            self.growing = self.growing * np.exp(net) + founders * size * _fill(-net)

    def _sheds(self, r: Rates, span: float) -> Floats:
        """(O, P) singles that the colonies that are there shed in a step; colonies of a step are founded in its middle."""
        if r.sheds is None or self.plan.colony.second is not None:
            return np.zeros_like(self.pending)
        if self.ages:
            stages = [self.aged, self._bigger(r, self.aged, span / 2), self._bigger(r, self.aged, span)]
            raised = sum(weight * cells**self.power for weight, cells in zip((1 / 6, 4 / 6, 1 / 6), stages, strict=True))
            shed = (self.young * raised).sum(axis=0)
        else:
            shed = self.growing * _fill(-(r.birth - r.death) * span)
        return (r.sheds * span * shed) @ self.classes.shares

    def _bigger(self, r: Rates, cells: Floats, span: float) -> Floats:
        growth, linear = self.plan.colony.growth, cells * np.exp((r.birth - r.death) * span)
        if growth is None:
            return linear
        start, limit = (np.broadcast_to(part, len(self.settled))[:, None] for part in (growth.start, growth.limit))
        certain = without_chance(growth, np.maximum(cells, 1e-300), r.growth, limit, np.asarray(span))
        return np.where(cells >= start, certain, linear)

    def rates(self, when: int) -> Rates:
        """Of all classes in an interval."""
        if self._rates is None or self._rates[0] != when:
            chances = self.plan.blood.disaggregation
            apart = np.broadcast_to(chances[:, min(when, chances.shape[1] - 1)], len(self.plan.phenotypes))
            key = tuple(map(float, apart))
            if key not in self._splits:
                self._splits = {key: self.classes.split(apart)}
            self._rates = (when, Rates(self.body, self.classes, apart, self._splits[key], when))
        return self._rates[1]

    def cells(self, units: Floats) -> Floats:
        """Cells of units of each class."""
        return units @ self.classes.size

    def fault(self) -> float:
        """What entered and was shed, less where it is, over the larger."""
        gained = self.entered.sum() + self.shed
        there = sum(self.cells(getattr(self, name)).sum() for name in PLACES_OF_CELLS)
        return float(abs(gained - there) / max(gained, there, 1e-300))


def _zeros(number: int, *shape: int) -> list[Floats]:
    return [np.zeros(shape) for _ in range(number)]


def _fill(x: Floats) -> Floats:
    """(1 - e^-x)/x."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.abs(x) > 1e-12, -np.expm1(-x) / x, 1 - x / 2)


class Rates:
    """Of all classes in an interval: (O, M) by place; arrests (S, M, B), survival (M,), split (M, M), hold (L, M), leaves (C + 2, M)."""

    def __init__(self, body: Body, classes: Classes, apart: Floats, split: Floats, when: int) -> None:
        plan, shares = body.plan, classes.shares

        def places(values: Floats, rows: int = len(plan.places)) -> Floats:
            at = np.full(len(shares), min(when, values.shape[2] - 1))
            return np.broadcast_to(of_all(values, shares, at).T, (rows, len(shares)))

        def one(values: Floats) -> Floats:
            return places(values[None], 1)[0]

        self.apart, self.split, transit = apart, split, plan.blood.transit
        self.transit = float(transit[min(when, len(transit) - 1)])
        self.survival = np.where(classes.size > 1, one(body.cluster), one(body.single))
        found = body.arrests[:, :, min(when, body.arrests.shape[2] - 1)]  # (S, P or 1, B)
        self.arrests = np.einsum("mp,spb->smb", shares, np.broadcast_to(found, (len(found), shares.shape[1], body.beds)))
        self.hold = places(plan.lymph.hold, body.nodes)
        self.leaves = places(body.leaves_cavity(), len(plan.cavity.names) + 2) if plan.cavity.names else np.zeros((0, len(shares)))
        self.extravasation, self.soil = places(plan.extravasation), places(plan.soil)
        self.enter, self.wake, self.dies = (places(part) for part in (plan.dormancy.enter, plan.dormancy.wake, plan.dormancy.death))
        self.birth, self.death = places(plan.colony.birth), places(plan.colony.death)
        growth, sheds = plan.colony.growth, plan.colony.sheds
        self.growth = places(growth.rate) if growth is not None else np.zeros_like(self.soil)
        self.sheds = places(sheds.rate) if sheds is not None else None


def means(plan: Plan, entries: Entries, at: Floats | None = None) -> Means:
    """Expected numbers at the times of the grid (or at others), of entries that end before or with the horizon."""
    if entries.times[-1] > plan.times[-1]:
        entries = entries.until(float(plan.times[-1]))
    body = Body(plan, entries.parts)
    stock = Stock(body, float(entries.times[0]))
    wanted = plan.times if at is None else at
    rows: list[dict[str, Floats]] = []
    every = np.union1d(entries.times, wanted)
    cells = entries.at(every)
    losses = np.array([share for _, share in plan.blood.losses])
    for number, time in enumerate(every):
        if time > stock.time:
            stock.advance(float(time), cells[number])
        if time in wanted:
            rows.append(_row(stock, losses))
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    return Means(times=wanted, **columns, fault=stock.fault())


def now(stock: Stock) -> Means:
    """What is where at the time that a stock has come to, as means at one time."""
    found = _row(stock, np.array([share for _, share in stock.plan.blood.losses]))
    return Means(times=np.array([stock.time]), **{name: np.asarray(values)[None] for name, values in found.items()}, fault=stock.fault())


def _row(stock: Stock, losses: Floats) -> dict[str, Floats]:
    row = {name: stock.cells(getattr(stock, name)) for name in ("stuck", "starved", "faded", "dormant", "founders", "arrived")}
    row |= {"blood": stock.cells(stock.blood).sum(), "cavity": stock.cells(stock.cavity), "cleared": stock.cells(stock.cleared)}
    row |= {"lost": stock.cells(stock.lost) * losses, "growing": stock.growing.sum(axis=1), "settled": stock.settled.sum(axis=1)}
    return row | {"entered": stock.entered.copy(), "shed": np.array(stock.shed)}
