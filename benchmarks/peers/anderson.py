"""The common problem and its references; needs NumPy and SciPy only, so that every peer's own Python can read it.

Anderson et al. 2000 on [-1/2, 1/2]^d until t = 2, no flux, a lump in the middle; d = 2: disc, d = 3: ball:

    n_t = D lap n - gamma div(n grad f),   f_t = -eta m f,   m_t = D lap m + alpha n
"""

from __future__ import annotations

import json
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy.interpolate import make_interp_spline

D, GAMMA, ETA, ALPHA, EPS, END = 1e-3, 5e-3, 10.0, 0.1, 0.0025, 2.0
RADIUS = 0.5  # errors are taken inside this distance from the middle
REFERENCES = {2: "anderson_disc_t2.csv", 3: "anderson_ball_t2.csv"}
LONG = 20.0  # seconds: what takes longer is not repeated


def lump(*x: Any) -> Any:
    """exp(-r^2/eps): n0 = lump, f0 = 1 - lump/2, m0 = lump/2."""
    return np.exp(-sum(each**2 for each in x) / EPS)


def reference(r: Any, dim: int) -> dict[str, Any]:
    """n, f, m at t = 2 and radius r (array), by a spline through the tabulated values, even in r."""
    table = np.loadtxt(Path(__file__).with_name(REFERENCES[dim]), delimiter=",", skiprows=3)
    radius = np.concatenate([-table[:0:-1, 0], table[:, 0]])
    values = np.concatenate([table[:0:-1, 1:], table[:, 1:]])
    return dict(zip("nfm", make_interp_spline(radius, values, k=5)(r).T, strict=True))


def judged(points: Any, fields: dict[str, Any]) -> dict[str, float]:
    """Relative L2 errors inside RADIUS, of values on points that stand for equal volumes (points: one row per direction), and least values.

    ``least`` is the smallest value of all fields, ``below`` the share of the values of n that are under zero.
    """
    r = np.linalg.norm(points, axis=0)
    inside = r <= RADIUS
    exact = reference(r[inside], len(points))
    found = {k: float(np.linalg.norm(v[inside] - exact[k]) / np.linalg.norm(exact[k])) for k, v in fields.items()}
    return {**found, "least": min(float(v.min()) for v in fields.values()), "below": float((fields["n"] < 0.0).mean())}


def lost(begun: float, ended: float) -> dict[str, float]:
    """The share of the cells that is gone at the end, of which nothing should be."""
    return {"lost": float(1.0 - ended / begun)}


def main(solve: Callable[..., dict[str, Any]], **versions: str) -> None:
    """Command line of a peer: JSON settings, one JSON line per setting to stdout; the faster of ``repeat`` runs."""
    for text in sys.argv[1:]:
        setting = json.loads(text)
        repeat = setting.pop("repeat", 1)
        found = [solve(**setting)]
        while len(found) < repeat and found[-1]["loop"] + found[-1].get("compiled", 0.0) < LONG:
            found.append(solve(**setting))
        print(
            json.dumps(
                {**setting, **min(found, key=lambda one: one["loop"]), "versions": {"python": platform.python_version(), **versions}}
            ),
            flush=True,
        )


class Clock:
    """Processor seconds since the last call."""

    def __init__(self) -> None:
        self._last = time.process_time()

    def lap(self) -> float:
        """Seconds since the last lap, or since the start."""
        before, self._last = self._last, time.process_time()
        return self._last - before
