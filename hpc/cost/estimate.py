"""From a scenario to nodes, steps, core-hours, memory and disk: ranges from a measured model, with what they assume."""

from __future__ import annotations

import math
from dataclasses import dataclass

from invasio.solver.model.build import build_model
from invasio.solver.scenario.moments import output_times
from invasio.solver.scenario.schema import Scenario

from .nodes import mesh_size

# Core-microseconds per node and step of one moving species, measured with benchmarks/step (Anderson's model: two of them, and the
# ECM) on one core; in 1-D a step is bound by its fixed cost. The range is a faster core to a slower or busier one.
STEP = {1: 0.4, 2: 0.4, 3: 0.5}
SPREAD = (0.5, 4.0)
FIXED = 1.5e-3  # seconds per step and moving species whatever the mesh
START = (3.0, 30.0)  # seconds of a rank until the first step: imports, kernels from the cache, mesh
NODE = {1: 1.0e3, 2: 1.5e3, 3: 3.5e3}  # bytes per node: the mesh, its graph, and solvers of two moving species
PROCESS = 300e6  # bytes of a rank before there is a mesh
# Steps between outputs that the adaptive clock takes at tolerance 1e-3 (it goes with the cube root); the quick start took 10.
ADAPTIVE = (3.0, 60.0)
CELLS = {1: 1, 2: 2, 3: 6}  # per node
PACKED = (0.3, 1.0)  # share that compression leaves of the fields


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
    size = mesh_size(scenario.mesh)
    species = build_model(scenario).species
    moving = max(1, sum(law.mobile for law in species))
    outputs = len(output_times(scenario)) + 1
    steps, how = _steps(scenario, outputs)
    per_node = STEP[size.dim] * 1e-6 * moving
    work = [s * (n * per_node * f + FIXED * moving) for n, s, f in zip((size.low, size.high), steps, SPREAD, strict=True)]
    seconds = (work[0] + START[0] * ranks, work[1] + START[1] * ranks)
    each = NODE[size.dim] * max(1.0, moving / 2)
    memory = (ranks * PROCESS + 0.7 * each * size.low, ranks * PROCESS + 1.5 * each * size.high)
    written = len(species) if scenario.output.fields == "all" else len(scenario.output.fields)
    number = 8 if scenario.output.precision == "double" else 4
    packed = PACKED if scenario.output.compression else (1.0, 1.0)
    mesh = 24 + 8 * CELLS[size.dim] * (size.dim + 2)  # bytes per node: its position, and its cells
    checkpoints = 2 * 8 * 4 * len(species)
    disk = tuple(
        n * ((outputs * written * number + mesh) * share + checkpoints) for n, share in zip((size.low, size.high), packed, strict=True)
    )
    assumptions = (
        f"nodes: {size.how}",
        f"steps: {how}",
        f"time: {STEP[size.dim]:g} core-microseconds per node, step and moving species ({moving} here), "
        f"{SPREAD[0]:g} to {SPREAD[1]:g} times that on other machines, parameters and loads; no loss to communication",
        f"memory: {NODE[size.dim] / 1e3:g} kB per node and {PROCESS / 1e6:.0f} MB for each of {ranks} rank{'s' if ranks > 1 else ''}",
        f"disk: {outputs} outputs of {written} fields, compression to {packed[0]:g} to {packed[1]:g}, two checkpoints",
    )
    return Cost((size.low, size.high), steps, seconds, memory, (disk[0], disk[1]), assumptions)


def _steps(scenario: Scenario, outputs: int) -> tuple[tuple[int, int], str]:
    t = scenario.time
    span = t.end - t.start
    if t.step:
        least = math.ceil(span / t.step * (1.0 - 1e-9))
        return (least, least + outputs - 1), f"fixed, {t.step:g} each; up to one more per output that is not on a step"
    tighter = (1e-3 / t.tolerance) ** (1.0 / 3.0)
    low, high = (max(20.0, f * tighter * (outputs - 1)) for f in ADAPTIVE)
    low = max(low, span / t.max_step if t.max_step else 0.0)
    return (math.ceil(low), math.ceil(max(high, low))), (
        f"the program chooses; {ADAPTIVE[0]:g} to {ADAPTIVE[1]:g} per output at tolerance 1e-3 (the quick start took 10)"
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
