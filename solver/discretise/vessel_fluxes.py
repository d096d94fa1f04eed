"""What passes the walls of vessels, hung onto the species."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

from ..errors import ScenarioError
from ..model.balance import Vessel
from ..parallel import agreed
from ..scenario.expressions import Expr, Number
from .evaluate import number
from .integrity import Integrity
from .site_values import Known
from .species import NodalSpecies
from .vessels import NodalVessel
from .wall_flux import WallCrossing

Floats = NDArray[np.float64]

PERFECT_SINK = 1e10  # times D/h: a wall that lets pass more holds the density at zero


def check_mobile(law: Vessel, species: Mapping[str, NodalSpecies]) -> None:
    """Raise ScenarioError for a species that crosses a wall but does not move."""
    for flux in law.fluxes:
        if not species[flux.species].law.mobile:
            raise ScenarioError(
                "the species does not move, so it cannot pass the wall",
                code="immobile-species",
                place=f"vessel {law.name}, species {flux.species}",
                remedy="give it a motility, or take it out",
            )


def attach(vessel: NodalVessel, species: Mapping[str, NodalSpecies], regions: Mapping[str, Floats], known: Known, time: float) -> None:
    """Give a vessel its integrity, make a crossing for every flux, and give it to its species. Collective.

    Raises SolverError for wrong rates, ScenarioError for a wrong initial integrity.
    """
    wall = vessel.law.integrity
    if wall is not None:
        vessel.integrity = Integrity("wall of vessel", vessel.name, wall, vessel.sites, known)
    for flux in vessel.law.fluxes:
        s = species[flux.species]
        crossing = WallCrossing(
            vessel=vessel.name,
            account=vessel.law.account,
            law=flux,
            sites=vessel.sites,
            torn=vessel.torn,
            known=known,
            mass=s.graph.mass,
            opening=None if vessel.integrity is None else vessel.integrity.opening,
            steady=vessel.integrity is None or vessel.integrity.static,
            limit=_limit(s, vessel),
            series=np.zeros(vessel.sites.n) if s.law.diffusion is None else vessel.series,
            diffusion=_diffusion(s, vessel, regions),
            integrity=None if vessel.integrity is None else vessel.integrity.b,
        )
        with agreed(s.graph.comm):
            crossing.evaluate(time, time)
        vessel.crossings.append(crossing)
        s.add_wall(crossing)


def _limit(s: NodalSpecies, vessel: NodalVessel) -> Floats:
    """Rates far above D/h hold the density at zero as well as an infinite one would; inf where nothing diffuses. Collective."""
    g, nodes = s.graph, vessel.sites.nodes[:, 0]
    fastest = g.comm.allreduce(s.largest_motility(), MPI.MAX)
    limit = PERFECT_SINK * fastest * np.abs(s.weight[g.diagonal[nodes]]) / vessel.sites.measure
    return np.where(limit > 0.0, limit, np.inf)


def _diffusion(s: NodalSpecies, vessel: NodalVessel, regions: Mapping[str, Floats]) -> Expr | Floats | None:
    """The diffusivity next to the wall: an expression, or values at the sites where it is given by region."""
    if not isinstance(s.law.diffusion, Mapping):
        return s.law.diffusion
    nodes = vessel.sites.nodes[:, 0]
    values = np.zeros(vessel.sites.n)
    for region, mass in regions.items():
        expr = s.law.diffusion.get(region, s.law.diffusion.get("", Number(0.0)))
        values += number(expr, s.evaluator.parameters) * mass[nodes] / s.graph.mass[nodes]
    return np.maximum(values, 1e-300)
