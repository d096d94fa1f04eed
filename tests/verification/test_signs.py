"""What must not be negative: a run ends where it is, with formula, value, place, time, names and remedy; and nowhere else."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import pytest

import invasio
from invasio.solver.components.signs import Signs
from invasio.solver.model.balance import Transfer
from invasio.solver.scenario.parser import parse
from tests.lib.comm import Comm
from tests.lib.fields import density, least
from tests.lib.march import March
from tests.lib.messages import refused
from tests.lib.models import anderson, lattice, problem_of, species
from tests.lib.signs import CASES, Negative


def ends(case: Negative, comm: Comm, step: float | None) -> None:
    """The run ends as the case says."""
    problem = case.build(comm)
    says = (f"but {case.formula} is {case.value}", f", {case.at}", *([f", where {case.names}"] if case.names else []))
    with refused("bad-rate", case.owner, f"write max(0, {case.formula})", says) as caught:
        March(problem).run(1.0, step=step)
    assert caught.error.exit_code == 4
    found = re.search(r"at t = ([\d.]+)", str(caught.error))
    assert found is not None
    assert float(found.group(1)) == pytest.approx(case.time, abs=max(case.late, 1e-9)), str(caught.error)


@pytest.mark.parametrize("name", CASES)
def test_what_is_negative_ends_the_run(comm: Comm, name: str) -> None:
    ends(CASES[name], comm, 0.1)


@pytest.mark.parametrize("name", ["later", "later at one end", "by what is in balance"])
def test_also_with_adaptive_steps(comm: Comm, name: str) -> None:
    ends(CASES[name], comm, None)


@pytest.mark.parametrize("step", [0.1, 1.0, 2.5, 4.0, 20.0, None])
@pytest.mark.parametrize("moves", [True, False])
def test_long_steps_that_overshoot_run(comm: Comm, step: float | None, moves: bool) -> None:
    """becomes 0.05 (1 - a) beside logistic a: a predicted, and for long steps even the next, a lies above 1; the solution does not."""
    a = species("a", "0.1", diffusion="1e-3" if moves else None, growth="1 - a")
    b = replace(species("b", "1", diffusion="1e-3"), transfers=(Transfer("c", parse("0.05*(1 - a)")),))
    problem = problem_of((a, b, species("c", "0")), lattice(1, 4), comm)
    assert March(problem).run(80.0, step=step) == "done"
    assert density(problem, "a") == pytest.approx(1.0, rel=1e-8)
    assert least(problem) >= 0.0


def test_a_production_that_ends_by_itself_may_be_negative(comm: Comm) -> None:
    """P = 2 - m from m = 5: where there is none of it none is lost, so it is a law of its own."""
    problem = problem_of((species("m", "5", production="2 - m"),), lattice(1, 2), comm)
    March(problem).run(1.0, step=0.1)
    assert density(problem, "m") == pytest.approx(2.0 + 3.0 * math.exp(-1.0), rel=1e-6)


def test_what_cannot_be_negative_is_not_looked_at(comm: Comm) -> None:
    """Constants, products and quotients of densities, powers, bounds: no component at all; of the place alone: once, at the start."""
    problem = problem_of(anderson(), lattice(1, 4), comm)
    assert not Signs(problem).formulas
    dull = (species("n", "1", diffusion="1 + x", loss="max(0, x - m)", production="exp(-t)"), species("m", "1", loss="2*n/(0.1 + m)"))
    signs = Signs(problem_of(dull, lattice(1, 4), comm))
    assert [f.static for f in signs.formulas] == [True]


NEGATIVE = """\
schema_version: 1
name: negative
mesh: {kind: interval, cells: 4}
model:
  cells: {tumour: {initial: 1, motility: 1e-3, death: DEATH, secretes: {mmp: SECRETION}, growth: {kind: exponential, rate: "0 - 0.1*x"}}}
  solubles: {mmp: {initial: 1, diffusion: 1e-3}}
  ecm: {initial: 1, degraded_by: {mmp: DEGRADATION}}
