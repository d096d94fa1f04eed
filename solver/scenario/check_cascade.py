"""What options of circulation and organs alone cannot tell: names of organs, levels and phenotypes, shares, loops."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..circulation.plan import MOST_WAYS, geometric, ways_apart
from .anatomy import MORE, SITE, Anatomy, anatomy_of
from .check import Finding, unknown
from .circulation import Circulation
from .formulas import Formula
from .organs import Organs
from .reader import Path_
from .schema import Scenario
from .vessels import Vessel

OTHERS = "others"
WORDS = ("veins", "arteries")
SHARES = "make them add up to 1"
MOST_INTERVALS = 100_000  # of the grid


def check_cascade(scenario: Scenario) -> Iterator[Finding]:
    """Every contradiction within the circulation and the organs, and between them and the vessels."""
    circulation, organs = scenario.circulation, scenario.organs
    if (circulation is None) != (organs is None):
        there, missing = ("circulation", "organs") if circulation is not None else ("organs", "circulation")
        yield Finding((there,), f"{there} without {missing}", code="missing-option", remedy=f"give {missing} too, or take this out")
    for name, vessel in scenario.model.vessels.items():
        path: Path_ = ("model", "vessels", name)
        if vessel.carries == "cavity" and vessel.at.kind != "boundary":
            what = f"a cavity lies behind a free boundary (given {vessel.at.kind})"
            yield Finding((*path, "at"), what, code="meaningless-option", remedy="allowed: boundary")
        if vessel.into is not None and circulation is None:
            yield Finding(
                (*path, "into"), "into without circulation", code="meaningless-option", remedy="give circulation, or take this out"
            )
    if circulation is None or organs is None:
        return
    if circulation.end is not None and not circulation.end >= scenario.time.end:
        what = f"the cascade ends before the run (given {circulation.end:g} and {scenario.time.end:g})"
        yield Finding(("circulation", "end"), what, code="wrong-order", remedy="choose a later end")
    if not any(v.entry or v.ruptured for v in scenario.model.vessels.values()):
        what = "cells enter no vessel"
        yield Finding(("circulation",), what, code="missing-option", remedy="give model.vessels with an entry")
    if scenario.scales is None or "cells" not in scenario.scales:
        what = "cells cannot be counted: no scale says what a number of cells is"
        remedy = "state one, as in scales: {length: 1 um, time: 1 d, cells: 1e8 /cm^3, depth: 100 um}"
        yield Finding(("circulation",), what, code="no-scales", remedy=remedy)
    yield from _sizes(scenario, circulation, organs)
    anatomy = anatomy_of(organs)
    beds = list(_beds(organs, anatomy))
    yield from beds
    yield from _names(scenario, circulation, anatomy)
    yield from _values(scenario, circulation, organs, anatomy)
    yield from _sites(scenario, organs, anatomy)
    if not beds:
        for name, vessel in scenario.model.vessels.items():
            yield from _into(("model", "vessels", name), vessel, circulation, anatomy)
        for kind in phenotypes(scenario):
            lost = list(_arrest(organs, anatomy, kind))
            yield from lost
            if lost:
                break


def phenotypes(scenario: Scenario) -> list[str]:
    """Phenotypes that enter some vessel, in the order of the scenario's cells."""
    entering = {name for v in scenario.model.vessels.values() for name in v.entry}
    if any(v.ruptured for v in scenario.model.vessels.values()):
        entering |= set(scenario.model.cells)
    return [name for name in [*scenario.model.cells, *scenario.species] if name in entering]


def levels(circulation: Circulation) -> list[str]:
    """Names of the levels of lymph nodes."""
    return [level.name for level in circulation.lymph.levels]


def surfaces(circulation: Circulation) -> list[str]:
    """Names of the surfaces of the cavity."""
    return list(circulation.cavity.settles) if circulation.cavity else []


