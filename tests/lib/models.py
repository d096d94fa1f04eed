"""Small models written directly as balance laws, for tests of the numerics."""

from __future__ import annotations

from typing import Any

from invasio.meshes.cut import cut
from invasio.meshes.distribute import distribute
from invasio.meshes.domain import MeshData
from invasio.meshes.structured import structured
from invasio.solver.discretise.problem import Problem, discretise
from invasio.solver.model.balance import Boundary, Degradation, IntegrityLaw, Membrane, Model, Passage, Species, Taxis, Term
from invasio.solver.scenario.mesh import BoxMesh, IntervalMesh, RectangleMesh
from invasio.solver.scenario.parser import parse


def lattice(dim: int, cells: int, lower: float = 0.0, upper: float = 1.0) -> MeshData:
    """The unit interval, square or cube (or another extent) with equal cells."""
    if dim == 1:
        return structured(IntervalMesh(kind="interval", from_=lower, to=upper, cells=cells))
    if dim == 2:
        return structured(RectangleMesh(kind="rectangle", from_=(lower,) * 2, to=(upper,) * 2, cells=(cells,) * 2))
    return structured(BoxMesh(kind="box", from_=(lower,) * 3, to=(upper,) * 3, cells=(cells,) * 3))


def species(name: str, initial: str | dict[str, str], kind: str = "user", **options: Any) -> Species:
    """A species from texts: diffusion, production, growth, loss, taxis=(toward, potential, factor), boundaries."""
    terms = {key: (Term(parse(options[key]), key),) for key in ("production", "growth", "loss") if key in options}
    taxis = tuple(Taxis("taxis", toward, parse(potential), parse(factor)) for toward, potential, factor in options.get("taxis", ()))
    return Species(
        name=name,
        kind=kind,  # type: ignore[arg-type]
        symbol=name,
        unit="",
        initial={"": parse(initial)} if isinstance(initial, str) else {region: parse(text) for region, text in initial.items()},
        diffusion=_motility(options.get("diffusion")),
        taxis=taxis,
        self_limitation=parse(options["self_limitation"]) if "self_limitation" in options else None,
        quasi_steady=options.get("quasi_steady", False),
        boundaries=options.get("boundaries", {}),
        **terms,
    )


def _motility(given: str | dict[str, str] | None) -> Any:
    if isinstance(given, dict):
        return {region: parse(text) for region, text in given.items()}
    return None if given is None else parse(given)


def boundary(kind: str, value: str | None = None, rate: str | None = None) -> Boundary:
    """A boundary condition from texts."""
    return Boundary(kind, None if value is None else parse(value), None if rate is None else parse(rate))  # type: ignore[arg-type]


def membrane(name: str, *passages: Passage, degraded_by: tuple[tuple[str, str], ...] = (), **options: str) -> Membrane:
    """A membrane from texts: degraded_by=((rate, "mean" or "sum"), ...), initial, repair, threshold, sharpness, breach."""
    terms = tuple(Degradation(parse(text), sides, text) for text, sides in degraded_by)  # type: ignore[arg-type]
    return Membrane(name, IntegrityLaw(degradation=terms, **{key: parse(text) for key, text in options.items()}), passages)


def passage(species: str, rate: str, **options: Any) -> Passage:
    """A passage from texts; one that does not follow the integrity unless said so."""
    texts = {key: parse(options.pop(key)) for key in ("exponent", "reference") if key in options}
    return Passage(species, parse(rate), **{"follows_integrity": False, **options, **texts})


def anderson(eps: str = "0.01", gamma: str = "5e-3", square: str = "x^2") -> tuple[Species, ...]:
    """Anderson et al. 2000 with the constants of the reference page; ``square`` is r^2."""
    lump = f"exp(-({square})/{eps})"
    return (
        species("n", lump, "cells", diffusion="1e-3", taxis=(("f", "f", gamma),)),
        species("m", f"0.5*{lump}", "soluble", diffusion="1e-3", production="0.1*n"),
        species("f", f"1 - 0.5*{lump}", "ecm", loss="10*m"),
    )


def problem_of(laws: tuple[Species, ...], data: MeshData | None, comm: Any, membranes: tuple[Membrane, ...] = ()) -> Problem:
    """A discretised model; ``data``, not cut yet, may be None except on rank 0."""
    parted = cut(data, [m.name for m in membranes]) if comm.rank == 0 and data is not None else None
    return discretise(Model(laws, {}, membranes=membranes), distribute(parted, comm))
