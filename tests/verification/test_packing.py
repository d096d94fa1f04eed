"""A stated maximum is never exceeded: by drift into walls, by transfers, by stiff or crowded growth; unless the law itself makes more."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from invasio.postprocess.run import open_run
from invasio.solver.cli import main
from invasio.solver.components import packing
from invasio.solver.components.options import SchemeOptions
from invasio.solver.model.balance import Species
from invasio.solver.run import run
from invasio.solver.scenario.loader import load
from tests.bad_meshes import obtuse_rectangle, sliver_box
from tests.cut_meshes import CASES
from tests.lib.comm import Comm
from tests.lib.fields import amount, density, greatest, least, part
from tests.lib.march import March, advance
from tests.lib.messages import refused
from tests.lib.models import boundary, lattice, membrane, passage, problem_of, species
from tests.lib.tables import forget_the_last_checkpoint
from tests.verification.test_transfers import turning

ROUNDING = 1e-13
MESHES = {
    "line": lambda: lattice(1, 60),
    "square": lambda: lattice(2, 16),
    "cube": lambda: lattice(3, 6),
    "obtuse": lambda: obtuse_rectangle(12),
    "sliver": lambda: sliver_box(6),
}


def crowded(maximum: float | None = 1.0, **options: Any) -> tuple[Species, ...]:
    """Cells that all drift to x = 1 with little diffusion, and the field that guides them."""
    options = {"diffusion": "1e-4", "taxis": (("f", "f", "0.3"),), **options}
    n = species("n", "where(x > 0.4 and x < 0.95, 0.9, 0.05)", "cells", **options)
    return replace(n, maximum=maximum), species("f", "x")


def packed(problem: Any, dt: float, steps: int, limit: dict[str, float], scheme: SchemeOptions | None = None) -> March:
    """Steps that keep 0 and the limits, and the ledger to 1e-12."""
    march = March(problem, scheme)
    for time in march.each(dt, steps, balanced=True):
        for name in problem.species:
            assert least(problem, name) >= 0.0, (time, name)
            highest = greatest(problem, name)
            assert highest <= limit.get(name, np.inf) * (1.0 + ROUNDING), (time, name, highest)
    assert march.worst < 1e-12
    return march


@pytest.mark.parametrize("dt", [0.05, 0.5])
@pytest.mark.parametrize("mesh", MESHES)
def test_drift_into_a_wall_packs_cells(comm: Comm, mesh: str, dt: float) -> None:
    """Without the maximum they pile up far beyond it; with it they fill the end of the domain, layer by layer, and none is lost."""
    free = problem_of(crowded(None), MESHES[mesh](), comm)
    advance(free, dt, 12)
    assert greatest(free, "n") > 1.5
    problem = problem_of(crowded(), MESHES[mesh](), comm)
    before = amount(problem, "n")
    march = packed(problem, dt, 12, {"n": 1.0})
    assert amount(problem, "n") == pytest.approx(before, rel=1e-12)
    assert march.packing("n").surplus[0] == 0.0


def test_the_packed_layer_is_the_one_of_conservation(comm: Comm) -> None:
    """In the end all cells stand packed before the wall: the width of the layer is their amount over the maximum."""
    problem = problem_of(crowded(), lattice(1, 200), comm)
    before = amount(problem, "n")
    packed(problem, 0.1, 60, {"n": 1.0})
    x, state = problem.graph.points[:, 0], density(problem, "n")
    width = problem.graph.sum(problem.graph.mass * (state > 0.99))[0]
    assert width == pytest.approx(before, abs=0.03)
    assert state[x > 1.0 - before + 0.02].min() > 0.99 and state[x < 1.0 - before - 0.02].max() < 0.01


@pytest.mark.parametrize("limiter", ["positivity", "local_bounds"])
def test_when_sweeps_do_not_end_both_sides_are_limited(comm: Comm, monkeypatch: pytest.MonkeyPatch, limiter: str) -> None:
    """The last resort keeps all bounds as well, also with sinks and growth."""
    monkeypatch.setattr(packing, "SWEEPS", 0)
    for loss in ("0.1", "50*x"):
        problem = problem_of(crowded(loss=loss, growth="2*(1 - n)"), obtuse_rectangle(10), comm)
        assert packed(problem, 0.3, 8, {"n": 1.0}, SchemeOptions(limiter=limiter)).packing("n").circles > 0


@pytest.mark.parametrize("dt", [0.05, 1.0, 20.0])
def test_crowded_growth_stops_at_the_maximum(comm: Comm, dt: float) -> None:
    """Logistic growth, frozen over a long step, would overshoot: it makes nothing at the maximum, so it is cut to what fits."""
    problem = problem_of(crowded(growth="3*(1 - n)", loss="0.2"), lattice(2, 10), comm)
    packed(problem, dt, 8, {"n": 1.0})


@pytest.mark.parametrize("dt", [0.05, 1.0])
def test_stiff_sources_keep_it(comm: Comm, dt: float) -> None:
    """A species that follows its production at once, where that jumps about: the second look at stiff sources stays below too."""
    n = species("n", "0", "soluble", diffusion="1e-3", production="1e4*k", loss="1e4")
    k = species("k", "where(x < 0.5, 1, 0)", "cells", diffusion="1e-4", taxis=(("f", "f", "0.3"),))
    problem = problem_of((replace(k, maximum=1.0), replace(n, maximum=1.0), species("f", "x")), lattice(2, 10), comm)
    packed(problem, dt, 8, {"n": 1.0, "k": 1.0})


def test_growth_without_crowding_goes_beyond_and_says_so(comm: Comm) -> None:
    """What the law itself makes at the maximum is not cut: e^(mu t), and the surplus is noted."""
    laws = (replace(species("n", "0.9", "cells", diffusion="1e-3", growth="0.5"), maximum=1.0),)
    problem = problem_of(laws, lattice(1, 20), comm)
    march = advance(problem, 0.02, 50)
    np.testing.assert_allclose(density(problem, "n"), 0.9 * np.exp(0.5), rtol=1e-4)
    assert march.packing("n").surplus[0] == pytest.approx(0.9 * np.exp(0.5) - 1.0, rel=1e-3)


@pytest.mark.parametrize("dt", [0.05, 2.0])
@pytest.mark.parametrize("dim", [1, 2, 3])
def test_transfers_fill_no_more_than_there_is_room(comm: Comm, dim: int, dt: float) -> None:
    """A ring of three, two of them bounded, with drift and growth: what does not fit stays what it was; all accounts in balance."""
    drift = (("f", "f", "0.1"),)
    laws = (
        replace(turning(species("a", "0.7", "cells", diffusion="1e-3", taxis=drift), b="20*x", c="0.5"), maximum=0.9),
        replace(turning(species("b", "0.3", "cells", diffusion="1e-3", taxis=drift, growth="0.5*(1 - b/0.8)"), c="5"), maximum=0.8),
        turning(species("c", "0.4", "cells", diffusion="1e-2"), a="3*c", b="1"),
        species("f", "x"),
    )
    problem = problem_of(laws, lattice(dim, {1: 40, 2: 10, 3: 5}[dim]), comm)
    packed(problem, dt, 8, {"a": 0.9, "b": 0.8})


def test_what_is_above_its_maximum_takes_nothing_in(comm: Comm) -> None:
    """Cells that grew beyond, with transfers into them that are zero at some nodes or everywhere: nothing is divided by zero."""
    for rate, ends in (("where(x < 0.5, 0, 2)", 1.0), ("0*x", 1.0)):
        laws = (
            replace(species("n", "0.9", "cells", diffusion="1e-3", growth="0.5"), maximum=1.0),
            turning(species("k", "where(x < 0.3, 0, 0.5)", "cells", diffusion="1e-6"), n=rate),
        )
        problem = problem_of(laws, lattice(1, 20), comm)
        packed(problem, 0.1, 10, {"k": 0.5})
        assert least(problem, "n") > ends


def test_a_transfer_that_fits_is_not_touched(comm: Comm) -> None:
    """A maximum out of reach changes no bit."""
    states = []
    for maximum in (None, 10.0):
        laws = (
            turning(species("a", "1 + x", "cells", diffusion="0.1"), b="0.8"),
            replace(turning(species("b", "0.1", "cells", diffusion="0.2"), a="0.3"), maximum=maximum),
        )
        problem = problem_of(laws, lattice(2, 6), comm)
        advance(problem, 0.2, 5)
        states.append(density(problem, "b").copy())
    assert np.array_equal(states[0], states[1])


def test_fixed_values_stay_with_transfers(comm: Comm) -> None:
    """Nodes with a fixed value hold it exactly after every step, one that changes in time too; the ledger knows what that took."""
    held = {"left": boundary("fixed", "1 + 0.5*t"), "right": boundary("fixed", "0.25")}
    laws = (
        turning(species("a", "1", "cells", diffusion="0.1", boundaries=held), b="2"),
        turning(species("b", "0", "cells", diffusion="0.2"), a="0.3"),
    )
    problem = problem_of(laws, lattice(2, 8), comm)
    march, x = March(problem), problem.graph.points[:, 0]
    for k, _ in enumerate(march.each(0.1, 5, tried=2.0, balanced=True)):
        assert (density(problem, "a")[x == 0.0] == 1.0 + 0.5 * (0.1 * k + 0.1)).all()
        assert (density(problem, "a")[x == 1.0] == 0.25).all()
    assert march.worst < 1e-12
    assert march.account("a", "inflow:left") > 0.0


@pytest.mark.parametrize("sweeps", [20, 0])
@pytest.mark.parametrize("name", ["obtuse", "slivers"])
def test_what_crosses_a_membrane_is_counted_when_packed(comm: Comm, monkeypatch: pytest.MonkeyPatch, name: str, sweeps: int) -> None:
    """The count is the change of the amount on side 0, also where fluxes through the membrane are held back, in either way."""
    monkeypatch.setattr(packing, "SWEEPS", sweeps)
    drift = (("f", "f", "0.3"),)
    n = species("n", {"left": "1", "right": "0.8"}, "cells", diffusion="1e-2", taxis=drift)
    barrier = membrane("m", passage("n", "2", taxis=True))
    problem = problem_of((replace(n, maximum=1.0), species("f", "x", "ecm")), CASES[name](), comm, (barrier,))
    before = part(problem, "left", "n")
    crossed = packed(problem, 0.1, 10, {"n": 1.0}).account("n", "crossed:m")
    assert crossed == pytest.approx(before - part(problem, "left", "n"), rel=1e-9)
    assert crossed > 1e-3
    free = problem_of((n, species("f", "x", "ecm")), CASES[name](), comm, (barrier,))
    assert crossed < 0.9 * advance(free, 0.1, 10).account("n", "crossed:m")


SCENARIO = """
schema_version: 1
name: packed
mesh: {kind: interval, to: 1, cells: 40}
model:
  cells:
    tumour:
      initial: 0.8*x
      motility: 1e-4
      haptotaxis: 0.2
      growth: GROWTH
      maximum: 1
  ecm: {initial: "x^2"}
