"""py-pde as its manual writes it: expressions on a Cartesian grid, compiled by Numba; explicit with adaptive steps, its default.

Settings: ``cells``, ``tolerance``.
"""

from __future__ import annotations

from typing import Any

import pde
from anderson import ALPHA, END, ETA, GAMMA, Clock, D, errors, lost, lump, main


def solve(cells: int, tolerance: float) -> dict[str, Any]:
    """March to the end; processor seconds of set-up and loop, and errors. What compiles the expressions counts as set-up."""
    clock = Clock()
    grid = pde.CartesianGrid([[-0.5, 0.5], [-0.5, 0.5]], [cells, cells])
    x, y = grid.cell_coords[..., 0], grid.cell_coords[..., 1]
    start = pde.FieldCollection([pde.ScalarField(grid, v) for v in (lump(x, y), 1.0 - 0.5 * lump(x, y), 0.5 * lump(x, y))])
    right = {
        "n": f"{D} * laplace(n) - {GAMMA} * (n * laplace(f) + inner(gradient(n), gradient(f)))",
        "f": f"-{ETA} * m * f",
        "m": f"{D} * laplace(m) + {ALPHA} * n",
    }
    equation = pde.PDE(right, bc={"derivative": 0})
    options: dict[str, Any] = {"adaptive": True, "tolerance": tolerance, "tracker": None, "ret_info": True}
    equation.solve(start, t_range=1e-6, dt=1e-6, **options)
    begun, prepared = start[0].integral, clock.lap()
    found, info = equation.solve(start, t_range=END, dt=1e-3, **options)
    spent = clock.lap()
    values = dict(zip("nfm", (field.data for field in found), strict=True))
    least = min(float(v.min()) for v in values.values())
    steps = int(info["solver"]["steps"])
    return {"steps": steps, "setup": prepared, "loop": spent, "least": least, **lost(begun, found[0].integral), **errors(x, y, values)}


if __name__ == "__main__":
    main(solve)
