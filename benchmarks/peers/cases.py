"""What is run: for each problem and code its script and settings; which codes have a Python of their own."""

from __future__ import annotations

from typing import Any

Settings = list[dict[str, Any]]
LIMIT = 400  # seconds of the processor for one setting, start included
OWN = {"fipy_run.py": "fipy", "scikit_fem_run.py": "scikit-fem", "ngsolve_run.py": "ngsolve", "pypde_run.py": "py-pde"}
PROBLEMS = {
    "disc": "Haptotaxis on a square until t = 2 (Anderson et al. 2000)",
    "ball": "Haptotaxis in a cube until t = 2 (Anderson et al. 2000 in 3-D)",
}


def _runs(dim: int, names: tuple[str, ...], *rows: tuple[Any, ...], **fixed: Any) -> Settings:
    return [{"dim": dim, **dict(zip(names, row, strict=True)), **fixed} for row in rows]


def _own(dim: int, *rows: tuple[int, float], **fixed: Any) -> tuple[str, Settings]:
    return "invasio_run.py", _runs(dim, ("cells", "tolerance"), *rows, **fixed)


def _steps(script: str, dim: int, *rows: tuple[int, float], **fixed: Any) -> tuple[str, Settings]:
    return script, _runs(dim, ("cells", "dt"), *rows, **fixed)


def _adaptive(dim: int, *rows: tuple[int, float, str]) -> tuple[str, Settings]:
    return "pypde_run.py", _runs(dim, ("cells", "tolerance", "solver"), *rows)


# Steps whose error is about that of the mesh; for the one of them that is fastest longer ones too, until the error grows.
DISC = ((25, 0.1), (50, 0.04), (50, 0.02), (100, 0.01))
DISC_MORE = ((25, 0.2), (25, 0.1), (50, 0.1), (50, 0.04), (50, 0.02), (100, 0.02), (100, 0.01), (200, 0.01), (200, 0.004))
BALL = ((20, 0.1), (30, 0.05), (40, 0.05), (40, 0.025))
BALL_MORE = ((20, 0.2), (20, 0.1), (30, 0.2), (30, 0.1), (40, 0.1), (40, 0.05))
CASES: dict[str, dict[str, tuple[str, Settings]]] = {
    "disc": {
        "invasio": _own(2, (25, 3e-2), (25, 1e-2), (50, 3e-2), (50, 1e-2), (100, 3e-2), (100, 1e-2), (200, 1e-2), (200, 3e-3), (400, 1e-3)),
        "invasio, Scharfetter-Gummel": _own(2, (25, 1e-2), (50, 1e-2), (100, 1e-2), (200, 3e-3), flux="scharfetter_gummel"),
        "DOLFINx, Newton": _steps("dolfinx_run.py", 2, (25, 0.2), (50, 0.1), (100, 0.1), method="newton"),
        "DOLFINx, field by field": _steps("dolfinx_run.py", 2, *DISC_MORE, method="segregated"),
        "FiPy": _steps("fipy_run.py", 2, *DISC, sweeps=2),
        "scikit-fem": _steps("scikit_fem_run.py", 2, *DISC),
        "NGSolve, order 1": _steps("ngsolve_run.py", 2, *DISC[:3], order=1),
        "NGSolve, order 2": _steps("ngsolve_run.py", 2, (12, 0.1), (25, 0.05), (25, 0.02), (50, 0.01), order=2),
        "py-pde": _adaptive(
            2, (25, 1e-3, "euler"), (50, 1e-3, "euler"), (50, 1e-4, "euler"), (100, 1e-3, "runge-kutta"), (200, 1e-4, "runge-kutta")
        ),
    },
    "ball": {
        "invasio": _own(3, (20, 3e-2), (20, 1e-2), (30, 1e-2), (40, 3e-2), (40, 1e-2), (60, 3e-2), (60, 1e-2), (80, 1e-2), (80, 3e-3)),
        "invasio, Scharfetter-Gummel": _own(3, (20, 1e-2), (40, 1e-2), (60, 1e-2), flux="scharfetter_gummel"),
        "DOLFINx, Newton": _steps("dolfinx_run.py", 3, (20, 0.2), (30, 0.2), method="newton"),
        "DOLFINx, field by field": _steps("dolfinx_run.py", 3, *BALL_MORE, method="segregated"),
        "FiPy": _steps("fipy_run.py", 3, *BALL, sweeps=2),
        "py-pde": _adaptive(
            3, (20, 1e-3, "euler"), (40, 1e-3, "euler"), (60, 1e-3, "euler"), (60, 1e-3, "runge-kutta"), (80, 1e-4, "runge-kutta")
        ),
    },
}
