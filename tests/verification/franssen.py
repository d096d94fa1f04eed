"""Franssen et al. 2019 about one point: an independent code, finite volumes in rings with SciPy's LSODA, for the numbers in the scenarios.

    E_t = D_E lap E - Phi_E div(E grad w) + (ln 2/T_E) (1 - (E + M)/Q) E,   M_t the same with D_M, Phi_M, T_M
    m_t = D_m lap m + Theta M - Lambda m,   w_t = -(Gamma_1 M + Gamma_2 m) w

And on the paper's own lattice, with its cells' probabilities of a step, without crowding; vessels are grid points that take what comes.
`python3 -m tests.verification.franssen` (in `./invasio shell`) prints them, on two meshes and for two distances of the wall.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from scipy.integrate import solve_ivp

D_E, D_M, PHI, D_MMP = 5e-5, 1e-4, 5e-4, 1e-3
THETA, LAMBDA, GAMMA_1, GAMMA_2 = 0.195, 0.1, 1.0, 1.0
T_E, T_M, Q = 2.0, 3.0, 4.0  # doubling times; cells on a grid point
COLONY = 0.02778311  # radius of the 97 grid points in the middle
TIMES = (6.0, 12.0, 24.0)


@dataclass(frozen=True)
class Rings:
    """What there is at a time: radii of the middles (n,), areas (n,), and E, M, m, w (n,) each."""

    radius: np.ndarray
    area: np.ndarray
    epithelial: np.ndarray
    mesenchymal: np.ndarray
    mmp2: np.ndarray
    ecm: np.ndarray

    def integral(self, values: np.ndarray) -> float:
        """Over the disc."""
        return float(self.area @ values)

    def position(self, values: np.ndarray, level: float) -> float:
        """The outermost radius at which a level is crossed, linear between middles of rings; nan: nowhere."""
        crossed = np.flatnonzero((values[:-1] - level) * (values[1:] - level) <= 0.0)
        if not crossed.size:
            return math.nan
        k = int(crossed[-1])
        part = (level - values[k]) / (values[k + 1] - values[k])
        return float(self.radius[k] + part * (self.radius[k + 1] - self.radius[k]))


def solve(within: int, wall: float = 0.5, growth: bool = True, times: tuple[float, ...] = TIMES) -> list[Rings]:
    """States at the times, with so many rings in the colony and a wall without flux; relative tolerance 1e-8."""
    width = COLONY / within
    n = math.ceil(wall / width)
    face = width * np.arange(1, n)  # between rings
    radius, area = width * (np.arange(n) + 0.5), math.pi * width**2 * (2.0 * np.arange(n) + 1.0)
    across = 2.0 * math.pi * face / width

    def spread(c: np.ndarray, diffusion: float, pull: np.ndarray) -> np.ndarray:
        flux = across * (diffusion * (c[:-1] - c[1:]) + pull * 0.5 * (c[:-1] + c[1:]))
        return np.diff(np.concatenate([[0.0], -flux, [0.0]])) / area

    def slope(_: float, y: np.ndarray) -> np.ndarray:
        e, m, p, w = y.reshape(n, 4).T
        pull = PHI * (w[1:] - w[:-1])
        room = math.log(2.0) * (1.0 - (e + m) / Q) if growth else 0.0
        out = np.empty((n, 4))
        out[:, 0] = spread(e, D_E, pull) + room * e / T_E
        out[:, 1] = spread(m, D_M, pull) + room * m / T_M
        out[:, 2] = spread(p, D_MMP, np.zeros(n - 1)) + THETA * m - LAMBDA * p
        out[:, 3] = -(GAMMA_1 * m + GAMMA_2 * p) * w
        return out.ravel()

    start = np.zeros((n, 4))
    start[:within, 0], start[:within, 1], start[:, 3] = 0.4 * Q, 0.6 * Q, 1.0
    done = solve_ivp(slope, (0.0, times[-1]), start.ravel(), "LSODA", times, rtol=1e-8, atol=1e-10, lband=7, uband=7)
    return [Rings(radius, area, *(column.copy() for column in state.reshape(n, 4).T)) for state in done.y.T]


def numbers(rings: Rings) -> dict[str, float]:
    """Those that the scenarios expect: amounts of cells, what is gone of the ECM, its front, and MMP-2."""
    return {
        "epithelial": rings.integral(rings.epithelial),
        "mesenchymal": rings.integral(rings.mesenchymal),
        "mmp2": rings.integral(rings.mmp2),
        "ecm_gone": rings.integral(1.0 - rings.ecm),
        "ecm_front": rings.position(rings.ecm, 0.5),
        "epithelial_front": rings.position(rings.epithelial, 0.4),
        "mesenchymal_front": rings.position(rings.mesenchymal, 0.4),
    }


H, STEP, POINTS = 5e-3, 1e-3, 201  # of the paper's lattice
NORMAL = ((-0.16, 0.02), (0.19, 0.08), (0.02, -0.2), (-0.06, 0.22), (0.27, -0.18), (-0.3, -0.24), (-0.34, 0.3), (0.36, 0.33))
RUPTURED = ((0.14, -0.1), (-0.12, -0.19))  # middles; two by two points each


TRANSIT = 0.18  # mean time in the blood


def lattice(times: tuple[float, ...] = TIMES) -> list[tuple[float, float, float]]:
    """Cells that have entered the vessels of `vessels.yaml` by then: epithelial-like, mesenchymal-like; and both that left the blood."""
    at = H * (np.arange(POINTS) - POINTS // 2)
    distance = np.hypot(at[:, None], at[None, :])
    colony = distance <= np.sort(distance, axis=None)[96] + 1e-12
    open_to = np.zeros((2, POINTS, POINTS), dtype=bool)
    for x, y in NORMAL:
        open_to[1, round(x / H) + POINTS // 2, round(y / H) + POINTS // 2] = True
    for x, y in RUPTURED:
        i, j = round(x / H) + POINTS // 2, round(y / H) + POINTS // 2
        open_to[:, i : i + 2, j : j + 2] = True
    cells = np.where(colony, 388.0 / colony.sum(), 0.0) * np.array([0.4, 0.6])[:, None, None]
    mmp2, ecm, entered, found = np.zeros((POINTS, POINTS)), np.ones((POINTS, POINTS)), np.zeros(3), []
    for begin, end in zip((0.0, *times), times, strict=False):
        _walk(cells, mmp2, ecm, open_to, entered, round((end - begin) / STEP))
        found.append((float(entered[0]), float(entered[1]), float(entered[0] + entered[1] - entered[2])))
    return found


@njit(cache=True)  # type: ignore[untyped-decorator]
def _walk(cells: np.ndarray, mmp2: np.ndarray, ecm: np.ndarray, open_to: np.ndarray, entered: np.ndarray, steps: int) -> None:
    n = len(ecm)
    diffusion, doubling = np.array([D_E, D_M]), np.array([T_E, T_M])
    went, spread = np.zeros(cells.shape), np.zeros(mmp2.shape)
    for _ in range(steps):
        went[:] = 0.0
        entered[2] -= STEP / TRANSIT * entered[2]
        for i in range(n):
            for j in range(n):
                room = STEP * math.log(2.0) * (1.0 - (cells[0, i, j] + cells[1, i, j]) / Q)
                mmp2_here, around = mmp2[i, j], 0.0
                for k in range(4):
                    di, dj = ((1, 0), (-1, 0), (0, 1), (0, -1))[k]
                    a, b, c, d = i + di, j + dj, i - di, j - dj
                    if a < 0 or a == n or b < 0 or b == n:
                        continue
                    around += mmp2[a, b] - mmp2_here
                    rise = 0.0 if c < 0 or c == n or d < 0 or d == n else ecm[a, b] - ecm[c, d]
                    for p in range(2):
                        moved = STEP / H**2 * (diffusion[p] + 0.25 * PHI * rise) * cells[p, i, j]
                        went[p, a, b] += moved
                        went[p, i, j] -= moved
                for p in range(2):
                    went[p, i, j] += room * cells[p, i, j] / doubling[p]
                spread[i, j] = mmp2_here + STEP * (D_MMP / H**2 * around + THETA * cells[1, i, j] - LAMBDA * mmp2_here)
        for i in range(n):
            for j in range(n):
                ecm[i, j] *= 1.0 - STEP * (GAMMA_1 * cells[1, i, j] + GAMMA_2 * mmp2[i, j])
                mmp2[i, j] = spread[i, j]
                for p in range(2):
                    cells[p, i, j] += went[p, i, j]
                    if open_to[p, i, j]:
                        entered[p] += cells[p, i, j]
                        entered[2] += cells[p, i, j]  # still in the blood
                        cells[p, i, j] = 0.0


if __name__ == "__main__":
    for growth in (False, True):
        for within, wall in ((28, 0.5), (56, 0.5), (56, 0.6)):
            for time, rings in zip(TIMES, solve(within, wall, growth), strict=True):
                print(f"growth {growth!s:5} rings {within} wall {wall} t {time:4g}", *(f"{k} {v:.6g}" for k, v in numbers(rings).items()))
    for time, (epithelial, mesenchymal, left) in zip(TIMES, lattice(), strict=True):
        print(f"lattice t {time:4g} entered: epithelial {epithelial:.6g} mesenchymal {mesenchymal:.6g}, left the blood {left:.6g}")
