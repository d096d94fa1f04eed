"""Vessels against closed forms: Robin sinks, lines, integrity of the wall, torn walls, and the ledger of all together."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from invasio.meshes.domain import MeshData
from invasio.meshes.network import read_network
from invasio.solver.components.options import SchemeOptions
from invasio.solver.linalg.linear import LinearOptions
from invasio.solver.model.balance import Fibres, IntegrityLaw
from invasio.solver.scenario.network import Network as NetworkOptions
from invasio.solver.scenario.parser import parse
from tests.bad_meshes import obtuse_rectangle, sliver_box
from tests.cut_meshes import plane
from tests.lib.comm import Comm
from tests.lib.fields import density, entered, integrity, least
from tests.lib.march import March, advance
from tests.lib.messages import refused
from tests.lib.models import boundary, lattice, membrane, passage, species
from tests.lib.orders import orders
from tests.lib.vessels import enzyme_opened, flux, line, tissue, vessel
from tests.unit.meshes.build import make

# Reference page, section E: share of a slab (length 1, D = 1, c0 = 1) taken by a wall -D dc/dn = k c at t = .1, .5, 1, 2.
TIMES = (0.1, 0.5, 1.0, 2.0)
ROBIN = {
    "0.1": (0.0097670, 0.0474260, 0.0924129, 0.1761112),
    "1": (0.0804033, 0.3188955, 0.5296028, 0.7756060),
    "10": (0.2738823, 0.6849837, 0.8865044, 0.9852669),
}
CELLS = species("n", "1", "cells", diffusion="1")


@pytest.mark.parametrize("rate", ROBIN)
def test_entry_is_a_robin_sink(comm: Comm, rate: str) -> None:
    """The fractions of the table, second order with dt ~ h."""
    for time, expected in zip(TIMES, ROBIN[rate], strict=True):
        errors = []
        for count in (16, 32, 64):
            problem = tissue((CELLS,), lattice(1, count), comm, [vessel("v", "boundary", ["right"], flux("n", rate))])
            march = advance(problem, time / count, count, balanced=True)
            errors.append(abs(march.account("n", "blood:v") - expected))
        assert errors[-1] < 1.5e-4, (time, errors)
        assert errors[-1] < 2e-7 or orders(errors)[-1] > 1.7, (time, errors)


def halves(dim: int, count: int) -> MeshData:
    """(-1, 1) across x with an interface in the middle; thin in the other directions."""
    if dim == 1:
        data = make("interval", **{"from": -1, "to": 1}, cells=2 * count)
    elif dim == 2:
        data = make("rectangle", **{"from": [-1, 0], "to": [1, 0.25]}, cells=[2 * count, count // 4])
    else:
        data = make("box", **{"from": [-1, 0, 0], "to": [1, 0.25, 0.25]}, cells=[2 * count, 2, 2])
    return replace(data, interfaces={"m": plane(data, 0, 0.0)})


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_an_interface_is_entered_from_both_sides(comm: Comm, dim: int) -> None:
    """A thin vessel in the middle of two slabs takes from each what a wall takes from one; cut along a membrane or not."""
    data = halves(dim, 32)
    v = vessel("v", "interface", ["m"], flux("n", "1"), carries="lymph")
    sides = 2.0 * 0.25 ** (dim - 1)
    for membranes in ((), (membrane("m", passage("n", "0")),)):
        problem = tissue((CELLS,), data, comm, [v], membranes=membranes)
        march = advance(problem, 0.5 / 32, 32, balanced=True)
        assert march.account("n", "lymph:v") / sides == pytest.approx(ROBIN["1"][1], abs=2e-4)
        assert march.worst < 1e-12


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_a_lumen_is_cut_out(comm: Comm, dim: int) -> None:
    """A slab next to a region that is the lumen: its outline is the wall, and the numbers are those of a boundary."""
    kind = ("interval", "rectangle", "box")[dim - 1]
    low, high, cells = [1.0, 0.0, 0.0][:dim], [1.5, 0.25, 0.25][:dim], [48, 2, 2][:dim]
    shape = {"kind": kind, "from": low[0] if dim == 1 else low, "to": high[0] if dim == 1 else high}
    whole = {"from": 0 if dim == 1 else [0.0] * dim, "to": shape["to"], "cells": 48 if dim == 1 else cells}
    data = make(kind, regions={"lumen": shape}, **whole)
    problem = tissue((CELLS,), data, comm, [vessel("v", "region", ["lumen"], flux("n", "10"))])
    assert problem.grid.regions == ("tissue",)
    march = advance(problem, 0.5 / 32, 32, balanced=True)
    assert march.account("n", "blood:v") / 0.25 ** (dim - 1) == pytest.approx(ROBIN["10"][1], abs=5e-4)
    assert march.worst < 1e-12


def test_a_line_in_the_plane_has_two_sides(comm: Comm) -> None:
    """A line along the cells' sides takes what the interface there takes; one across the cells does so to first order."""
    network = line([(0.3 / 7, 0.0), (0.3 / 7, 0.1), (0.3 / 7, 0.25)], 1e-9)

    def miss(count: int, shift: float) -> float:
        data = halves(2, count)
        moved = replace(data, points=data.points + np.array([shift, 0.0]))
        problem = tissue((CELLS,), moved, comm, [vessel("v", "network", [], flux("n", "1"))], {"v": network})
        assert problem.vessels["v"].area.sum() == pytest.approx(0.5, rel=1e-13)
        march = advance(problem, 0.5 / 32, 32, balanced=True)
        taken = march.account("n", "blood:v") / 0.5
        return abs(taken - ROBIN["1"][1])

    assert miss(32, 0.3 / 7) < 2e-4
    across = [miss(count, 0.3 / 7 + 0.37 / count) for count in (8, 16, 32)]
    assert orders(across)[-1] > 0.9, across


