"""Plain DOLFINx 0.9 as its tutorials write it: forms in UFL, assembled in every step.

Settings: ``cells``, ``dt`` and ``method``: "newton" (n, f, m together, Crank-Nicolson, Newton with LU) or
"segregated" (one field after the other, linearly implicit, first order, GMRES and ILU, CG for m).
"""

from __future__ import annotations

from typing import Any

import basix.ufl
import numpy as np
import ufl
from anderson import ALPHA, END, ETA, GAMMA, Clock, D, errors, lost, lump, main
from dolfinx import fem
from dolfinx.fem.petsc import LinearProblem, NonlinearProblem
from dolfinx.mesh import create_rectangle
from dolfinx.nls.petsc import NewtonSolver
from mpi4py import MPI
from ufl import dx, grad, inner


def _mesh(cells: int) -> Any:
    return create_rectangle(MPI.COMM_SELF, [np.array([-0.5, -0.5]), np.array([0.5, 0.5])], [cells, cells])


def solve(cells: int, dt: float, method: str) -> dict[str, Any]:
    """March to the end; processor seconds of set-up and loop, and errors."""
    return {"newton": _newton, "segregated": _segregated}[method](cells, dt)


def _newton(cells: int, dt: float) -> dict[str, Any]:
    clock = Clock()
    mesh = _mesh(cells)
    p1 = basix.ufl.element("Lagrange", mesh.basix_cell(), 1)
    space = fem.functionspace(mesh, basix.ufl.mixed_element([p1, p1, p1]))
    now, before = fem.Function(space), fem.Function(space)
    now.sub(0).interpolate(lambda x: lump(x[0], x[1]))
    now.sub(1).interpolate(lambda x: 1.0 - 0.5 * lump(x[0], x[1]))
    now.sub(2).interpolate(lambda x: 0.5 * lump(x[0], x[1]))
    before.x.array[:] = now.x.array
    (n, f, m), (n0, f0, m0), (v, w, q) = ufl.split(now), ufl.split(before), ufl.TestFunctions(space)

    def weak(n: Any, f: Any, m: Any) -> Any:
        moving = D * inner(grad(n), grad(v)) - GAMMA * n * inner(grad(f), grad(v))
        return (moving + ETA * m * f * w + D * inner(grad(m), grad(q)) - ALPHA * n * q) * dx

    change = ((n - n0) * v + (f - f0) * w + (m - m0) * q) / dt * dx
    problem = NonlinearProblem(change + 0.5 * weak(n, f, m) + 0.5 * weak(n0, f0, m0), now)
    solver = NewtonSolver(mesh.comm, problem)
    solver.rtol = 1e-6
    begun = _amount(before.sub(0))
    prepared, steps = clock.lap(), round(END / dt)
    for _ in range(steps):
        solver.solve(now)
        before.x.array[:] = now.x.array
    spent = clock.lap()
    parts = [now.sub(k).collapse() for k in range(3)]
    return _result(steps, prepared, spent, parts[0].function_space, [p.x.array for p in parts], lost(begun, _amount(parts[0])))


def _segregated(cells: int, dt: float) -> dict[str, Any]:
    clock = Clock()
    mesh = _mesh(cells)
    space = fem.functionspace(mesh, ("Lagrange", 1))
    n, f, m = (fem.Function(space) for _ in range(3))
    n.interpolate(lambda x: lump(x[0], x[1]))
    f.interpolate(lambda x: 1.0 - 0.5 * lump(x[0], x[1]))
    m.interpolate(lambda x: 0.5 * lump(x[0], x[1]))
    u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
    iterative = {"ksp_type": "gmres", "pc_type": "ilu", "ksp_rtol": 1e-8}
    spreading = {"ksp_type": "cg", "pc_type": "icc", "ksp_rtol": 1e-8}
    mmp = LinearProblem((u * v + dt * D * inner(grad(u), grad(v))) * dx, (m + dt * ALPHA * n) * v * dx, u=m, petsc_options=spreading)
    ecm = LinearProblem((1.0 + dt * ETA * m) * u * v * dx, f * v * dx, u=f, petsc_options=iterative)
    moving = u * v + dt * (D * inner(grad(u), grad(v)) - GAMMA * u * inner(grad(f), grad(v)))
    cells_ = LinearProblem(moving * dx, n * v * dx, u=n, petsc_options=iterative)
    begun = _amount(n)
    prepared, steps = clock.lap(), round(END / dt)
    for _ in range(steps):
        mmp.solve()
        ecm.solve()
        cells_.solve()
    spent = clock.lap()
    return _result(steps, prepared, spent, space, [n.x.array, f.x.array, m.x.array], lost(begun, _amount(n)))


def _amount(n: Any) -> float:
    return float(fem.assemble_scalar(fem.form(n * dx)))


def _result(steps: int, prepared: float, spent: float, space: Any, values: list[Any], gone: dict[str, float]) -> dict[str, Any]:
    x = space.tabulate_dof_coordinates()
    fields = dict(zip("nfm", values, strict=True))
    least = min(float(v.min()) for v in values)
    return {"steps": steps, "setup": prepared, "loop": spent, "least": least, **gone, **errors(x[:, 0], x[:, 1], fields)}


if __name__ == "__main__":
    for method in ("newton", "segregated"):
        solve(4, 1.0, method)  # the forms are compiled, or come from the cache
    main(solve)
