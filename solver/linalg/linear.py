"""One matrix and one Krylov solver for the whole run, on the values of the edge graph."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray
from petsc4py import PETSc

from .petsc_values import Values

Floats = NDArray[np.float64]
log = logging.getLogger("invasio.linalg")

_PRODUCTS = "mat_product_algorithm"
_REASONS = {value: name for name, value in vars(PETSc.KSP.ConvergedReason).items() if isinstance(value, int)}


def has_hypre() -> bool:
    """Whether PETSc was built with hypre, whose multigrid needs fewer iterations than PETSc's own."""
    return bool(PETSc.Sys.hasExternalPackage("hypre"))


@dataclass(frozen=True)
class LinearOptions:
    """Choice of solver; "auto" follows the diffusion number dt D / h^2 and the symmetry."""

    solver: str = "auto"
    preconditioner: str = "auto"
    rtol: float = 1e-8
    max_iterations: int = 500


class LinearSystem:
    """A x = b with a fixed sparsity; the matrix values are written in place through ``own`` and ``ghost``.

    ``x`` and ``b`` are owned-node arrays shared with PETSc. Convergence is judged on the true residual.
    ``iterations`` and ``solves`` count since the start. symmetric: the matrix; multigrid: whether that may be chosen for
    strong diffusion (pays for what is symmetric or nearly so; on strong drift it does worse than ILU).
    """

    def __init__(self, graph: Any, prefix: str, options: LinearOptions, symmetric: bool, multigrid: bool) -> None:
        n, comm = graph.n_owned, MPI.Intracomm(graph.comm)  # PETSc takes no subclass
        self.options, self.symmetric, self.multigrid = options, symmetric, multigrid
        numbers = np.concatenate([np.arange(graph.first, graph.first + n), graph.ghosts]).astype(PETSc.IntType)
        self.mat = PETSc.Mat().createAIJ(
            ((n, graph.n_global), (n, graph.n_global)),
            csr=(graph.indptr.astype(PETSc.IntType), numbers[graph.indices], np.ones(len(graph.indices))),
            comm=comm,
        )
        self._values = Values(self.mat)
        self.own, self.ghost = self._values.own, self._values.ghost
        self.x, self.b = np.zeros(n), np.zeros(n)
        self._x = PETSc.Vec().createWithArray(self.x, size=(n, graph.n_global), comm=comm)
        self._b = PETSc.Vec().createWithArray(self.b, size=(n, graph.n_global), comm=comm)
        self.ksp = PETSc.KSP().create(comm)
        self.ksp.setOptionsPrefix(prefix)
        self.ksp.setOperators(self.mat)
        self.ksp.setInitialGuessNonzero(True)
        self._chosen: tuple[str, str] | None = None
        self._share = 1.0  # of the tolerance
        self.iterations = self.solves = 0
        self.outcome = ""  # PETSc's word for how the last solve ended
        self._passing: str | None = None  # an option that stands in PETSc's database until the preconditioner has read it

    def choose(self, diffusion_number: float) -> None:
        """Pick solver and preconditioner for dt D / h^2 (the largest over the mesh); keeps them if unchanged."""
        solver, preconditioner = self.options.solver, self.options.preconditioner
        if solver == "auto":
            solver = "cg" if self.symmetric else "bicgstab"
        if preconditioner == "auto":
            preconditioner = "jacobi" if diffusion_number < 10 else "ilu" if diffusion_number < 500 or not self.multigrid else "hypre"
        # An iteration with hypre's multigrid reduces the residual more than the tolerance asks for, one with GAMG just so much.
        self._share = 0.1 if preconditioner == "hypre" and not has_hypre() else 1.0
        if self._share < 1.0:
            preconditioner = "gamg"
        if self._chosen == (solver, preconditioner):
            return
        if preconditioner == "gamg" and self.options.preconditioner != "gamg" and self.mat.comm.rank == 0:
            log.info("%ssolver: this PETSc has no hypre, so its own algebraic multigrid GAMG is used", self.ksp.getOptionsPrefix())
        self._chosen = (solver, preconditioner)
        krylov = {"bicgstab": "bcgs", "gmres": "gmres", "cg": "cg", "direct": "preonly"}.get(solver, solver)
        self.ksp.setType(krylov)
        if krylov not in ("cg", "preonly"):
            self.ksp.setPCSide(PETSc.PC.Side.RIGHT)
        if krylov != "preonly":
            self.ksp.setNormType(PETSc.KSP.NormType.UNPRECONDITIONED)
        pc = self.ksp.getPC()
        if krylov == "preonly":
            self.ksp.setInitialGuessNonzero(False)
            pc.setType("lu")
        elif preconditioner in ("ilu", "icc"):
            pc.setType("bjacobi" if self.mat.comm.size > 1 else "icc" if krylov == "cg" else "ilu")
        else:
            pc.setType(preconditioner)
        if preconditioner == "gamg":  # built from the matrix alone: what is kept of earlier ones would not be there after a restart
            PETSc.Options()[f"{self.ksp.getOptionsPrefix()}pc_gamg_reuse_interpolation"] = "false"
            if not PETSc.Options().hasName(_PRODUCTS):  # PETSc's default adds what other ranks send as it comes: other bits each time
                PETSc.Options()[_PRODUCTS] = "scalable"
        if self.mat.comm.size > 1 and preconditioner in ("ilu", "icc") and krylov == "cg":
            self._pass(f"{self.ksp.getOptionsPrefix()}sub_pc_type", "icc")
        self.ksp.setFromOptions()

    def _pass(self, name: str, value: str) -> None:
        """Give an option to what the preconditioner will make when it is set up, unless the user has given it."""
        if not PETSc.Options().hasName(name):
            PETSc.Options().setValue(name, value)
            self._passing = name

    def _passed(self) -> None:
        if self._passing is not None:
            PETSc.Options().delValue(self._passing)
            self._passing = None

    def changed(self) -> None:
        """Call after writing matrix values."""
        self._values.changed()

    def solve(self, rtol: float | None = None) -> bool:
        """Solve from the guess in ``x``; False if it did not converge or gave non-finite values. Collective."""
        self.ksp.setTolerances(rtol=self._share * (rtol or self.options.rtol), atol=1e-300, divtol=1e10, max_it=self.options.max_iterations)
        self._x.stateIncrease()  # the arrays were written behind PETSc's back: drop its cached norms
        self._b.stateIncrease()
        self.ksp.solve(self._b, self._x)
        self._passed()
        self.iterations += self.ksp.getIterationNumber()
        self.solves += 1
        reason = int(self.ksp.getConvergedReason())
        self.outcome = _REASONS.get(reason, str(reason))
        return reason > 0

    def apply(self) -> None:
        """b = A x. Collective."""
        self._x.stateIncrease()
        self.mat.mult(self._x, self._b)

    def destroy(self) -> None:
        """Free the PETSc objects. Collective."""
        self._passed()
        for thing in (self.ksp, self.mat, self._x, self._b):
            thing.destroy()
