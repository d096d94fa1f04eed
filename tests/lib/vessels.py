"""Vessels written directly as laws, for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from invasio.meshes.cut import cut
from invasio.meshes.distribute import distribute
from invasio.meshes.domain import Domain, MeshData
from invasio.meshes.lumen import cut_out
from invasio.meshes.network import Network
from invasio.solver.components.protocol import Extension
from invasio.solver.discretise.problem import Problem, discretise
from invasio.solver.model.balance import IntegrityLaw, Membrane, Model, Species, Vessel, WallFlux
from invasio.solver.scenario.parser import parse
from tests.lib.comm import Comm
from tests.lib.models import integrity_law


def flux(species: str, opened: str, dissolved: bool = False, **texts: str) -> WallFlux:
    """A flux from texts: opened, closed, torn, inside; dissolved: of a solute."""
    given = {key: parse(value) for key, value in texts.items()}
    return WallFlux(species, parse(opened), given.get("closed"), given.get("torn"), given.get("inside"), dissolved)


def vessel(
    name: str,
    place: Literal["boundary", "interface", "region", "network"],
    parts: Sequence[str],
    *fluxes: WallFlux,
    carries: Literal["blood", "lymph"] = "blood",
    ruptured: str = "",
    integrity: IntegrityLaw | None = None,
    torn_parts: tuple[str, ...] = (),
) -> Vessel:
    """A vessel; ruptured: where, as a condition."""
    condition = parse(ruptured) if ruptured else None
    return Vessel(name, carries, place, tuple(parts), tuple(fluxes), integrity, condition, torn_parts)


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
    comm: Comm,
    vessels: Sequence[Vessel],
    networks: Mapping[str, Network] | None = None,
    membranes: tuple[Membrane, ...] = (),
    extensions: Sequence[Extension] = (),
) -> Problem:
    """A discretised model with vessels; lumens are cut out, membranes cut along. extensions: whose scalars it names."""
    return tissue_and_domain(laws, data, comm, vessels, networks, membranes, extensions)[0]


def tissue_and_domain(
    laws: tuple[Species, ...],
    data: MeshData | None,
    comm: Comm,
    vessels: Sequence[Vessel],
    networks: Mapping[str, Network] | None = None,
    membranes: tuple[Membrane, ...] = (),
    extensions: Sequence[Extension] = (),
) -> tuple[Problem, Domain]:
    """The same, and its mesh with tags."""
    parted = None
    if comm.rank == 0 and data is not None:
        lumens = [part for v in vessels if v.place == "region" for part in v.parts]
        parted = cut(cut_out(data, lumens), [m.name for m in membranes])
    domain = distribute(parted, comm)
    scalars = {name: value for extension in extensions for name, value in extension.scalars().items()}
    return discretise(Model(laws, {}, membranes=membranes, vessels=tuple(vessels)), domain, 0.0, networks, scalars), domain


def enzyme_opened(rate: str, **options: str) -> IntegrityLaw:
    """An integrity degraded at a rate given as text."""
    return integrity_law((rate, "mean"), **options)
