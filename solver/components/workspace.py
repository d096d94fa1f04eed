"""Memory of a step that all species use in turn."""

from __future__ import annotations

import numpy as np

from ..discretise.graph import Graph
from ..kernels import edges
from ..kernels.bounds import Shares
from ..linalg.linear import LinearOptions, LinearSystem, Pattern


class Workspace:
    """Nodal arrays and edge fluxes that all species use in turn within a step."""

    def __init__(self, graph: Graph) -> None:
        n, nnz = graph.n_local, len(graph.indices)
        self._pattern = Pattern(graph)
        self.edges = edges.Edges(graph.indptr, graph.indices, graph.mass, np.zeros(nnz), np.zeros(nnz))
        self.production, self.sinks, self.scratch, self.scratch2 = (np.zeros(n) for _ in range(4))
        self.w, self.low, self.v, self.acting = (np.zeros(n) for _ in range(4))
        self.shares = Shares(*(np.zeros(n) for _ in range(4)))
        self.new, self.seen, self.loss, self.stage = (np.zeros(graph.n_owned) for _ in range(4))

    def system(self, prefix: str, options: LinearOptions, symmetric: bool, multigrid: bool) -> LinearSystem:
        """A matrix and its solver; all of them share one sparsity. Collective."""
        return LinearSystem(self._pattern, prefix, options, symmetric, multigrid)
