"""Vessels written directly as laws, for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from invasio.meshes.cut import cut
from invasio.meshes.distribute import distribute
from invasio.meshes.domain import MeshData
from invasio.meshes.lumen import cut_out
from invasio.meshes.network import Network
from invasio.solver.discretise.problem import discretise
from invasio.solver.model.balance import Degradation, IntegrityLaw, Membrane, Model, Species, Vessel, WallFlux
from invasio.solver.scenario.parser import parse


def flux(species: str, opened: str, **options: Any) -> WallFlux:
    """A flux from texts: opened, closed, torn, inside; dissolved=True for a solute."""
    texts = {key: parse(value) if isinstance(value, str) else value for key, value in options.items()}
    return WallFlux(species, parse(opened), **texts)


def vessel(
    name: str, place: str, parts: Sequence[str], *fluxes: WallFlux, carries: str = "blood", ruptured: str = "", **options: Any
) -> Vessel:
    """A vessel; options: integrity, torn_parts."""
    condition: Any = parse(ruptured) if ruptured else None
    return Vessel(name, carries, place, tuple(parts), tuple(fluxes), ruptured=condition, **options)  # type: ignore[arg-type]


def line(points: Sequence[Sequence[float]], radius: float, names: Sequence[str] | None = None) -> Network:
    """A chain of segments through points."""
    count = len(points) - 1
    return Network(
        points=np.array(points, dtype=float),
        nodes=tuple(str(k) for k in range(count + 1)),
        segments=np.array([[k, k + 1] for k in range(count)]),
        radius=np.full(count, radius),
        names=tuple(names or [f"s{k}" for k in range(count)]),
        types=("",) * count,
        ends={0: "inlet", count: "outlet"},
        source="test",
        places={},
    )


def tissue(
    laws: tuple[Species, ...],
    data: MeshData | None,
    comm: Any,
    vessels: Sequence[Vessel],
    networks: Mapping[str, Network] | None = None,
    membranes: tuple[Membrane, ...] = (),
    keep: bool = False,
) -> Any:
    """A discretised model with vessels; lumens are cut out, membranes cut along. ``keep``: the problem and its domain."""
    parted = None
    if comm.rank == 0 and data is not None:
        lumens = [part for v in vessels if v.place == "region" for part in v.parts]
        parted = cut(cut_out(data, lumens), [m.name for m in membranes])
    domain = distribute(parted, comm)
    problem = discretise(Model(laws, {}, membranes=membranes, vessels=tuple(vessels)), domain, 0.0, networks)
    return (problem, domain) if keep else problem


def enzyme_opened(rate: str, **options: str) -> IntegrityLaw:
    """An integrity degraded at a rate given as text."""
    return IntegrityLaw(degradation=(Degradation(parse(rate), "mean", rate),), **{key: parse(text) for key, text in options.items()})
