"""Boundary conditions of one species as nodal production, nodal sinks and fixed values, each with its own account."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..errors import SolverError
from ..kernels import surfaces
from ..model.balance import Boundary
from ..scenario.expressions import Binary, Number
from ..scenario.tree import names
from .evaluate import Evaluator
from .graph import Graph
from .site_values import Known

Floats = NDArray[np.float64]


_ONE = np.ones(1)


@dataclass
class Condition:
    """One boundary condition on the nodes of one named boundary.

    nodes (b,): owned nodes; specific_surface (b,): sigma_i / m_i [1/length]. ``value`` and ``rate`` hold what was last
    evaluated. An outflow condition keeps the rows of B_ij = int phi_i grad phi_j . n for its nodes.
    """

    boundary: str
    species: str
    law: Boundary
    nodes: NDArray[np.intp]
    specific_surface: Floats
    evaluator: Evaluator
    value: Floats
    rate: Floats
    gradient: tuple[NDArray[np.int64], NDArray[np.uint32], Floats] | None = None
    _write: list[tuple[str, Callable[[Floats], None], Floats]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for expr, out, what in ((self.law.value, self.value, "value"), (self.law.rate, self.rate, "rate")):
            self._write.append((what, self.evaluator.compile_clipped(expr or Number(0.0)), out))
        self._write_product: Callable[[Floats], None] | None = None
        self._product = np.zeros(len(self.nodes))
        rate, value = self.law.rate, self.law.value
        if rate is not None and value is not None and "t" in names(rate) & names(value):
            self._write_product = self.evaluator.compile_clipped(Binary("*", rate, value))

    @property
    def is_static(self) -> bool:
        """Whether neither its value nor its rate changes in time."""
        return self.gradient is None and all(e is None or self.evaluator.is_static(e) for e in (self.law.value, self.law.rate))

    def evaluate(self, begin: float, end: float) -> None:
        """Evaluate value and rate for an interval of time, negative ones as 0; one that is no number is an error that names the place."""
        self.evaluator.over(begin, end)
        for what, write, out in self._write:
            write(out)
            bad = np.isnan(out)
            if bad.any():
                at = ", ".join(f"{c:g}" for c in self.evaluator.points[np.argmax(bad)])
                raise SolverError(
                    f"the {what} of '{self.law.kind}' is no number at {self.evaluator.moment.times.said(0.5 * (begin + end))}, x = {at}",
                    code="bad-rate",
                    place=f"boundary {self.boundary}, species {self.species}",
                    remedy="it must be a number >= 0",
                )
        if self._write_product is not None:  # what comes in is the mean of rate and value together
            self._write_product(self._product)
            np.divide(self._product, self.rate, out=self.value, where=self.rate > 0.0)

    def drift_out(self, potential: Floats, factor: Floats | None) -> None:
        """Add the outward speed chi grad G . n, averaged with phi_i, to ``rate``; factor None: chi = 1."""
        if self.gradient is not None:
            indptr, indices, values = self.gradient
            surfaces.outward(self.nodes, indptr, indices, values, potential, _ONE if factor is None else factor, self.rate)


def build_condition(
    graph: Graph, boundary: str, species: str, law: Boundary, sigma: Floats, matrix: Floats | None, known: Known
) -> Condition:
    """The condition on the owned nodes with sigma_i > 0; ``matrix`` holds B_ij on the graph for an outflow."""
    nodes = np.flatnonzero(sigma[: graph.n_owned] > 0.0)
    gradient = None
    if matrix is not None:
        rows = [np.arange(graph.indptr[i], graph.indptr[i + 1]) for i in nodes]
        at = np.concatenate(rows) if rows else np.empty(0, dtype=np.intp)
        indptr = np.concatenate([[0], np.cumsum([len(r) for r in rows])]).astype(np.int64)
        gradient = (indptr, graph.indices[at], matrix[at] / np.repeat(sigma[nodes], np.diff(indptr)))
    return Condition(
        boundary=boundary,
        species=species,
        law=law,
        nodes=nodes,
        specific_surface=sigma[nodes] / graph.mass[nodes],
        evaluator=Evaluator(graph.points[nodes], {}, known.parameters, known.scalars, known.at(nodes), known.times),
        value=np.zeros(len(nodes)),
        rate=np.zeros(len(nodes)),
        gradient=gradient,
    )