def test_a_turned_mesh_gives_the_same(comm: Comm) -> None:
    """Mesh and network turned by 27 degrees: the same counts for every segment."""
    data = make("rectangle", **{"from": [-1, -1], "to": [1, 1]}, size=0.2, structured=False)
    points = [(-0.5, -0.4), (0.1, 0.2), (0.6, 0.1)]
    angle = math.radians(27)
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    counts = []
    for matrix in (np.eye(2), turn):
        turned = replace(data, points=data.points @ matrix)
        network = line(list(np.array(points) @ matrix), 0.05)
        v = vessel("v", "network", [], flux("n", "1"))
        problem = tissue((CELLS,), turned, comm, [v, vessel("w", "boundary", ["left"], flux("n", "2"))], {"v": network})
        advance(problem, 0.05, 4, balanced=True)
        first = problem.vessels["v"]
        counts.append(comm.allreduce(np.bincount(first.part, entered(problem, "v")["n"], minlength=2)))
        counts[-1] = np.append(counts[-1], comm.allreduce(entered(problem, "w")["n"].sum()))
    assert np.allclose(counts[0], counts[1], rtol=1e-10), counts


def test_a_tree_keeps_its_wall_area(comm: Comm) -> None:
    """The weights of every branch are >= 0 and add up to 2 pi R length, wherever it runs through the cells."""
    options = NetworkOptions.model_validate(
        {
            "tree": {
                "from": [0.5, 0.5, 0.05], "direction": [0, 0, 1], "radius": 0.04, "length": 0.3, "generations": 4, "seed": 3,
                "within": {"kind": "box", "from": [0.02, 0.02, 0.02], "to": [0.98, 0.98, 0.98]},
            }
        }
    )  # fmt: skip
    network = read_network(options, 3)
    again = read_network(options, 3)
    assert np.array_equal(network.points, again.points) and network.names == again.names
    cubes = {k: network.radius[k] ** 3 for k in range(len(network.radius))}
    starts, ends = network.segments.T
    for k, end in enumerate(ends):
        below = np.flatnonzero(starts == end)
        if len(below) == 2:
            assert sum(cubes[j] for j in below) == pytest.approx(cubes[k], rel=1e-12)
    problem = tissue((CELLS,), lattice(3, 6), comm, [vessel("v", "network", [], flux("n", "1"))], {"v": network})
    v = problem.vessels["v"]
    assert (v.sites.measure > 0.0).all()
    assert np.allclose(v.area, 2.0 * math.pi * network.radius * network.lengths, rtol=1e-13, atol=0.0)


