"""Steps of plain species in two passes over the edges are those that are made pass by pass, on any number of ranks."""

from __future__ import annotations

import numpy as np
import pytest
from mpi4py import MPI

from invasio.solver.components.matrices import Matrices
from invasio.solver.components.options import SchemeOptions
from invasio.solver.components.transport import Transport
from invasio.solver.linalg.linear import LinearOptions
from invasio.solver.model.balance import Species
from tests.lib.comm import Comm
from tests.lib.everywhere import parallel_assert
from tests.lib.march import March, Snapshot
from tests.lib.models import anderson, boundary, lattice, problem_of, species

pytestmark = pytest.mark.mpi
OPTIONS = {"jacobi": SchemeOptions(linear=LinearOptions(preconditioner="jacobi", rtol=1e-12))}
OPTIONS["ilu"] = SchemeOptions(linear=LinearOptions(preconditioner="ilu", rtol=1e-12))
OPTIONS["crank_nicolson"] = SchemeOptions(scheme="crank_nicolson", linear=LinearOptions(preconditioner="jacobi", rtol=1e-12))
STEP, STEPS = 0.1, 6


def decaying() -> tuple[Species, ...]:
    """What also leaves, dies and feels a boundary that exchanges it."""
    n, _, f = anderson(gamma="2e-2")
    left = {"left": boundary("exchange", "0.2", "0.3")}
    return n, species("m", "x", "soluble", diffusion="1e-3", production="0.1*n", loss="2 + n", boundaries=left), f


@pytest.mark.parametrize("scheme", OPTIONS)
@pytest.mark.parametrize(("gamma", "limits"), [("5e-3", False), ("0.2", True), ("", False)], ids=["smooth", "limited", "decaying"])
def test_the_same_step_by_two_passes(comm: Comm, monkeypatch: pytest.MonkeyPatch, scheme: str, gamma: str, limits: bool) -> None:
    """Fields to the tolerance, Peclet numbers and ledger; with the limiter, too; a resumed run has the bits of a whole one."""
    laws = anderson(gamma=gamma) if gamma else decaying()

    def run() -> March:
        return March(problem_of(laws, lattice(2, 12), comm), OPTIONS[scheme]).steps(STEP, STEPS, balanced=True)

    opened = []
    genuine = Matrices._begin

    def begin(self: Matrices, *args: object) -> object:
        opened.append(self.species.name)
        return genuine(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(Matrices, "_begin", begin)
    found = run()
    assert {name: opened.count(name) for name in "nm"} == dict.fromkeys("nm", STEPS + 1), "the first step is done twice"
    assert (found.limited("n") > 0) == limits and found.worst < 1e-12

    resumed = March.restored(problem_of(laws, lattice(2, 12), comm), halfway(laws, comm, scheme), OPTIONS[scheme])
    resumed.steps(STEP, STEPS - STEPS // 2)
    for name in "nmf":
        parallel_assert(comm, bool((state(resumed, name) == state(found, name)).all()), name)

    monkeypatch.setattr(Matrices, "_takes_two", lambda self, law: False)
    opened.clear()
    wanted = run()
    assert opened == [] and wanted.limited("n") == found.limited("n")
    for name in "nmf":
        far = np.abs(state(found, name) - state(wanted, name)).max(initial=0.0)
        size = comm.allreduce(np.abs(state(wanted, name)).max(initial=0.0), MPI.MAX)
        parallel_assert(comm, bool(far < 1e-9 * size), f"{name}: {far}")
    assert peclet(found) == pytest.approx(peclet(wanted), rel=1e-6)


def halfway(laws: tuple[Species, ...], comm: Comm, scheme: str) -> Snapshot:
    return March(problem_of(laws, lattice(2, 12), comm), OPTIONS[scheme]).steps(STEP, STEPS // 2).snapshot()


def state(march: March, name: str) -> np.ndarray:
    s = march.problem.species[name]
    return s.state[: s.graph.n_owned]


def peclet(march: March) -> float:
    transport: Transport = march._transport("n")
    return float(march.problem.graph.comm.allreduce(transport.peclet[0], MPI.MAX))
