"""A scenario's circulation and organs as the plan of a cascade: plain arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..circulation.check import check
from ..circulation.plan import (
    Beds,
    Blood,
    Cavity,
    Colony,
    Dormancy,
    Entries,
    Growth,
    Lymph,
    Part,
    Plan,
    Second,
    Sheds,
    geometric,
    number,
)
from ..errors import ScenarioError
from ..scenario.anatomy import SITE, Anatomy, anatomy_of
from ..scenario.check_cascade import levels, phenotypes, surfaces
from ..scenario.circulation import Circulation, Clusters
from ..scenario.formulas import Formula
from ..scenario.organs import Organs
from ..scenario.schema import Scenario
from ..scenario.vessels import Vessel
from .grid import Grid, Steps, grid_times

Floats = NDArray[np.float64]
NEVER = 1e15  # cells


class ByPlace(Protocol):
    """Values by organ and phenotype as an array (O or 1, P or 1, T or 1)."""

    def __call__(self, values: Mapping[str, Mapping[str, Formula]], path: str, most: float = np.inf) -> Floats: ...


def options_of(scenario: Scenario) -> tuple[Circulation, Organs]:
    """Circulation and organs. Raises ScenarioError where a scenario has none."""
    if scenario.circulation is None or scenario.organs is None:
        raise ScenarioError(
            "the scenario has no cascade",
            code="missing-option",
            place="circulation",
            remedy="give circulation and organs, and run it again",
        )
    return scenario.circulation, scenario.organs


def sizes_of(clusters: Clusters) -> Floats:
    """(K,) chance of a cluster that leaves to have 1, 2, ... cells."""
    if clusters.sizes is None:
        return geometric(clusters.mean or 1.0)
    found = np.zeros(max(map(int, clusters.sizes)))
    for size, share in clusters.sizes.items():
        found[int(size) - 1] += share
    return found


def parts_of(scenario: Scenario, named: Sequence[tuple[str, str]]) -> tuple[Part, ...]:
    """Where each of these parts (vessel, name) leads."""
    circulation, organs = options_of(scenario)
    anatomy = anatomy_of(organs)
    return tuple(_part(vessel, name, scenario.model.vessels[vessel], circulation, anatomy) for vessel, name in named)


def plan_of(scenario: Scenario, scalars: Steps | None = None, reports: int = 0) -> Plan:
    """The whole cascade of a scenario (under its drugs: `treated`).

    scalars: of the tissue, in time. reports: about how many times histories are looked at. Raises ScenarioError for a formula with a value
    that is not allowed, CirculationError for values that do not go together.
    """
    circulation, organs = options_of(scenario)
    times = grid_times(circulation, scenario.time.start, scenario.time.end)
    grid, kinds, anatomy = Grid(scenario, times, scalars), phenotypes(scenario), anatomy_of(organs)
    places = [*anatomy.beds, *levels(circulation), *surfaces(circulation)]

    def by_place(values: Mapping[str, Mapping[str, Formula]], path: str, most: float = np.inf) -> Floats:
        return of_sites(grid.by_place(values, places, kinds, f"organs.{path}", most), places, path)

    stride = max(1, (len(times) - 1) // max(reports, 1))
    report = sorted({*range(0, len(times), stride), len(times) - 1}) if reports else []
    plan = Plan(
        seed=circulation.seed,
        stands_for=circulation.stands_for,
        times=times,
        phenotypes=tuple(kinds),
        sizes=sizes_of(circulation.clusters),
        blood=_blood(circulation, grid, kinds),
        beds=Beds(
            names=tuple(anatomy.beds),
            capture=_rows(by_place(organs.capture, "capture", 1.0), len(anatomy.beds)),
            adhesion=_rows(by_place(organs.adhesion, "adhesion"), len(anatomy.beds)),
            routes=np.stack([_row(anatomy.after(bed), anatomy) for bed in anatomy.beds]),
            systemic=_row(anatomy.veins, anatomy),
        ),
        extravasation=by_place(organs.extravasation, "extravasation", 1.0),
        soil=by_place(organs.soil, "soil", 1.0),
        dormancy=_dormancy(organs, by_place),
        colony=_colony(organs, grid, places, by_place),
        lymph=_lymph(circulation, grid, kinds),
        cavity=_cavity(circulation, grid, kinds),
        report=report,
    )
    parts = parts_of(scenario, [(name, "") for name in scenario.model.vessels])
    check(plan, Entries(times[:1], np.zeros((1, len(parts), len(kinds))), parts))
    return plan


def of_sites(values: Floats, places: Sequence[str], path: str) -> Floats:
    """Values of places, where all that reaches a site goes over to the tissue: it can live there, and nothing more is asked."""
    mine = [k for k, place in enumerate(places) if place.endswith(SITE)]
    given = {"soil": 1.0}.get(path, 0.0 if path.partition(".")[0] in ("dormancy", "colony") else None)
    if not mine or given is None:
        return values
    found = np.array(np.broadcast_to(values, (len(places), *values.shape[1:])))
    found[mine] = given
    return found


def _never(sizes: Floats, places: Sequence[str]) -> Floats:
    """Sizes from which colonies count, which those of sites never reach: the tissue tells what becomes of them."""
    if not any(place.endswith(SITE) for place in places):
        return sizes
    return np.where([place.endswith(SITE) for place in places], NEVER, np.broadcast_to(sizes, len(places)))


def _row(flow: Mapping[str, float], anatomy: Anatomy) -> Floats:
    """(B,) a flow as shares of beds, which add up to 1 to rounding."""
    found = np.array([flow.get(bed, 0.0) for bed in anatomy.beds])
    return found / found.sum() if found.any() else found


def _rows(values: Floats, beds: int) -> Floats:
    """Values of the beds alone, which come first."""
    return values if len(values) == 1 else values[:beds]


def _part(name: str, part: str, vessel: Vessel, circulation: Circulation, anatomy: Anatomy) -> Part:
    into = vessel.into
    if vessel.carries == "lymph" and levels(circulation):
        return Part(name, part, "lymph", level=levels(circulation).index(into) if isinstance(into, str) else 0)
    if vessel.carries == "cavity":
        return Part(name, part, "cavity")
    flows = {"systemic": anatomy.veins, "pulmonary": anatomy.arteries, "portal": {anatomy.portal: 1.0}}
    flow = flows.get(into or "systemic") if not isinstance(into, dict) else None
    direct = into if isinstance(into, dict) else {anatomy.portal if into == "portal" else into or "": 1.0}
    return Part(name, part, "blood", beds=_row(anatomy.split(direct) if flow is None or into == "portal" else flow, anatomy))


def _blood(circulation: Circulation, grid: Grid, kinds: Sequence[str]) -> Blood:
    blood, path = circulation.blood, "circulation.blood"
    single = grid.by_phenotype(blood.survival.single, kinds, f"{path}.survival.single", 1.0)
    cluster = blood.survival.cluster
    return Blood(
        transit=grid.number(blood.transit, f"{path}.transit", least=1e-300),
        single=single,
        cluster=single if cluster is None else grid.by_phenotype(cluster, kinds, f"{path}.survival.cluster", 1.0),
        disaggregation=grid.by_phenotype(blood.disaggregation, kinds, f"{path}.disaggregation", 1.0),
        against=grid.by_phenotype(blood.loss_factor, kinds, f"{path}.loss_factor"),
        losses=tuple(blood.losses.items()) or (("lost", 1.0),),
    )


def _lymph(circulation: Circulation, grid: Grid, kinds: Sequence[str]) -> Lymph:
    found = circulation.lymph.levels
    if not found:
        return Lymph()
    holds = [grid.by_phenotype(level.hold, kinds, f"circulation.lymph.levels[{k}].hold", 1.0) for k, level in enumerate(found)]
    return Lymph(tuple(level.name for level in found), _stack(holds))


def _cavity(circulation: Circulation, grid: Grid, kinds: Sequence[str]) -> Cavity:
    cavity, path = circulation.cavity, "circulation.cavity"
    if cavity is None:
        return Cavity()
    settles = [grid.by_phenotype(rates, kinds, f"{path}.settles.{name}") for name, rates in cavity.settles.items()]
    return Cavity(
        names=tuple(cavity.settles),
        settles=_stack(settles),
        loss=grid.by_phenotype(cavity.loss, kinds, f"{path}.loss"),
        drains=grid.by_phenotype(cavity.drains, kinds, f"{path}.drains"),
        level=levels(circulation).index(cavity.into) if cavity.into is not None else 0,
    )


def _stack(rows: Sequence[Floats]) -> Floats:
    shape = np.broadcast_shapes(*(row.shape for row in rows))
    return np.stack([np.broadcast_to(row, shape) for row in rows])


def _dormancy(organs: Organs, by_place: ByPlace) -> Dormancy:
    sleep = organs.dormancy
    if sleep is None:
        return Dormancy()
    return Dormancy(
        by_place(sleep.enter, "dormancy.enter", 1.0), by_place(sleep.wake, "dormancy.wake"), by_place(sleep.death, "dormancy.death")
    )


def _colony(organs: Organs, grid: Grid, places: Sequence[str], by_place: ByPlace) -> Colony:
    colony, path = organs.colony, "organs.colony"
    if colony is None:
        return Colony(number(0), number(0), number(1, 1), number(1, 1))
    second, growth, sheds = colony.second, colony.growth, colony.sheds
    return Colony(
        birth=by_place(colony.birth, "colony.birth"),
        death=by_place(colony.death, "colony.death"),
        micro=_never(grid.sizes(colony.micro, places, f"{path}.micro"), places),
        macro=_never(grid.sizes(colony.macro, places, f"{path}.macro"), places),
        second=None
        if second is None
        else Second(
            by_place(second.switch, "colony.second.switch"),
            by_place(second.regress, "colony.second.regress"),
            by_place(second.birth, "colony.second.birth"),
            by_place(second.death, "colony.second.death"),
        ),
        growth=None
        if growth is None
        else Growth(
            growth.kind,
            by_place(growth.rate, "colony.growth.rate"),
            grid.sizes(growth.limit, places, f"{path}.growth.limit"),
            grid.sizes(growth.start, places, f"{path}.growth.start"),
        ),
        sheds=None
        if sheds is None
        else Sheds(by_place(sheds.rate, "colony.sheds.rate"), grid.sizes(sheds.exponent, places, f"{path}.sheds.exponent", 0.0)),
    )
