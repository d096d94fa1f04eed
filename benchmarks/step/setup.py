"""Builds the problem of a measurement as solver.run does, with the processor seconds of each part."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from invasio.meshes.build import build_domain
from invasio.solver.discretise import operators
from invasio.solver.discretise.problem import Problem, discretise
from invasio.solver.model.build import build_model
from invasio.solver.parallel import Comm
from invasio.solver.scenario.loader import load
from invasio.solver.setup import scheme_options
from invasio.solver.stepping.stepper import Stepper

HERE = Path(__file__).parent
PARTS = (
    (operators, "build_graph", "graph"),
    (operators, "lattice_graph", "graph"),
    (operators, "conducting", "edges that conduct"),
    (operators, "_grid", "grid for output"),
)


class Setup:
    """The problem and its stepper on a lattice with ``cells`` cells along each edge. Collective."""

    def __init__(self, dim: int, cells: int, overrides: tuple[str, ...], comm: Comm) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        lattice = f"mesh.cells=[{', '.join([str(cells)] * dim)}]"
        scenario = load(HERE / {2: "square.yaml", 3: "box.yaml"}[dim], [lattice, *overrides])
        with self._timed():
            domain = self._part("mesh", lambda: build_domain(scenario.mesh, comm))
            self.problem: Problem = self._part("discretisation, rest", lambda: discretise(build_model(scenario), domain, 0.0))
            self.stepper: Stepper = self._part("stepper and solvers", lambda: Stepper(self.problem, scheme_options(scenario)))
        if comm.rank == 0:  # for the files of a run
            self._part("mesh hash", lambda: domain.hash)

    def _part(self, name: str, make: Callable[[], Any]) -> Any:
        """Run a part; what its inner PARTS took is theirs alone."""
        before, start = sum(self.seconds.values()), time.process_time()
        made = make()
        self.seconds[name] += time.process_time() - start - (sum(self.seconds.values()) - before)
        return made

    @contextmanager
    def _timed(self) -> Iterator[None]:
        with ExitStack() as stack:
            for module, name, label in PARTS:
                stack.enter_context(mock.patch.object(module, name, self._wrap(label, getattr(module, name))))
            yield

    def _wrap(self, label: str, function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *args, **kwargs: self._part(label, lambda: function(*args, **kwargs))
