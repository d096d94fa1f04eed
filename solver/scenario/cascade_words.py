"""The chain behind the walls of vessels in words, with its chances and rates, for `explain`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from .anatomy import anatomy_of
from .circulation import Circulation
from .formulas import Formula
from .organs import Organs
from .schema import Scenario

SHOWN = 6
PlaceRates = Mapping[str, Mapping[str, Formula]]
MOST_GROWN, MOST_WOKEN = 0.4, 0.8  # of rate times step: about where a chance in closed form is off by 1 %


def cascade_words(scenario: Scenario) -> Iterator[str]:
    """Lines; none where the scenario has no cascade."""
    circulation, organs = scenario.circulation, scenario.organs
    if circulation is None or organs is None:
        return
    time = str((scenario.scales or {}).get("time", "")).removeprefix("1 ")
    per = f" /{time}" if time else ""
    start, end = scenario.time.start, circulation.horizon(scenario.time.end)
    yield f"Cascade until t = {end:g} {time}".rstrip() + f" (the tumour is {circulation.stands_for:g} such blocks; seed {circulation.seed})"
    count = circulation.intervals(start, scenario.time.end)
    step, asked = (end - start) / count, circulation.step
    nearest = f" ({asked:g} is no whole part of all)" if asked is not None and abs(step - asked) > 1e-6 * asked else ""
    yield (
        f"  grid          {count} steps of {step:.4g} {time}".rstrip()
        + f"{nearest}: rates are constant in each, colonies looked at after it"
    )
    for note in coarse(scenario):
        yield f"                {note}"
    clusters = circulation.clusters
    sizes = f"geometric with mean {clusters.mean:g}" if clusters.sizes is None else _pairs(clusters.sizes)
    yield f"  entry         cells leave in clusters, {sizes}; after t = {scenario.time.end:g}: {_of(circulation.after)}"
    for name, vessel in scenario.model.vessels.items():
        if vessel.entry or vessel.ruptured:
            yield f"  {name:<13} {vessel.carries} -> {_way(vessel.carries, vessel.into, circulation)}"
    for level in circulation.lymph.levels:
        yield f"  lymph         level {level.name}: held {_of(level.hold)}"
    cavity = circulation.cavity
    if cavity is not None:
        settles = ", ".join(f"{name} {_of(rates)}{per}" for name, rates in cavity.settles.items())
        yield f"  cavity        settles on {settles}; dies {_of(cavity.loss)}{per}; drains into lymph {_of(cavity.drains)}{per}"
    blood = circulation.blood
    cluster = blood.survival.single if blood.survival.cluster is None else blood.survival.cluster
    yield (
        f"  blood         leaves after {_of(blood.transit)} {time}".rstrip() + f" on average; cells come loose {_of(blood.disaggregation)}"
    )
    yield f"                arrested alive: single {_of(blood.survival.single)}, cluster {_of(cluster)}"
    if blood.losses:
        yield f"                lost by {_pairs(blood.losses)}"
    anatomy = anatomy_of(organs)
    shares = sorted(anatomy.arteries.items(), key=lambda item: -item[1])
    listed = ", ".join(f"{bed} {share:.3g}" for bed, share in shares[:SHOWN]) + (", ..." if len(shares) > SHOWN else "")
    fed = [bed for bed, options in anatomy.beds.items() if options.into == anatomy.portal]
    yield f"  beds          {organs.anatomy or 'own'}: arteries to {listed}" + (f"; {', '.join(fed)} to {anatomy.portal}" if fed else "")
    yield from _organs(organs, per)
    for name, pool in circulation.pools.items():
        yield f"  pool          d{name}/dt = {_of(pool.inflow)} - {_of(pool.loss)} {name}, from {pool.initial:g}"
    for name, column in circulation.feedback.items():
        yield f"  feedback      {name} in formulas is {column}"
    for organ, site in organs.sites.items():
        came = "those of the run's own history" if isinstance(site.arrivals, str) else f"{len(site.arrivals)} stated"
        yield f"  site          {site.share:g} of {organ} is tissue; cells come out of {site.vessel}: {came}"
    for path, differs in scenario.patients.items():
        yield f"  patients      {path} differs: {differs.said}"


def coarse(scenario: Scenario) -> list[str]:
    """What is to be said of a grid on which colonies grow, or units wake, much within a step; by rates that do not change in time."""
    circulation, organs = scenario.circulation, scenario.organs
    if circulation is None or organs is None:
        return []
    start, end = scenario.time.start, circulation.horizon(scenario.time.end)
    step = (end - start) / circulation.intervals(start, scenario.time.end)
    time = str((scenario.scales or {}).get("time", "")).removeprefix("1 ")
    sleep, colony = organs.dormancy, organs.colony
    fast: list[tuple[float, str]] = []
    if colony is not None:
        most = max((abs(b - d) for b, d in _pairs_of(colony.birth, colony.death)), default=0.0)
        if colony.second is not None:
            most = max(most, *(abs(b - d) for b, d in _pairs_of(colony.second.birth, colony.second.death)), 0.0)
        if colony.growth is not None:
            most = max([most, *_constants(colony.growth.rate)])
        fast.append((most * step / MOST_GROWN, f"colonies grow by a factor of {math.exp(min(most * step, 600.0)):.3g}"))
    if sleep is not None:
        most = max((w + d for w, d in _pairs_of(sleep.wake, sleep.death)), default=0.0)
        fast.append((most * step / MOST_WOKEN, f"{-math.expm1(-most * step):.0%} of what sleeps wakes or dies"))
    worst, what = max(fast, default=(0.0, ""))
    if worst <= 1.0:
        return []
    allowed = f"{step / worst:.2g} {time}".rstrip()
    return [
        f"within a step of the grid of the cascade, {step:.4g} {time}".rstrip() + f", {what}: chances in closed form may be off by 1 % "
        f"or more, and metastases show up to a step late; circulation.step: {allowed} is fine enough"
    ]


def _pairs_of(one: PlaceRates, other: PlaceRates) -> Iterator[tuple[float, float]]:
    """Constant values of two rates in all organs, as far as both have keys in common or one has none."""
    for place, inner in one.items():
        others = other.get(place) or other.get("others") or other.get("") or {}
        for kind, formula in inner.items():
            second = others.get(kind) or others.get("others") or others.get("")
            if formula.constant is not None and second is not None and second.constant is not None:
                yield formula.constant, second.constant


def _constants(rates: PlaceRates) -> list[float]:
    return [formula.constant for inner in rates.values() for formula in inner.values() if formula.constant is not None]


def _organs(organs: Organs, per: str) -> Iterator[str]:
    yield f"  arrest        capture {_of(organs.capture)}; leaves the vessel {_of(organs.extravasation)}"
    yield f"  soil          can live {_of(organs.soil)}"
    sleep, colony = organs.dormancy, organs.colony
    if sleep is not None:
        yield f"  dormancy      enters {_of(sleep.enter)}; wakes {_of(sleep.wake)}{per}; dies {_of(sleep.death)}{per}"
    if colony is None:
        return
    sizes = f"micro from {_of(colony.micro)} cells, macro from {_of(colony.macro)} cells"
    yield f"  colony        divides {_of(colony.birth)}{per}, dies {_of(colony.death)}{per} per cell; {sizes}"
    if colony.second is not None:
        second = colony.second
        rates = f"switches {_of(second.switch)}{per}, regresses {_of(second.regress)}{per}"
        yield f"                waits at micro: {rates}; then divides {_of(second.birth)}{per}, dies {_of(second.death)}{per}"
    if colony.growth is not None:
        growth = colony.growth
        sizes = f"a = {_of(growth.rate)}{per}, K = {_of(growth.limit)} cells"
        yield f"                {growth.kind} growth from {_of(growth.start)} cells: {sizes}"
    if colony.sheds is not None:
        yield f"                sheds {_of(colony.sheds.rate)} Z^{_of(colony.sheds.exponent)} single cells{per}"


def _way(carries: str, into: Any, circulation: Circulation) -> str:
    if carries == "cavity":
        return "body cavity"
    if carries == "lymph" and circulation.lymph.levels:
        return f"level {into or circulation.lymph.levels[0].name}"
    words = {"systemic": "systemic veins", "portal": "portal vein", "pulmonary": "pulmonary vein, arteries"}
    return _pairs(into) if isinstance(into, Mapping) else words.get(into or "systemic", f"{into}")


def _pairs(values: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in values.items())


def _of(value: Any) -> str:
    """A value that may differ by organ and phenotype."""
    if isinstance(value, Formula):
        plain = value.plain()
        return f"{plain:g}" if isinstance(plain, float) else plain
    if isinstance(value, Mapping):
        return _of(value[""]) if set(value) == {""} else ", ".join(f"{name} {_of(inner)}" for name, inner in value.items())
    return str(value)
