"""Species that react with each other, on a mesh: their rates as one program, and what is kept of them between steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..model.balance import Kinetics, Species
from ..model.kinetics import part_of, reacting
from ..model.traces import grow
from ..scenario.expressions import Number
from ..scenario.tree import simplify, substitute
from ..state import State, Variable
from .evaluate import Evaluator
from .graph import Graph
from .program import compose
from .species import NodalSpecies

Floats = NDArray[np.float64]


class NodalKinetics:
    """A set of species that are integrated together at the nodes.

    members, products: as in the law; rows of arrays are those of the members, then of what is made of products.
    moved: by member, what all but kinetics has added since the start; its difference quotients are the tendencies T.
    mean: by member, the mean reaction tendency of the last step. held (rows, n_owned): where a member has a fixed value.
    reactions: how much of each there was is found beside. parts: (member, reaction, number), what a reaction makes of a member.
    traces_grow: whether next to nothing may become much (model.traces).
    parts_of_growth: by member, which part of its growth is left to its transport, of those that choose.
    write_made: by member, what is made of it whatever there is of all, where that may change in time.
    alone: by member, whether nothing but reactions changes it in the kinetics. is_held (rows): whether it has a fixed value anywhere here.
    """

    def __init__(
        self,
        law: Kinetics,
        laws: Mapping[str, Species],
        species: Mapping[str, NodalSpecies],
        graph: Graph,
        evaluator: Evaluator,
        state: State,
    ) -> None:
        self.graph = graph
        self.members, self.products = [species[name] for name in law.members], [species[name] for name in law.products]
        rates = reacting(laws, law)
        made = {f"{name}, made": rate for name, rate in rates.products.items()}  # what is made of it is no density
        self.reactions = law.reactions
        self.program = compose({**rates.rates, **made}, evaluator.parameters, rates.reactions.values())
        row = {name: k for k, name in enumerate(law.members)}
        self.parts = [(row[name], j, n) for j, r in enumerate(law.reactions) for name, n in r.change.items() if name in row]
        self.alone = [bool(law.reactions) and rates.own[name] == Number(0.0) for name in law.members]
        self.traces_grow = grow(law, rates.own, evaluator.parameters)
        self._write = [evaluator.compile(expr) for expr in self.program.outer]
        self._scratch = np.zeros(graph.n_local)
        self.outer = np.zeros((len(self._write), graph.n_owned))
        alone = (simplify(substitute(rates.rates[name], dict.fromkeys(law.members, Number(0.0)))) for name in law.members)
        self.write_made = {k: evaluator.compile(expr) for k, expr in enumerate(alone) if not evaluator.is_static(expr)}
        shared = (graph.n_owned, graph.halo.update)
        self.moved = [state.add(Variable(f"{s.name}/kinetics/moved", np.zeros(graph.n_local), *shared)) for s in self.members]
        self.mean = [state.add(Variable(f"{s.name}/kinetics/mean", np.zeros(graph.n_local), *shared, differs=False)) for s in self.members]
        self.parts_of_growth = {
            k: Variable(f"{s.name}/kinetics/part", s.fields[part_of(s.name)], *shared, differs=False)
            for k, s in enumerate(self.members)
            if s.name in law.parted
        }
        self.held = np.zeros((len(self.members) + len(self.products), graph.n_owned), dtype=bool)
        for where, s in zip(self.held, self.members, strict=False):
            where[:] = s.fixed[: graph.n_owned]
        self.is_held: NDArray[np.bool_] = np.any(self.held, axis=1)

    @property
    def name(self) -> str:
        """The names of the members."""
        return ", ".join(s.name for s in self.members)

    def evaluate(self, outer: Floats | None = None) -> None:
        """What does not depend on the members, of the fields as they are shown."""
        n = self.graph.n_owned
        rows: Any = self.outer if outer is None else outer
        for write, row in zip(self._write, rows, strict=True):
            write(self._scratch)
            row[:] = self._scratch[:n]
