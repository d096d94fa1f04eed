"""A well mixed tissue whose growth falls with what arrives in the lungs, against an integrator: of second order, and within the tolerance.

n' = g/(1 + A/10) n (1 - n) - k n,  B' = S k n - B/T,  A' = B/(2 T): S cells are at density 1.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import invasio

MIXED = """\
scales: {length: 1 um, time: 1 d, cells: 1e8 /cm^3, depth: 100 um}
mesh: {kind: interval, to: 1, cells: 1}
model:
  cells: {tumour: {initial: 0.5, motility: 1e8, growth: {kind: logistic, rate: "0.6/(1 + seen/10)"}}}
  vessels: {vein: {carries: blood, at: {boundary: right}, entry: {tumour: 0.2}}}
circulation:
  stands_for: 100
  end: 20 d
  blood: {transit: 2 d, survival: {single: 0.5}}
  feedback: {seen: organ.lungs.arrived}
organs: {anatomy: human_adult, capture: 1}
time: {end: 8, STEPS}
output: {every: 4, figures: false}
"""


def ends(folder: Path, steps: str) -> np.ndarray:
    """n, B and A at the end."""
    path = folder / "mixed.yaml"
    path.write_text(MIXED.replace("STEPS", steps), encoding="utf-8")
    series = invasio.run(path, out=None).series
    assert series["circulation.ledger"].max() < 1e-12
    return np.array([series[name][-1] for name in ("tumour.total", "blood.cells", "organ.lungs.arrived")])


@pytest.fixture(scope="module")
def exact() -> np.ndarray:
    def slopes(t: float, y: np.ndarray) -> list[float]:
        return [0.6 / (1 + y[2] / 10) * y[0] * (1 - y[0]) - 0.2 * y[0], 20 * y[0] - y[1] / 2, y[1] / 4]

    return np.asarray(solve_ivp(slopes, (0, 8), [0.5, 0, 0], rtol=1e-11, atol=1e-12, method="LSODA").y[:, -1])


def test_second_order_in_time(tmp_path: Path, exact: np.ndarray) -> None:
    errors = [np.abs(ends(tmp_path, f"step: {step}") / exact - 1) for step in (0.1, 0.05, 0.025)]
    assert (np.log2(errors[0] / errors[1]) > 1.8).all() and (np.log2(errors[1] / errors[2]) > 1.9).all()
    assert (errors[0] < 6e-5).all()


def test_the_error_control_sees_them(tmp_path: Path, exact: np.ndarray) -> None:
    errors = [np.abs(ends(tmp_path, f"tolerance: {tolerance}") / exact - 1).max() for tolerance in (1e-3, 1e-4)]
    assert errors[0] < 2e-3 and errors[1] < 2e-4
