"""Reactions of scenarios against closed forms and SciPy: binding, MT1-MMP, second order, catalysts, laws of one's own, units."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mpi4py import MPI
from scipy.integrate import solve_ivp
from scipy.special import lambertw

import invasio
from invasio.solver.components.kinetics import Coupled
from invasio.solver.discretise.program import compose
from invasio.solver.kernels import kinetics as kernel
from invasio.solver.scenario.expressions import Unary
from invasio.solver.scenario.loader import load
from invasio.solver.scenario.parser import parse
from invasio.solver.setup import scheme_options, set_up
from invasio.solver.stepping.stepper import Stepper
from tests.lib.messages import refused


def run(tmp_path: Path, species: str, reactions: str, time: str = "{end: 1, step: 0.05}", more: str = "") -> Any:
    """A run in memory; species and reactions as flow mappings of YAML."""
    text = (
        f"schema_version: 1\nmesh: {{kind: interval, to: 1, cells: 4}}\nmodel:\n  solubles: {species}\n  reactions: {reactions}\n"
        f"time: {time}\noutput: {{every: 1, figures: false}}\n{more}"
    )
    path = tmp_path / "reactions.yaml"
    path.write_text(text, encoding="utf-8")
    return invasio.run(path, out=None)


def ledgers(done: Any) -> float:
    return max(float(np.max(column)) for name, column in done.series.items() if name.endswith(".ledger"))


BINDING = "{binding: {equation: 'a + b <-> c', forward: 1e4, backward: 100}}"
THREE = "{a: {initial: 1, diffusion: 1e-3}, b: {initial: 0.5, diffusion: 1e-3}, c: {diffusion: 1e-3}}"


def test_binding(tmp_path: Path) -> None:
    """The equilibrium; both partners kept; one net account of each, the same of all three."""
    done = run(tmp_path, THREE, BINDING, "{end: 10}")
    for name, value in {"a": 0.5096223724, "b": 0.0096223724, "c": 0.4903776276}.items():
        np.testing.assert_allclose(done.field(name, 10), value, rtol=1e-8)
        np.testing.assert_allclose(done.series[f"{name}.reaction:binding"][-1], 0.4903776276, rtol=1e-8)
        assert done.series[f"{name}.born"][-1] == done.series[f"{name}.dead"][-1] == 0.0
    for at in done.times:
        np.testing.assert_allclose(done.field("a", at) + done.field("c", at), 1.0, rtol=0, atol=1e-12)
        np.testing.assert_allclose(done.field("b", at) + done.field("c", at), 0.5, rtol=0, atol=1e-12)
    assert ledgers(done) < 1e-12


MT1 = """
schema_version: 1
scales: {length: 1 um, time: 1 s, depth: 1 um^2, M: 1 nM, T: 1 nM, C: 1 nM, P: 1 nM, D: 1 nM, Q: 1 nM, A: 1 nM, X: 1 nM, Y: 1 nM}
mesh: {kind: interval, to: 1, cells: 1}
species: {M: {initial: 10}, T: {initial: 4}, C: {}, P: {initial: 50}, D: {}, Q: {}, A: {}, X: {}, Y: {}}
model:
  reactions:
    receptor: {equation: "M + T <-> C", forward: 3.54e6 /M/s, backward: 2.2e-4 /s}
    ternary: {equation: "C + P <-> D", forward: 1.4e5 /M/s, backward: 4.7e-3 /s}
    dimer: {equation: "D + M <-> Q", forward: 3e3 /M/s, backward: 9e-4 /s}
    activation: {equation: "Q -> M + C + A", rate: 0.02 /s}
    inhibition: {equation: "A + T <-> X", forward: 5.9e6 /M/s, backward: 6.3 /s}
    tightening: {equation: "X <-> Y", forward: 33 /s, backward: 2e-8 /s}
