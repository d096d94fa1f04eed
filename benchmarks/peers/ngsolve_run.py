"""NGSolve as its tutorials write time-dependent problems: symbolic forms, assembled where they change, UMFPACK.

Settings: ``dim`` (2), ``cells``, ``dt``, ``order`` of the elements. One field after the other, linearly implicit, first order;
the matrix of m is factorised once. UMFPACK is faster here than NGSolve's Cholesky.
"""

from __future__ import annotations

from typing import Any

import ngsolve as ngs
import numpy as np
from anderson import ALPHA, END, EPS, ETA, GAMMA, Clock, D, judged, lost, main
from ngsolve.meshes import MakeStructured2DMesh


def solve(dim: int, cells: int, dt: float, order: int) -> dict[str, Any]:
    """March to the end; processor seconds of set-up and loop, and errors at the vertices."""
    assert dim == 2
    clock = Clock()
    mesh = MakeStructured2DMesh(quads=False, nx=cells, ny=cells, mapping=lambda x, y: (x - 0.5, y - 0.5))
    space = ngs.H1(mesh, order=order)
    u, v = space.TnT()
    n, f, m = (ngs.GridFunction(space) for _ in range(3))
    lump = ngs.exp(-(ngs.x**2 + ngs.y**2) / EPS)
    for field, start in ((n, lump), (f, 1.0 - 0.5 * lump), (m, 0.5 * lump)):
        field.Set(start)
    spreading = ngs.BilinearForm((u * v + dt * D * ngs.grad(u) * ngs.grad(v)) * ngs.dx, symmetric=True).Assemble()
    factors = spreading.mat.Inverse(space.FreeDofs(), inverse="umfpack")
    eaten = ngs.BilinearForm((1.0 + dt * ETA * m) * u * v * ngs.dx, symmetric=True)
    moving = ngs.BilinearForm((u * v + dt * (D * ngs.grad(u) - GAMMA * u * ngs.grad(f)) * ngs.grad(v)) * ngs.dx)
    made, left, stays = (ngs.LinearForm(now * v * ngs.dx) for now in (m + dt * ALPHA * n, f, n))
    begun, prepared, steps = ngs.Integrate(n, mesh), clock.lap(), round(END / dt)
    for _ in range(steps):
        m.vec.data = factors * made.Assemble().vec
        f.vec.data = eaten.Assemble().mat.Inverse(space.FreeDofs(), inverse="umfpack") * left.Assemble().vec
        n.vec.data = moving.Assemble().mat.Inverse(space.FreeDofs(), inverse="umfpack") * stays.Assemble().vec
    spent = clock.lap()
    points = np.array([vertex.point for vertex in mesh.vertices]).T
    values = {"n": n, "f": f, "m": m}
    found = {name: field.vec.FV().NumPy()[: mesh.nv] for name, field in values.items()}  # the first of the space are the vertices'
    gone = lost(begun, ngs.Integrate(n, mesh))
    return {"steps": steps, "setup": prepared, "loop": spent, **gone, **judged(points, found)}


if __name__ == "__main__":
    solve(2, 4, 1.0, 1)
    main(solve, ngsolve=ngs.__version__)