def oxygen_line(comm: Comm, count: int, at: tuple[float, float], radius: float, kappa: float, inside: float) -> tuple[float, float, float]:
    """A straight vessel along z in a flat box: exact strength q, the one computed, L2 error of c = 1 - (q/2 pi) ln r, relative to q."""
    q = 2.0 * math.pi * radius * kappa * inside / (1.0 - radius * kappa * math.log(radius))
    exact = f"1 - {q / (4 * math.pi)}*log((x - {at[0]})^2 + (y - {at[1]})^2)"
    held = {side: boundary("fixed", exact) for side in ("left", "right", "bottom", "top")}
    oxygen = species("o", "1", "soluble", diffusion="1", quasi_steady=True, boundaries=held)
    data = make("box", **{"from": [0, 0, 0], "to": [1, 1, 0.25]}, cells=[count, count, count // 4])
    network = line([(*at, 0.0), (*at, 0.25)], radius)
    v = vessel("v", "network", [], flux("o", str(kappa), closed=str(kappa), inside=str(1.0 + inside), dissolved=True))
    problem = tissue((oxygen,), data, comm, [v], {"v": network})
    advance(problem, 0.1, 0, balanced=True)
    g, c = problem.graph, density(problem, "o")
    given = -comm.allreduce(problem.vessels["v"].crossings[0].flux(c).sum()) / 0.25
    r = np.maximum(np.hypot(g.points[:, 0] - at[0], g.points[:, 1] - at[1]), radius)
    miss = c - 1.0 + q / (2.0 * math.pi) * np.log(r)
    return q, given, math.sqrt(comm.allreduce(float((g.mass * miss * miss)[: g.n_owned].sum()))) / q


@pytest.mark.parametrize("place", [(0.0, 0.0), (0.3, 0.2)])
def test_line_source_is_first_order(comm: Comm, place: tuple[float, float]) -> None:
    """c ~ -(q/2 pi D) ln r around a thin line of given strength: L2 order 1, at the same place of a cell on each mesh."""
    errors = []
    for count in (8, 16, 32):
        at = (0.5 + place[0] / count, 0.5 + place[1] / count)
        q, given, error = oxygen_line(comm, count, at, 1e-4, 1e-4, 1e8)
        assert given == pytest.approx(q, rel=1e-5)  # so little permeable that the strength does not depend on c
        errors.append(error)
    assert orders(errors)[-1] > 0.95, errors


@pytest.mark.parametrize("radius", [0.005, 0.02, 0.05])
def test_a_line_gives_what_it_should_on_any_mesh(comm: Comm, radius: float) -> None:
    """Flux from a permeable line, 2 pi R kappa (c_v - c(R)), within 3.5 % from R/h = 0.04 to 1.6: the equivalent radius is right."""
    for count in (8, 16, 32):
        for at in ((0.47, 0.53), (0.5, 0.5)):
            q, given, _ = oxygen_line(comm, count, at, radius, 10.0, 1.0)
            assert given == pytest.approx(q, rel=0.035), (count, at, given / q)


@pytest.mark.parametrize(("motility", "within"), [("1", 0.02), ("0.5 + 0.5*n", 0.03), ({"tissue": "1"}, 0.02)])
def test_entry_into_a_line_does_not_hang_on_the_mesh(comm: Comm, motility: str | dict[str, str], within: float) -> None:
    """Cells enter a thin vessel: on a mesh of twice the size within 2 or 3 % (14 %, and half too much, with k as it is)."""
    entered_in = {}
    for count in (8, 16):
        cells = species("n", "1", "cells", diffusion=motility)
        data = make("box", **{"from": [0, 0, 0], "to": [1, 1, 0.25]}, cells=[count, count, count // 4])
        network = line([(0.47, 0.53, 0.0), (0.47, 0.53, 0.25)], 0.01)
        problem = tissue((cells,), data, comm, [vessel("v", "network", [], flux("n", "40"))], {"v": network})
        march = advance(problem, 0.02, 10, balanced=True)
        entered_in[count] = march.account("n", "blood:v")
        assert march.worst < 1e-12
    assert entered_in[8] == pytest.approx(entered_in[16], rel=within), entered_in
    assert 0.02 < entered_in[16] < 0.2, entered_in


def test_the_wall_opens_as_enzymes_take_it_down(comm: Comm) -> None:
    """Well mixed: b = exp(-k_b m t), n = exp(-(A/V) k int (1 - b) dt); a whole wall lets nobody in unless stated."""
    cells = species("n", "1", "cells", diffusion="1e4")
    enzyme = species("m", "0.5", "soluble", diffusion="1e4")
    opening = vessel("v", "boundary", ["right"], flux("n", "3"), integrity=enzyme_opened("2*m"))
    whole = vessel("w", "boundary", ["left"], flux("n", "3"), integrity=IntegrityLaw())
    leaky = vessel("x", "boundary", ["left"], flux("n", "3", closed="0.2"), integrity=IntegrityLaw())
    errors = []
    for steps in (20, 40):
        problem = tissue((cells, enzyme), lattice(1, 4), comm, [opening, whole])
        march = advance(problem, 1.0 / steps, steps, balanced=True)
        b = integrity(problem, "v")
        assert np.allclose(b, math.exp(-1.0), rtol=1e-12)
        left = math.exp(-3.0 * (1.0 - (1.0 - math.exp(-1.0))))
        errors.append(abs(1.0 - march.account("n", "blood:v") - left))
        assert march.account("n", "blood:w") == 0.0
        assert march.worst < 1e-12
    assert errors[-1] < 3e-4 and orders(errors)[0] > 1.8, errors
    problem = tissue((cells, enzyme), lattice(1, 4), comm, [leaky])
    march = advance(problem, 0.025, 40, balanced=True)
    assert 1.0 - march.account("n", "blood:x") == pytest.approx(math.exp(-0.2), abs=1e-4)


def test_normal_and_ruptured_vessels(comm: Comm) -> None:
    """Franssen et al. 2019: mesenchymal cells enter normal vessels, every phenotype enters ruptured ones."""
    kinds = (species("e", "1", "cells", diffusion="1"), species("m", "1", "cells", diffusion="1"))
    both = (flux("m", "2", torn="5"), flux("e", "0", torn="5"))
    v = vessel("v", "boundary", ["left", "right", "top"], *both, torn_parts=("right",), ruptured="y > 0.999 and x > 0.01 and x < 0.5")
    problem = tissue(kinds, lattice(2, 10), comm, [v])
    march = advance(problem, 0.01, 10, balanced=True)
    wall, passed = problem.vessels["v"], entered(problem, "v")
    inside = {name: comm.allreduce(np.bincount(wall.part, count, minlength=3)) for name, count in passed.items()}
    upper = {name: count[(wall.part == 2) & ~wall.torn].sum() for name, count in passed.items()}
    assert inside["e"][1] > 0.1 and inside["e"][2] > 0.05 and comm.allreduce(upper["e"]) == 0.0 < comm.allreduce(upper["m"])
    assert inside["m"][1] > inside["m"][0] > 0.1
    assert inside["e"][0] == 0.0
    for name, parts in inside.items():
        assert march.account(name, "blood:v") == pytest.approx(parts.sum(), rel=1e-13)
    assert march.worst < 1e-12


@pytest.mark.parametrize("limiter", ["positivity", "none"])
def test_step_data_next_to_a_greedy_wall(comm: Comm, limiter: str) -> None:
    """Large steps and rates, cells in one corner: never negative, and every cell accounted for; unlimited it goes negative."""
    cells = species("n", "where(x > 0.7 and y > 0.5, 1, 0)", "cells", diffusion="1e-3", taxis=(("f", "f", "0.5"),))
    ecm = species("f", "x^2", "ecm")
    network = line([(0.75, 0.1), (0.8, 0.9)], 0.01)
    vessels = [vessel("v", "network", [], flux("n", "20")), vessel("w", "boundary", ["right"], flux("n", "50*f"), carries="lymph")]
    problem = tissue((cells, ecm), lattice(2, 20), comm, vessels, {"v": network})
    march = advance(problem, 0.25, 8, SchemeOptions(limiter=limiter), balanced=True)
    smallest = least(problem, "n")
    assert march.worst < 1e-12
    assert (smallest >= 0.0) == (limiter == "positivity"), smallest
    assert limiter == "none" or march.account("n", "lymph:w") > 0.0


def test_steady_oxygen_from_a_wall(comm: Comm) -> None:
    """D o'' = L o with o from the wall P (o - c_v): cosh profile, second order, and a ledger that says what was given."""
    d, loss, p, given = 0.2, 1.5, 0.7, 2.0
    k = math.sqrt(loss / d)
    top = p * given / (p * math.cosh(k) + d * k * math.sinh(k))
    errors = []
    for count in (10, 20, 40):
        oxygen = species("o", "0", "soluble", diffusion=str(d), loss=str(loss), quasi_steady=True)
        v = vessel("v", "boundary", ["left"], flux("o", str(p), closed=str(p), inside=f"{given}*min(1, 10*t + 1)", dissolved=True))
        problem = tissue((oxygen,), lattice(1, count), comm, [v])
        march = advance(problem, 0.1, 3, balanced=True)
        x = problem.graph.points[:, 0]
        errors.append(float(np.abs(density(problem, "o") - top * np.cosh(k * (1 - x))).max()))
        assert march.worst < 1e-12
        supplied = -march.account("o", "blood:v")
        assert supplied == pytest.approx(march.account("o", "dead"), rel=1e-6)
    assert orders(errors)[-1] > 1.9, errors


def test_everything_at_once_balances(comm: Comm) -> None:
    """Tree, lumen, thin vessel along a membrane, torn wall, enzyme, oxygen, growth and death: 1e-12 at every step."""
    lump = "exp(-8*((x - 0.5)^2 + (y - 0.4)^2))"
    laws = (
        species("n", lump, "cells", diffusion="1e-2", taxis=(("f", "f", "5e-2"),), growth="0.3*o", loss="0.1"),
        species("e", lump, "cells", diffusion="2e-2"),
        species("m", "0", "soluble", diffusion="5e-2", production="n", loss="0.5"),
        species("o", "1", "soluble", diffusion="0.5", loss="n/(0.2 + o)", quasi_steady=True),
        species("f", f"1 - 0.5*{lump}", "ecm", loss="3*m"),
    )
    data = make("rectangle", size=0.08, structured=False, regions={"hole": {"kind": "disc", "centre": [0.75, 0.7], "radius": 0.12}})
    lower = plane_of_cells(data)
    data = replace(data, interfaces={"m": lower})
    network = line([(0.2, 0.1), (0.3, 0.5), (0.2, 0.9)], 0.03, ["a", "b"])
    supply = flux("o", "2", closed="2", inside="1", dissolved=True)
    vessels = [
        vessel("tree", "network", [], flux("n", "0.5"), flux("e", "0", torn="1"), supply, torn_parts=("b",)),
        vessel(
            "hole", "region", ["hole"], flux("n", "1 + m"), supply, carries="lymph", integrity=enzyme_opened("4*m + n", threshold="0.9")
        ),
        vessel("thin", "interface", ["m"], flux("e", "0.4*o"), carries="lymph"),
    ]
    barrier = membrane("m", passage("n", "0.5", follows_integrity=True), passage("o", "3"), degraded_by=(("m", "mean"),))
    problem = tissue(laws, data, comm, vessels, {"tree": network}, (barrier,))
    march = advance(problem, 0.1, 10, balanced=True)
    assert march.worst < 1e-12
    for name, account in (("n", "blood:tree"), ("e", "blood:tree"), ("n", "lymph:hole"), ("e", "lymph:thin")):
        assert march.account(name, account) > 1e-6, (name, account)
    assert march.account("o", "blood:tree") < 0.0


def plane_of_cells(data: MeshData) -> np.ndarray:
    """A ragged interface: between cells above and below y = 0.25."""
    from invasio.meshes.facets import between

    above = data.points[data.cells].mean(axis=1)[:, 1] > 0.25
    return np.asarray(between(data.cells, above, ~above, len(data.points)))


def test_formula_that_goes_negative_names_the_place(comm: Comm) -> None:
    v = vessel("v", "boundary", ["right"], flux("n", "1 - 2*t"))
    problem = tissue((CELLS,), lattice(1, 4), comm, [v])
    with refused("bad-rate", "vessel v, species n", "write max(0, 1 - 2 * t)", ("1 - 2 * t is -0.2 at t = 0.6, x = 1",)):
        advance(problem, 0.4, 3, balanced=True)


def test_a_bad_integrity_is_that_of_the_wall(comm: Comm) -> None:
    """It was called a membrane's."""
    laws = (species("n", "1", diffusion="1e-2"),)
    with refused("wrong-initial", "wall of vessel v", "between 0 (gone) and 1 (whole)", ("1.5",)):
        tissue(laws, lattice(1, 4), comm, [vessel("v", "boundary", ["left"], flux("n", "1"), integrity=IntegrityLaw(initial=parse("1.5")))])


def test_tiny_and_huge_rates(comm: Comm) -> None:
    """k -> 0 takes nothing, k -> infinity what an absorbing wall takes: 1 - 8/pi^2 sum exp(-(2j+1)^2 pi^2 t/4)/(2j+1)^2."""
    absorbed = 1.0 - 8.0 / math.pi**2 * sum(math.exp(-((2 * j + 1) ** 2) * math.pi**2 / 8.0) / (2 * j + 1) ** 2 for j in range(50))
    for rate, expected in (("1e-14", 5e-15), ("1e8", absorbed), ("1e16", absorbed)):
        problem = tissue((CELLS,), lattice(1, 64), comm, [vessel("v", "boundary", ["right"], flux("n", rate))])
        march = advance(problem, 0.5 / 64, 64, balanced=True)
        assert march.account("n", "blood:v") == pytest.approx(expected, rel=5e-4), rate
        assert march.worst < 1e-12 and least(problem, "n") >= 0.0


@pytest.mark.parametrize("motility", ["1e-2", "1e-9"])
def test_an_unlimited_rate_takes_the_same_however_motility_is_stated(comm: Comm, motility: str) -> None:
    """As one number, by region, or myopic along no fibres: what counts as unlimited is relative to D itself."""
    plain = species("n", "1", "cells", diffusion=motility)
    laws = plain, species("n", "1", "cells", diffusion={"": motility}), replace(plain, fibres=Fibres((parse("0"),) * 2, 0.5, myopic=True))
    taken, left = [], []
    for law in laws:
        problem = tissue((law,), lattice(2, 12), comm, [vessel("w", "boundary", ["right"], flux("n", "1e300"))])
        march = advance(problem, 0.1, 5, SchemeOptions(linear=LinearOptions(rtol=1e-13)), balanced=True)
        assert march.worst < 1e-12
        taken.append(march.account("n", "blood:w"))
        left.append(least(problem, "n"))
    np.testing.assert_allclose(taken, taken[0], rtol=1e-6)
    np.testing.assert_allclose(left, left[0], rtol=1e-5)


@pytest.mark.parametrize(("motility", "growth"), [("1", ""), ("1e-2", ""), ("1e-9", ""), ("1e-2", "1 - n")])
def test_an_unlimited_rate_takes_what_it_should_from_the_start(comm: Comm, motility: str, growth: str) -> None:
    """By the tolerance of every run: after each step as with a solver that is exact, and, where steps resolve it, as with tiny ones."""

    def taken(rtol: float, steps: int) -> np.ndarray:
        law = species("n", "1", "cells", diffusion=motility, growth=growth)
        problem = tissue((law,), lattice(1, 12), comm, [vessel("w", "boundary", ["right"], flux("n", "1e300"))])
        march = March(problem, SchemeOptions(linear=LinearOptions(rtol=rtol)))
        found = [march.steps(0.1 / steps, steps, balanced=True).account("n", "blood:w") for _ in range(5)]
        assert march.worst < 1e-12
        return np.array(found)

    usual = taken(1e-8, 1)
    np.testing.assert_allclose(usual, taken(1e-13, 1), rtol=1e-7)
    if motility != "1":
        np.testing.assert_allclose(usual, taken(1e-12, 50), rtol=1e-3)


@pytest.mark.parametrize("bad", [obtuse_rectangle(8), sliver_box(5)], ids=["obtuse", "slivers"])
def test_greedy_vessels_on_bad_meshes(comm: Comm, bad: MeshData) -> None:
    """A wall and a line that take all they can get, on meshes with negative weights: never negative, every cell counted."""
    middle = bad.points.mean(axis=0)
    network = line([middle - 0.2, middle + 0.15], 0.02)
    vessels = [vessel("v", "boundary", ["left"], flux("n", "1e8")), vessel("w", "network", [], flux("n", "1e8"), carries="lymph")]
    problem = tissue((species("n", "1 + x", "cells", diffusion="1"),), bad, comm, vessels, {"w": network})
    march = advance(problem, 0.02, 10, balanced=True)
    assert march.worst < 1e-12 and least(problem, "n") >= 0.0
    assert min(march.account("n", account) for account in ("blood:v", "lymph:w")) > 0.1
