"""The columns that series.csv will have, as far as a scenario tells before its mesh is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from .base import Context
from .cascade_columns import cascade_units
from .check import Finding, species_names
from .check_cascade import phenotypes
from .mesh import mesh_dimension
from .quantities import PLAIN, Units, word
from .reader import Path_
from .scales import read_scales
from .schema import Scenario

_STEPPING = ("iterations", "limited", "kept", "clipped")
SHOWN = 20
FEW_PARTS = 40  # of a vessel: they all have columns; of more those that are named, and all have a table in vessels.vtkhdf


def check_columns(scenario: Scenario) -> Iterator[Finding]:
    """Expected numbers and outcomes of columns that the run will not write."""
    wanted: list[tuple[Path_, str]] = [(("expect", n, "of"), item.of) for n, item in enumerate(scenario.expect) if item.what == "series"]
    wanted += [(("outcomes", name, "series"), item.series) for name, item in scenario.outcomes.items() if item.series is not None]
    if not wanted:
        return
    known, begun = columns(scenario)
    for path, name in wanted:
        if name not in known and not name.startswith(begun):
            what = f"series.csv has no such column (given {name!r})"
            yield Finding(path, what, code="no-column", remedy=near(name, known))


def units_of(scenario: Scenario, dim: int | None = None, others: Mapping[str, str] | None = None, raw: bool = False) -> Units:
    """The units of what a scenario's run reports; ``dim``: of the mesh, where it is known better than from the options."""
    kinds = {
        **dict.fromkeys(scenario.species, "user"),
        **dict.fromkeys(scenario.model.bound, "bound"),
        **dict.fromkeys(scenario.model.solubles, "soluble"),
        **dict.fromkeys(scenario.model.cells, "cells"),
        **dict.fromkeys(scenario.model.ecm, "ecm"),
    }
    mesh = scenario.mesh
    dim = dim or mesh_dimension(mesh.kind, getattr(mesh, "image", ""), getattr(mesh, "pixel", None))
    scales = scenario.scales or {}
    pools = {
        f"{name}.{what}": word(scales.get(name, "")).strip("()") or PLAIN
        for name in scenario.model.pools
        for what in ("level", "came", "went")
    }
    ledgers = {f"{name}.ledger": PLAIN for name in scenario.model.pools}
    others = {**pools, **ledgers, **(others or {}), **cascade_units(scenario)}
    return Units(scenario.scales, Context(read_scales(scenario.scales), kinds, dim=dim), others, raw)


def named_parts(scenario: Scenario) -> Iterator[str]:
    """VESSEL/PART of the parts that the scenario names: in output.parts, in expected numbers and outcomes, in what a sweep observes."""
    yield from () if scenario.output.parts == "all" else scenario.output.parts
    columns = [item.of for item in scenario.expect if item.what == "series"]
    columns += [item.series for item in scenario.outcomes.values() if item.series is not None]
    columns += list(scenario.sweep.observe or []) if scenario.sweep is not None else []
    yield from (name.rpartition(".")[0] for name in columns if "/" in name)


def near(name: str, known: list[str]) -> str:
    """The columns that may be meant, for the end of a message."""
    close = get_close_matches(name, known, n=3, cutoff=0.8)
    if close:
        return f"did you mean {' or '.join(map(repr, close))}?"
    alike = [k for k in known if k.partition(".")[0] == name.partition(".")[0]]
    listed = alike or known
    return "there are: " + ", ".join(listed[:SHOWN]) + (f" and {len(listed) - SHOWN} more" if len(listed) > SHOWN else "")


def columns(scenario: Scenario) -> tuple[list[str], tuple[str, ...]]:
    """All names known beforehand, and the beginnings of further ones that depend on the mesh or on a network."""
    found, begun = ["time", "step", "dt", *_STEPPING], list[str]()
    cells = list(scenario.model.cells) or [
        n for n, s in scenario.species.items() if any(not _zero(v) for v in (*(t.sensitivity for t in s.taxis), *s.drift))
    ]
    dim = mesh_dimension(scenario.mesh.kind, getattr(scenario.mesh, "image", ""), getattr(scenario.mesh, "pixel", None))
    regions = getattr(scenario.mesh, "region_names", None)
    lumens = {name for v in scenario.model.vessels.values() if v.at.kind == "region" for name in v.at.names}
    moving = _moving(scenario)
    starts = {name: _starts(scenario, name) for name in cells}
    everywhere = set[str]().union(*starts.values())
    inside = [name for name in regions() if name not in lumens] if regions else []
    shown = set(named_parts(scenario))
    for name in species_names(scenario):
        found += [f"{name}.{what}" for what in ("total", "min", "max", "born", "dead", "ledger")]
        found += [f"{name}.in:{region}" for region in inside if len(inside) > 1]
        begun += [] if regions else [f"{name}.in:"]
        if name in cells or name in moving:
            ends = [f"{axis}{end}" for axis in "xyz"[: dim or 3] for end in ("min", "max")]
            found += [f"{name}.invaded_volume", *(f"{name}.front.{end}" for end in (*ends, "distance"))]
        if name in cells and (home := starts[name] or everywhere) and (home < set(inside) or not regions):
            found += [] if "" in home else [f"{name}.invaded_beyond", f"{name}.front.depth"]
        found += [f"{name}.{key}" for key in _accounts(scenario, name)]
    found += [f"{name}.{what}" for name in scenario.model.pools for what in ("level", "came", "went", "ledger")]
    found += [f"{name}.degraded_volume" for name in scenario.model.ecm]
    for name, membrane in scenario.model.membranes.items():
        found += [*_integrity(name), *(f"{name}.flux:{species}" for species in membrane.permeability)]
    for name, vessel in scenario.model.vessels.items():
        passing = crossing(scenario, vessel)
        found += [*(_integrity(name) if vessel.wall else []), *(f"{name}.flux:{species}" for species in passing)]
        few = 1 < len(vessel.at.names) <= FEW_PARTS or scenario.output.parts == "all"
        parts = [part for part in vessel.at.names if few or f"{name}/{part}" in shown]
        found += [f"{name}/{part}.{what}:{species}" for part in parts for what in ("flux", "entered") for species in passing]
        begun += [f"{name}/"] if vessel.at.network else []
    found += list(cascade_units(scenario))
    return found, tuple(begun)


