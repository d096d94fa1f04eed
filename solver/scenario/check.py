"""What one option alone cannot tell: names that must exist elsewhere, names used twice, times out of range."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any, NamedTuple

from ..petsc_names import refusal
from .base import DEPTH, DEPTH_REMEDY, per_volume
from .ecm import ONE_NAME, Ecm
from .mesh import mesh_dimension
from .reader import Path_
from .scales import read_scales
from .schema import Scenario
from .species import UserSpecies
from .tree import names
from .wrong import allowed


class Finding(NamedTuple):
    """What is wrong at an option, with its code and the remedy."""

    path: Path_
    what: str
    code: str
    remedy: str


_IMMOBILE = "this species does not move, so it can have no condition on a boundary"
_MOVE = "give it a motility or diffusion, or take this out"
_DRIFT = "outflow does not know the drift of myopic diffusion"


def check(scenario: Scenario) -> Iterator[Finding]:
    """Every contradiction within a scenario, each at its option."""
    yield from _names(scenario)
    yield from _regions(scenario)
    yield from _boundaries(scenario)
    yield from _fibres(scenario)
    yield from _stated_drifts(scenario)
    yield from _motilities(scenario)
    yield from _transfers(scenario)
    yield from _phenotypes(scenario)
    yield from _amounts(scenario)
    yield from depth_findings(scenario)
    yield from _membranes(scenario)
    yield from _times(scenario)
    for name, value in scenario.numerics.petsc.items():
        what, remedy = refusal(name.lstrip("-"), value)
        if what:
            yield Finding(("numerics", "petsc", name), what, code="petsc-option", remedy=remedy)


def species_names(scenario: Scenario) -> list[str]:
    """Names of all species, cells first."""
    model = scenario.model
    return [*model.cells, *model.bound, *model.solubles, *model.ecm, *scenario.species]


def matrix(scenario: Scenario) -> Iterator[tuple[Path_, str, Ecm]]:
    """Path, name and options of each component of the ECM."""
    for name, options in scenario.model.ecm.items():
        yield (("model", "ecm") if list(scenario.model.ecm) == [ONE_NAME] else ("model", "ecm", name)), name, options


def unknown(path: Path_, what: str, given: str, known: list[str], *, code: str) -> Finding:
    """The finding for a name that does not exist."""
    return Finding(path, f"unknown {what} (given {given!r})", code, allowed(given, known))


def _names(scenario: Scenario) -> Iterator[Finding]:
    model = scenario.model
    places: list[tuple[Path_, str]] = [
        *((("model", "cells", name), name) for name in model.cells),
        *((("model", "bound", name), name) for name in model.bound),
        *((("model", "solubles", name), name) for name in model.solubles),
        *((path, name) for path, name, _ in matrix(scenario)),
        *((("species", name), name) for name in scenario.species),
        *((("parameters", name), name) for name in scenario.parameters),
        *((("fields", name), name) for name in scenario.fields),
        *((("schedules", name), name) for name in scenario.schedules),
        *((("model", "pools", name), name) for name in model.pools),
    ]
    seen: dict[str, Path_] = {}
    for path, name in places:
        if name in seen:
            what = f"the name {name!r} is used twice (also in {'.'.join(map(str, seen[name]))})"
            yield Finding(path, what, code="repeated-name", remedy="rename one")
        seen.setdefault(name, path)
    if not species_names(scenario):
        remedy = "give at least one in model.cells, model.ecm, model.solubles or species"
        yield Finding((), "the scenario has no species", code="empty-scenario", remedy=remedy)
    if not model.ecm:
        for name, cells in model.cells.items():
            for soluble, secretion in cells.secretes.items():
                if secretion.kind == "contact" and secretion.on is None:
                    path = ("model", "cells", name, "secretes", soluble)
                    yield Finding(path, "secretion on contact without model.ecm", code="missing-option", remedy="give model.ecm")
    for name in scenario.scales or {}:
        known = ["length", "time", "cells", "depth", *species_names(scenario), *model.pools]
        if name not in known:
            yield unknown(("scales", name), "scale", name, known, code="unknown-key")


def _by_region(scenario: Scenario) -> Iterator[tuple[Path_, list[str]]]:
    model = scenario.model
    groups = [(("model", "cells"), model.cells), (("model", "solubles"), model.solubles), (("species",), scenario.species)]
    for base, group in groups:
        for name, options in group.items():  # type: ignore[attr-defined]
            for option in ("initial", "motility", "diffusion"):
                mapping = getattr(options, option, None)
                if mapping and "" not in mapping:
                    yield (*base, name, option), list(mapping)
    for path, _, ecm in matrix(scenario):
        if "" not in ecm.initial:
            yield (*path, "initial"), list(ecm.initial)


def _fields_by_region(scenario: Scenario) -> Iterator[tuple[Path_, list[str]]]:
    for name, given in scenario.fields.items():
        if given.kind == "by_regions":
            yield ("fields", name, "regions"), list(given.regions)


def _regions(scenario: Scenario) -> Iterator[Finding]:
    if scenario.output.regions != "all" and any(item.what != "series" for item in scenario.expect):
        what = "expected numbers are measured in the whole tissue, so all regions must be written"
        yield Finding(("output", "regions"), what, code="partial-output", remedy="allowed with expect: all")
    if scenario.output.regions == []:
        yield Finding(("output", "regions"), "no region is named", code="nothing-given", remedy="allowed: all, or a list of regions")
    known = getattr(scenario.mesh, "region_names", None)
    if known is None:
        return
    present = list(known())
    for path, regions in chain(_by_region(scenario), _fields_by_region(scenario)):
        for region in regions:
            if region not in present:
                yield unknown((*path, region), "region", region, present, code="no-region")
    for number, region in enumerate([] if scenario.output.regions == "all" else scenario.output.regions):
        if region not in present:
            yield unknown(("output", "regions", number), "region", region, present, code="no-region")
    for number, item in enumerate(scenario.expect):
        if item.region is not None and item.region not in present:
            yield unknown(("expect", number, "region"), "region", item.region, present, code="no-region")


def _boundaries(scenario: Scenario) -> Iterator[Finding]:
    names = getattr(scenario.mesh, "boundary_names", None)
    known = list(names()) if names else None
    mobile = {
        *scenario.model.cells,
        *scenario.model.solubles,
        *(n for n, s in scenario.species.items() if s.diffusion is not None or s.taxis or s.drift),
    }
    for boundary, conditions in scenario.boundaries.items():
        if known is not None and boundary not in known:
            yield unknown(("boundaries", boundary), "boundary", boundary, known, code="no-boundary")
        for species in conditions:
            if species not in mobile:
                yield Finding(("boundaries", boundary, species), _IMMOBILE, code="immobile-species", remedy=_MOVE)
            if species in scenario.species and boundary in scenario.species[species].boundaries:
                what = f"stated twice (also in species.{species}.boundaries)"
                yield Finding(("boundaries", boundary, species), what, code="stated-twice", remedy="take one out")
    for name, options in scenario.species.items():
        for boundary in options.boundaries:
            if known is not None and boundary not in known:
                yield unknown(("species", name, "boundaries", boundary), "boundary", boundary, known, code="no-boundary")
        if options.boundaries and name not in mobile:
            yield Finding(("species", name, "boundaries"), _IMMOBILE, code="immobile-species", remedy=_MOVE)


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
        given = len(options.fibres.direction or [])
        if options.fibres.field is not None:
            yield from _oriented(scenario, (*path, "fibres", "field"), options.fibres.field)
        elif dim is not None and given != dim:
            what = f"not one component per dimension of the mesh (given {given})"
            yield Finding((*path, "fibres", "direction"), what, code="wrong-length", remedy=f"allowed: {dim}")
        if isinstance(options, UserSpecies) and options.diffusion is None:
            what = "fibres change diffusion, and this species has none"
            yield Finding((*path, "fibres"), what, code="meaningless-option", remedy="give it a diffusion, or take the fibres out")
        if options.fibres.law == "myopic":
            yield from _myopic(scenario, path, name, options)


def _stated_drifts(scenario: Scenario) -> Iterator[Finding]:
    """A velocity has as many components as the mesh has dimensions."""
    dim = mesh_dimension(scenario.mesh.kind)
    for path, _, options in _laws(scenario):
        given = len(getattr(options, "drift", []))
        if dim is not None and given not in (0, dim):
            what = f"not one component per dimension of the mesh (given {given})"
            yield Finding((*path, "drift"), what, code="wrong-length", remedy=f"allowed: {dim}")


def _oriented(scenario: Scenario, path: Path_, name: str) -> Iterator[Finding]:
    """The field that fibres follow must be one of directions."""
    known = [field for field, source in scenario.fields.items() if source.kind == "by_image" and source.orientation is not None]
    if name in scenario.fields and name not in known:
        what = f"the field {name!r} has no directions"
        remedy = f"give fields.{name} an image with orientation: structure_tensor or angle"
        yield Finding(path, what, code="meaningless-option", remedy=remedy)
    elif name not in known:
        yield unknown(path, "field of directions", name, known, code="unknown-name")


def _myopic(scenario: Scenario, path: Path_, species: str, options: Any) -> Iterator[Finding]:
    """What myopic diffusion cannot be combined with."""
    what = "motility" if hasattr(options, "motility") else "diffusion"
    circulation = scenario.circulation
    behind = circulation.feedback if circulation is not None else {}
    moving = {"t", *scenario.schedules, *scenario.model.pools, *behind, *species_names(scenario)}
    values = getattr(options, what) or {}
    used = set().union(*(names(formula.expr) for formula in values.values()))
    if "" not in values and values:
        fault = "myopic diffusion with a motility by region"
        yield Finding((*path, what), fault, code="myopic-diffusion", remedy="give one for all regions: a formula of x, y, z")
    elif used & moving:
        named = ", ".join(sorted(used & moving))
        fault = f"the motility of myopic diffusion depends on {named}"
        yield Finding((*path, what), fault, code="myopic-diffusion", remedy="allowed: x, y, z and parameters only")
    for boundary, conditions in scenario.boundaries.items():
        if getattr(conditions.get(species), "kind", "") == "outflow":
            yield Finding(("boundaries", boundary, species), _DRIFT, code="myopic-diffusion", remedy="use exchange")
    for boundary, condition in getattr(options, "boundaries", {}).items():
        if getattr(condition, "kind", "") == "outflow":
            yield Finding((*path, "boundaries", boundary), _DRIFT, code="myopic-diffusion", remedy="use exchange")


def _motilities(scenario: Scenario) -> Iterator[Finding]:
    for path, _, options in _laws(scenario):
        for option in ("motility", "diffusion"):
            values = getattr(options, option, None) or {}
            for region, formula in values.items():
                used = sorted(names(formula.expr) - set(scenario.parameters))
                if region and used:
                    what = f"a value by region must be a number, but it uses {used[0]!r}"
                    remedy = "a formula counts in all regions: write it without"
                    yield Finding((*path, option, region), what, code="formula-by-region", remedy=remedy)


def _transfers(scenario: Scenario) -> Iterator[Finding]:
    steady = {name for _, name, options in _laws(scenario) if getattr(options, "quasi_steady", False)}
    for path, name, component in matrix(scenario):
        opened = component.opens_into
        if opened is not None and (opened == name or opened not in scenario.model.ecm):
            others = [other for other in scenario.model.ecm if other != name]
            yield unknown((*path, "opens_into"), "component of the ECM to become", opened, others, code="no-species")
    for path, name, options in [*_laws(scenario), *matrix(scenario)]:
        for into in getattr(options, "becomes", {}):
            if into == name:
                yield Finding((*path, "becomes", into), "a species cannot turn into itself", code="wrong-transfer", remedy="name another")
            elif into in steady or name in steady:
                which = into if into in steady else name
                what = f"{which} is quasi-steady: it has no amount that another species could turn into"
                yield Finding((*path, "becomes", into), what, code="wrong-transfer", remedy="take out quasi_steady, or name another")


def _phenotypes(scenario: Scenario) -> Iterator[Finding]:
    for name, cells in scenario.model.cells.items():
        path: Path_ = ("model", "cells", name)
        for option in ("follows", "killed_by"):
            if name in getattr(cells, option):
                what = (
                    "cells that gather by themselves have no mesh-independent solution"
                    if option == "follows"
                    else "cells do not kill themselves"
                )
                yield Finding((*path, option, name), what, code="meaningless-option", remedy="name another species")


def _amounts(scenario: Scenario) -> Iterator[Finding]:
    for path, _, options in _laws(scenario):
        if options.amount is None:
            continue
        if getattr(options, "quasi_steady", False):
            what = "a quasi-steady species is in balance from the start, so its amount cannot be chosen"
            yield Finding((*path, "amount"), what, code="wrong-amount", remedy="take `amount` out")
        elif all(formula.constant == 0.0 for formula in options.initial.values()):
            what = "`initial` is 0 everywhere, so there is nothing to scale"
            yield Finding((*path, "amount"), what, code="wrong-amount", remedy="give it a shape, such as `initial: 1` for a uniform one")


def depth_findings(scenario: Scenario, dim: int | None = None) -> Iterator[Finding]:
    """Cells are counted, so a scale per volume needs to know how deep a tissue of fewer dimensions is; ``dim``: of the mesh, if known."""
    mesh = scenario.mesh
    dim = dim or mesh_dimension(mesh.kind, getattr(mesh, "image", ""), getattr(mesh, "pixel", None))
    scales = read_scales(scenario.scales)
    if scales is None or dim is None:
        return
    depth = scales.get("depth")
    if dim == 2 and depth is not None and depth.dimension != (("length", 1),):
        yield Finding(("scales", "depth"), "wrong unit in 2-D", code="wrong-unit", remedy="needed is a unit of length")
    for name in scenario.model.cells if dim < 3 and depth is None else ():
        stated = name if name in scales else "cells"
        if stated in scales and per_volume(scales[stated]):
            yield Finding(("scales", stated), DEPTH.format(f"{dim}-D"), code="missing-option", remedy=DEPTH_REMEDY[dim])
            return


def _membranes(scenario: Scenario) -> Iterator[Finding]:
    known = list(getattr(scenario.mesh, "interfaces", {}))
    taken = species_names(scenario)
    for name, membrane in scenario.model.membranes.items():
        path: Path_ = ("model", "membranes", name)
        if name not in known and scenario.mesh.kind != "file":
            yield unknown(path, "interface of the mesh", name, known, code="no-interface")
        if name in taken:
            what = f"the interface has the name of a species ({name!r}): their columns in series.csv would be the same"
            yield Finding(path, what, code="repeated-name", remedy="rename one")
        for species, way in membrane.permeability.items():
            law = scenario.species.get(species)
            if law is not None and law.diffusion is None and not law.taxis and not law.drift:
                what = "this species does not move, so it cannot cross a membrane"
                yield Finding((*path, "permeability", species), what, code="immobile-species", remedy=_MOVE)
            if getattr(way, "haptotaxis", False) and not _drifts(scenario, species):
                what = "the species has no haptotaxis, chemotaxis or taxis that could act"
                place = (*path, "permeability", species, "haptotaxis")
                yield Finding(place, what, code="meaningless-option", remedy="give it one, or take this out")


def _drifts(scenario: Scenario, species: str) -> bool:
    if species in scenario.species:
        return bool(scenario.species[species].taxis)
    cells = scenario.model.cells.get(species)
    return cells is not None and bool(cells.haptotaxis or cells.chemotaxis or cells.follows)


def _times(scenario: Scenario) -> Iterator[Finding]:
    start, end = scenario.time.start, scenario.time.end
    moments: list[tuple[Path_, float]] = [(("expect", i, "at"), item.at) for i, item in enumerate(scenario.expect)]
    moments += [(("output", "at", i), moment) for i, moment in enumerate(scenario.output.at)]
    outcomes = ((name, item.at) for name, item in scenario.outcomes.items() if item.series is not None)
    moments += [(("outcomes", name, "at"), at) for name, at in outcomes if not isinstance(at, str)]
    for path, moment in moments:
        if not start <= moment <= end:
            yield Finding(path, f"outside the run (given {moment:g})", code="outside-run", remedy=f"allowed: {start:g} to {end:g}")