time: {end: 1, step: 0.05}
output: {every: 0.25, checkpoint_every: 0.25, figures: false}
"""


@pytest.mark.parametrize(("growth", "noted"), [("{kind: exponential, rate: 0.5}", True), ("{kind: logistic, rate: 0.5}", False)])
def test_validate_and_the_log_say_where_the_law_makes_more(
    comm: Comm, tmp_path: Path, capsys: pytest.CaptureFixture[str], growth: str, noted: bool
) -> None:
    """Exponential growth takes no notice of a maximum: said beforehand, and at the end with how far it went; logistic growth does."""
    path = tmp_path / "packed.yaml"
    path.write_text(SCENARIO.replace("GROWTH", growth))
    assert main(["validate", str(path)]) == 0
    assert ("tumour can exceed its maximum of 1: alone at that density it still grows" in capsys.readouterr().out) == noted
    outcome = run(load(path), comm, tmp_path / "out")
    text = (tmp_path / "out" / "run.log").read_text()
    assert ("tumour can exceed its maximum of 1" in text) == noted
    assert ("tumour exceeded its maximum of 1 by up to" in text) == noted
    assert outcome.reason == "done"
    assert (open_run(outcome.folder).series["tumour.max"].max() > 1.0 + 1e-9) == noted


def test_the_log_of_a_resumed_run_is_that_of_the_whole(comm: Comm, tmp_path: Path) -> None:
    """Largest mesh Peclet number and surplus, with their times and places, come from before the restart if they were larger there."""
    path = tmp_path / "packed.yaml"
    text = SCENARIO.replace("GROWTH", "{kind: exponential, rate: '3*exp(-20*t)'}").replace("haptotaxis: 0.2", "haptotaxis: '0.2*exp(-t)'")
    path.write_text(text)
    said = []
    for name in ("whole", "parts"):
        run(load(path), comm, tmp_path / name)
        if name == "parts":
            forget_the_last_checkpoint(tmp_path / name)
            run(load(path), comm, tmp_path / name, resume=True)
        lines = (tmp_path / name / "run.log").read_text().splitlines()
        said.append([line[line.index("tumour") :] for line in lines if "Peclet" in line or "exceeded" in line][-2:])
    assert len(said[0]) == 2 and said[0] == said[1]
    assert "t = 0)" in "".join(said[0]) or "t = 0," in "".join(said[0])


def test_an_initial_value_above_the_maximum_is_an_error(comm: Comm) -> None:
    with refused("wrong-initial", "species n", "min(..., 1)", ("1.5 at x = 1, 1, 0", "maximum of 1")):
        problem_of((replace(species("n", "0.75*(x + y)", diffusion="1"), maximum=1.0),), lattice(2, 4), comm)