def _sizes(scenario: Scenario, circulation: Circulation, organs: Organs) -> Iterator[Finding]:
    """Clusters and grids that are too large to be computed, and sizes of colonies that contradict each other."""
    clusters, kinds = circulation.clusters, len(phenotypes(scenario))
    most = max(map(int, clusters.sizes)) if clusters.sizes else len(geometric(clusters.mean or 1.0))
    if kinds and ways_apart(most, kinds) > MOST_WAYS:
        allowed = next(size for size in range(most, -1, -1) if ways_apart(size, kinds) <= MOST_WAYS)
        what = f"clusters of up to {most:,} cells of {kinds} phenotype{'s' if kinds > 1 else ''} can come apart in too many ways"
        if clusters.sizes is None:
            what = f"{what} (what is larger comes less than once in 1e9)"
        yield Finding(("circulation", "clusters"), what, code="too-large", remedy=f"allowed: up to {allowed:,} cells")
    span = circulation.horizon(scenario.time.end) - scenario.time.start
    count = span / circulation.step if circulation.step is not None else 1.0
    if count > MOST_INTERVALS:
        what = f"the grid of the cascade has {count:.3g} intervals"
        yield Finding(("circulation", "step"), what, code="too-many", remedy=f"give a longer step: allowed are {MOST_INTERVALS:,}")
    colony = organs.colony
    if colony is None:
        return
    yield from _above(("organs", "colony", "macro"), colony.micro, colony.macro, "macro", "micro")
    if colony.growth is not None:
        path: Path_ = ("organs", "colony", "growth", "limit")
        yield from _above(path, colony.growth.start, colony.growth.limit, "the limit of growth", "the size from which it holds")


def _above(path: Path_, low: Mapping[str, Formula], high: Mapping[str, Formula], upper: str, lower: str) -> Iterator[Finding]:
    """Where one size lies below another in some organ."""
    for place in dict.fromkeys([*low, *high]):
        pair = [sizes.get(place) or sizes.get("") or sizes.get(OTHERS) for sizes in (low, high)]
        least, most = (None if formula is None else formula.constant for formula in pair)
        if least is not None and most is not None and most < least:
            what = f"{upper} lies below {lower} (given {most:g} and {least:g})"
            yield Finding(path, what, code="wrong-order", remedy="choose a larger one")
            return


def _beds(organs: Organs, anatomy: Anatomy) -> Iterator[Finding]:
    path, beds = ("organs", "beds"), {name: bed for name, bed in anatomy.beds.items() if not name.endswith(SITE)}
    if organs.beds is None:
        return
    for name, bed in beds.items():
        if bed.into not in beds and bed.into not in WORDS:
            yield unknown((*path, name, "into"), "bed", bed.into, [*WORDS, *beds], code="no-organ")
        elif bed.into == name:
            yield Finding(
                (*path, name, "into"), "the bed leads nowhere but to itself", code="no-route", remedy="name another bed, or veins"
            )
        elif not bed.share and not any(other.into == name for other in beds.values()):
            what = "no blood reaches this bed: it has no share, and no bed leads into it"
            yield Finding((*path, name), what, code="no-route", remedy="give it a share, or take it out")
        if name in WORDS or name in (OTHERS, "", "cavity", "systemic", "portal", "pulmonary"):
            yield Finding((*path, name), "this word has a meaning of its own", code="bad-name", remedy="choose another name")
    if any(bed.into == "arteries" for bed in beds.values()):
        for flow, what in (
            (anatomy.veins, "the shares of beds that lead into the arteries"),
            (anatomy.arteries, "shares of cardiac output"),
        ):
            total = sum(flow.values())
            if not abs(total - 1.0) <= MORE:
                yield Finding(path, f"{what} add up to {total:.6g}", code="wrong-shares", remedy=SHARES)
    else:
        what, remedy = "no bed leads into the arteries: what the veins bring leads nowhere", "give lungs: {share: 1, into: arteries}"
        yield Finding(path, what, code="no-route", remedy=remedy)
    for name in beds:
        seen, here = [name], beds[name].into
        while here in beds and here not in seen:
            seen.append(here)
            here = beds[here].into
        if here == name and len(seen) > 1:
            what = f"the bed leads in a circle ({' to '.join([*seen, name])}), not to the heart"
            yield Finding((*path, name, "into"), what, code="no-route", remedy="let one of them lead into the veins")
    if organs.portal is not None and organs.portal not in beds:
        yield unknown(("organs", "portal"), "bed", organs.portal, list(beds), code="no-organ")


