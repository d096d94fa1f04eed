r"""Manufactured solutions of scenarios with reactions and bound species: what the model itself states leaves over is its source.

The laws and reactions that are built of a scenario are read back as SymPy expressions; for an exact solution with no flux at the sides,

    S = dc/dt + div(v c - D grad c) - P - (g - L) c - sum_r change_r v_r,

is what each law leaves over, and becomes a production S + K and a loss K/c (K makes both positive). Of what cells carry v and D are
those of its cells n, and it loses L_n b with them; what is born brings b/n (`at_birth: inherited`) or nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import sympy as sp
from mpi4py import MPI

from invasio.meshes.distribute import distribute
from invasio.solver.discretise.problem import Problem, discretise
from invasio.solver.model.balance import Model, Species, Term
from invasio.solver.model.build import build_model
from invasio.solver.model.kinetics import find_kinetics, speed
from invasio.solver.scenario.expressions import Binary, Call, Expr, Name, Number, Unary
from invasio.solver.scenario.loader import load
from tests.lib.comm import Comm
from tests.lib.fields import density
from tests.lib.march import March
from tests.lib.orders import Convergence
from tests.verification.manufactured import mesh, tree

TEXT = """
mesh: {kind: interval, to: 1, cells: 4}
model:
  cells: {n: {initial: 1, motility: 0.02, haptotaxis: 0.03}}
  bound:
    receptor: {on: n, per_cell: 1}
    complex: {on: n, per_cell: 1, at_birth: inherited}
  ecm: {initial: 1}
  solubles:
    ligand: {initial: 1, diffusion: 0.1, decay: 0.2}
    piece: {initial: 1, diffusion: 0.05}
  reactions:
    binding: {equation: "receptor + ligand <-> complex", forward: 3, backward: 1}
    cut: {equation: "complex + ecm -> receptor + ligand + 2 piece", rate: 0.5}
    pairs: {equation: "2 piece -> ecm", rate: 0.3}
    inside: {equation: "piece + n -> n", law: "n*piece/(1 + piece)"}
time: {end: 1}
"""
X, T = sp.symbols("x y z"), sp.Symbol("t")
PI = sp.Float(np.pi)
SHIFT = 12.0


def exact(dim: int) -> dict[str, Any]:
    """Waves that swing, each at its own pace, flat at the sides of the unit square."""
    one = sp.prod([sp.cos(PI * x) for x in X[:dim]])
    two = sp.prod([sp.cos(2 * PI * x) for x in X[:dim]])
    return {
        "n": 2 + one * sp.cos(T) / 2,
        "receptor": 1 + one * sp.cos(2 * T) / 3 + sp.sin(T) / 5,
        "complex": 1 + two * sp.cos(T + 1) / 4,
        "ecm": 1 + one * sp.sin(T + 1) / 4,
        "ligand": 2 + two * sp.cos(T) / 3,
        "piece": 1 - one * sp.cos(T / 2) / 3,
    }


def read(expr: Expr) -> Any:
    """A formula as SymPy has it."""
    match expr:
        case Number(value):
            return sp.Float(value)
        case Name(id):
            return sp.Symbol(id)
        case Unary("-", arg):
            return -read(arg)
        case Binary(op, left, right):
            a, b = read(left), read(right)
            return {"+": a + b, "-": a - b, "*": a * b, "/": a / b, "**": a**b}[op]
        case Call(function, args) if hasattr(sp, function):
            return getattr(sp, function)(*map(read, args))
    raise TypeError(f"not in these statements: {expr!r}")


def left_over(law: Species, laws: Mapping[str, Species], model: Model, solution: Mapping[str, Any], dim: int) -> Any:
    """What the exact solution leaves over of a law as it is stated."""
    values = {name: sp.Float(value) for name, value in model.values().items()} | dict(solution)

    def at(expr: Expr) -> Any:
        return read(expr).subs({sp.Symbol(name): value for name, value in values.items()})

    def total(terms: tuple[Term, ...]) -> Any:
        return sum((at(term.expr) for term in terms), sp.Integer(0))

    c, carrier = solution[law.name], law if law.carried is None else laws[law.carried.by]
    made = total(law.production) + (total(law.growth) - total(law.loss)) * c
    made += sum(at(speed(r)) * r.change[law.name] for r in model.reactions if law.name in r.change)
    if law.carried is not None:
        share = c / solution[carrier.name]
        made -= total(carrier.loss) * c
        made += total(carrier.production) * share if law.carried.newborn == "alike" else 0
    moved = sp.Integer(0)
    for x in X[:dim] if carrier.mobile else ():
        assert carrier.diffusion is not None and not isinstance(carrier.diffusion, Mapping)
        flux = -at(carrier.diffusion) * sp.diff(c, x)
        flux += sum(at(taxis.factor) * c * sp.diff(at(taxis.potential), x) for taxis in carrier.taxis)
        moved += sp.diff(flux, x)
    return sp.diff(c, T) + moved - made


@cache
def stated(dim: int) -> Model:
    """What the scenario states, with what that leaves over as its sources."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "reacting.yaml"
        path.write_text(TEXT, encoding="utf-8")
        model, solution = build_model(load(path)), exact(dim)
    laws = {law.name: law for law in model.species}
    for name in sorted(laws, key=lambda name: laws[name].carried is not None):  # cells first: what they carry is born and dies with them
        law = laws[name]
        left = left_over(law, laws, model, solution, dim)
        source, sink = Term(tree(left + SHIFT), "source"), Term(tree(SHIFT / solution[name]), "source")
        start = {"": tree(solution[name].subs(T, 0))}
        laws[name] = replace(law, initial=start, production=(*law.production, source), loss=(*law.loss, sink))
    whole = tuple(laws[law.name] for law in model.species)
    return replace(model, species=whole, kinetics=find_kinetics(whole, "partners", model.reactions))


