"""Permeabilities that are formulas: of time, place, the integrity and densities, against numbers, closed forms and other laws."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.cut_meshes import CASES
from tests.lib.comm import Comm
from tests.lib.fields import crossing, density, least, part, sites
from tests.lib.march import March, advance
from tests.lib.messages import refused
from tests.lib.models import boundary, lattice, membrane, passage, problem_of, species
from tests.lib.vessels import enzyme_opened, flux, tissue, vessel
from tests.verification.test_membranes import slabs

ENZYME = species("m", "1.5 + x", "soluble", diffusion="0.1")
CELLS = species("n", {"bed": "1", "tissue": "0"}, "cells", diffusion="0.3")
OPENS: Any = {"degraded_by": (("2*m", "mean"),)}


def ended(comm: Comm, dim: int, *ways: Any, laws: Any = (CELLS, ENZYME), **options: Any) -> Any:
    """The problem after some steps."""
    problem = problem_of(laws, slabs(dim, 6), comm, (membrane("m", *ways, **options),))
    advance(problem, 0.1, 6)
    return problem


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_formulas_that_say_what_numbers_say(comm: Comm, dim: int) -> None:
    """1.5 as a formula of place gives the very bits of 1.5, and 1.5 (1 - integrity) those of 1.5 g(b) up to rounding."""
    plain = ended(comm, dim, passage("n", "1.5"), **OPENS)
    formula = ended(comm, dim, passage("n", "1.5 + 0*x"), **OPENS)
    assert np.array_equal(density(plain, "n"), density(formula, "n"))
    assert crossing(plain, "n", "m").varying is None  # a plain number has nothing to evaluate
    assert formula.species["n"].static and plain.species["n"].static
    follows = ended(comm, dim, passage("n", "1.5", follows_integrity=True), **OPENS)
    opened = ended(comm, dim, passage("n", "1.5*(1 - integrity)"), **OPENS)
    assert density(opened, "n") == pytest.approx(density(follows, "n"), rel=1e-13)
    assert not opened.species["n"].static and part(opened, "bed", "n") < 0.99 * part(plain, "bed", "n") + 0.5


def test_opening_in_time(comm: Comm) -> None:
    """kappa = r t between well-mixed sides: the jump decays as exp(-r t^2), at second order in the step."""
    errors = []
    for steps in (10, 20, 40):
        law = species("n", {"bed": "1", "tissue": "0"}, "cells", diffusion="1e6")
        problem = problem_of((law,), slabs(2, 4), comm, (membrane("m", passage("n", "0.5*t")),))
        advance(problem, 1.5 / steps, steps)
        errors.append(abs(part(problem, "bed", "n") - part(problem, "tissue", "n") - math.exp(-0.5 * 1.5**2)))
    assert errors[-1] < 2e-4
    assert errors[0] / errors[1] > 3.5 and errors[1] / errors[2] > 3.5, errors


def test_half_of_a_membrane(comm: Comm) -> None:
    """kappa = 0 above the middle: that half carries nothing, the other what it carries alone."""
    problem = ended(comm, 2, passage("n", "where(y < 0.5, 2, 0)"), laws=(CELLS,))
    y, through = sites(problem, "m").points[:, 1], crossing(problem, "n", "m").flux
    assert np.abs(through[y > 0.5 - 1e-9]).max() == 0.0 < np.abs(through[y < 0.49]).min()


@pytest.mark.parametrize("steady", [False, True])
def test_own_density_as_in_the_law_of_pressure(comm: Comm, steady: bool) -> None:
    """kappa = the mean of both sides is the law of pressure with exponent 1, also in balance (Chaplain et al. 2019: J = 1/6)."""
    sides = {"left": boundary("fixed", "1"), "right": boundary("fixed", "0")}
    law = species("n", "0.5", diffusion="n", quasi_steady=True, boundaries=sides) if steady else CELLS
    found = []
    for way in (passage("n", "n"), passage("n", "1", kind="pressure")):
        problem = problem_of((law,), slabs(1, 10), comm, (membrane("m", way),))
        if steady:
            March(problem)
            assert -crossing(problem, "n", "m").flux == pytest.approx(1 / 6, rel=1e-6)
        else:
            advance(problem, 0.1, 8)
        found.append(density(problem, "n").copy())
    assert found[0] == pytest.approx(found[1], rel=1e-7)


@pytest.mark.parametrize("name", ["obtuse", "slivers", "torn box", "scattered square"])
def test_never_negative_and_conservative_with_a_rough_formula(comm: Comm, name: str) -> None:
    """A formula with jumps in place and time, of densities, with drift through the opening: minimum 0, every account in balance."""
    lump = "where(x + y < 0.7, 1, 0)"
    laws = (
        species("n", lump, "cells", diffusion="1e-4", taxis=(("f", "f", "5e-2"),)),
        species("m", "0.1", "soluble", diffusion="1e-2", production="n", loss="0.5"),
        species("f", f"1 - 0.5*{lump}", "ecm", loss="3*m"),
    )
    rate = "where(noise(0.1, 4) > 0.5, 1e3, 0.1)*m/(0.1 + m)*where(t < 0.35, 1, 0)*(1 - integrity)^2 + 5*n*f"
    data = CASES[name]()
    ways = (passage("n", rate, taxis=True), passage("m", "0.01*t"))
    problem = problem_of(laws, data, comm, tuple(membrane(key, *ways, degraded_by=(("2*m", "mean"),)) for key in data.interfaces))
    march = March(problem)
    for _ in march.each(0.1, 8, balanced=True):
        assert least(problem) >= 0.0
    assert march.worst < 1e-12 and march.limited("n") > 0
    assert any(abs(march.account("n", f"crossed:{key}")) > 1e-6 for key in data.interfaces)


@pytest.mark.parametrize(("rate", "value", "steps"), [("0.3 - x", "-0.2", 0), ("0.3 - t", "-0.05", 4), ("log(n)", "-inf", 0)])
def test_a_negative_permeability_stops_the_run(comm: Comm, rate: str, value: str, steps: int) -> None:
    """Found where and when it happens, with the remedy."""
    data = lattice(1, 10)
    data = replace(data, interfaces={"m": np.array([[5]])})
    says = (f"but {rate} is {value} at t = {0.35 if steps else 0}, x = 0.5",)
    problem = problem_of((species("n", "0", "cells", diffusion="0.3"),), data, comm, (membrane("m", passage("n", rate)),))
    with refused("bad-rate", "membrane m, species n", f"write max(0, {rate})", says):
        march = March(problem)
        assert steps > 0
        march.steps(0.1, steps)


def test_a_permeability_without_bound_is_refused(comm: Comm) -> None:
    data = replace(lattice(1, 10), interfaces={"m": np.array([[5]])})
    barrier = membrane("m", passage("n", "1/(1 - integrity)"))
    with refused("bad-rate", "membrane m, species n", "a finite number", ("the permeability is inf at t = 0, x = 0.5",)):
        problem_of((species("n", "0", "cells", diffusion="0.3"),), data, comm, (barrier,))


def test_entry_into_a_vessel_by_the_integrity_of_its_wall(comm: Comm) -> None:
    """k = 2 (1 - integrity), for the open and the closed wall alike, is k = 2 g(b) where nothing passes a closed one."""
    found = []
    for way in (flux("n", "2*(1 - integrity)", closed="2*(1 - integrity)"), flux("n", "2")):
        wall = vessel("v", "boundary", ["left"], way, integrity=enzyme_opened("2*m"))
        problem = tissue((species("n", "1", "cells", diffusion="0.3"), ENZYME), lattice(1, 10), comm, [wall])
        assert advance(problem, 0.1, 8, balanced=True).worst < 1e-12
        found.append(density(problem, "n").copy())
    assert found[0] == pytest.approx(found[1], rel=1e-12) and found[0][0] < 0.95


@pytest.mark.parametrize("name", ["obtuse", "slivers"])
def test_a_permeability_never_sees_less_than_nothing(comm: Comm, name: str) -> None:
    """Oxygen in balance that opens the membrane itself, used up before it gets there, on cells that make it negative on the way."""
    o = species("o", "0", diffusion="1", production="where(x < 0.15, 100, 0)", loss="100", quasi_steady=True)
    problem = problem_of((o,), CASES[name](), comm, (membrane("m", passage("o", "2*o")),))
    march = advance(problem, 0.1, 2)
    assert march.clipped("o") > 0.0 and least(problem, "o") >= 0.0
