"""Drift with a stated velocity: closed forms of sedimentation, flow through open ends, and a centre that moves as told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from invasio.solver.model.build import build_model
from invasio.solver.model.text import explain
from invasio.solver.scenario.loader import load
from invasio.solver.simulation import Simulation
from tests.lib.comm import Comm
from tests.lib.messages import refused

MESHES = {
    1: "{kind: interval, cells: 30}",
    2: "{kind: rectangle, cells: [3, 30]}",
    3: "{kind: box, cells: [2, 2, 30]}",
}


def sinking(
    folder: Path, dim: int, velocity: str, more: str = "", flux: str = "scharfetter_gummel", end: float = 80.0, step: float = 0.5
) -> Path:
    """Cells everywhere that sink along the last axis."""
    still = ["0"] * (dim - 1)
    path = folder / "sinking.yaml"
    path.write_text(
        f"name: sinking\nparameters: {{v: 0.4, K: 5}}\nmesh: {MESHES[dim]}\n"
        f"model: {{cells: {{tumour: {{initial: 1, motility: 0.05, drift: [{', '.join([*still, velocity])}]{more}}}}}}}\n"
        f"numerics: {{flux: {flux}, linear: {{rtol: 1e-12}}}}\ntime: {{end: {end}, step: {step}}}\n"
        f"output: {{every: {end}, figures: false, precision: double}}\n"
    )
    return path


def profile(path: Path, comm: Comm, dim: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Heights and densities of the nodes at the end, and the amount over that of the start."""
    with Simulation(path, comm=comm) as simulation:
        before = simulation.row()["tumour.total"]
        simulation.run()
        return simulation.points[:, dim - 1], np.array(simulation["tumour"]), simulation.row()["tumour.total"] / before


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_sinking_cells_come_to_rest_in_the_exponential(comm: Comm, tmp_path: Path, dim: int) -> None:
    """n proportional to exp(-v z/D): exact at the nodes with the flux of Scharfetter and Gummel, and nothing is lost."""
    z, n, share = profile(sinking(tmp_path, dim, "-v"), comm, dim)
    shape = np.exp(-0.4 * z / 0.05)
    assert np.abs(n / shape / (n / shape).mean() - 1.0).max() < 1e-10
    assert share == pytest.approx(1.0, abs=1e-12)


def test_central_fluxes_leave_no_negative_density(comm: Comm, tmp_path: Path) -> None:
    """At a mesh Peclet number of 13, where central fluxes alone would oscillate below zero."""
    _, n, share = profile(sinking(tmp_path, 1, "-50*v", flux="central", end=1.0, step=0.05), comm, 1)
    assert n.min() >= 0.0
    assert share == pytest.approx(1.0, abs=1e-12)


def test_crowded_cells_come_to_rest_in_a_layer(comm: Comm, tmp_path: Path) -> None:
    """-v n (1 - n/K) = D dn/dz has the solution n = K/(1 + exp(v (z - z0)/D)), z0 by the amount."""
    z, n, _ = profile(sinking(tmp_path, 1, '"-v*(1 - tumour/K)"'), comm, 1)
    rate, wanted = 0.4 / 0.05, 1.0
    # int_0^1 K/(1 + exp(r (z - z0))) dz = K - K/r (ln(1 + exp(r (1 - z0))) - ln(1 + exp(-r z0))) = 1
    places = np.linspace(-0.5, 1.0, 200_001)
    total = 5.0 - 5.0 / rate * (np.log1p(np.exp(rate * (1 - places))) - np.log1p(np.exp(-rate * places)))
    z0 = np.interp(wanted, total, places)
    exact = 5.0 / (1.0 + np.exp(rate * (z - z0)))
    assert np.abs(n - exact).max() < 0.01 * exact.max()


def test_a_spot_moves_with_its_velocity(comm: Comm, tmp_path: Path) -> None:
    """The centre of what does not come near a boundary moves by v t, to rounding of what is there; v may depend on time."""
    path = tmp_path / "spot.yaml"
    path.write_text(
        "name: spot\nmesh: {kind: rectangle, to: [3, 3], cells: [60, 60]}\n"
        'species: {c: {initial: "exp(-((x - 1.4)^2 + (y - 1.6)^2)/0.0288)", drift: ["0.5*t", "-0.3"], diffusion: 0.01}}\n'
        "time: {end: 1, step: 0.02}\noutput: {every: 1, figures: false}\n"
    )
    with Simulation(path, comm=comm) as simulation:
        centres = []
        for _ in range(2):
            c = np.array(simulation["c"])  # nodes inside stand for equal areas
            centres.append(c @ simulation.points[:, :2] / c.sum())
            simulation.run()
        assert centres[1] - centres[0] == pytest.approx([0.25, -0.3], abs=1e-8)


def test_what_flows_through_open_ends_stays_as_it_is(comm: Comm, tmp_path: Path) -> None:
    """c = 2 that comes in on the left and leaves by `outflow` on the right: as much leaves as comes in."""
    path = tmp_path / "flow.yaml"
    path.write_text(
        "name: flow\nmesh: {kind: interval, cells: 10}\n"
        "species: {c: {initial: 2, drift: [0.5], boundaries: {left: {kind: influx, value: 1}, right: {kind: outflow}}}}\n"
        "time: {end: 4, step: 0.1}\noutput: {every: 4, figures: false}\n"
    )
    with Simulation(path, comm=comm) as simulation:
        simulation.run()
        assert np.array(simulation["c"]) == pytest.approx(2.0, abs=1e-9)
        assert simulation.row()["c.total"] == pytest.approx(2.0, abs=1e-9)


def test_a_velocity_is_said_and_has_as_many_components_as_the_mesh(tmp_path: Path) -> None:
    path = sinking(tmp_path, 3, "-v")
    assert "− ∇·(−v n ∇z)" in explain(build_model(load(path)))
    path.write_text(path.read_text().replace("[0, 0, -v]", "[0, -v]"))
    with refused("wrong-length", place="sinking.yaml:4:", remedy="allowed: 3"):
        load(path)
