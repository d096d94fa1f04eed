"""What a species that takes others along notes of its step."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..discretise.graph import Graph

Floats = NDArray[np.float64]


class Trace:
    """What those that a species carries need of its last step.

    begun, started, reached (n_local): its density at the beginning, after what takes all has taken it, and at the end.
    last: the last stage. corrected: whether the limiter acted. changes: of what left through boundaries and walls, by a second
    look, of which there were ``followed`` (see Gates). steps: how many there have been.
    """

    def __init__(self, graph: Graph) -> None:
        self.begun, self.started, self.reached = (np.zeros(graph.n_local) for _ in range(3))
        self.last = np.zeros(graph.n_owned)
        self.corrected = False
        self.steps = self.followed = 0
        self.changes: list[tuple[str, NDArray[np.int64], Floats]] = []
