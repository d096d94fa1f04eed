"""Errors in time against the tolerance, on the models of which it is claimed that they fall in proportion; ``python3 -m`` prints them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

from invasio.solver.components.options import SchemeOptions
from invasio.solver.discretise.problem import Problem
from invasio.solver.linalg.linear import LinearOptions
from invasio.solver.model.balance import Transfer
from invasio.solver.model.kinetics import How
from invasio.solver.scenario.parser import parse
from invasio.solver.stepping.control import SOLVED, aim
from tests.lib.comm import Comm
from tests.lib.fields import density
from tests.lib.march import March
from tests.lib.models import lattice, problem_of, species
from tests.lib.orders import orders

Floats = NDArray[np.float64]
Densities = dict[str, Floats]

TOLERANCES = (3e-3, 3e-4, 3e-5, 3e-6, 3e-7)
FIRST = (1e-3, 1e-4, 1e-6)  # steps, of the run


@dataclass(frozen=True)
class Case:
    """A model, the times at which errors are looked at, and the end of the run."""

    make: Callable[[Comm], Problem]
    at: tuple[float, ...]
    end: float


def wave(comm: Comm) -> Problem:
    """The exact coupled wave of the shipped scenarios."""
    from tests.verification.test_exact_wave import scenario_problem

    return scenario_problem(comm, 1, "mesh.cells=400")


def logistic(comm: Comm) -> Problem:
    """Moving cells that grow from 1 % to their capacity at rate 1."""
    return problem_of((species("n", "0.01", "cells", diffusion="1e-3", growth="1 - n"),), lattice(1, 2), comm)


def binding(comm: Comm, together: How = "none") -> Problem:
    """A + B <-> C, written as terms, with different motilities."""
    bind, part = "2*b", "0.5*c"
    laws = (
        species("a", "1 + cos(pi*x)", diffusion="0.1", production=part, loss=bind),
        species("b", "1", diffusion="0.02", production=part, loss="2*a"),
        species("c", "0", diffusion="1e-3", production="2*a*b", loss="0.5"),
    )
    return problem_of(laws, lattice(1, 40), comm, together=together)


def plasmin(comm: Comm) -> Problem:
    """Chaplain and Lolas 2005 (doi:10.1142/S0218202505000947) with moderate numbers: cells, ECM, uPA, PAI-1 and plasmin."""
    lump = "exp(-(x^2)/0.01)"
    laws = (
        species(
            "n",
            lump,
            "cells",
            diffusion="3.5e-4",
            taxis=(("u", "u", "3.05e-2"), ("p", "p", "3.75e-2"), ("v", "v", "2.85e-2")),
            growth="0.25*(1 - n)",
        ),
        species("v", f"1 - 0.5*{lump}", "ecm", production="0.75*u*0.22", loss="8.15*m + 0.15*v + 0.55*p"),
        species("u", f"0.5*{lump}", "soluble", diffusion="2.5e-3", production="0.215*n", loss="0.75*p + 0.3*n"),
        species("p", f"0.05*{lump}", "soluble", diffusion="3.5e-3", production="0.5*m", loss="0.75*u + 0.55*v"),
        species("m", f"0.05*{lump}", "soluble", diffusion="4.91e-3", production="0.11*u*v + 0.5*u*n", loss="0.5"),
    )
    return problem_of(laws, lattice(1, 60), comm)


def transition(comm: Comm) -> Problem:
    """Cells that change their phenotype there and back where a factor diffuses, while they move and grow."""
    still = species("e", "exp(-(x^2)/0.04)", "cells", diffusion="2e-3", growth="1 - e - k")
    fast = species("k", "0", "cells", diffusion="2e-2", growth="0.2*(1 - e - k)")
    laws = (
        replace(still, transfers=(Transfer("k", parse("s")),)),
        replace(fast, transfers=(Transfer("e", parse("0.3")),)),
        species("s", "1 - x", "soluble", diffusion="0.05", production="0.2*e", loss="0.2"),
    )
    return problem_of(laws, lattice(1, 40), comm, together="partners")


CASES = {
    "exact wave": Case(wave, (1.0, 2.0), 20.0),
    "logistic growth": Case(logistic, (2.0, 5.0, 8.0), 2e4),
    "A + B <-> C": Case(binding, (1.0, 2.0), 20.0),
    "the same, together": Case(lambda comm: binding(comm, "partners"), (1.0, 2.0), 20.0),
    "plasmin system": Case(plasmin, (2.0, 5.0), 50.0),
    "change of phenotype": Case(transition, (2.0, 4.0), 40.0),
}
TIGHT = SchemeOptions(linear=LinearOptions(rtol=1e-11), kinetics=1e-9)


def reference(case: Case, comm: Comm, count: int) -> list[Densities]:
    """The densities on the same mesh at the times, extrapolated from so many and twice as many equal steps."""

    def equal(steps: int) -> list[Densities]:
        return _densities(case, comm, lambda march, end, begin: march.steps((end - begin) / steps, steps))

    coarse, fine = equal(count), equal(2 * count)
    return [{name: b[name] + (b[name] - a[name]) / 3.0 for name in b} for a, b in zip(coarse, fine, strict=True)]


def _densities(case: Case, comm: Comm, go: Callable[[March, float, float], object]) -> list[Densities]:
    """The densities at the times, to which ``go(march, end, begin)`` goes."""
    march, found = March(case.make(comm), TIGHT), []
    for begin, end in pairwise((0.0, *case.at)):
        go(march, end, begin)
        found.append({name: density(march.problem, name).copy() for name in march.problem.species})
    return found


def error(case: Case, comm: Comm, tolerance: float, truth: list[Densities], first: float = 1e-4) -> tuple[float, int]:
    """The largest error of all species at the times, relative in L2, and how many steps there were until then.

    first: the first step, as a share of the run.
    """
    problem = case.make(comm)
    march, mine = March(problem, replace(TIGHT, kinetics=SOLVED * aim(tolerance))), []  # as a scenario has it

    def look(time: float) -> None:
        mine.append({name: density(problem, name).copy() for name in problem.species})

    march.run(case.at[-1], case.at, tolerance=tolerance, max_step=case.end / 10.0, first_step=first * case.end, observe=look)
    mass, worst = problem.graph.mass, 0.0
    for found, right in zip(mine, truth, strict=True):
        for name, values in found.items():
            square, size = problem.graph.sum(mass[: len(values)] * (values - right[name]) ** 2, mass[: len(values)] * right[name] ** 2)
            worst = max(worst, float(np.sqrt(square / size)))
    return worst, len(march.watched.sizes)


if __name__ == "__main__":
    for name, case in CASES.items():
        if len(sys.argv) < 2 or any(word in name for word in sys.argv[1:]):
            truth = reference(case, MPI.COMM_SELF, 2000)
            for first in FIRST:
                found, counts = zip(*(error(case, MPI.COMM_SELF, t, truth, first) for t in TOLERANCES), strict=True)
                shares = " ".join(f"{e / t:.2f}" for e, t in zip(found, TOLERANCES, strict=True))
                slopes = " ".join(f"{x:.2f}" for x in orders(found, TOLERANCES))
                print(f"{name:20} {first:g}  errors/tolerance {shares}  slopes {slopes}  steps {list(counts)}", flush=True)
