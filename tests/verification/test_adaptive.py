"""Steps that the program chooses: the error follows the tolerance, published numbers are met, stiff rates do not force the step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from invasio.postprocess.expect import check, table
from invasio.solver.scenario.shipped import folder
from tests.lib.comm import Comm
from tests.lib.fields import density, logarithm
from tests.lib.march import March, advance
from tests.lib.models import lattice, problem_of, species
from tests.scenarios.runs import check_promises, run_shipped
from tests.verification import studies
from tests.verification.test_exact_wave import l1, scenario_problem


def test_the_error_is_proportional_to_the_tolerance(comm: Comm) -> None:
    """Exact wave: 1.9e-4, 1.5e-5, 1.8e-6 for tolerances 1e-3, 1e-4, 1e-5."""
    found, _ = studies.wave_by_tolerance(comm, (1e-3, 1e-4, 1e-5))
    for name, orders in found.orders.items():
        assert min(orders) > 0.85 and max(orders) < 1.15, (name, found)
    assert found.errors["tumour"][-1] < 2e-5


def test_loose_tolerances_have_a_say_as_well(comm: Comm) -> None:
    """From 1e-2 to 1e-3, where a run has ten to twenty steps; the cap of a tenth of the run lifted."""
    found, _ = studies.wave_by_tolerance(comm, (1e-2, 3e-3, 1e-3), cells=2000, limit=1.0)
    assert min(found.orders["tumour"]) > 0.75, found
    assert found.errors["tumour"][0] < 1e-2


@pytest.mark.parametrize("dt", [0.02, 0.1])
def test_the_estimate_of_a_step_is_its_third_derivative(comm: Comm, dt: float) -> None:
    """c' = -c after two steps: dt^3/12 relative to c at the middle of what it looks at; and an estimate takes no step."""
    march = advance(problem_of((species("c", "1 + x", loss="1"),), lattice(1, 4), comm), dt, 2)
    before = density(march.problem, "c").copy()
    assert march.error(dt) == pytest.approx(dt**3 / 12.0, rel=2.0 * dt)
    assert march.time == 2 * dt and np.array_equal(density(march.problem, "c"), before)


PUBLISHED = ("anderson_2000/1d_h0.02", "anderson_2000/1d_h0.01", "anderson_2000/square", "anderson_2000/ball")


@pytest.mark.parametrize(("name", "tolerance", "most"), [*((name, 7e-5, 400) for name in PUBLISHED), ("xiao_2021/set0", 7e-5, 550)])
def test_published_numbers_with_adaptive_steps(comm: Comm, shared_tmp: Path, name: str, tolerance: float, most: int) -> None:
    """Sections A and B of the reference page, to the tolerances that their meshes allow, with a fraction of the fixed steps."""
    path = folder() / f"published/{name}.yaml"
    finished = run_shipped(path, shared_tmp / "run", comm, "time.step=null", f"time.tolerance={tolerance}")
    results = check(finished)
    assert results and all(r.passed for r in results), "\n" + table(results)
    check_promises(finished)
    assert finished.series["step"][-1] < most


def test_stiff_reactions_do_not_force_the_step(comm: Comm) -> None:
    """MMP that turns over 1e6 times faster than cells move follows them without costing steps."""
    counts = []
    for speed in (1e0, 1e4, 1e6):
        laws = (
            species("n", "1 + 0.5*cos(pi*x)", "cells", diffusion="0.05"),
            species("m", "1 + 0.5*cos(pi*x)", "soluble", diffusion="0.05", production=f"{speed}*n", loss=f"{speed}"),
            species("f", "1", "ecm", loss="0.1*m"),
        )
        problem = problem_of(laws, lattice(1, 50), comm)
        counts.append(studies.adaptive(problem, 1e-4, 5.0))
    assert max(counts[1:]) <= counts[0] + 5, counts
    np.testing.assert_allclose(density(problem, "m"), density(problem, "n"), rtol=1e-5)


def test_a_run_goes_on_on_another_mesh(comm: Comm) -> None:
    """Half the way on a coarse mesh, then fields, graph and solvers made anew on a finer one: the exact wave all the same."""
    coarse = scenario_problem(comm, 1, "mesh.cells=200")
    march = advance(coarse, 0.01, 100)
    fine = scenario_problem(comm, 1, "mesh.cells=800")
    x, there = coarse.graph.points[:, 0], fine.graph.points[:, 0]
    for name in fine.species:
        density(fine, name)[:] = np.interp(there, np.sort(x), density(coarse, name)[np.argsort(x)])
        old, new = logarithm(coarse, name), logarithm(fine, name)
        if old is not None and new is not None:
            new[:] = np.interp(there, np.sort(x), old[np.argsort(x)])
    march.free()
    March(fine, start=1.0).steps(0.01, 100)
    assert max(l1(fine, 1, 2.0).values()) < 6e-4