time: {end: 6 h, step: 120 s}
output: {every: 1 h, figures: false}
"""
TABLE = {
    (1, 3600): "M 9.00323 T .00276809 C .404178 P 49.3556 D .591060 Q 7.63871e-4 A .0513338 Y .00122944",
    (4, 3600): "M 6.03248 T .0164795 C 1.64346 P 47.5397 D 2.32004 Q 2.00904e-3 A .120237 Y .0180050",
    (4, 21600): "M 6.42580 T .0131593 C 1.48832 P 47.0678 D 2.08205 Q 1.92074e-3 A .433640 Y .414556",
    (10, 3600): "M .516125 T .488514 C 4.07516 P 44.5604 D 5.40792 Q 4.00507e-4 A 3.28884e-3 Y .0280112",
    (20, 21600): "M .0266704 T 10.0170 C 4.29879 P 44.3157 D 5.67450 Q 2.17235e-5 A 8.75552e-6 Y 9.7376e-3",
}


CARRIED_AND_FREE = (
    *("mt1", "mt1_timp2", "mt1_timp2_prommp2", "mt1_timp2_prommp2_mt1"),
    *("timp2", "prommp2", "mmp2", "mmp2_timp2", "mmp2_timp2_tight"),
)
PRESET = """
schema_version: 1
scales: {length: 1 um, time: 1 h, depth: 1 um^2}
mesh: {kind: interval, to: 20, cells: 40}
model: {proteolysis: {mt1: 10 nM, timp2: x, prommp2: 50 nM, diffusion: 0}}
time: {end: 6, tolerance: 1e-6}
output: {every: 1, figures: false}
"""


def test_mt1_mmp_and_timp2(tmp_path: Path) -> None:
    """Karagiannis and Popel 2004, nM and s, from rates per M; what the stoichiometry conserves."""
    path = tmp_path / "mt1.yaml"
    path.write_text(MT1, encoding="utf-8")
    for start in {start for start, _ in TABLE}:
        done = invasio.run(path, set={"species.T.initial": float(start)}, out=None)
        for at in [at for begun, at in TABLE if begun == start]:
            words = TABLE[start, at].split()
            for name, value in zip(words[::2], words[1::2], strict=True):
                np.testing.assert_allclose(done.field(name, at), float(value), rtol=1e-5, err_msg=f"{name} of {start} at {at}")
            for names, total in (("MCDQQ", 10.0), ("TCDQXY", start), ("PDQAXY", 50.0)):
                np.testing.assert_allclose(sum(done.field(name, at) for name in names), total, rtol=1e-13)
        assert ledgers(done) < 1e-12
        mine = [done.series[f"{name}.reaction:activation"][-1] for name in "QMCA"]
        np.testing.assert_allclose(mine, mine[0], rtol=0, atol=1e-14 * done.series["P.total"][0])  # rounding of all that reacts


def test_the_preset_at_a_tolerance(tmp_path: Path) -> None:
    """All of the table from the preset, at places with as much TIMP-2 as x: within 1e-4 at a tolerance of 1e-6."""
    names = dict(zip("MCDQTPAXY", CARRIED_AND_FREE, strict=True))
    path = tmp_path / "table.yaml"
    path.write_text(PRESET, encoding="utf-8")
    done = invasio.run(path, set={"mesh.cells": 20}, out=None)
    place = {start: int(np.argmin(abs(done.points[:, 0] - start))) for start, _ in TABLE}
    for (start, at), words in TABLE.items():
        row = words.split()
        for name, value in zip(row[::2], row[1::2], strict=True):
            found = done.field(names[name], at / 3600)[place[start]]
            np.testing.assert_allclose(found, float(value), rtol=1e-4, err_msg=f"{name} of {start} at {at}")


def test_the_biphasic_curve(tmp_path: Path) -> None:
    """None without TIMP-2; where free and all activated MMP-2 are largest on a grid of 0.5 nM, and how much there is."""
    path = tmp_path / "curve.yaml"
    path.write_text(PRESET, encoding="utf-8")
    done = invasio.run(path, out=None)
    x = done.points[:, 0]
    for at, where, free, most in ((1, 4.0, 0.120237, 0.143627), (2, 4.0, 0.215611, 0.293926), (6, 3.0, 0.464689, 0.891289)):
        a = done.field("mmp2", at)
        activated = a + done.field("mmp2_timp2", at) + done.field("mmp2_timp2_tight", at)
        assert x[a.argmax()] == where and x[activated.argmax()] == 5.0 and a[x == 0.0] == 0.0
        np.testing.assert_allclose((a.max(), activated.max()), (free, most), rtol=1e-5)


def test_of_second_order(tmp_path: Path) -> None:
    """2 a -> d: a = a0/(1 + 2 k a0 t), and half of what is lost."""
    done = run(tmp_path, "{a: {initial: 3, diffusion: 0.1}, d: {diffusion: 0.1}}", "{pairs: {equation: '2 a -> d', rate: 5}}")
    right = 3.0 / (1.0 + 2 * 5 * 3.0)
    np.testing.assert_allclose(done.field("a", 1), right, rtol=1e-6)
    np.testing.assert_allclose(done.field("d", 1), 0.5 * (3.0 - right), rtol=1e-6)
    np.testing.assert_allclose(done.series["a.reaction:pairs"][-1], 2.0 * done.series["d.reaction:pairs"][-1], rtol=1e-12)


def test_a_catalyst_stays_as_it_is(tmp_path: Path) -> None:
    """a + e -> b + e: a = a0 exp(-k e t); e keeps every bit and has no account."""
    done = run(tmp_path, "{a: {initial: 1, diffusion: 0.1}, b: {diffusion: 0.1}, e: {initial: 0.7, diffusion: 1}}",
               "{cut: {equation: 'a + e -> b + e', rate: 3}}")  # fmt: skip
    np.testing.assert_allclose(done.field("a", 1), np.exp(-3 * 0.7), rtol=1e-6)
    np.testing.assert_allclose(done.field("e", 1), 0.7, rtol=1e-13)
    assert "e.reaction:cut" not in done.series


def test_a_law_of_ones_own(tmp_path: Path) -> None:
    """Michaelis-Menten: s = K W(s0/K exp((s0 - V t)/K)); what is used up first comes as the product."""
    law = "{uptake: {equation: 's -> p', law: '2*s/(0.3 + s)'}}"
    done = run(tmp_path, "{s: {initial: 1, diffusion: 0.1}, p: {diffusion: 0.1}}", law)
    right = 0.3 * float(lambertw(1 / 0.3 * np.exp((1 - 2.0) / 0.3)).real)
    np.testing.assert_allclose(done.field("s", 1), right, rtol=1e-5)
    np.testing.assert_allclose(done.field("p", 1), 1.0 - right, rtol=1e-6)


def test_a_law_that_is_a_product_of_sums(tmp_path: Path) -> None:
    """a -> b by (1 + b) (2 + b) (2 - x) a beside SciPy; what multiplying out makes of numbers and places is no part of its own."""
    text = "{a: {initial: 1}, b: {}}"
    law = "{turn: {equation: 'a -> b', law: '(1 + b)*(2 + b)*(2 - x)*a'}}"
    done = run(tmp_path, "{}", law, more=f"species: {text}\n")
    right = [
        solve_ivp(lambda _, b, x=x: (1 + b) * (2 + b) * (2 - x) * (1 - b), (0, 1), [0.0], rtol=1e-10, atol=1e-12).y[0, -1]
        for x in np.linspace(0, 1, 5)
    ]
    np.testing.assert_allclose(np.sort(done.field("b", 1)), np.sort(right), rtol=1e-6)


def test_a_law_costs_what_mass_action_does() -> None:
    """Both are the same program, operation by operation, of densities, slopes and flows."""
    law, by_rates = (parse("3*a*b - 2*c"), parse("3*(a*b) - 2*c"))
    programs = [compose({"a": Unary("-", v), "b": Unary("-", v), "c": v}, {}, [v]) for v in (law, by_rates)]
    for one, other in zip(*(p.table() for p in programs), strict=True):
        np.testing.assert_array_equal(one, other)


def test_mass_action_written_as_a_law_is_the_same(tmp_path: Path) -> None:
    """To the last digits, also both ways, where a law may be negative."""
    one = run(tmp_path, THREE, BINDING)
    other = run(tmp_path, THREE, "{binding: {equation: 'a + b <-> c', law: '1e4*a*b - 100*c'}}")
    for name in "abc":
        np.testing.assert_allclose(one.field(name, 1), other.field(name, 1), rtol=1e-13)
        np.testing.assert_allclose(one.series[f"{name}.reaction:binding"], other.series[f"{name}.reaction:binding"], rtol=1e-12, atol=1e-15)


def test_rates_of_place_time_and_others(tmp_path: Path) -> None:
    """k = x (1 + cos t) n with n a catalyst of its own: a = a0 exp(-x n (t + sin t)) at every node."""
    reactions = "{gone: {equation: 'a ->', rate: 'x*(1 + cos(t))*n'}}"
    done = run(tmp_path, "{a: {initial: 1, diffusion: 0}, n: {initial: 2, diffusion: 1}}", reactions, "{end: 1, step: 0.01}")
    x = np.linspace(0, 1, 5)
    np.testing.assert_allclose(np.sort(done.field("a", 1)), np.sort(np.exp(-2 * x * (1 + np.sin(1)))), rtol=1e-5)


def test_rates_by_region(tmp_path: Path) -> None:
    """A field by region in a rate: the reaction goes on in one half, at half of the rate between, and not in the other."""
    path = tmp_path / "regions.yaml"
    text = (
        "mesh: {kind: interval, to: 1, cells: 4, regions: {rim: {kind: interval, from: 0.5, to: 1}}}\n"
        "fields: {speed: {regions: {tissue: 2}}}\nspecies: {a: {initial: 1}, b: {}}\n"
        "model: {reactions: {turn: {equation: a -> b, rate: 1.5*speed}}}\n"
        "time: {end: 1, step: 0.1}\noutput: {every: 1, figures: false}\n"
    )
    path.write_text(text, encoding="utf-8")
    done = invasio.run(path, out=None)
    np.testing.assert_allclose(np.sort(done.field("a", 1)), np.sort(np.exp([-3.0, -3.0, -1.5, 0.0, 0.0])), rtol=1e-5)


ON_CELLS = """
scales: {length: 1 um, time: 1 s, depth: 1 um^2, cells: 1e8 /cm^3}
mesh: {kind: interval, to: 100, cells: 8}
model:
  cells: {tumour: {initial: "1 + 0.8*cos(pi*x/100)", motility: 0.5}}
  proteolysis: {on: tumour, mt1: 10, timp2: 4 nM, prommp2: 50 nM, diffusion: 20}
