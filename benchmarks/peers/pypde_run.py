"""py-pde as its manual writes it: class PDE on a CartesianGrid, explicit steps that adapt, its backend for small systems.

Settings: ``dim``, ``cells``, ``tolerance``, ``solver`` ("euler" or "runge-kutta"). The divergence is written out, as its example of
heterogeneous diffusion advises. Its operators are compiled anew by every process: those seconds stand by themselves ("compiled").
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pde
from anderson import ALPHA, END, EPS, ETA, GAMMA, Clock, D, judged, lost, main

RATES = {
    "n": "D * laplace(n) - gamma * (n * laplace(f) + dot(gradient(n), gradient(f)))",
    "f": "-eta * m * f",
    "m": "D * laplace(m) + alpha * n",
}


def solve(dim: int, cells: int, tolerance: float, solver: str) -> dict[str, Any]:
    """March to the end; processor seconds of set-up and loop, and errors."""
    clock = Clock()
    grid = pde.CartesianGrid([[-0.5, 0.5]] * dim, cells)
    lump = f"exp(-({' + '.join(f'{x}**2' for x in 'xyz'[:dim])}) / {EPS})"
    start = [pde.ScalarField.from_expression(grid, text) for text in (lump, f"1 - 0.5 * {lump}", f"0.5 * {lump}")]
    state = pde.FieldCollection(start, labels=list("nfm"))
    constants = {"D": D, "gamma": GAMMA, "eta": ETA, "alpha": ALPHA}
    equation = pde.PDE(RATES, bc={"derivative": 0}, consts=constants)
    how = {"solver": solver, "adaptive": True, "tolerance": tolerance, "backend": "numpy", "tracker": None}
    prepared = clock.lap()
    equation.solve(state, t_range=1e-6, **how)
    compiled = clock.lap()
    spent = np.inf
    for _ in range(2):  # the faster of two, here, since another grid would be compiled for again
        end, told = equation.solve(state, t_range=END, ret_info=True, **how)
        spent = min(spent, clock.lap())
    x = np.moveaxis(grid.cell_coords, -1, 0).reshape(dim, -1)
    values = {name: end[k].data.ravel() for k, name in enumerate("nfm")}
    gone = lost(state[0].integral, end[0].integral)
    steps = int(told["solver"]["steps"])
    return {"steps": steps, "setup": prepared, "compiled": compiled, "loop": spent, **gone, **judged(x, values)}


if __name__ == "__main__":
    main(solve, **{"py-pde": pde.__version__})
