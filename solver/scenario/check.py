"""What one option alone cannot tell: names that must exist elsewhere, names used twice, times out of range."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from .mesh import mesh_dimension
from .reader import Path_
from .schema import Scenario
from .species import UserSpecies
from .tree import names

Finding = tuple[Path_, str]


def check(scenario: Scenario) -> Iterator[Finding]:
    """Every contradiction within a scenario, as (path, what is wrong)."""
    yield from _names(scenario)
    yield from _regions(scenario)
    yield from _boundaries(scenario)
    yield from _fibres(scenario)
    yield from _motilities(scenario)
    yield from _transfers(scenario)
    yield from _amounts(scenario)
    yield from _membranes(scenario)
    yield from _times(scenario)


def species_names(scenario: Scenario) -> list[str]:
    """Names of all species, cells first."""
    ecm = ["ecm"] if scenario.model.ecm else []
    return [*scenario.model.cells, *scenario.model.solubles, *ecm, *scenario.species]


def unknown(what: str, given: str, allowed: list[str]) -> str:
    """The message for a name that does not exist."""
    near = get_close_matches(given, allowed, n=1)
    tail = f"; did you mean {near[0]!r}?" if near else ""
    return f"unknown {what} (given {given!r}; allowed: {', '.join(allowed) or 'none'}{tail})"


def _names(scenario: Scenario) -> Iterator[Finding]:
    model = scenario.model
    places: list[tuple[Path_, str]] = [
        *((("model", "cells", name), name) for name in model.cells),
        *((("model", "solubles", name), name) for name in model.solubles),
        *([(("model", "ecm"), "ecm")] if model.ecm else []),
        *((("species", name), name) for name in scenario.species),
        *((("parameters", name), name) for name in scenario.parameters),
    ]
    seen: dict[str, Path_] = {}
    for path, name in places:
        if name in seen:
            yield path, f"the name {name!r} is used twice (also in {'.'.join(map(str, seen[name]))})"
        seen.setdefault(name, path)
    if not species_names(scenario):
        yield (), "the scenario has no species (needed: at least one in model.cells, model.ecm, model.solubles or species)"
    if not model.ecm:
        for name, cells in model.cells.items():
            for soluble, secretion in cells.secretes.items():
                if secretion.kind == "contact":
                    yield ("model", "cells", name, "secretes", soluble), "secretion on contact needs model.ecm"
    for name in scenario.scales or {}:
        allowed = ["length", "time", "cells", *species_names(scenario)]
        if name not in allowed:
            yield ("scales", name), unknown("scale", name, allowed)


def _by_region(scenario: Scenario) -> Iterator[tuple[Path_, list[str]]]:
    model = scenario.model
    groups = [(("model", "cells"), model.cells), (("model", "solubles"), model.solubles), (("species",), scenario.species)]
    for base, group in groups:
        for name, options in group.items():  # type: ignore[attr-defined]
            for option in ("initial", "motility", "diffusion"):
                mapping = getattr(options, option, None)
                if mapping and "" not in mapping:
                    yield (*base, name, option), list(mapping)
    if model.ecm and "" not in model.ecm.initial:
        yield ("model", "ecm", "initial"), list(model.ecm.initial)


def _regions(scenario: Scenario) -> Iterator[Finding]:
    if scenario.output.regions != "all" and any(item.what != "series" for item in scenario.expect):
        why = "expected numbers are measured in the whole tissue, so all regions must be written (allowed with expect: all)"
        yield ("output", "regions"), why
    if scenario.output.regions == []:
        yield ("output", "regions"), "no region is named (allowed: all, or a list of regions)"
    known = getattr(scenario.mesh, "region_names", None)
    if known is None:
        return
    allowed = list(known())
    for path, regions in _by_region(scenario):
        for region in regions:
            if region not in allowed:
                yield (*path, region), unknown("region", region, allowed)
    for number, region in enumerate([] if scenario.output.regions == "all" else scenario.output.regions):
        if region not in allowed:
            yield ("output", "regions", number), unknown("region", region, allowed)
    for number, item in enumerate(scenario.expect):
        if item.region is not None and item.region not in allowed:
            yield ("expect", number, "region"), unknown("region", item.region, allowed)


def _boundaries(scenario: Scenario) -> Iterator[Finding]:
    names = getattr(scenario.mesh, "boundary_names", None)
    allowed = list(names()) if names else None
    mobile = {
        *scenario.model.cells,
        *scenario.model.solubles,
        *(n for n, s in scenario.species.items() if s.diffusion is not None or s.taxis),
    }
    for boundary, conditions in scenario.boundaries.items():
        if allowed is not None and boundary not in allowed:
            yield ("boundaries", boundary), unknown("boundary", boundary, allowed)
        for species in conditions:
            if species not in mobile:
                yield ("boundaries", boundary, species), "this species does not move, so it can have no condition on a boundary"
            if species in scenario.species and boundary in scenario.species[species].boundaries:
                yield ("boundaries", boundary, species), f"stated twice (also in species.{species}.boundaries)"
    for name, options in scenario.species.items():
        for boundary in options.boundaries:
            if allowed is not None and boundary not in allowed:
                yield ("species", name, "boundaries", boundary), unknown("boundary", boundary, allowed)
        if options.boundaries and name not in mobile:
            yield ("species", name, "boundaries"), "this species does not move, so it can have no condition on a boundary"


def _laws(scenario: Scenario) -> Iterator[tuple[Path_, str, Any]]:
    groups: list[tuple[Path_, Any]] = [(("model", "cells"), scenario.model.cells), (("model", "solubles"), scenario.model.solubles)]
    for base, group in [*groups, (("species",), scenario.species)]:
        for name, options in group.items():
            yield (*base, name), name, options


def _fibres(scenario: Scenario) -> Iterator[Finding]:
    dim = mesh_dimension(scenario.mesh.kind)
    for path, name, options in _laws(scenario):
        if options.fibres is None:
            continue
        given = len(options.fibres.direction)
        if dim is not None and given != dim:
            yield (*path, "fibres", "direction"), f"needs one component per dimension of the mesh (given {given}; allowed: {dim})"
        if isinstance(options, UserSpecies) and options.diffusion is None:
            yield (*path, "fibres"), "fibres change diffusion, and this species has none"
        if options.fibres.law == "myopic":
            yield from _myopic(scenario, path, name, options)


def _myopic(scenario: Scenario, path: Path_, species: str, options: Any) -> Iterator[Finding]:
    """What myopic diffusion cannot be combined with."""
    what = "motility" if hasattr(options, "motility") else "diffusion"
    values = getattr(options, what) or {}
    used = set().union(*(names(formula.expr) for formula in values.values()))
    if "" not in values and values:
        yield (*path, what), "myopic diffusion needs one motility for all regions (a formula of x, y, z)"
    elif used & {"t", *species_names(scenario)}:
        named = ", ".join(sorted(used & {"t", *species_names(scenario)}))
        yield (*path, what), f"the motility of myopic diffusion may depend on x, y, z and parameters only (given: {named})"
    for boundary, conditions in scenario.boundaries.items():
        if getattr(conditions.get(species), "kind", "") == "outflow":
            yield ("boundaries", boundary, species), "outflow does not know the drift of myopic diffusion (use exchange)"
    for boundary, condition in getattr(options, "boundaries", {}).items():
        if getattr(condition, "kind", "") == "outflow":
            yield (*path, "boundaries", boundary), "outflow does not know the drift of myopic diffusion (use exchange)"


def _motilities(scenario: Scenario) -> Iterator[Finding]:
    for path, _, options in _laws(scenario):
        for option in ("motility", "diffusion"):
            values = getattr(options, option, None) or {}
            for region, formula in values.items():
                used = sorted(names(formula.expr) - set(scenario.parameters))
                if region and used:
                    what = f"a value by region must be a number, but it uses {used[0]!r}; a formula counts in all regions: write it without"
                    yield (*path, option, region), what


def _transfers(scenario: Scenario) -> Iterator[Finding]:
    steady = {name for _, name, options in _laws(scenario) if getattr(options, "quasi_steady", False)}
    for path, name, options in _laws(scenario):
        for into in getattr(options, "becomes", {}):
            if into == name:
                yield (*path, "becomes", into), "a species cannot turn into itself"
            elif into in steady or name in steady:
                which = into if into in steady else name
                yield (*path, "becomes", into), f"{which} is quasi-steady: it has no amount that another species could turn into"


def _amounts(scenario: Scenario) -> Iterator[Finding]:
    for path, _, options in _laws(scenario):
        if options.amount is None:
            continue
        if getattr(options, "quasi_steady", False):
            what = "a quasi-steady species is in balance from the start, so its amount cannot be chosen; take `amount` out"
            yield (*path, "amount"), what
        elif all(formula.constant == 0.0 for formula in options.initial.values()):
            what = "`initial` is 0 everywhere, so there is nothing to scale; give it a shape, such as `initial: 1` for a uniform one"
            yield (*path, "amount"), what


def _membranes(scenario: Scenario) -> Iterator[Finding]:
    allowed = list(getattr(scenario.mesh, "interfaces", {}))
    taken = species_names(scenario)
    for name, membrane in scenario.model.membranes.items():
        path: Path_ = ("model", "membranes", name)
        if name not in allowed and scenario.mesh.kind != "file":
            yield path, unknown("interface of the mesh", name, allowed)
        if name in taken:
            yield path, f"the interface has the name of a species ({name!r}): their columns in series.csv would be the same; rename one"
        for species, way in membrane.permeability.items():
            law = scenario.species.get(species)
            if law is not None and law.diffusion is None and not law.taxis:
                yield (*path, "permeability", species), "this species does not move, so it cannot cross a membrane"
            if getattr(way, "haptotaxis", False) and not _drifts(scenario, species):
                yield (*path, "permeability", species, "haptotaxis"), "the species has no haptotaxis, chemotaxis or taxis that could act"


def _drifts(scenario: Scenario, species: str) -> bool:
    if species in scenario.species:
        return bool(scenario.species[species].taxis)
    cells = scenario.model.cells.get(species)
    return cells is not None and bool(cells.haptotaxis or cells.chemotaxis)


def _times(scenario: Scenario) -> Iterator[Finding]:
    start, end = scenario.time.start, scenario.time.end
    moments: list[tuple[Path_, float]] = [(("expect", i, "at"), item.at) for i, item in enumerate(scenario.expect)]
    moments += [(("output", "at", i), moment) for i, moment in enumerate(scenario.output.at)]
    for path, moment in moments:
        if not start <= moment <= end:
            yield path, f"outside the run (given {moment:g}; allowed: {start:g} to {end:g})"