time: {end: 600, step: 5}
output: {every: 600, figures: false}
"""


def test_the_preset_on_cells_that_move(tmp_path: Path) -> None:
    """MT1-MMP and its complexes on cells that spread: within 1e-4 of SciPy on the same semi-discrete equations."""
    path = tmp_path / "on_cells.yaml"
    path.write_text(ON_CELLS, encoding="utf-8")
    done = invasio.run(path, out=None)
    matrix = np.diag(np.full(8, 1.0), 1) + np.diag(np.full(8, 1.0), -1)
    matrix[0, 1] = matrix[-1, -2] = 2.0
    matrix = (matrix - 2.0 * np.eye(9)) / (100 / 8) ** 2
    ways = np.array([0.5] * 4 + [20.0] * 5)

    def rates(_: float, y: Any) -> Any:
        m, c, d, q, t, p, a, x, z = by = y.reshape(9, 9)
        receptor, ternary, dimer = 3.54e-3 * m * t - 2.2e-4 * c, 1.4e-4 * c * p - 4.7e-3 * d, 3e-6 * d * m - 9e-4 * q
        cut, loose, tight = 0.02 * q, 5.9e-3 * a * t - 6.3 * x, 33 * x - 2e-8 * z
        made = [cut - receptor - dimer, receptor - ternary + cut, ternary - dimer, dimer - cut]
        made += [-receptor - loose, -ternary, cut - loose, loose - tight, tight]
        return (ways[:, None] * (by @ matrix.T) + np.array(made)).ravel()

    at = np.linspace(0, 1, 9)
    start = np.zeros((9, 9))
    start[0], start[4], start[5] = 10 * (1 + 0.8 * np.cos(np.pi * at)), 4, 50
    right = solve_ivp(rates, (0, 600), start.ravel(), method="BDF", rtol=1e-9, atol=1e-14).y[:, -1].reshape(9, 9)
    for name, value in zip(CARRIED_AND_FREE, right, strict=True):
        np.testing.assert_allclose(done.field(name, 600), value, rtol=0, atol=1e-4 * value.max(), err_msg=name)
    assert np.ptp(done.field("mt1_timp2_prommp2", 600)) > 0.1 * right[2].max()  # they are not well mixed
    assert ledgers(done) < 1e-12


ALL_KINDS = """
schema_version: 1
mesh: {kind: interval, cells: 2}
model:
  cells:
    n: {initial: 1, motility: 1e-3, growth: {kind: logistic, rate: 0.5, capacity: 2}}
    k: {initial: 0.5, motility: 1e-3}
  ecm: {initial: 0.8}
  solubles: {s: {initial: 2, diffusion: 0.1}, p: {diffusion: 0.1}}
  bound: {r: {on: n, per_cell: 3}}
  reactions:
    big: {equation: "2 s + r + ecm + u -> p + r + 3 u", rate: 0.4}
    fuse: {equation: "n + k <-> 2 k", forward: 0.3, backward: 0.1}
    back: {equation: "p -> s", law: "0.7*p/(1 + p)"}
    cross: {equation: "3 u + n <-> n + ecm", forward: 0.05, backward: 0.02}
