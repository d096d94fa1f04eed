"""Small models written directly as balance laws, for tests of the numerics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Literal

from invasio.meshes.cut import cut
from invasio.meshes.distribute import distribute
from invasio.meshes.domain import MeshData
from invasio.meshes.structured import structured
from invasio.solver.discretise.problem import Problem, discretise
from invasio.solver.model.balance import Boundary, Carried, Degradation, IntegrityLaw, Kind, Membrane, Model, Passage, Species, Taxis, Term
from invasio.solver.model.kinetics import How, find_kinetics
from invasio.solver.scenario.expressions import Expr
from invasio.solver.scenario.mesh import BoxMesh, IntervalMesh, RectangleMesh
from invasio.solver.scenario.parser import parse
from tests.lib.comm import Comm

Sides = Literal["mean", "sum"]


def lattice(dim: int, cells: int, lower: float = 0.0, upper: float = 1.0) -> MeshData:
    """The unit interval, square or cube (or another extent) with equal cells."""
    if dim == 1:
        return structured(IntervalMesh(kind="interval", from_=lower, to=upper, cells=cells))
    if dim == 2:
        return structured(RectangleMesh(kind="rectangle", from_=(lower,) * 2, to=(upper,) * 2, cells=(cells,) * 2))
    return structured(BoxMesh(kind="box", from_=(lower,) * 3, to=(upper,) * 3, cells=(cells,) * 3))


def species(
    name: str,
    initial: str | Mapping[str, str],
    kind: Kind = "user",
    diffusion: str | Mapping[str, str] | None = None,
    taxis: Iterable[tuple[str, str, str]] = (),
    production: str = "",
    growth: str = "",
    loss: str = "",
    quasi_steady: bool = False,
    boundaries: Mapping[str, Boundary] | None = None,
) -> Species:
    """A species from texts; initial and diffusion may be by region, taxis: (toward, potential, factor)."""

    def terms(text: str, what: str) -> tuple[Term, ...]:
        return (Term(parse(text), what),) if text else ()

    return Species(
        name=name,
        kind=kind,
        symbol=name,
        unit="",
        initial={"": parse(initial)} if isinstance(initial, str) else _by_region(initial),
        diffusion=None if diffusion is None else parse(diffusion) if isinstance(diffusion, str) else _by_region(diffusion),
        taxis=tuple(Taxis("taxis", toward, parse(potential), parse(factor)) for toward, potential, factor in taxis),
        production=terms(production, "production"),
        growth=terms(growth, "growth"),
        loss=terms(loss, "loss"),
        quasi_steady=quasi_steady,
        boundaries=boundaries or {},
    )


def carried(
    name: str,
    by: str,
    each: str = "1",
    newborn: Literal["shared", "each", "alike"] = "shared",
    turns: Mapping[str, str] | None = None,
    **terms: str,
) -> Species:
    """What a species takes along: so much in each at the start; ``terms`` as of ``species``."""
    return replace(species(name, f"({each})*{by}", "bound", **terms), carried=Carried(by, parse(each), newborn, turns or {}))  # type: ignore[arg-type]


def _by_region(texts: Mapping[str, str]) -> dict[str, Expr]:
    return {region: parse(text) for region, text in texts.items()}


def boundary(kind: Literal["fixed", "influx", "exchange", "outflow"], value: str | None = None, rate: str | None = None) -> Boundary:
    """A boundary condition from texts."""
    return Boundary(kind, None if value is None else parse(value), None if rate is None else parse(rate))


EVERY_BOUNDARY = {
    "left": boundary("influx", "0.2*(1 + sin(t))"),
    "right": boundary("outflow"),
    "bottom": boundary("exchange", "0.3", "0.5"),
    "top": boundary("fixed", "0.2 + 0.1*t"),
}


def integrity_law(*degraded_by: tuple[str, Sides], **options: str) -> IntegrityLaw:
    """A law of integrity from texts: (rate, "mean" or "sum") of what degrades it, initial, repair, threshold, sharpness, breach."""
    terms = tuple(Degradation(parse(text), sides, text) for text, sides in degraded_by)
    return IntegrityLaw(degradation=terms, **{key: parse(text) for key, text in options.items()})


def membrane(name: str, *passages: Passage, degraded_by: tuple[tuple[str, Sides], ...] = (), **options: str) -> Membrane:
    """A membrane from texts; options of ``integrity_law``."""
    return Membrane(name, integrity_law(*degraded_by, **options), passages)


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


def problem_of(
    laws: tuple[Species, ...], data: MeshData | None, comm: Comm, membranes: tuple[Membrane, ...] = (), together: How = "none"
) -> Problem:
    """A discretised model; ``data``, not cut yet, may be None except on rank 0. together: what is integrated together at nodes."""
    parted = cut(data, [m.name for m in membranes]) if comm.rank == 0 and data is not None else None
    model = Model(laws, {}, membranes=membranes, kinetics=find_kinetics(laws, together))
    return discretise(model, distribute(parted, comm))
