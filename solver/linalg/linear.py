"""One matrix and one Krylov solver for the whole run, on the values of the edge graph."""

from __future__ import annotations

import contextlib
import functools
import logging
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray
from petsc4py import PETSc

from ..kernels.edges import Target, double_only
from .incomplete import Incomplete
from .krylov import NOT_FINITE, TOO_MANY, Krylov, Memory, Squares
from .overlap import FEW, Overlap
from .petsc_values import Values
from .rounded import Rounded

Floats = NDArray[np.float64]
log = logging.getLogger("invasio.linalg")

# How GAMG multiplies P'AP: PETSc's default adds what other ranks send as it comes, other bits each time from three ranks on.
_PRODUCTS = {"matptap_via": "allatonce"}
# GAMG joins nothing that couples weakly, else it does not converge where coefficients jump, as at an open membrane; and it is built
# from the matrix alone: what is kept of earlier ones would not be there after a restart. With SOR it needs a third fewer iterations.
_GAMG = {"pc_gamg_threshold": "0.02", "pc_gamg_reuse_interpolation": "false"}
# Where the matrix is not symmetric SOR can diverge (drift on obtuse meshes: 500 iterations), and ILU, 5 there, does not.
_LEVELS = {"mg_levels_ksp_type": "richardson", "mg_levels_pc_type": "sor"}
_COSTLY = ("hypre", "gamg", "ml", "hmg", "mg")  # preconditioners that are worth being kept
WORTH = 2000  # nodes, from which on our own solvers take less time than PETSc's
_OWN_SOLVERS, _OWN_PRECONDITIONERS = ("cg", "bicgstab"), ("jacobi", "ilu")  # of linalg.krylov
_TRIED = 30  # iterations of our own where GMRES is what holds for all
_STARTS = 3  # a method that has broken down, as BiCGStab does near the end on few nodes, goes on from there

_REASONS = {value: name for name, value in vars(PETSc.KSP.ConvergedReason).items() if isinstance(value, int)}


def has_hypre() -> bool:
    """Whether PETSc was built with hypre, whose multigrid needs fewer iterations than PETSc's own."""
    return bool(PETSc.Sys.hasExternalPackage("hypre"))


@dataclass(frozen=True)
class LinearOptions:
    """Choice of solver; "auto" follows the diffusion number dt D / h^2 and the symmetry.

    rtol: where that is up to 1; from there on it falls in inverse proportion, to ``least``, since what is left, relative to what comes
    from neighbours, then is so much more relative to what is at a node. least: None for rtol itself.
    """

    solver: str = "auto"
    preconditioner: str = "auto"
    rtol: float = 1e-8
    max_iterations: int = 500
    least: float | None = None


@contextlib.contextmanager
def _unless_given(options: Mapping[str, str]) -> Iterator[None]:
    """Have these in PETSc's database for a while, but for those that stand there already."""
    database = PETSc.Options()
    names = [name for name in options if not database.hasName(name)]
    for name in names:
        database.setValue(name, options[name])
    try:
        yield
    finally:
        for name in names:
            database.delValue(name)


class Pattern:
    """The sparsity of a graph, which all matrices on it share; on one rank it is the graph's own arrays."""

    def __init__(self, graph: Any) -> None:
        self.comm = MPI.Intracomm(graph.comm)  # PETSc takes no subclass
        self._graph = graph
        self.size, self.n_local = (graph.n_owned, graph.n_global), graph.n_owned + len(graph.ghosts)
        self._blocks = [(_integers(graph.indptr), _integers(graph.indices))]
        if self.comm.size > 1:  # the owned columns by local numbers, and the ghosts by global ones
            owned = graph.indices < graph.n_owned
            starts = np.concatenate([[0], np.cumsum(graph.n_own_columns, dtype=np.int64)])
            ghosts = graph.ghosts[graph.indices[~owned] - graph.n_owned]
            self._blocks = [(_integers(starts), _integers(graph.indices[owned])), (_integers(graph.indptr - starts), _integers(ghosts))]

    @functools.cached_property
    def overlap(self) -> Overlap:
        """The blocks for incomplete factors. Collective at the first call."""
        return Overlap(self._graph)

    @functools.cached_property
    def memory(self) -> Memory:
        """What all Krylov solvers of our own work in, in turn. Collective at the first call."""
        return Memory(self._graph)

    def free(self) -> None:
        """Release what was opened for messages; matrices stay."""
        if "overlap" in vars(self):
            self.overlap.free()

    def matrix(self) -> Any:
        """A matrix with ones for values. Collective."""
        rows = [(starts, columns, np.ones(len(columns))) for starts, columns in self._blocks]
        if len(rows) > 1:
            rows[1] = rows[1][0], rows[1][1].copy(), rows[1][2]  # PETSc numbers these anew, in place
        return PETSc.Mat().createAIJWithArrays((self.size, self.size), rows[0] if len(rows) == 1 else tuple(rows), comm=self.comm)