species: {u: {initial: 0.1}}
time: {end: 2, tolerance: 1e-6}
output: {every: 2, figures: false}
"""


def test_partners_of_every_kind(tmp_path: Path) -> None:
    """Up to five, of order five, with catalysts: dissolved, carried, cells, matrix, one's own; what is carried goes with cells used up."""
    path = tmp_path / "kinds.yaml"
    path.write_text(ALL_KINDS, encoding="utf-8")
    done = invasio.run(path, out=None)

    def rates(_: float, y: Any) -> Any:
        n, k, f, s, p, r, u = y
        big, fuse, back, cross = 0.4 * s * s * r * f * u, 0.3 * n * k - 0.1 * k * k, 0.7 * p / (1 + p), 0.05 * u**3 * n - 0.02 * n * f
        changes = [0.5 * n * (1 - n / 2) - fuse, fuse, cross - big, back - 2 * big, big - back]
        return [*changes, -r / n * max(fuse, 0.0), 2 * big - 3 * cross]

    right = solve_ivp(rates, (0, 2), [1, 0.5, 0.8, 2, 0, 3, 0.1], method="Radau", rtol=1e-10, atol=1e-12).y[:, -1]
    for name, value in zip(("n", "k", "ecm", "s", "p", "r", "u"), right, strict=True):
        np.testing.assert_allclose(done.field(name, 2), value, rtol=1e-4, err_msg=name)
    series = done.series
    assert ledgers(done) < 1e-12
    np.testing.assert_allclose(series["n.reaction:fuse"][-1], series["k.reaction:fuse"][-1], rtol=1e-12)
    np.testing.assert_allclose(2 * series["ecm.reaction:big"][-1], series["u.reaction:big"][-1], rtol=1e-12)
    assert "r.reaction:big" not in series and "n.reaction:cross" not in series


