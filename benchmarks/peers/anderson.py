"""The common problem and its reference; needs NumPy and SciPy only, so that every peer's own Python can read it.

Anderson et al. 2000 on the square [-1/2, 1/2]^2 until t = 2, no flux, a lump in the middle:

    n_t = D lap n - gamma div(n grad f),   f_t = -eta m f,   m_t = D lap m + alpha n
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy.interpolate import make_interp_spline

D, GAMMA, ETA, ALPHA, EPS, END = 1e-3, 5e-3, 10.0, 0.1, 0.0025, 2.0
RADIUS = 0.5  # errors are taken inside this circle


def lump(x: Any, y: Any) -> Any:
    """exp(-r^2/eps): n0 = lump, f0 = 1 - lump/2, m0 = lump/2."""
    return np.exp(-(x**2 + y**2) / EPS)


def reference(r: Any) -> dict[str, Any]:
    """n, f, m at t = 2 and radius r (array), by a spline through the tabulated values, even in r."""
    table = np.loadtxt(Path(__file__).with_name("anderson_disc_t2.csv"), delimiter=",", skiprows=3)
    radius = np.concatenate([-table[:0:-1, 0], table[:, 0]])
    values = np.concatenate([table[:0:-1, 1:], table[:, 1:]])
    return dict(zip("nfm", make_interp_spline(radius, values, k=5)(r).T, strict=True))


def errors(x: Any, y: Any, fields: dict[str, Any]) -> dict[str, float]:
    """Relative L2 errors inside the circle, of values on points that stand for equal areas."""
    r = np.hypot(x, y)
    inside = r <= RADIUS
    exact = reference(r[inside])
    return {k: float(np.linalg.norm(v[inside] - exact[k]) / np.linalg.norm(exact[k])) for k, v in fields.items()}


def lost(begun: float, ended: float) -> dict[str, float]:
    """The share of the cells that is gone at the end, of which nothing should be."""
    return {"lost": float(1.0 - ended / begun)}


def main(solve: Callable[..., dict[str, Any]]) -> None:
    """Command line of a peer: JSON settings, one JSON line per setting to stdout; the faster of ``repeat`` runs."""
    for text in sys.argv[1:]:
        setting = json.loads(text)
        repeat = setting.pop("repeat", 1)
        found = [solve(**setting) for _ in range(repeat)]
        print(json.dumps({**setting, **min(found, key=lambda one: one["loop"])}), flush=True)


class Clock:
    """Processor seconds since the last call."""

    def __init__(self) -> None:
        self._last = time.process_time()

    def lap(self) -> float:
        """Seconds since the last lap, or since the start."""
        before, self._last = self._last, time.process_time()
        return self._last - before
