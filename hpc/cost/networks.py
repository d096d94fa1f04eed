"""What the segments of networks of vessels take in vessels.vtkhdf."""

from __future__ import annotations

from invasio.meshes.network import read_network
from invasio.solver.scenario.columns import FEW_PARTS, crossing
from invasio.solver.scenario.schema import Scenario

# points that a segment is drawn between (lines in 2-D, tubes in 3-D, thin ones where there are many)
POINTS = {2: 2, 3: 16}
THIN, MANY = 6, 500
STILL = 24 + (3 * 8 + 8 + 5) + 3 * 8  # bytes per point: its position, a facet of three corners, what does not change
PACKED = 0.05  # share that packing leaves at least of what stands at six points alike
# and per segment its name, its area and its share of two checkpoints with the structure of the file
BESIDE = (150.0, 450.0)


def network_bytes(scenario: Scenario, dim: int, outputs: int) -> tuple[tuple[float, float], int]:
    """Bytes of all segments at all outputs (low, high), and how many columns of series.csv they have at most. Raises MeshError if a
    network's file cannot be read."""
    low = high = 0.0
    shown = 0
    for vessel in scenario.model.vessels.values():
        if vessel.at.network is None:
            continue
        count, species = len(read_network(vessel.at.network, dim).segments), len(crossing(scenario, vessel))
        thin = dim == 3 and count >= MANY
        moving = species + (vessel.wall is not None)
        drawn = count * (THIN if thin else POINTS.get(dim, 2)) * (STILL + 8.0 * moving * outputs)
        numbers = 16.0 * species * count * outputs
        low += (PACKED if thin else 1.0) * drawn + numbers + BESIDE[0] * count
        high += drawn + numbers + BESIDE[1] * count
        shown += 2 * species * (count if count <= FEW_PARTS or scenario.output.parts == "all" else len(scenario.output.parts))
    return (low, high), shown
