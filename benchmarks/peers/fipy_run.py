"""FiPy as its manual writes it: one equation per field, implicit Euler, sweeps; PETSc's solvers, its first choice where they are installed.

Settings: ``dim``, ``cells``, ``dt``, ``sweeps``.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import fipy
import numpy as np
from anderson import ALPHA, END, ETA, GAMMA, Clock, D, judged, lost, lump, main


def solve(dim: int, cells: int, dt: float, sweeps: int) -> dict[str, Any]:
    """March to the end; processor seconds of set-up and loop, and errors."""
    clock = Clock()
    grid = {2: fipy.Grid2D, 3: fipy.Grid3D}[dim]
    names = "xyz"[:dim]
    mesh = grid(**{f"n{x}": cells for x in names}, **{f"d{x}": 1.0 / cells for x in names}) + np.full((dim, 1), -0.5)
    x = mesh.cellCenters.value
    n = fipy.CellVariable(mesh=mesh, value=lump(*x), hasOld=True)
    f = fipy.CellVariable(mesh=mesh, value=1.0 - 0.5 * lump(*x), hasOld=True)
    m = fipy.CellVariable(mesh=mesh, value=0.5 * lump(*x), hasOld=True)
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
    return {"steps": steps, "setup": prepared, "loop": spent, **lost(begun, float(n.value.sum())), **judged(x, values)}


if __name__ == "__main__":
    main(solve, fipy=fipy.__version__, solvers=fipy.solvers.solver_suite, petsc4py=version("petsc4py"))
