"""What the segments of networks of vessels take in vessels.vtkhdf."""

from __future__ import annotations

from invasio.meshes.network import read_network
from invasio.solver.scenario.columns import FEW_PARTS, crossing
from invasio.solver.scenario.schema import Scenario

# corners of the facets that a segment is drawn as (lines in 2-D, tubes in 3-D, thin ones where there are many)
CORNERS = {2: 2, 3: 48}
THIN, MANY = 18, 500
STILL = 24 + 8 + 5 + 3 * 8  # bytes per corner: its position, its facet, what does not change
# and per segment its name, its area and its share of two checkpoints with the structure of the file
BESIDE = (150.0, 450.0)


def network_bytes(scenario: Scenario, dim: int, outputs: int) -> tuple[tuple[float, float], int]:
    """Bytes of all segments at all outputs (low, high), and how many columns of series.csv they have at most. Raises MeshError if a
    network's file cannot be read."""
    total, shown, segments = 0.0, 0, 0
    for vessel in scenario.model.vessels.values():
        if vessel.at.network is None:
            continue
        count, species = len(read_network(vessel.at.network, dim).segments), len(crossing(scenario, vessel))
        segments += count
        corners = count * (THIN if dim == 3 and count >= MANY else CORNERS.get(dim, 2))
        moving = species + (vessel.wall is not None)
        total += corners * (STILL + 8.0 * moving * outputs) + 16.0 * species * count * outputs
        shown += 2 * species * (count if count <= FEW_PARTS or scenario.output.parts == "all" else len(scenario.output.parts))
    return (total + BESIDE[0] * segments, total + BESIDE[1] * segments), shown
