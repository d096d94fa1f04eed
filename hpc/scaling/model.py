r"""The cost model that predicts larger machines from what was counted and measured here.

    T(p) = w n/p + R t_red log2 p + (G + S) q(p) t_lat + (B_G + B_S)(p) / BW

n nodes, w seconds per node and step on one rank; R reductions, G rounds of ghost values and S rounds of the solver per step; q messages per
round; B bytes that a rank sends per step, which go with its surface (n/p)^((d-1)/d).

Where the memory of the machine is known (`Socket`), ranks on it slow each other down: w becomes

    w(p) = (c^3 + m(p)^3)^(1/3),   m(p) = b / r(p),   r(p) = r_1 min(p, cores)^-x

b bytes that a node and step move, r a rank's share of what the memory moves, x by its values for one rank and for all; c what is left
of w(1).
The exponent is that at which the table of 16 cores in docs/clusters.md comes out within 10 %.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

LATENCY = 2e-6  # seconds per message
REDUCTION = 2e-6  # seconds per reduction and doubling of the ranks
BANDWIDTH = 5e9  # bytes per second and rank
NEIGHBOURS = {1: 2.0, 2: 8.0, 3: 26.0}  # of a rank in the middle

TRAFFIC = {1: 4e3, 2: 2.6e3, 3: 1.8e3}  # bytes per node, step and moving species; counted by benchmarks/step
READ_FIRST = 4.0 / 3.0  # a triad moves four numbers per element, and is told by three
OVERLAP = 3.0  # exponent of how computing and memory add up


@dataclass(frozen=True)
class Socket:
    """Cores that share a memory: how many, and what STREAM's triad says of one of them alone and of all together [bytes/s]."""

    cores: int
    alone: float
    together: float

    def rate(self, ranks: int) -> float:
        """Bytes per second that each of some ranks moves."""
        if self.cores == 1:
            return READ_FIRST * self.alone
        fall = math.log(self.cores * self.alone / self.together) / math.log(self.cores)
        return READ_FIRST * self.alone * min(ranks, self.cores) ** -fall


_REDUCED = f"a reduction {REDUCTION * 1e6:g} us per doubling of ranks"
_MESSAGES = f"a message takes {LATENCY * 1e6:g} us and {BANDWIDTH / 1e9:g} GB/s, {_REDUCED}; "
ASSUMPTIONS = (
    f"{_MESSAGES}every rank computes as fast as one did here (on a full node, whose cores share the memory, it is slower: --socket); "
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
    socket: Socket | None = None
    traffic: float = 0.0  # bytes per node and step

    def computing(self, ranks: int) -> float:
        """Seconds per node and step, without communication; what was measured is taken for one rank alone."""
        if self.socket is None:
            return self.work
        waits = [self.traffic / self.socket.rate(p) for p in (1, ranks)]
        alone = max(0.0, self.work**OVERLAP - waits[0] ** OVERLAP)
        return max(self.work, (alone + waits[1] ** OVERLAP) ** (1.0 / OVERLAP))

    def seconds(self, nodes: float, ranks: int) -> float:
        """Seconds per step."""
        own = nodes / ranks
        computing = self.computing(ranks) * own
        if ranks == 1:
            return computing
        doublings = math.log2(ranks)
        neighbours = min(NEIGHBOURS[self.dim], ranks - 1.0)
        surface = self.bytes * (own / self.nodes) ** ((self.dim - 1) / self.dim)
        return computing + self.reductions * REDUCTION * doublings + self.rounds * neighbours * LATENCY + surface / BANDWIDTH


def assumptions(socket: tuple[float, ...]) -> str:
    """What a prediction assumes, for people; socket: as of a Series."""
    if not socket:
        return ASSUMPTIONS
    cores, one, every = socket[0], socket[1] / 1e9, socket[2] / 1e9
    moved = f"{TRAFFIC[3] / 1e3:g} kB are moved per node, step and moving species ({TRAFFIC[2] / 1e3:g} in 2-D)"
    shared = f"{cores:g} cores share a memory of {every:g} GB/s, of which one alone has {one:g}"
    return f"{_MESSAGES}a core alone computes as fast as one did here; {shared}; {moved}; iterations do not change"


def fit(rows: list[dict[str, Any]], socket: Socket | None = None) -> Model | None:
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
        socket,
        TRAFFIC[most["dim"]] * most.get("moving", 1.0),
    )


def predict(rows: list[dict[str, Any]], ranks: list[int], weak: bool, socket: Socket | None = None) -> list[dict[str, Any]]:
    """Rows for numbers of ranks beyond those measured; empty where there is no model."""
    model = fit(rows, socket)
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