def posed(comm: Comm, dim: int, kind: str, count: int) -> Problem:
    """Its problem on a mesh. Collective."""
    return discretise(stated(dim), distribute(mesh(kind, dim, count) if comm.rank == 0 else None, comm))


def errors(problem: Problem, dim: int, time: float) -> dict[str, float]:
    """Lumped mean absolute error of each species. Collective."""
    g = problem.graph
    n, found = g.n_owned, {}
    for name, c in exact(dim).items():
        right = np.broadcast_to(sp.lambdify((*X, T), c, "numpy")(*g.points[:n].T, time), n)
        error, volume = g.sum(g.mass[:n] * np.abs(density(problem, name)[:n] - right), g.mass[:n])
        found[name] = float(error / volume)
    return found


def rows(found: Convergence) -> list[list[str]]:
    """A line for each species: errors, and orders between them."""
    return [
        [name, ", ".join(f"{e:.1e}" for e in found.errors[name]), ", ".join(f"{o:.2f}" for o in of)] for name, of in found.orders.items()
    ]


def in_space(comm: Comm, dim: int, kind: str, counts: tuple[int, ...], end: float = 1.0) -> Convergence:
    """Errors against the size of cells, with dt proportional to it. Collective."""
    found = []
    for count in counts:
        problem = posed(comm, dim, kind, count)
        March(problem).steps(end / count, count)
        found.append(errors(problem, dim, end))
    return Convergence.of([1.0 / count for count in counts], found)


def in_time(comm: Comm, steps: tuple[int, ...], cells: int, end: float = 2.0, finer: int = 8) -> Convergence:
    """Errors on a line against dt, beside ``finer`` times the most steps on the same cells: no error of these is in it. Collective.

    On fewer cells, since between fine ones r = b/n of what cells carry is held between its neighbours: at its extremes that is felt
    where it changes more in a step than from cell to cell.
    """
    reached = {}
    for count in (*steps, finer * steps[-1]):
        problem = posed(comm, 1, "regular", cells)
        March(problem).steps(end / count, count)
        g = problem.graph
        reached[count] = {name: density(problem, name)[: g.n_owned].copy() for name in exact(1)}
    *found, right = reached.values()
    mass = g.mass[: g.n_owned]
    volume = g.sum(mass)[0]
    off = [{name: g.sum(mass * np.abs(c - right[name]))[0] / volume for name, c in one.items()} for one in found]
    return Convergence.of([end / count for count in steps], off)


def main() -> None:
    """Measure and print the tables of the verification book."""
    for title, found in studies(MPI.COMM_SELF, quick=False).items():
        print(title, *(" | ".join(row) for row in rows(found)), sep="\n")


def studies(comm: Comm, quick: bool) -> dict[str, Convergence]:
    """What the verification book shows. Collective."""
    return {
        "1-D regular": in_space(comm, 1, "regular", (8, 16) if quick else (8, 16, 32, 64)),
        "2-D perturbed": in_space(comm, 2, "perturbed", (4, 8) if quick else (16, 32, 64)),
        "time alone": in_time(comm, (10, 20), 32, finer=2) if quick else in_time(comm, (20, 40, 80), 32),
        "time alone, small steps": in_time(comm, (20, 40), 32, finer=2) if quick else in_time(comm, (160, 320), 32, finer=4),
    }


if __name__ == "__main__":
    main()
