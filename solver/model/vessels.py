"""Vessels: flux of cells into blood or lymph k(b) n, of solutes P (c - c_v), through the wall."""

from __future__ import annotations

from ..scenario.expressions import Number
from ..scenario.vessels import Vessel as Options
from .balance import Vessel, WallFlux
from .citations import FRANSSEN_2019
from .letters import Letters
from .membranes import integrity, names_integrity
from .terms import is_zero

ZERO = Number(0.0)


def vessel(name: str, options: Options, cells: list[str], letters: Letters) -> Vessel:
    """One vessel. Where it is torn every phenotype of ``cells`` enters, those without a rate of entry too."""
    torn = None
    if options.ruptured is not None:
        torn = letters.use(options.ruptured.entry, "k_torn", "length/time", f"entry into torn {name}", name)
    fluxes = []
    for species in [*options.entry, *(c for c in cells if torn is not None and c not in options.entry)]:
        law = options.entry.get(species)
        opened = ZERO if law is None else letters.use(law.rate, "k_in", "length/time", f"entry of {species} into {name}", species, name)
        closed = None
        if law is not None and law.closed is None and names_integrity(law.rate):
            closed = opened
        elif law is not None and law.closed is not None and not is_zero(law.closed):
            closed = letters.use(law.closed, "k_closed", "length/time", f"entry of {species} into closed {name}", species, name)
        paper = FRANSSEN_2019 if law is None else letters.credit(law.rate, FRANSSEN_2019)
        fluxes.append(WallFlux(species, opened, closed, torn if species in cells else None, source=paper))
    for species, exchange in options.exchange.items():
        permeability = letters.use(exchange.permeability, "P", "length/time", f"permeability of {name} to {species}", species, name)
        inside = None
        if not is_zero(exchange.inside):
            inside = letters.use(exchange.inside, "c_v", "own", f"{species} in {name}", species, name)
        fluxes.append(WallFlux(species, permeability, permeability, None, inside, dissolved=True))
    rupture = options.ruptured
    return Vessel(
        name=name,
        carries=options.carries,
        place=options.at.kind,  # type: ignore[arg-type]
        parts=options.at.names,
        fluxes=tuple(fluxes),
        integrity=None if options.wall is None else integrity(name, f"the wall of {name}", options.wall, cells, letters),
        ruptured=None if rupture is None or rupture.where is None else rupture.where.expr,
        torn_parts=() if rupture is None else tuple(rupture.parts),
    )