@pytest.mark.parametrize("still", ["", "c", "ac", "abc"])
def test_beside_transport_and_what_else_species_do(tmp_path: Path, still: str) -> None:
    """Partners that move, decay, are made and stay, with one reaction after another, against SciPy; every account closes."""
    names, kon, koff = "abc", 200.0, 20.0
    diffusion = {"a": 0.1, "b": 1e-2, "c": 1e-3} | dict.fromkeys(still, 0.0)
    starts = {"a": "1 + 0.5*cos(pi*x)", "b": "0.5*(1 + 0.8*cos(3*pi*x))", "c": "0.1"}
    species = "{" + ", ".join(f"{n}: {{initial: '{starts[n]}', diffusion: {diffusion[n]}, decay: 0.3}}" for n in names)
    reactions = f"{{binding: {{equation: 'a + b <-> c', forward: {kon}, backward: {koff}}}, cut: {{equation: 'c -> b + d', rate: 2}}}}"
    done = run(tmp_path, species + ", d: {diffusion: 0.05, production: 0.1}}", reactions, "{end: 1, step: 0.00625}")
    x, h = np.linspace(0, 1, 5), 0.25
    matrix = np.diag(np.full(4, 1.0), 1) + np.diag(np.full(4, 1.0), -1)
    matrix[0, 1] = matrix[-1, -2] = 2.0
    matrix = (matrix - 2.0 * np.eye(5)) / h**2

    def rates(_: float, y: Any) -> Any:
        a, b, c = y.reshape(4, 5)[:3]
        v, cut = kon * a * b - koff * c, 2.0 * c
        ways = [diffusion[n] for n in names] + [0.05]
        made = np.array([-v - 0.3 * a, cut - v - 0.3 * b, v - cut - 0.3 * c, cut + 0.1])
        return (np.array(ways)[:, None] * (y.reshape(4, 5) @ matrix.T) + made).ravel()

    start = np.array([1 + 0.5 * np.cos(np.pi * x), 0.5 * (1 + 0.8 * np.cos(3 * np.pi * x)), 0.1 + 0 * x, 0 * x])
    right = solve_ivp(rates, (0, 1), start.ravel(), method="Radau", rtol=1e-9, atol=1e-12).y[:, -1].reshape(4, 5)
    for name, value in zip("abcd", right, strict=True):
        np.testing.assert_allclose(done.field(name, 1), value, rtol=3e-4, atol=3e-4 * value.max())
    series = done.series
    assert ledgers(done) < 1e-12
    np.testing.assert_allclose(series["a.reaction:binding"][-1], series["c.reaction:binding"][-1], rtol=1e-11)
    np.testing.assert_allclose(series["d.reaction:cut"][-1], series["c.reaction:cut"][-1], rtol=1e-11)
    np.testing.assert_allclose(series["d.born"][-1], 0.1, rtol=1e-11)


