"""Plain DOLFINx 0.9 as its tutorials write it: forms in UFL, assembled where they change.

Settings: ``dim``, ``cells``, ``dt`` and ``method``: "newton" (n, f, m together, Crank-Nicolson, Newton with LU in 2-D, with GMRES and
ILU in 3-D) or "segregated" (one field after the other, linearly implicit, first order, GMRES and ILU; the matrix of m once, with CG).
"""

from __future__ import annotations

from typing import Any

import basix.ufl
import dolfinx
import numpy as np
import ufl
from anderson import ALPHA, END, ETA, GAMMA, Clock, D, judged, lost, lump, main
from dolfinx import fem
from dolfinx.fem.petsc import LinearProblem, NonlinearProblem, assemble_matrix, assemble_vector, create_vector
from dolfinx.mesh import create_box, create_rectangle
from dolfinx.nls.petsc import NewtonSolver
from mpi4py import MPI
from petsc4py import PETSc
from ufl import dx, grad, inner


def _mesh(dim: int, cells: int) -> Any:
    create: Any = {2: create_rectangle, 3: create_box}[dim]
    return create(MPI.COMM_SELF, [np.full(dim, -0.5), np.full(dim, 0.5)], [cells] * dim)


def solve(dim: int, cells: int, dt: float, method: str) -> dict[str, Any]:
    """March to the end; processor seconds of set-up and loop, and errors."""
    return {"newton": _newton, "segregated": _segregated}[method](dim, cells, dt)


def _newton(dim: int, cells: int, dt: float) -> dict[str, Any]:
    clock = Clock()
    mesh = _mesh(dim, cells)
    p1 = basix.ufl.element("Lagrange", mesh.basix_cell(), 1)
    space = fem.functionspace(mesh, basix.ufl.mixed_element([p1, p1, p1]))
    now, before = fem.Function(space), fem.Function(space)
    now.sub(0).interpolate(lambda x: lump(*x[:dim]))
    now.sub(1).interpolate(lambda x: 1.0 - 0.5 * lump(*x[:dim]))
    now.sub(2).interpolate(lambda x: 0.5 * lump(*x[:dim]))
    before.x.array[:] = now.x.array
    (n, f, m), (n0, f0, m0), (v, w, q) = ufl.split(now), ufl.split(before), ufl.TestFunctions(space)

    def weak(n: Any, f: Any, m: Any) -> Any:
        moving = D * inner(grad(n), grad(v)) - GAMMA * n * inner(grad(f), grad(v))
        return (moving + ETA * m * f * w + D * inner(grad(m), grad(q)) - ALPHA * n * q) * dx

    change = ((n - n0) * v + (f - f0) * w + (m - m0) * q) / dt * dx
    problem = NonlinearProblem(change + 0.5 * weak(n, f, m) + 0.5 * weak(n0, f0, m0), now)
    solver = NewtonSolver(mesh.comm, problem)
    solver.rtol = 1e-6
    if dim == 3:
        solver.krylov_solver.setType("gmres")
        solver.krylov_solver.getPC().setType("ilu")
        solver.krylov_solver.setTolerances(rtol=1e-8)
    begun = _amount(before.sub(0))
    prepared, steps = clock.lap(), round(END / dt)
    for _ in range(steps):
        solver.solve(now)
        before.x.array[:] = now.x.array
    spent = clock.lap()
    parts = [now.sub(k).collapse() for k in range(3)]
    return _result(steps, prepared, spent, parts[0].function_space, [p.x.array for p in parts], lost(begun, _amount(parts[0])))


def _segregated(dim: int, cells: int, dt: float) -> dict[str, Any]:
    clock = Clock()
    mesh = _mesh(dim, cells)
    space = fem.functionspace(mesh, ("Lagrange", 1))
    n, f, m = (fem.Function(space) for _ in range(3))
    n.interpolate(lambda x: lump(*x[:dim]))
    f.interpolate(lambda x: 1.0 - 0.5 * lump(*x[:dim]))
    m.interpolate(lambda x: 0.5 * lump(*x[:dim]))
    u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
    step = fem.Constant(mesh, np.float64(dt))  # so that no dt of another run has forms compiled
    made, right = fem.form((m + step * ALPHA * n) * v * dx), fem.form((u * v + step * D * inner(grad(u), grad(v))) * dx)
    A, b = assemble_matrix(right), create_vector(made)
    A.assemble()
    spreading = PETSc.KSP().create(mesh.comm)
    spreading.setOperators(A)
    spreading.setType("cg")
    spreading.getPC().setType("icc")
    spreading.setTolerances(rtol=1e-8)
    iterative = {"ksp_type": "gmres", "pc_type": "ilu", "ksp_rtol": 1e-8}
    ecm = LinearProblem((1.0 + step * ETA * m) * u * v * dx, f * v * dx, u=f, petsc_options=iterative)
    moving = u * v + step * (D * inner(grad(u), grad(v)) - GAMMA * u * inner(grad(f), grad(v)))
    cells_ = LinearProblem(moving * dx, n * v * dx, u=n, petsc_options=iterative)
    begun = _amount(n)
    prepared, steps = clock.lap(), round(END / dt)
    for _ in range(steps):
        with b.localForm() as local:
            local.set(0.0)
        assemble_vector(b, made)
        spreading.solve(b, m.x.petsc_vec)
        ecm.solve()
        cells_.solve()
    spent = clock.lap()
    return _result(steps, prepared, spent, space, [n.x.array, f.x.array, m.x.array], lost(begun, _amount(n)))


def _amount(n: Any) -> float:
    return float(fem.assemble_scalar(fem.form(n * dx)))


def _result(steps: int, prepared: float, spent: float, space: Any, values: list[Any], gone: dict[str, float]) -> dict[str, Any]:
    x = space.tabulate_dof_coordinates()[:, : space.mesh.geometry.dim].T
    return {"steps": steps, "setup": prepared, "loop": spent, **gone, **judged(x, dict(zip("nfm", values, strict=True)))}


if __name__ == "__main__":
    import json
    import sys

    for setting in map(json.loads, sys.argv[1:]):  # the forms are compiled, or come from the cache
        solve(setting["dim"], 4, setting["dt"], setting["method"])
    main(solve, dolfinx=dolfinx.__version__, petsc=".".join(map(str, PETSc.Sys.getVersion())))