def _names(scenario: Scenario, circulation: Circulation, anatomy: Anatomy) -> Iterator[Finding]:
    """Names of places and pools, each of which needs its own."""
    taken = (
        dict.fromkeys(anatomy.beds, "a bed") | dict.fromkeys(scenario.model.cells, "cells") | dict.fromkeys(scenario.species, "a species")
    )
    found: list[tuple[Path_, str]] = [
        (("circulation", "lymph", "levels", k, "name"), level.name) for k, level in enumerate(circulation.lymph.levels)
    ]
    found += [(("circulation", "cavity", "settles", name), name) for name in surfaces(circulation)]
    for path, name in found:
        if name in taken:
            yield Finding(path, f"the name {name!r} is used twice (also of {taken[name]})", code="repeated-name", remedy="rename one")
        taken[name] = "a place"
    for group, named in ((("model", "cells"), scenario.model.cells), (("species",), scenario.species)):
        for name in named:
            if name in ("circulation", "blood", "cavity", "organ"):
                what = f"columns of the cascade begin with {name!r}"
                yield Finding((*group, name), what, code="repeated-name", remedy="rename the species")
    for name in circulation.pools:
        elsewhere = (scenario.parameters, scenario.fields, scenario.schedules, scenario.model.pools, scenario.model.cells, scenario.species)
        if any(name in named for named in elsewhere):
            what = f"the name {name!r} is used twice"
            yield Finding(("circulation", "pools", name), what, code="repeated-name", remedy="rename one")
    cavity = circulation.cavity
    if cavity is not None and cavity.into is not None and cavity.into not in levels(circulation):
        yield unknown(("circulation", "cavity", "into"), "level", cavity.into, levels(circulation), code="no-level")


def _values(scenario: Scenario, circulation: Circulation, organs: Organs, anatomy: Anatomy) -> Iterator[Finding]:
    """Keys of values that differ by organ or phenotype, and what is left out."""
    beds, cells = [name for name in anatomy.beds if not name.endswith(SITE)], phenotypes(scenario)
    every = [*beds, *levels(circulation), *surfaces(circulation)]
    blood, cavity = circulation.blood, circulation.cavity
    here: list[tuple[Path_, Any]] = [
        (("circulation", "blood", "survival", "single"), blood.survival.single),
        (("circulation", "blood", "survival", "cluster"), blood.survival.cluster),
        (("circulation", "blood", "disaggregation"), blood.disaggregation),
        (("circulation", "blood", "loss_factor"), blood.loss_factor),
        *((("circulation", "lymph", "levels", k, "hold"), level.hold) for k, level in enumerate(circulation.lymph.levels)),
    ]
    if cavity is not None:
        here += [(("circulation", "cavity", "settles", name), rates) for name, rates in cavity.settles.items()]
        here += [(("circulation", "cavity", "loss"), cavity.loss), (("circulation", "cavity", "drains"), cavity.drains)]
    for path, values in here:
        yield from _missing(path, values or {"": 0}, cells, cells, "phenotype", "no-species")
    for path, values, places in _by_place(organs, beds, every):
        if values is None or set(values) == {""}:
            yield from (
                _missing(path, values[""], cells, cells, "phenotype", "no-species") if values and isinstance(values[""], dict) else ()
            )
        elif (
            isinstance(next(iter(values.values())), dict)
            and values.keys() - {OTHERS} <= set(cells) - set(every)
            and values.keys() != {OTHERS}
        ):
            yield from _missing(path, values, cells, cells, "phenotype", "no-species")
        else:
            yield from _missing(path, values, every, places, "organ", "no-organ")
            for place, inner in values.items():
                if isinstance(inner, dict):
                    yield from _missing((*path, place), inner, cells, cells, "phenotype", "no-species")


def _by_place(organs: Organs, beds: list[str], every: list[str]) -> Iterator[tuple[Path_, Any, list[str]]]:
    """Options that may differ by organ, with the places that need a value."""
    for name in ("capture", "adhesion", "extravasation"):
        yield ("organs", name), getattr(organs, name), beds
    yield ("organs", "soil"), organs.soil, every
    groups: list[tuple[Path_, Any]] = [(("organs", "dormancy"), organs.dormancy), (("organs", "colony"), organs.colony)]
    if organs.colony is not None:
        groups += [(("organs", "colony", part), getattr(organs.colony, part)) for part in ("second", "growth", "sheds")]
    for path, group in groups:
        for name in type(group).model_fields if group is not None else ():
            if isinstance(values := getattr(group, name), dict):
                yield (*path, name), values, every


def _missing(path: Path_, values: Mapping[str, Any], known: list[str], needed: list[str], kind: str, code: str) -> Iterator[Finding]:
    """Keys that are not known, and what has no value."""
    if "" in values:
        return
    strange = [key for key in values if key not in known and key != OTHERS]
    for key in strange:
        yield unknown((*path, key), kind, key, [*known, OTHERS], code=code)
    lacking = [name for name in needed if name not in values]
    if lacking and OTHERS not in values and not strange:
        what = f"no value for {', '.join(lacking[:4])}{' ...' if len(lacking) > 4 else ''}"
        yield Finding(path, what, code="missing-option", remedy=f"give one, or {OTHERS}: of all that are not named")