def test_the_same_reaction_by_hand(tmp_path: Path) -> None:
    """Laws of species that say the same give the same densities."""
    text = (
        "species:\n  a: {initial: 1, diffusion: 0.1, loss: '50*b', production: '5*c'}\n"
        "  b: {initial: 'x', diffusion: 1e-3, loss: '50*a', production: '5*c'}\n  c: {loss: 5, production: '50*a*b'}\n"
    )
    by_hand = run(tmp_path, "{}", "{}", more=text)
    text = "species: {a: {initial: 1, diffusion: 0.1}, b: {initial: x, diffusion: 1e-3}, c: {}}\n"
    named = run(tmp_path, "{}", "{binding: {equation: 'a + b <-> c', forward: 50, backward: 5}}", more=text)
    for name in "abc":
        np.testing.assert_allclose(named.field(name, 1), by_hand.field(name, 1), rtol=1e-11)


def test_a_rate_that_becomes_negative_ends_the_run(tmp_path: Path) -> None:
    """It is named with the reaction, and what to write instead."""
    with refused("bad-rate", "reaction r", "max(0, 0.5 - t)"):
        run(tmp_path, THREE, "{r: {equation: 'a -> b', rate: '0.5 - t'}}")


def test_product_of_what_enters_through_a_wall(tmp_path: Path) -> None:
    """From nothing to rest: a is fixed at a wall, turns into p, and diffuses, D a'' = k a; p is lost as fast as it is made.

    At first transport takes more p away from the wall than there is, and what it leaves far from there is 0 to rounding, of any sign.
    """
    path = tmp_path / "wall.yaml"
    path.write_text(
        "schema_version: 1\nmesh: {kind: interval, to: 1, cells: 200}\n"
        "model:\n  solubles: {a: {diffusion: 0.1}, p: {diffusion: 0.1, decay: 1}}\n  ecm: {initial: 1}\n"
        "  reactions: {r: {equation: 'a + ecm -> ecm + 2 p', rate: 1}}\n"
        "boundaries: {left: {a: {kind: fixed, value: 3}}}\ntime: {end: 20}\noutput: {every: 20, figures: false}\n",
        encoding="utf-8",
    )
    done = invasio.run(path, out=None)
    k = np.sqrt(1.0 / 0.1)
    np.testing.assert_allclose(done.series["a.total"][-1], 3.0 * np.tanh(k) / k, rtol=1e-4)
    np.testing.assert_allclose(done.series["p.total"][-1], 6.0 * np.tanh(k) / k, rtol=1e-4)
    assert ledgers(done) < 1e-12


GROWING = """\
  cells: {n: {initial: 0.1, motility: 0.01, growth: {kind: logistic, rate: 1}}}
  bound: {r: {on: n, per_cell: 2}, rl: {on: n, per_cell: 0}}
  solubles: {l: {initial: 1, diffusion: 0.1}}
  reactions: {bind: {equation: "r + l <-> rl", forward: 3, backward: 0.2}, internal: {equation: "rl -> r", rate: 0.4}}
"""
ON_MATRIX = """\
  cells: {n: {initial: 0.2, motility: 0.01}}
  ecm: {collagen: {initial: 1}}
  solubles: {e: {initial: 0.3, diffusion: 1}, g: {diffusion: 1}}
  reactions: {cut: {equation: "e + collagen -> e + 2 g", law: 4*e*collagen^1.5/(0.3^1.5 + collagen^1.5)}}
"""
TURNING = """\
  cells: {e: {initial: 0.6, motility: 0.01}, m: {initial: 0, motility: 0.02}}
  solubles: {tgf: {initial: 1, diffusion: 0.1}}
  reactions:
    emt: {equation: "e + tgf -> m + tgf", rate: 0.8}
    met: {equation: "m -> e", rate: 0.3}
    eat: {equation: "m + 2 tgf -> m", rate: 0.1}
"""


