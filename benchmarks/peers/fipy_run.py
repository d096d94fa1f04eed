"""FiPy as its manual writes it: one equation per field, implicit Euler, sweeps. Settings: ``cells``, ``dt``, ``sweeps``."""

from __future__ import annotations

from typing import Any

import fipy
import numpy as np
from anderson import ALPHA, END, ETA, GAMMA, Clock, D, errors, lost, lump, main


def solve(cells: int, dt: float, sweeps: int) -> dict[str, Any]:
    """March to the end; processor seconds of set-up and loop, and errors."""
    clock = Clock()
    shift = np.full((2, 1), -0.5)
    mesh = fipy.Grid2D(nx=cells, ny=cells, dx=1.0 / cells, dy=1.0 / cells) + shift
    x, y = mesh.cellCenters.value
    n = fipy.CellVariable(mesh=mesh, value=lump(x, y), hasOld=True)
    f = fipy.CellVariable(mesh=mesh, value=1.0 - 0.5 * lump(x, y), hasOld=True)
    m = fipy.CellVariable(mesh=mesh, value=0.5 * lump(x, y), hasOld=True)
    equations = (
        (m, fipy.TransientTerm() == fipy.DiffusionTerm(coeff=D) + ALPHA * n),
        (f, fipy.TransientTerm() == fipy.ImplicitSourceTerm(coeff=-ETA * m)),
        (n, fipy.TransientTerm() == fipy.DiffusionTerm(coeff=D) - fipy.ExponentialConvectionTerm(coeff=GAMMA * f.faceGrad)),
    )
    begun, prepared, steps = float(n.value.sum()), clock.lap(), round(END / dt)
    for _ in range(steps):
        for variable, _equation in equations:
            variable.updateOld()
        for _ in range(sweeps):
            for variable, equation in equations:
                equation.sweep(var=variable, dt=dt)
    spent = clock.lap()
    values = {"n": n.value, "f": f.value, "m": m.value}
    least = min(float(v.min()) for v in values.values())
    return {"steps": steps, "setup": prepared, "loop": spent, "least": least, **lost(begun, float(n.value.sum())), **errors(x, y, values)}


if __name__ == "__main__":
    main(solve)
