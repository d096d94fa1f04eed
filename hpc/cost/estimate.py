"""From a scenario to nodes, steps, core-hours, memory and disk: ranges from a measured model, with what they assume."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from invasio.solver.model.build import build_model
from invasio.solver.model.pulses import jumps_ahead
from invasio.solver.scenario.columns import columns
from invasio.solver.scenario.moments import output_times
from invasio.solver.scenario.schema import Scenario

from .networks import network_bytes
from .nodes import MeshSize, mesh_size

# Core-microseconds per node and step of one moving species: benchmarks/step has .11 in 2-D and .07 in 3-D (Anderson's model: two of
# them, and the ECM) on one core; more iterations, reactions and a shared memory take more. In 1-D a step is bound by its fixed cost.
STEP = {1: 0.4, 2: 0.25, 3: 0.25}
SPREAD = (0.4, 8.0)
FIXED = (1.5e-4, 2.0e-3)  # seconds per step and moving species whatever the mesh
START = (1.0, 30.0)  # seconds of a rank until the first step: imports, kernels from the cache or compiled, mesh
# bytes per node at most, while the mesh is written, or made where it is no lattice; with two moving species 1.1e3 are kept in 3-D
NODE = {1: 0.8e3, 2: 1.1e3, 3: 1.4e3}
SPECIES = {1: 0.2e3, 2: 0.3e3, 3: 0.4e3}  # bytes per node of each further one: its matrices and what its solver keeps
PROCESS = (130e6, 400e6)  # bytes of a rank before there is a mesh
# Steps between outputs that the adaptive clock takes at tolerance 1e-3; the quick start took 42. They go with the square root of that
# (``aim`` in solver/stepping/control.py).
ADAPTIVE = (1.5, 60.0)
CELLS = {1: 1, 2: 2, 3: 6}  # per node
PACKED = (0.3, 1.0)  # share that compression leaves of the fields
TABLE = (0.3e6, 1.5e6)  # bytes of a file for ParaView whatever is in it, at most with its structure in two checkpoints
DRAWN = (5e4, 3e6)  # bytes of a cascade: entries.csv, and the folder of the run's own history
COLUMN = (0.7e3, 5.5e3)  # and of each column of the series in fields.vtkhdf: its name for VTK
NUMBER = (11.0, 34.0)  # and of each number of a row, there and in series.csv


@dataclass(frozen=True)
class Cost:
    """Ranges (low, high): ``nodes``, ``steps``, ``core_seconds``, ``memory`` and ``disk`` in bytes; and the assumptions, as sentences."""

    nodes: tuple[int, int]
    steps: tuple[int, int]
    core_seconds: tuple[float, float]
    memory: tuple[float, float]
    disk: tuple[float, float]
    assumptions: tuple[str, ...]


def estimate(scenario: Scenario, ranks: int) -> Cost:
    """The cost of one run on ``ranks`` ranks. Raises MeshError if the mesh's file cannot be read."""
    size = _cut(mesh_size(scenario.mesh), len(scenario.model.membranes))
    model = build_model(scenario)
    species = model.species
    moving = max(1, sum(law.mobile for law in species))
    outputs = len(output_times(scenario)) + 1
    steps, how = _steps(scenario, outputs, jumps_ahead(model, scenario.time.start, scenario.time.end))
    per_node = STEP[size.dim] * 1e-6 * moving
    work = [s * (n * per_node * f + fixed * moving) for n, s, f, fixed in zip((size.low, size.high), steps, SPREAD, FIXED, strict=True)]
    seconds = (work[0] + START[0] * ranks, work[1] + START[1] * ranks)
    each = NODE[size.dim] + SPECIES[size.dim] * max(0, moving - 2)
    memory = (ranks * PROCESS[0] + 0.7 * each * size.low, ranks * PROCESS[1] + 1.5 * each * size.high)
    written = len(species) if scenario.output.fields == "all" else len(scenario.output.fields)
    number = 8 if scenario.output.precision == "double" else 4
    packed = PACKED if scenario.output.compression else (1.0, 1.0)
    mesh = 24 + 8 * CELLS[size.dim] * (size.dim + 2)  # bytes per node: its position, and its cells
    checkpoints = [2 * 8 * arrays * len(species) for arrays in (3, 4)]
    surfaces = (len(scenario.model.membranes) > 0) + (len(scenario.model.vessels) > 0)
    segments, shown = network_bytes(scenario, size.dim, outputs)
    named = len(columns(scenario)[0])
    tables = [(1 + surfaces) * TABLE[k] + (COLUMN[k] + NUMBER[k] * outputs) * (named + k * shown) for k in (0, 1)]
    if scenario.circulation is not None:
        tables = [table + more for table, more in zip(tables, DRAWN, strict=True)]
    disk = tuple(
        n * ((outputs * written * number + mesh) * share + checkpoints[k]) + tables[k] + segments[k]
        for k, (n, share) in enumerate(zip((size.low, size.high), packed, strict=True))
    )
    assumptions = (
        f"nodes: {size.how}",
        f"steps: {how}",
        f"time: {STEP[size.dim]:g} core-microseconds per node, step and moving species ({moving} here), "
        f"{SPREAD[0]:g} to {SPREAD[1]:g} times that on other machines, parameters and loads; no loss to communication",
        f"memory: {each / 1e3:g} kB per node, most while the mesh is written, and {PROCESS[0] / 1e6:.0f} to {PROCESS[1] / 1e6:.0f} MB "
        f"for each of {ranks} rank{'s' if ranks > 1 else ''}",
        f"disk: {outputs} outputs of {written} fields, {_packing(packed)}, two checkpoints; no figures",
    )
    return Cost((size.low, size.high), steps, seconds, memory, (disk[0], disk[1]), assumptions)


