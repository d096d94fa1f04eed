"""`python3 -m benchmarks.reactions`: which share of a step twelve reactions on a mesh take, where they go on on 1 % of it and everywhere.

The share is all that couples the species beside one pass of their transport: their kinetics at the nodes, the accounts, and what is
transported a second time. Without reactions most of these species would be 0 and cost nothing, so no run without them is compared.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

import numpy as np
from mpi4py import MPI

from invasio.solver.components.kinetics import Coupled
from invasio.solver.kernels import kinetics as kernel
from invasio.solver.scenario.loader import load
from invasio.solver.setup import scheme_options, set_up
from invasio.solver.stepping.stepper import Stepper

SCENARIO = Path(__file__).with_name("square.yaml")
LAW = """
schema_version: 1
mesh: {{kind: rectangle, to: [1, 1], cells: [{cells}, {cells}]}}
model:
  solubles:
    a: {{initial: 1 + 0.5*x, diffusion: 1e-3}}
    b: {{initial: 1 + 0.5*y, diffusion: 1e-3}}
    c: {{initial: 0.1, diffusion: 1e-3}}
  reactions: {{binding: {{equation: "a + b <-> c", {rates}}}}}
time: {{end: 1}}
output: {{every: 1, figures: false}}
"""
UPTAKE = """
schema_version: 1
mesh: {{kind: rectangle, to: [1, 1], cells: [{cells}, {cells}]}}
parameters: {{V: 3, K: 0.2}}
model:
  cells: {{n: {{initial: 1 + 0.5*x, motility: 1e-3{built_in}}}}}
  solubles: {{o: {{initial: 1 + 0.5*y, diffusion: 1e-2{decay}}}}}
  {reaction}