time: {end: 0.2}
output: {every: 0.1, figures: false}
"""


@pytest.mark.parametrize(
    ("which", "owner", "what"),
    [
        ("DEATH", "species tumour", "death must"),
        ("SECRETION", "species mmp", "secretion by tumour of mmp must"),
        ("DEGRADATION", "species ecm", "degradation of ecm by mmp must"),
    ],
)
def test_a_scenario_with_a_negative_rate(tmp_path: Path, which: str, owner: str, what: str) -> None:
    """Each of three alone; negative growth is allowed."""
    text = NEGATIVE.replace(which, '"0.2 - tumour"')
    for other in ("DEATH", "SECRETION", "DEGRADATION"):
        text = text.replace(other, "0.1")
    path = tmp_path / "negative.yaml"
    path.write_text(text, encoding="utf-8")
    says = (what, "0.2 - tumour is -0.8 at t = 0, x = 0, where tumour = 1")
    with refused("bad-rate", owner, "write max(0, 0.2 - tumour)", says) as caught:
        invasio.run(path)
    assert caught.error.exit_code == 4
    path.write_text(text.replace('"0.2 - tumour"', '"max(0, 0.2 - tumour)"'), encoding="utf-8")
    assert invasio.run(path).times[-1] == 0.2


STATED = """
schema_version: 1
mesh: {kind: interval, cells: 4}
model:
  cells:
    tumour:
      initial: 1
      motility: 1e-3
      becomes: {other: "BECOMES"}
    other:
      initial: 0
      motility: "MOTILITY"
  ecm:
    initial: 1
    degraded_by:
      m: "DEGRADED"
  solubles: {m: {initial: 0.1, diffusion: "max(0, 0.1 - m)", decay: "max(0, m - 0.6)"}}
time: {end: 2}
"""


@pytest.mark.parametrize(
    ("which", "formula", "place", "owner"),
    [
        ("BECOMES", "1 - 2*tumour", "9:24: model.cells.tumour.becomes.other", "species tumour"),
        ("MOTILITY", "m - 0.6", "12:17: model.cells.other.motility", "species other"),
        ("DEGRADED", "m - 0.6", "16:10: model.ecm.degraded_by.m", "species ecm"),
    ],
)
def test_the_message_says_where_the_formula_is_stated(tmp_path: Path, which: str, formula: str, place: str, owner: str) -> None:
    """File, line, column and option; where it was set from outside the option."""
    path, option = tmp_path / "stated.yaml", place.split(": ")[1]
    text = re.sub(r"BECOMES|MOTILITY|DEGRADED", lambda found: formula if found[0] == which else "0.1", STATED)
    path.write_text(text, encoding="utf-8")
    with refused("bad-rate", f"{path}:{place}, {owner}"):
        invasio.run(path, out=None)
    path.write_text(text.replace(f'"{formula}"', "0.1"), encoding="utf-8")
    with refused("bad-rate", f"set: {option}, {owner}"):
        invasio.run(path, set={option: formula}, out=None)


def test_of_several_options_with_one_formula_those_of_the_species_are_named(tmp_path: Path) -> None:
    path = tmp_path / "stated.yaml"
    path.write_text(re.sub(r"MOTILITY|DEGRADED", "m - 0.6", STATED.replace("BECOMES", "0.1")), encoding="utf-8")
    with refused("bad-rate", f"{path}:12:17: model.cells.other.motility, species other"):
        invasio.run(path, out=None)


def test_times_are_said_with_their_unit(tmp_path: Path) -> None:
    """Of a rate that is negative, and of a run that is there already."""
    text = (
        "schema_version: 1\nscales: {length: 1 mm, time: 1 d}\nmesh: {kind: interval, cells: 4}\n"
        'model: {cells: {tumour: {initial: 1, motility: 1e-3, death: "0.2 - t"}}}\ntime: {end: 2, step: 0.1}\n'
    )
    path = tmp_path / "days.yaml"
    path.write_text(text, encoding="utf-8")
    with refused("bad-rate", says=("0.2 - t is -0.05 at t = 0.25 d, x = 0",)):
        invasio.run(path, out=None)
    with invasio.Simulation(path, set={"model.cells.tumour.death": 0.1}) as sim:
        sim.step()
        with refused("wrong-order", says=("at t = 0.1 d",)):
            sim.prolong("0.1 d")