def _cut(size: MeshSize, membranes: int) -> MeshSize:
    """Along a membrane the mesh has its nodes twice; how many, only their order is known."""
    more = math.ceil(2.0 * membranes * size.high ** ((size.dim - 1) / size.dim))
    return replace(size, high=size.high + more) if membranes else size


def _packing(shares: tuple[float, float]) -> str:
    return f"compressed to {shares[0]:g} to {shares[1]:g} of their size" if shares[0] < shares[1] else "not compressed"


def _steps(scenario: Scenario, outputs: int, events: tuple[int, int]) -> tuple[tuple[int, int], str]:
    t = scenario.time
    span = t.end - t.start
    ended = f"; one ends at each jump in time of formulas and schedules, radiation and surgery ({events[1]} here)" if events[1] else ""
    if t.step:
        least = max(math.ceil(span / t.step * (1.0 - 1e-9)), events[0])
        most = math.ceil(span / t.step * (1.0 - 1e-9)) + outputs - 1 + events[1]
        return (least, most), f"fixed, {t.step:g} each; up to one more per output that is not on a step{ended}"
    tighter = math.sqrt(1e-3 / t.tolerance)
    low, high = (max(10.0, f * tighter * (outputs - 1 + more)) for f, more in zip(ADAPTIVE, (0, events[1]), strict=True))
    low = max(low, events[0], span / t.max_step if t.max_step else 0.0)
    return (math.ceil(low), math.ceil(max(high, low))), (
        f"the program chooses; {ADAPTIVE[0]:g} to {ADAPTIVE[1]:g} per output at tolerance 1e-3 (the quick start took 42){ended}"
    )


def text(cost: Cost, ranks: int) -> str:
    """The estimate as lines."""
    low, high = cost.core_seconds
    wall = f" ({_duration(low / ranks)} to {_duration(high / ranks)} of time on {ranks} rank{'s' if ranks > 1 else ''})"
    rows = [
        ("nodes", _span(*cost.nodes, _count)),
        ("steps", _span(*cost.steps, _count)),
        ("core-hours", f"{low / 3600:.2g} to {high / 3600:.2g}{wall}"),
        ("memory", _span(*cost.memory, _bytes)),
        ("disk", _span(*cost.disk, _bytes)),
    ]
    lines = [f"  {name:<12}{value}" for name, value in rows]
    return "\n".join(["estimated cost:", *lines, "  assuming", *(f"    {sentence}" for sentence in cost.assumptions)])


def _span(low: float, high: float, shown) -> str:  # type: ignore[no-untyped-def]
    return shown(low) if shown(low) == shown(high) else f"{shown(low)} to {shown(high)}"


def _count(value: float) -> str:
    return f"{int(value)}" if value < 1e5 else f"{value:.2g}".replace("e+0", "e")


def _bytes(value: float) -> str:
    return f"{value / 1e9:.2g} GB" if value >= 1e9 else f"{value / 1e6:.2g} MB"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
