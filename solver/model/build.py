"""From a scenario to its balance laws."""

from __future__ import annotations

from dataclasses import replace

from ..scenario.expressions import Expr
from ..scenario.schema import Scenario
from ..scenario.tree import simplify
from .balance import Boundary, IntegrityLaw, Membrane, Model, Parameter, Species, Taxis, Term, Transfer, Vessel, WallFlux
from .cells import cells
from .ecm import ecm
from .letters import Letters, renamed
from .membranes import membrane
from .solubles import soluble
from .terms import boundary
from .user import user
from .vessels import vessel


def build_model(scenario: Scenario) -> Model:
    """All balance laws of a scenario: cells first, then what else moves, then what does not.

    Expressions refer to species and parameters by name; constants of the blocks are parameters with the papers' letters.
    """
    biology = scenario.model
    letters = Letters(scenario)
    filling = [*biology.cells, *(["ecm"] if biology.ecm else [])]
    laws = [cells(name, options, filling, letters) for name, options in biology.cells.items()]
    written = [user(name, options, letters) for name, options in scenario.species.items()]
    laws += [law for law in written if law.mobile]
    laws += [soluble(name, options, biology.cells, letters) for name, options in biology.solubles.items()]
    laws += [ecm(biology.ecm, list(biology.cells), letters)] if biology.ecm else []
    laws += [law for law in written if not law.mobile]
    barriers = [membrane(name, options, list(biology.cells), letters) for name, options in biology.membranes.items()]
    walls = [vessel(name, options, list(biology.cells), letters) for name, options in biology.vessels.items()]
    final, parameters = letters.settle()
    declared = {name: Parameter(name, given.value, given.unit, given.meaning, given.source) for name, given in scenario.parameters.items()}
    species = tuple(_finished(law, scenario, final) for law in laws)
    membranes = tuple(_settled_membrane(law, final) for law in barriers)
    vessels = tuple(_settled_vessel(law, final) for law in walls)
    return Model(species, {**declared, **parameters}, _citations(scenario, species, membranes, vessels), membranes, vessels)


def _finished(law: Species, scenario: Scenario, final: dict[str, str]) -> Species:
    """The law with its conditions on boundaries, and with settled parameter names."""

    def settled(expr: Expr) -> Expr:
        return simplify(renamed(expr, final))

    def terms(group: tuple[Term, ...]) -> tuple[Term, ...]:
        return tuple(replace(term, expr=settled(term.expr)) for term in group)

    stated = {at: boundary(conditions[law.name]) for at, conditions in scenario.boundaries.items() if law.name in conditions}
    conditions: dict[str, Boundary] = {**law.boundaries, **{at: condition for at, condition in stated.items() if condition is not None}}
    diffusion: Expr | dict[str, Expr] | None = None
    if isinstance(law.diffusion, dict):
        diffusion = {region: settled(expr) for region, expr in law.diffusion.items()}
    elif law.diffusion is not None:
        diffusion = settled(law.diffusion)  # type: ignore[arg-type]
    return replace(
        law,
        initial={region: settled(expr) for region, expr in law.initial.items()},
        amount=None if law.amount is None else settled(law.amount),
        diffusion=diffusion,
        taxis=tuple(replace(t, potential=settled(t.potential), factor=settled(t.factor)) for t in law.taxis),
        production=terms(law.production),
        growth=terms(law.growth),
        self_limitation=None if law.self_limitation is None else settled(law.self_limitation),
        loss=terms(law.loss),
        transfers=tuple(replace(t, rate=settled(t.rate)) for t in law.transfers),
        boundaries=conditions,
    )


def _settled_integrity(b: IntegrityLaw, final: dict[str, str]) -> IntegrityLaw:
    """The integrity with settled parameter names."""

    def settled(expr: Expr) -> Expr:
        return simplify(renamed(expr, final))

    return replace(
        b,
        degradation=tuple(replace(d, expr=settled(d.expr)) for d in b.degradation),
        **{what: settled(getattr(b, what)) for what in ("initial", "repair", "threshold", "sharpness", "breach")},
    )


def _settled_membrane(law: Membrane, final: dict[str, str]) -> Membrane:
    """The membrane with settled parameter names."""
    passages = tuple(replace(p, rate=simplify(renamed(p.rate, final))) for p in law.passages)
    return replace(law, integrity=_settled_integrity(law.integrity, final), passages=passages)


def _settled_vessel(vessel: Vessel, final: dict[str, str]) -> Vessel:
    """The vessel with settled parameter names."""

    def settled(expr: Expr | None) -> Expr | None:
        return None if expr is None else simplify(renamed(expr, final))

    def flux(f: WallFlux) -> WallFlux:
        opened = simplify(renamed(f.opened, final))
        return replace(f, opened=opened, closed=settled(f.closed), torn=settled(f.torn), inside=settled(f.inside))

    b = None if vessel.integrity is None else _settled_integrity(vessel.integrity, final)
    return replace(vessel, fluxes=tuple(flux(f) for f in vessel.fluxes), integrity=b, ruptured=settled(vessel.ruptured))


def _citations(
    scenario: Scenario, species: tuple[Species, ...], membranes: tuple[Membrane, ...], vessels: tuple[Vessel, ...]
) -> tuple[str, ...]:
    """The scenario's source and that of every term in use, each once."""
    found = [scenario.source] if scenario.source else []
    for law in species:
        parts: tuple[Taxis | Term | Transfer, ...] = (*law.taxis, *law.production, *law.growth, *law.loss, *law.transfers)
        found += [part.source for part in parts if part.source]
    for barrier in membranes:
        found += [part.source for part in barrier.integrity.degradation if part.source]
        found += [way.source for way in barrier.passages if way.source]
    for wall in vessels:
        found += [d.source for d in (wall.integrity.degradation if wall.integrity else ()) if d.source]
        found += [flux.source for flux in wall.fluxes if flux.source]
    return tuple(dict.fromkeys(found))
