"""scikit-fem as its examples write time-dependent problems: forms on P1 triangles, assembled where they change, SciPy's solver.

Settings: ``dim`` (2), ``cells``, ``dt``. One field after the other, linearly implicit, first order; the matrix of m is factorised once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy
import skfem
from anderson import ALPHA, END, ETA, GAMMA, Clock, D, judged, lost, lump, main
from scipy.sparse.linalg import splu
from skfem import Basis, BilinearForm, ElementTriP1, MeshTri
from skfem import solve as solve_linear
from skfem.helpers import dot, grad


@BilinearForm
def mass(u: Any, v: Any, _: Any) -> Any:
    """(u, v)."""
    return u * v


@BilinearForm
def stiffness(u: Any, v: Any, _: Any) -> Any:
    """(grad u, grad v)."""
    return dot(grad(u), grad(v))


@BilinearForm
def weighted(u: Any, v: Any, w: Any) -> Any:
    """(m u, v)."""
    return w["m"] * u * v


@BilinearForm
def drift(u: Any, v: Any, w: Any) -> Any:
    """(u grad f, grad v)."""
    return u * dot(grad(w["f"]), grad(v))


def solve(dim: int, cells: int, dt: float) -> dict[str, Any]:
    """March to the end; processor seconds of set-up and loop, and errors."""
    assert dim == 2
    clock = Clock()
    axis = np.linspace(-0.5, 0.5, cells + 1)
    basis = Basis(MeshTri.init_tensor(axis, axis), ElementTriP1())
    start = lump(*basis.doflocs)
    n, f, m = start, 1.0 - 0.5 * start, 0.5 * start
    M, K = mass.assemble(basis), stiffness.assemble(basis)
    spreading = splu((M + dt * D * K).tocsc())
    begun, prepared, steps = (M @ n).sum(), clock.lap(), round(END / dt)
    for _ in range(steps):
        m = spreading.solve(M @ (m + dt * ALPHA * n))
        f = solve_linear(M + dt * ETA * weighted.assemble(basis, m=basis.interpolate(m)), M @ f)
        n = solve_linear(M + dt * (D * K - GAMMA * drift.assemble(basis, f=basis.interpolate(f))), M @ n)
    spent = clock.lap()
    values = {"n": n, "f": f, "m": m}
    return {"steps": steps, "setup": prepared, "loop": spent, **lost(begun, (M @ n).sum()), **judged(basis.doflocs, values)}


if __name__ == "__main__":
    solve(2, 4, 1.0)
    main(solve, **{"scikit-fem": skfem.__version__, "scipy": scipy.__version__})