def _integers(numbers: NDArray[Any]) -> NDArray[Any]:
    """As PETSc wants them; without a copy where they are of its size."""
    if numbers.dtype.itemsize == np.dtype(PETSc.IntType).itemsize:
        return numbers.view(PETSc.IntType)
    return numbers.astype(PETSc.IntType)


class LinearSystem:
    """A x = b with a fixed sparsity; the matrix values are written in place through ``own`` and ``ghost``.

    ``x`` and ``b`` are owned-node arrays shared with PETSc. Convergence is judged on the true residual.
    ``iterations`` and ``solves`` count since the start; ``taken`` and ``fallen``: iterations of the last solve, and by how many orders
    of magnitude they reduced the norm it was judged by. symmetric: the matrix; multigrid: whether that may be chosen for
    strong diffusion (pays for what is symmetric or nearly so; on strong drift it does worse than ILU).
    """

    def __init__(self, pattern: Pattern, prefix: str, options: LinearOptions, symmetric: bool, multigrid: bool) -> None:
        (n, n_global), comm = pattern.size, pattern.comm
        self.options, self.symmetric, self.multigrid, self._pattern = options, symmetric, multigrid, pattern
        self.mat = pattern.matrix()
        self._values = Values(self.mat)
        self.own, self.ghost = self._values.own, self._values.ghost
        self._local = np.zeros(pattern.n_local)  # x, and memory for its ghosts
        self.x, self.b = self._local[:n], np.zeros(n)
        self._x = PETSc.Vec().createWithArray(self.x, size=(n, n_global), comm=comm)
        self._b = PETSc.Vec().createWithArray(self.b, size=(n, n_global), comm=comm)
        self.ksp = PETSc.KSP().create(comm)
        self.ksp.setOptionsPrefix(prefix)
        self.ksp.setOperators(self.mat)
        self.ksp.setInitialGuessNonzero(True)
        self._chosen: tuple[str, str] | None = None
        self._krylov: Krylov | None = None  # where one of our own solves, with so many iterations at most
        self._limit = options.max_iterations
        self._rtol = options.rtol if options.least is None else min(options.rtol, options.least)
        self._share = 1.0  # of the tolerance
        self.iterations = self.solves = self.taken = 0
        self.fallen = 0.0
        self._basis: Any = None  # the matrix that the preconditioner is made of, where that is another
        self.outcome = ""  # PETSc's word for how the last solve ended
        self._inner: Mapping[str, str] = {}  # options that the preconditioner reads when it is set up

    def choose(self, diffusion_number: float) -> None:
        """Pick solver and preconditioner for dt D / h^2 (the largest over the mesh); keeps them if unchanged."""
        solver, preconditioner = self.options.solver, self.options.preconditioner
        if self.options.least is not None:
            self._rtol = min(self.options.rtol, max(self.options.least, self.options.rtol / max(1.0, diffusion_number)))
        if preconditioner == "auto":
            preconditioner = "jacobi" if diffusion_number < 10 else "ilu" if diffusion_number < 500 or not self.multigrid else "hypre"
        # An iteration with hypre's multigrid reduces the residual far more than the tolerance asks for, one with GAMG or ILU just so much.
        self._share = 0.01 if preconditioner == "hypre" and not has_hypre() else 1.0
        if self._share < 1.0:
            preconditioner = "gamg" if self.mat.getSize()[0] > FEW else "ilu"  # on few nodes GAMG's set-up has been seen to fail
        blocks = preconditioner == "ilu" and self.mat.comm.size > 1 and not self._tuned()  # they overlap: not symmetric, if nearly so
        if solver == "auto":
            solver = "cg" if self.symmetric and not blocks else "gmres" if preconditioner == "ilu" else "bicgstab"
        elif solver == "cg" and blocks:
            solver = "gmres"
        if self._chosen == (solver, preconditioner):
            return
        if preconditioner == "gamg" and self.options.preconditioner != "gamg" and self.mat.comm.rank == 0:
            log.info("%ssolver: this PETSc has no hypre, so its own algebraic multigrid GAMG is used", self.ksp.getOptionsPrefix())
        self._chosen = (solver, preconditioner)
        self._krylov = self._own_krylov()
        krylov = {"bicgstab": "bcgs", "gmres": "gmres", "cg": "cg", "direct": "preonly"}.get(solver, solver)
        self.ksp.setType(krylov)
        self.ksp.setPCSide(PETSc.PC.Side.LEFT if krylov in ("cg", "preonly") else PETSc.PC.Side.RIGHT)  # it may have been another
        if krylov != "preonly":
            self.ksp.setNormType(PETSc.KSP.NormType.UNPRECONDITIONED)
        pc = self.ksp.getPC()
        if krylov == "preonly":
            self.ksp.setInitialGuessNonzero(False)
            pc.setType("lu")
        elif preconditioner == "ilu" and not self._tuned():
            pc.setType("python")
            pc.setPythonContext(self._incomplete)
        elif preconditioner == "ilu":
            pc.setType("bjacobi" if self.mat.comm.size > 1 else "icc" if krylov == "cg" else "ilu")
        else:
            pc.setType(preconditioner)
        prefix = self.ksp.getOptionsPrefix()
        with _unless_given({f"{prefix}{name}": value for name, value in _GAMG.items()}):
            self.ksp.setFromOptions()
        self._inner = {}
        if pc.getType() == "gamg":
            several = self.mat.comm.size > 1
            levels = _LEVELS if self.symmetric else _LEVELS | {"mg_levels_pc_type": "bjacobi" if several else "ilu"}
            self._inner = {f"{prefix}{name}": value for name, value in levels.items()} | (_PRODUCTS if several else {})
        elif pc.getType() == "bjacobi" and krylov == "cg":
            self._inner = {f"{prefix}sub_pc_type": "icc"}

    @functools.cached_property
    def _incomplete(self) -> Incomplete:
        return Incomplete(self._pattern.overlap, self._values)

    def _own_krylov(self) -> Krylov | None:
        """Our own solver where it has what is chosen, PETSc is given no options, and it is asked for by name or pays. Collective."""
        solver, preconditioner = self._chosen or ("", "")
        self._limit = self.options.max_iterations
        if solver == "gmres" and self.options.solver != "gmres":
            solver, self._limit = "cg" if self.symmetric else "bicgstab", min(_TRIED, self._limit)
        rounded = self.rounded if solver in _OWN_SOLVERS and preconditioner in _OWN_PRECONDITIONERS and not self._options() else None
        if rounded is None:
            return None
        incomplete = self._incomplete if preconditioner == "ilu" else None
        return Krylov(rounded, self._pattern.memory, self._values, self._local, self.b, incomplete, solver == "cg")

    @functools.cached_property
    def rounded(self) -> Rounded | None:
        """The matrix in single precision where a solver of our own may be chosen, whatever the matrix is. Collective at the first call."""
        solver, preconditioner = self.options.solver, self.options.preconditioner
        if preconditioner == "auto" and self._pattern.size[1] < WORTH:
            return None
        own = solver in ("auto", *_OWN_SOLVERS) and preconditioner in ("auto", *_OWN_PRECONDITIONERS) and not self._options()
        return Rounded(self._pattern.memory, self._values) if own else None

    @property
    def guess(self) -> Floats:
        """``x`` with room for its ghosts."""
        return self._local

    @functools.cached_property
    def target(self) -> Target:
        """Where kernels write the matrix; ``changed`` needs to know then whether diagonals are in range. Collective at the first call."""
        single = self.rounded
        return self.blocks if single is None else Target(self.own, self.ghost, single.c, single.d, single.e, self._pattern.memory.unit)

    @functools.cached_property
    def blocks(self) -> Target:
        """The matrix in double precision alone."""
        return double_only(self.own, self.ghost)

    @property
    def residual(self) -> Floats:
        """Where a solver of our own expects D^-1 (b - A x), if it is made by others: memory of all systems in turn."""
        return self._pattern.memory.vectors[0]

    def _options(self) -> Mapping[str, str]:
        """What PETSc is told of this system."""
        given: Mapping[str, str] = PETSc.Options(self.ksp.getOptionsPrefix()).getAll()
        return given

    def _tuned(self) -> bool:
        """Whether PETSc's own incomplete factors are meant, since options of them are given."""
        return any(name.startswith(("sub_", "pc_factor_", "pc_bjacobi_", "pc_asm_")) for name in self._options())

    def precondition_apart(self) -> Values | None:
        """Values of a matrix of its own that the preconditioner is made of from now on; None where a new one is cheap. Collective."""
        solver, preconditioner = self._chosen or ("", "")
        if solver == "direct" or preconditioner not in _COSTLY:
            return None
        self._basis = self.mat.duplicate(copy=True)
        self.ksp.setOperators(self.mat, self._basis)
        self.ksp.setConvergenceHistory(self.options.max_iterations + 2, reset=True)
        return Values(self._basis)

    def changed(self, fits: bool | None = None) -> None:
        """Call after writing matrix values; fits: whether diagonals are in range, where all of ``target`` was written."""
        if "rounded" in vars(self) and self.rounded is not None:
            self.rounded.changed(fits)
        if self._krylov is not None:
            self._krylov.changed()
        self._values.changed()

    def solve(self, rtol: float | None = None, first: Squares | None = None) -> bool:
        """Solve from the guess in ``x``; False if it did not converge or gave non-finite values. Collective.

        What our own does not solve is left to PETSc, but for what took too many iterations. first: as of krylov.Krylov.solve.
        """
        self.taken, self.outcome = 0, ""
        solved = self._solve_single(rtol or self._rtol, first)
        if self.outcome == TOO_MANY and self._limit < self.options.max_iterations:
            self.outcome = ""
        if not solved and (self.outcome != TOO_MANY or self.ksp.getPC().getType() == "python"):
            solved = self._solve_by_petsc(rtol)
        self.iterations += self.taken
        self.solves += 1
        return solved

    def _solve_single(self, rtol: float, first: Squares | None) -> bool:
        own = self._krylov
        if own is None:
            return False
        solved = own.solve(rtol, self._limit, first)
        self.taken, self.outcome = own.taken, own.outcome
        if own.outcome == NOT_FINITE:
            self.x[:] = 0.0
        return solved

    def _solve_by_petsc(self, rtol: float | None) -> bool:
        self.ksp.setTolerances(rtol=self._share * (rtol or self._rtol), atol=1e-300, divtol=1e99, max_it=self.options.max_iterations)
        self._x.stateIncrease()  # the arrays were written behind PETSc's back: drop its cached norms
        self._b.stateIncrease()
        with _unless_given(self._inner) if self._inner else contextlib.nullcontext():
            if self.outcome != TOO_MANY:
                self._run()
            if (self.outcome == TOO_MANY or self.ksp.getConvergedReason() <= 0) and self.ksp.getPC().getType() == "python":
                self._run_plainly()
        if self._basis is not None:
            norms = self.ksp.getConvergenceHistory()
            self.fallen = math.log10(norms[0] / norms[-1]) if len(norms) > 1 and 0.0 < norms[-1] < math.inf else 0.0
        reason = int(self.ksp.getConvergedReason())
        self.outcome = _REASONS.get(reason, str(reason))
        return reason > 0

    def _run(self) -> None:
        for _ in range(_STARTS):
            self.ksp.solve(self._b, self._x)
            self.taken += self.ksp.getIterationNumber()
            if self.ksp.getConvergedReason() != PETSc.KSP.ConvergedReason.DIVERGED_BREAKDOWN:
                break

    def _run_plainly(self) -> None:
        """Once more from 0, by factors without relaxation, a splitting that converges for M-matrices; BiCGStab for GMRES.

        Meijerink and van der Vorst 1977, doi:10.1090/S0025-5718-1977-0438681-4. Rough data on bad meshes with open membranes need it.
        """
        self._incomplete.relaxed, usual = 0.0, self._incomplete.relaxed
        restarting = self.options.solver == "auto" and self.ksp.getType() == "gmres"
        if restarting:
            self.ksp.setType("bcgs")
        self.x[:] = 0.0
        self._x.stateIncrease()
        self._values.changed()
        self._run()
        if restarting:
            self.ksp.setType("gmres")
        self._incomplete.relaxed = usual
        self.changed()  # the next solve factors anew

    def destroy(self) -> None:
        """Free the PETSc objects. Collective."""
        for thing in (self.ksp, self.mat, self._basis, self._x, self._b):
            if thing is not None:
                thing.destroy()
        self._pattern.free()