time: {{end: 1}}
output: {{every: 1, figures: false}}
"""
# what is compared with what, on the left of it: by hand, built in
PAIRS = {
    "a reversible binding by a law of one's own takes {:.2f} of the time that it takes by mass action": (
        LAW, {"rates": "law: 3*a*b - 2*c"}, {"rates": "forward: 3, backward: 2"},
    ),
    "uptake of cells written as a decay V n/(K + o) takes {:.2f} of the time of `uptake`": (
        UPTAKE, {"decay": ", decay: V*n/(K + o)"}, {"built_in": ", uptake: {o: {maximum: V, half: 0.2}}"},
    ),
    "uptake of cells written as a reaction takes {:.2f} of the time of `uptake`": (
        UPTAKE,
        {"reaction": "reactions: {eaten: {equation: n + o -> n, law: V*n*o/(K + o)}}"},
        {"built_in": ", uptake: {o: {maximum: V, half: 0.2}}"},
    ),
}  # fmt: skip
LAW_STEP = 0.05
RAMP = (1 / 64, 1 / 64, 1 / 64, 1 / 16, 1 / 16, 1 / 16, 1 / 4, 1 / 4, 1 / 4, 1.0, 1.0)  # of the step: the first ones are not measured


class Watch:
    """Processor seconds and calls of parts of the coupling: transport of the first passes is kept apart from that of others."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.calls = Counter[str]()
        self._passes = 0

    def clear(self) -> None:
        """Forget what was counted."""
        self.seconds.clear()
        self.calls.clear()

    def wrap(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, counted."""

        def counted(*args: Any, **kwargs: Any) -> Any:
            self._passes = 0 if name == "all" else self._passes
            label = name
            if name == "transport":
                self._passes += 1
                label = "transport" if self._passes == 1 else "transport again"
            start = time.process_time()
            result = function(*args, **kwargs)
            self.seconds[label] += time.process_time() - start
            self.calls[label] += 1
            return result

        return counted


def measure(active: float, cells: int, dt: float, steps: int, overrides: list[str]) -> dict[str, float]:
    """Milliseconds and shares of a step; ``active``: the share of the square with cells. Collective."""
    comm = MPI.COMM_WORLD
    scenario = load(SCENARIO, [f"parameters.active={active}", f"mesh.cells=[{cells}, {cells}]", *overrides])
    watch = Watch()
    with (
        mock.patch.object(Coupled, "advance", watch.wrap("all", Coupled.advance)),
        mock.patch.object(Coupled, "_transport", watch.wrap("transport", Coupled._transport)),
        mock.patch.object(kernel, "advance", watch.wrap("at nodes", kernel.advance)),
    ):
        _, problem = set_up(scenario, comm)
        stepper = Stepper(problem, scheme_options(scenario))
        stepper.settle(0.0)
        coupled = [c for c in stepper.components if isinstance(c, Coupled)]
        now, took = 0.0, []
        for k, size in enumerate([*(dt * part for part in RAMP), *[dt] * steps]):
            if k == len(RAMP):
                watch.clear()
                before = np.sum([c.work for c in coupled], axis=0)
            start = time.process_time()
            if not stepper.attempt(now, size):
                raise RuntimeError(stepper.failure)
            stepper.accept(size)
            now += size
            took.append(time.process_time() - start)
        spent = sum(took[len(RAMP) :])
        sub_steps, _, _, reacting = comm.allreduce((np.sum([c.work for c in coupled], axis=0) - before) / steps)
        stepper.free()
    passes = watch.calls["at nodes"] / steps
    own = watch.seconds["all"] - watch.seconds["transport"]
    return {
        "nodes": problem.graph.n_global,
        "reactions": len(scenario.model.reactions),
        "ms": 1e3 * spent / steps,
        "share": own / spent,
        "at nodes": watch.seconds["at nodes"] / spent,
        "again": watch.seconds["transport again"] / spent,
        "passes": passes,
        "reacting": reacting / passes / problem.graph.n_global,
        "sub-steps": sub_steps / max(1.0, reacting),
    }


def of_a_law(text: str, by_hand: dict[str, str], built_in: dict[str, str], cells: int, steps: int) -> float:
    """Processor time of steps by a law of one's own, over that by what is built in: median of pairs in turn. Collective."""
    steppers = []
    for parts in (built_in, by_hand):
        with TemporaryDirectory() as folder:
            path = Path(folder) / "law.yaml"
            path.write_text(text.format(cells=cells, **{"built_in": "", "decay": "", "reaction": "", **parts}), encoding="utf-8")
            scenario = load(path)
        steppers.append(Stepper(set_up(scenario, MPI.COMM_WORLD)[1], scheme_options(scenario)))
        steppers[-1].settle(0.0)
    took = np.zeros((steps + 2, 2))
    for k, row in enumerate(took):
        for j, stepper in enumerate(steppers):
            start = time.process_time()
            if not stepper.attempt(LAW_STEP * k, LAW_STEP):
                raise RuntimeError(stepper.failure)
            stepper.accept(LAW_STEP)
            row[j] = time.process_time() - start
    for stepper in steppers:
        stepper.free()
    return float(np.median(took[2:, 1] / took[2:, 0]))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python3 -m benchmarks.reactions", description=__doc__)
    parser.add_argument("--cells", type=int, default=315, help="along an edge (default: %(default)s, which makes 99856 nodes)")
    parser.add_argument("--dt", type=float, default=0.05, help="step in s (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=6, help="measured steps (default: %(default)s)")
    parser.add_argument(
        "--active", default="0.01,2", help="shares of the square with cells, with commas (default: %(default)s; 2: everywhere)"
    )
    parser.add_argument("--set", action="append", default=[], metavar="PATH=VALUE", help="change the scenario")
    options = parser.parse_args()
    for active in map(float, options.active.split(",")):
        found = measure(active, options.cells, options.dt, options.steps, options.set)
        if MPI.COMM_WORLD.rank == 0:
            where = f"cells on {100 * min(1.0, active):g} % of {found['nodes']:.0f} nodes, {found['reactions']:.0f} reactions"
            parts = f"{100 * found['at nodes']:.1f} % at nodes, {100 * found['again']:.1f} % transport again"
            stages = f"{100 * found['reacting']:.2g} % of the nodes by stages, {found['sub-steps']:.2g} sub-steps each"
            print(f"{where}: {found['ms']:.0f} ms a step, of which reactions {100 * found['share']:.1f} % ({parts})")
            print(f"    {found['passes']:.2g} passes of transport; {stages}")
    for words, pair in PAIRS.items():
        ratio = of_a_law(*pair, options.cells, options.steps)
        if MPI.COMM_WORLD.rank == 0:
            print(words.format(ratio))


if __name__ == "__main__":
    main()
