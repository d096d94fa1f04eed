"""What a vessel's options alone cannot tell: places that must exist, and places that are taken."""

from __future__ import annotations

from collections.abc import Iterator

from .check import Finding, matrix, unknown
from .formulas import Formula
from .reader import Path_
from .schema import Scenario
from .tree import names
from .vessels import Vessel

_CODES = {"boundary": "no-boundary", "interface": "no-interface", "region": "no-region"}


def check_vessels(scenario: Scenario) -> Iterator[Finding]:
    """Every contradiction between the vessels, the mesh and the rest of the scenario."""
    taken: dict[tuple[str, str], str] = {}
    for name, vessel in scenario.model.vessels.items():
        base = ("model", "vessels", name)
        if not name.isascii() or not name.isidentifier():
            remedy = "allowed: letters, digits and _, not starting with a digit"
            yield Finding(base, f"the name {name!r} cannot be one of a vessel", code="bad-name", remedy=remedy)
        if name in scenario.model.membranes:
            what = f"the name {name!r} is used twice (also in model.membranes.{name})"
            yield Finding(base, what, code="repeated-name", remedy="rename one")
        brings = scenario.organs is not None and name in {site.vessel for site in scenario.organs.sites.values()}
        if not (vessel.entry or vessel.ruptured or vessel.exchange or brings):
            yield Finding(base, "nothing passes this vessel's wall", code="missing-option", remedy="give entry, ruptured or exchange")
        if vessel.wall is None:
            for path, formula in _speeds(vessel):
                if "integrity" in names(formula.expr):
                    what = "only a wall has an integrity, and this vessel has none"
                    yield Finding((*base, *path), what, code="missing-option", remedy="give `wall`")
        twice = [species for species in vessel.exchange if species in vessel.entry]
        if twice:
            what = f"stated twice (also in model.vessels.{name}.entry)"
            yield Finding((*base, "exchange", twice[0]), what, code="stated-twice", remedy="take one out")
        kind = vessel.at.kind
        known = _places(scenario, kind)
        for place in vessel.at.names:
            if known is not None and place not in known:
                yield unknown((*base, "at", kind), f"{kind} of the mesh", place, known, code=_CODES[kind])
            elif (kind, place) in taken:
                what = f"{kind} {place!r} is the wall of vessel {taken[kind, place]!r} already"
                yield Finding((*base, "at", kind), what, code="place-taken", remedy="name another, or join the two vessels")
            taken.setdefault((kind, place), name)
        if kind == "network" and scenario.mesh.kind == "interval":
            what, remedy = "a network needs a tissue in 2-D or 3-D", "allowed in 1-D: boundary, interface, region"
            yield Finding((*base, "at", "network"), what, code="network-dimension", remedy=remedy)
        if kind != "network" and vessel.ruptured:
            for part in vessel.ruptured.parts:
                if part not in vessel.at.names:
                    at = (*base, "ruptured", "parts")
                    yield unknown(at, f"part of vessel {name}", part, list(vessel.at.names), code="no-part")
    yield from _lumens(scenario)


def _speeds(vessel: Vessel) -> Iterator[tuple[Path_, Formula]]:
    """The rates at which species pass a vessel's wall, with their places below the vessel."""
    for species, entry in vessel.entry.items():
        yield ("entry", species, "rate"), entry.rate
        if entry.closed is not None:
            yield ("entry", species, "closed"), entry.closed
    for species, exchange in vessel.exchange.items():
        yield ("exchange", species, "permeability"), exchange.permeability
    if vessel.ruptured is not None:
        yield ("ruptured", "entry"), vessel.ruptured.entry


def _places(scenario: Scenario, kind: str) -> list[str] | None:
    """Names of places that the mesh options tell; None where only the mesh itself knows."""
    if kind == "interface":
        return None if scenario.mesh.kind == "file" else list(scenario.mesh.interfaces)
    known = getattr(scenario.mesh, f"{kind}_names", None)
    return list(known()) if known else None


def _in_lumen(path: Path_, region: str, lumens: dict[str, str]) -> Finding:
    what = f"region {region!r} is the lumen of vessel {lumens[region]!r}: no tissue is there"
    return Finding(path, what, code="in-lumen", remedy="name another region")


def _lumens(scenario: Scenario) -> Iterator[Finding]:
    """Regions that are cut out hold no species, are not written, and have no membrane but their wall."""
    lumens = {place: name for name, v in scenario.model.vessels.items() if v.at.kind == "region" for place in v.at.names}
    groups = [
        (("model", "cells"), scenario.model.cells),
        (("model", "solubles"), scenario.model.solubles),
        (("species",), scenario.species),
    ]
    places = [((*base, name), options) for base, group in groups for name, options in group.items()]  # type: ignore[attr-defined]
    places += [(path, options) for path, _, options in matrix(scenario)]
    for number, item in enumerate(scenario.expect):
        if item.region in lumens:
            yield _in_lumen(("expect", number, "region"), item.region, lumens)
    for number, region in enumerate([] if scenario.output.regions == "all" else scenario.output.regions):
        if region in lumens:
            yield _in_lumen(("output", "regions", number), region, lumens)
    for name, pair in getattr(scenario.mesh, "interfaces", {}).items():
        beside = [region for region in pair if region in lumens]
        if beside and name in scenario.model.membranes:
            what = f"this is the outline of the lumen of vessel {lumens[beside[0]]!r}"
            yield Finding(("model", "membranes", name), what, code="in-lumen", remedy="give its `wall`, in model.vessels")
    for path, options in places:
        for option in ("initial", "motility", "diffusion"):
            for region in getattr(options, option, None) or {}:
                if region in lumens:
                    yield _in_lumen((*path, option, region), region, lumens)
