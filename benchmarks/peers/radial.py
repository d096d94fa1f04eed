"""`python3 -m benchmarks.peers.radial 3`: the reference of the ball (2: of the disc), from one dimension, by SciPy.

Finite volumes in the radius (area r^(d-1), cells of equal width, central fluxes, no flux at r = 1), which LSODA integrates as a
banded system; values from two widths extrapolated, whose error is of order h^2. Nothing of it is shared with the codes compared.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp
from scipy.interpolate import make_interp_spline

from benchmarks.peers.anderson import ALPHA, END, ETA, GAMMA, REFERENCES, D, lump

HEAD = """# Anderson et al. 2000 on a {name} of radius 1 (for r < 0.5 as in a box), t = 2. From `python3 -m benchmarks.peers.radial {dim}`:
# radial finite volumes, {cells} and {double} cells extrapolated (they differ by {change:.0e} in n at most).
r,n,f,m
"""


def profile(dim: int, cells: int, rtol: float = 1e-9) -> tuple[Any, Any]:
    """Radii of the cells' middles, shape (cells,), and n, f, m there at t = 2, shape (3, cells)."""
    faces = np.linspace(0.0, 1.0, cells + 1)
    r, h = 0.5 * (faces[1:] + faces[:-1]), 1.0 / cells
    volume, area = np.diff(faces**dim) / dim, faces[1:-1] ** (dim - 1)

    def spread(flux: Any) -> Any:
        through = np.concatenate([[0.0], area * flux, [0.0]])
        return (through[1:] - through[:-1]) / volume

    def rate(_: float, y: Any) -> Any:
        n, f, m = y.reshape(cells, 3).T
        drift = GAMMA * 0.5 * (n[1:] + n[:-1]) * np.diff(f) / h
        change = spread(D * np.diff(n) / h - drift), -ETA * m * f, spread(D * np.diff(m) / h) + ALPHA * n
        return np.stack(change, axis=1).ravel()

    start = lump(r)
    y = np.stack([start, 1.0 - 0.5 * start, 0.5 * start], axis=1).ravel()
    done = solve_ivp(rate, (0.0, END), y, method="LSODA", rtol=rtol, atol=1e-14, lband=3, uband=4, t_eval=[END])
    return r, done.y[:, -1].reshape(cells, 3).T


def tabulated(dim: int, radii: Any, cells: int, rtol: float = 1e-9) -> tuple[Any, float]:
    """n, f, m at the radii, shape (3, len(radii)), extrapolated from ``cells`` and twice as many; their greatest difference in n."""
    coarse, fine = (_at(*profile(dim, each, rtol), radii) for each in (cells, 2 * cells))
    return fine + (fine - coarse) / 3.0, float(abs(fine[0] - coarse[0]).max())


def _at(r: Any, values: Any, radii: Any) -> Any:
    """By a spline that is even in r. The middle values of cells are their means to order h^2, as all else here."""
    both = np.concatenate([values[:, ::-1], values], axis=1)
    return make_interp_spline(np.concatenate([-r[::-1], r]), both, k=5, axis=1)(radii)


def main(dim: int, cells: int = 1500) -> None:
    """Write the table."""
    radii = np.linspace(0.0, 0.7, 141)
    values, change = tabulated(dim, radii, cells)
    head = HEAD.format(name={2: "disc", 3: "ball"}[dim], dim=dim, cells=cells, double=2 * cells, change=change)
    rows = (",".join(f"{each:.8g}" for each in row) for row in np.column_stack([radii, values.T]).tolist())
    Path(__file__).with_name(REFERENCES[dim]).write_text(head + "\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(int(sys.argv[1]))