def _starts(scenario: Scenario, name: str) -> set[str]:
    """The regions in which a species starts; "" where it does everywhere."""
    laws: dict[str, Any] = {**scenario.model.cells, **scenario.species}
    return {region for region, value in laws[name].initial.items() if not _zero(value)}


def _moving(scenario: Scenario) -> set[str]:
    """The species that diffuse or drift."""
    moving = set()
    for name, law in {**scenario.model.cells, **scenario.model.solubles, **scenario.species}.items():
        values = getattr(law, "motility", None) or getattr(law, "diffusion", None) or {}
        toward = ("haptotaxis", "chemotaxis", "follows")
        drifts = [*(drift for kind in toward for drift in getattr(law, kind, {}).values()), *getattr(law, "taxis", [])]
        velocities = [*(drift.sensitivity for drift in drifts), *getattr(law, "drift", [])]
        if any(not _zero(value) for value in [*values.values(), *velocities]):
            moving.add(name)
    return moving


def _accounts(scenario: Scenario, name: str) -> Iterator[str]:
    """Accounts of a species in the ledger besides born and dead."""
    laws: dict[str, Any] = {**scenario.model.cells, **scenario.model.solubles, **scenario.species}
    if name in scenario.model.bound:
        yield from (f"reaction:{at}" for at, reaction in scenario.model.reactions.items() if name in reaction.balance.change)
        carrier = scenario.model.bound[name].on
        if carrier in _moving(scenario):
            yield from (key for key in _accounts(scenario, carrier) if not key.startswith(("reaction:", "killed:")))
        return
    own = scenario.species[name].boundaries if name in scenario.species else {}
    stated = {**{at: c[name] for at, c in scenario.boundaries.items() if name in c}, **own}
    for at, condition in stated.items():
        if condition.kind != "no_flux":
            yield from (f"inflow:{at}", f"outflow:{at}")
    yield from (f"reaction:{at}" for at, reaction in scenario.model.reactions.items() if name in reaction.balance.change)
    yield from (f"crossed:{at}" for at, membrane in scenario.model.membranes.items() if name in membrane.permeability)
    yield from (f"{v.carries}:{at}" for at, v in scenario.model.vessels.items() if name in crossing(scenario, v))
    cells = list(scenario.model.cells)
    for kind, group in (("radiation", scenario.radiation), ("surgery", scenario.surgery)):
        yield from (f"{kind}:{at}" for at, removal in group.items() if name in removal.species(cells))  # type: ignore[attr-defined]
    yield from (f"killed:{by}" for by, rate in getattr(laws.get(name), "killed_by", {}).items() if not _zero(rate))
    turning = {source: _turns(law) for source, law in {**laws, **scenario.model.ecm}.items()}
    if turning.get(name):
        yield "switched_out"
    if any(name in into for into in turning.values()):
        yield "switched_in"
    if getattr(laws.get(name), "quasi_steady", False):
        yield "adjusted"
    if scenario.organs is not None and name in phenotypes(scenario):
        yield from (f"arrived:{organ}" for organ in scenario.organs.sites)


def _turns(law: Any) -> set[str]:
    """The species that one turns into."""
    into = {other for other, rate in getattr(law, "becomes", {}).items() if not _zero(rate)}
    opened = any(not _zero(rate) for rate in getattr(law, "opened_by", {}).values())
    return into | ({law.opens_into} if opened else set())


def crossing(scenario: Scenario, vessel: Any) -> list[str]:
    """The species that pass a vessel's wall."""
    torn = list(scenario.model.cells) if vessel.ruptured is not None else []
    return list(dict.fromkeys([*vessel.entry, *torn, *vessel.exchange]))


def _integrity(name: str) -> list[str]:
    return [f"{name}.{what}" for what in ("integrity_mean", "integrity_min", "breached_area", "first_breach")]


def _zero(formula: Any) -> bool:
    return bool(formula.constant == 0.0)
