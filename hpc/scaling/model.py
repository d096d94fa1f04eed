r"""The cost model that predicts larger machines from what was counted and measured here.

    T(p) = w n/p + R t_red log2 p + (G + S) q(p) t_lat + (B_G + B_S)(p) / BW

n nodes, w seconds per node and step on one rank; R reductions, G rounds of ghost values and S rounds of the solver per step; q messages per
round; B bytes that a rank sends per step, which go with its surface (n/p)^((d-1)/d).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

LATENCY = 2e-6  # seconds per message
REDUCTION = 2e-6  # seconds per reduction and doubling of the ranks
BANDWIDTH = 5e9  # bytes per second and rank
NEIGHBOURS = {1: 2.0, 2: 8.0, 3: 26.0}  # of a rank in the middle

ASSUMPTIONS = (
    f"a message takes {LATENCY * 1e6:g} us and {BANDWIDTH / 1e9:g} GB/s, a reduction {REDUCTION * 1e6:g} us per doubling of ranks; "
    "every rank computes as fast as one did here (on a full node, whose cores share the memory, it is slower); "
    "iterations do not change"
)


@dataclass(frozen=True)
class Model:
    """What the prediction starts from; see the module's formula."""

    dim: int
    work: float  # seconds per node and step
    reductions: float
    rounds: float  # of messages per step, ghost values and solver
    bytes: float  # sent per step by a rank with ``nodes`` nodes of its own
    nodes: float

    def seconds(self, nodes: float, ranks: int) -> float:
        """Seconds per step."""
        own = nodes / ranks
        computing = self.work * own
        if ranks == 1:
            return computing
        doublings = math.log2(ranks)
        neighbours = min(NEIGHBOURS[self.dim], ranks - 1.0)
        surface = self.bytes * (own / self.nodes) ** ((self.dim - 1) / self.dim)
        return computing + self.reductions * REDUCTION * doublings + self.rounds * neighbours * LATENCY + surface / BANDWIDTH


def fit(rows: list[dict[str, Any]]) -> Model | None:
    """The model from measured rows; None where only one rank was measured, which sends nothing."""
    least, most = min(rows, key=lambda r: r["ranks"]), max(rows, key=lambda r: r["ranks"])
    if most["ranks"] == 1:
        return None
    per_message = most["ghost_messages"] / max(most["ghost_rounds"], 1.0)
    # The solver sends its halo to the same neighbours; PETSc counts what is received as well.
    solver_rounds = most["solver_messages"] / max(2.0 * per_message, 1.0)
    return Model(
        most["dim"],
        least["seconds_per_step"] * least["ranks"] / least["nodes"],
        most["reductions"],
        most["ghost_rounds"] + solver_rounds,
        most["ghost_bytes"] + most["solver_bytes"] / 2.0,
        most["nodes"] / most["ranks"],
    )


def predict(rows: list[dict[str, Any]], ranks: list[int], weak: bool) -> list[dict[str, Any]]:
    """Rows for numbers of ranks beyond those measured; empty where there is no model."""
    model = fit(rows)
    if model is None:
        return []
    first = min(rows, key=lambda r: r["ranks"])
    found = []
    for p in ranks:
        nodes = first["nodes"] * p / first["ranks"] if weak else first["nodes"]
        row = {"kind": "predicted", "ranks": p, "nodes": round(nodes), "seconds_per_step": model.seconds(nodes, p)}
        row["reductions"] = model.reductions
        found.append({**row, "efficiency": efficiency(row, first, weak)})
    return found


def efficiency(row: dict[str, Any], first: dict[str, Any], weak: bool) -> float:
    """Share of the ideal: the time of the fewest ranks over that of this row, for equal work per rank."""
    ideal = float(first["seconds_per_step"]) * (row["nodes"] / row["ranks"]) / (first["nodes"] / first["ranks"])
    return ideal / float(row["seconds_per_step"]) if row["seconds_per_step"] else float("nan")