def _growing(y: Any) -> list[float]:
    r, free, c = y
    v = 3.0 * r * free - 0.2 * c
    return [0.4 * c - v, -v, v - 0.4 * c]


def _on_matrix(y: Any) -> list[float]:
    v = 1.2 * y[0] ** 1.5 / (0.3**1.5 + y[0] ** 1.5)
    return [-v, 2.0 * v]


def _turning(y: Any) -> list[float]:
    e, m, g = y
    v = 0.8 * e * g - 0.3 * m
    return [-v, v, -0.2 * m * g * g]


@pytest.mark.parametrize(
    ("mesh", "model", "rates", "start"),
    [
        ("{kind: interval, cells: 4}", GROWING, _growing, {"r": 0.2, "l": 1.0, "rl": 0.0}),
        ("{kind: box, to: [1, 1, 1], cells: [2, 2, 2]}", ON_MATRIX, _on_matrix, {"collagen": 1.0, "g": 0.0}),
        ("{kind: rectangle, to: [1, 1], cells: [3, 3]}", TURNING, _turning, {"e": 0.6, "m": 0.0, "tgf": 1.0}),
    ],
)
def test_against_scipy(mesh: str, model: str, rates: Any, start: dict[str, float], tmp_path: Path) -> None:
    """A receptor that takes in its ligand on growing cells; a Hill law on the matrix; phenotypes that a ligand turns and that eat it."""
    text = f"schema_version: 1\nmesh: {mesh}\nmodel:\n{model}time: {{end: 2, tolerance: 1e-5}}\noutput: {{every: 2, figures: false}}\n"
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    done = invasio.run(tmp_path / "a.yaml", out=None)
    exact = solve_ivp(lambda _, y: rates(y), (0, 2), list(start.values()), method="LSODA", rtol=1e-11, atol=1e-13).y[:, -1]
    for name, value in zip(start, exact, strict=True):
        np.testing.assert_allclose(done.field(name, 2), value, rtol=2e-5, atol=1e-7)
    assert ledgers(done) < 1e-12


PART = """\
schema_version: 1
mesh: {kind: interval, to: 1, cells: 400}
model:
  cells: {n: {initial: "where(x < 0.1, 1, 0)"}}
  ecm: {collagen: {initial: 1}}
  solubles:
    e: {initial: 0.2, diffusion: 1e-4}
    i: {initial: 0.1, diffusion: 1e-4}
    ei: {diffusion: 1e-4}
    f: {diffusion: 1e-3}
    g: {diffusion: 1e-3}
  reactions:
    bind: {equation: "e + i <-> ei", law: n*(30*e*i - ei)}
    cut: {equation: "e + n + collagen -> e + n + f", rate: 5}
    turn: {equation: "f -> g", rate: 3}
time: {end: 1, step: 0.05}
output: {every: 1, figures: false}
"""


def test_what_is_left_out_where_nothing_reacts_changes_nothing(tmp_path: Path) -> None:
    """Where something reacts, and what that has changed of each species, is looked for; to go over all nodes gives the same bits."""
    (tmp_path / "a.yaml").write_text(PART, encoding="utf-8")
    scenario = load(tmp_path / "a.yaml")
    fields = []
    for everywhere in (False, True):
        stepper = Stepper(set_up(scenario, MPI.COMM_SELF)[1], scheme_options(scenario))
        stepper.settle(0.0)
        (coupled,) = (c for c in stepper.components if isinstance(c, Coupled))
        if everywhere:
            coupled._touched[:], coupled._levels[:] = True, kernel.TILTED
        for k in range(8):
            assert stepper.attempt(0.05 * k, 0.05)
            stepper.accept(0.05)
        if not everywhere:
            share = (coupled._levels > 0).mean(axis=1)
            assert 0.0 < share.min() < share.max() <= 1.0
        fields.append([s.state.copy() for s in coupled.kinetics.members])
        stepper.free()
    for found, expected in zip(*fields, strict=True):
        np.testing.assert_array_equal(found, expected)