def _into(path: Path_, vessel: Vessel, circulation: Circulation, anatomy: Anatomy) -> Iterator[Finding]:
    into, path = vessel.into, (*path, "into")
    if into is None:
        return
    if vessel.carries == "cavity":
        yield Finding(path, "what enters the cavity stays there at first", code="meaningless-option", remedy="take this out")
    elif vessel.carries == "lymph":
        if not isinstance(into, str) or into not in levels(circulation):
            yield unknown(path, "level of lymph nodes", str(into), levels(circulation), code="no-level")
    elif isinstance(into, str):
        if into not in anatomy.beds and into not in ("systemic", "portal", "pulmonary"):
            yield unknown(path, "way of blood", into, ["systemic", "portal", "pulmonary", *anatomy.beds], code="no-route")
        elif into == "portal" and not anatomy.portal:
            yield Finding(
                path, "there is no portal vein: no single bed is fed by others", code="no-route", remedy="name it as organs.portal"
            )
    else:
        for bed in into:
            if bed not in anatomy.beds:
                yield unknown((*path, bed), "bed", bed, list(anatomy.beds), code="no-organ")
        if not abs(sum(into.values()) - 1.0) <= MORE:
            yield Finding(path, f"the shares add up to {sum(into.values()):.6g}", code="wrong-shares", remedy=SHARES)


def _sites(scenario: Scenario, organs: Organs, anatomy: Anatomy) -> Iterator[Finding]:
    """Sites are shares of beds, each behind a vessel of its own that nothing enters; stated arrivals lie within the run."""
    known, vessels = [name for name in anatomy.beds if not name.endswith(SITE)], scenario.model.vessels
    for organ, site in organs.sites.items():
        path: Path_ = ("organs", "sites", organ)
        if organ not in known:
            yield unknown(path, "bed", organ, known, code="no-organ")
        if site.vessel not in vessels:
            yield unknown((*path, "vessel"), "vessel", site.vessel, list(vessels), code="no-part")
        elif phenotypes_of(vessels[site.vessel], scenario):
            what, remedy = f"cells enter the vessel that they come out of (given {site.vessel!r})", "name a vessel without entry"
            yield Finding((*path, "vessel"), what, code="meaningless-option", remedy=remedy)
        for number, one in enumerate(site.arrivals if not isinstance(site.arrivals, str) else ()):
            here: Path_ = (*path, "arrivals", number)
            if not scenario.time.start < one.at < scenario.time.end:
                remedy = f"allowed: {scenario.time.start:g} to {scenario.time.end:g}"
                yield Finding((*here, "at"), f"outside the run (given {one.at:g})", code="outside-run", remedy=remedy)
            for kind in one.cells:
                if kind not in phenotypes(scenario):
                    yield unknown((*here, "cells", kind), "phenotype", kind, phenotypes(scenario), code="no-species")


def phenotypes_of(vessel: Vessel, scenario: Scenario) -> list[str]:
    """Cells that enter a vessel."""
    return [name for name in (*scenario.model.cells, *scenario.species) if name in vessel.entry or vessel.ruptured]


def _arrest(organs: Organs, anatomy: Anatomy, kind: str) -> Iterator[Finding]:
    """Every bed must lead to one that arrests a phenotype, or what reaches it goes round for ever."""
    arrests = {name for name in anatomy.beds if not _never(organs.capture, name, kind)}
    ends = set(arrests)
    while more := {name for name in anatomy.beds if name not in ends and anatomy.after(name).keys() & ends}:
        ends |= more
    lost = [name for name in anatomy.beds if name not in ends]
    if lost:
        what = f"blood goes round for ever, as no bed that {', '.join(lost[:4])}{' ...' if len(lost) > 4 else ''} leads to arrests {kind}"
        yield Finding(("organs", "capture"), what, code="no-loss", remedy="give a chance of capture above 0")


def _never(capture: Mapping[str, Mapping[str, Formula]], bed: str, kind: str) -> bool:
    """Whether a phenotype is never arrested in a bed."""
    inner = capture.get(bed) or capture.get(kind) or capture.get(OTHERS) or capture.get("") or {}
    formula = inner.get(kind) or inner.get(OTHERS) or inner.get("")
    return formula is not None and formula.constant == 0.0
