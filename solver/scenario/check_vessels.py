"""What a vessel's options alone cannot tell: places that must exist, and places that are taken."""

from __future__ import annotations

from collections.abc import Iterator

from .check import Finding, unknown
from .formulas import Formula
from .reader import Path_
from .schema import Scenario
from .tree import names
from .vessels import Vessel


def check_vessels(scenario: Scenario) -> Iterator[Finding]:
    """Every contradiction between the vessels, the mesh and the rest of the scenario."""
    taken: dict[tuple[str, str], str] = {}
    for name, vessel in scenario.model.vessels.items():
        base = ("model", "vessels", name)
        if not name.isascii() or not name.isidentifier():
            yield base, f"the name {name!r} cannot be one of a vessel (allowed: letters, digits and _, not starting with a digit)"
        if name in scenario.model.membranes:
            yield base, f"the name {name!r} is used twice (also in model.membranes.{name})"
        if not (vessel.entry or vessel.ruptured or vessel.exchange):
            yield base, "nothing passes this vessel's wall (needed: entry, ruptured or exchange)"
        if vessel.wall is None:
            for path, formula in _speeds(vessel):
                if "integrity" in names(formula.expr):
                    yield (*base, *path), "only a wall has an integrity, and this vessel has none (needed: `wall`)"
        twice = [species for species in vessel.exchange if species in vessel.entry]
        if twice:
            yield (*base, "exchange", twice[0]), f"stated twice (also in model.vessels.{name}.entry)"
        kind = vessel.at.kind
        allowed = _places(scenario, kind)
        for place in vessel.at.names:
            if allowed is not None and place not in allowed:
                yield (*base, "at", kind), unknown(f"{kind} of the mesh", place, allowed)
            elif (kind, place) in taken:
                yield (*base, "at", kind), f"{kind} {place!r} is the wall of vessel {taken[kind, place]!r} already"
            taken.setdefault((kind, place), name)
        if kind == "network" and scenario.mesh.kind == "interval":
            yield (*base, "at", "network"), "a network needs a tissue in 2-D or 3-D (allowed in 1-D: boundary, interface, region)"
        if kind != "network" and vessel.ruptured:
            for part in vessel.ruptured.parts:
                if part not in vessel.at.names:
                    yield (*base, "ruptured", "parts"), unknown(f"part of vessel {name}", part, list(vessel.at.names))
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


def _lumens(scenario: Scenario) -> Iterator[Finding]:
    """Regions that are cut out hold no species, are not written, and have no membrane but their wall."""
    lumens = {place: name for name, v in scenario.model.vessels.items() if v.at.kind == "region" for place in v.at.names}
    groups = [
        (("model", "cells"), scenario.model.cells),
        (("model", "solubles"), scenario.model.solubles),
        (("species",), scenario.species),
    ]
    places = [((*base, name), options) for base, group in groups for name, options in group.items()]  # type: ignore[attr-defined]
    places += [(("model", "ecm"), scenario.model.ecm)] if scenario.model.ecm else []
    for number, item in enumerate(scenario.expect):
        if item.region in lumens:
            yield ("expect", number, "region"), f"region {item.region!r} is the lumen of vessel {lumens[item.region]!r}: no tissue is there"
    for number, region in enumerate([] if scenario.output.regions == "all" else scenario.output.regions):
        if region in lumens:
            yield ("output", "regions", number), f"region {region!r} is the lumen of vessel {lumens[region]!r}: no tissue is there"
    for name, pair in getattr(scenario.mesh, "interfaces", {}).items():
        beside = [region for region in pair if region in lumens]
        if beside and name in scenario.model.membranes:
            what = f"this is the outline of the lumen of vessel {lumens[beside[0]]!r} (needed: its `wall`, in model.vessels)"
            yield ("model", "membranes", name), what
    for path, options in places:
        for option in ("initial", "motility", "diffusion"):
            for region in getattr(options, option, None) or {}:
                if region in lumens:
                    yield (*path, option, region), f"region {region!r} is the lumen of vessel {lumens[region]!r}: no tissue is there"
