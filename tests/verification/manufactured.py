r"""Manufactured solutions: each term of the balance laws alone, and all of them coupled, with exact values on every side.

n = 2 + sin(p + t/2), m = 2 + cos(p - t/4)/2, f = 1 + sin(q + t/3)/2 with p, q linear in space. What the terms leave over,
S = dn/dt + div(v n - D grad n) - g n, becomes a production S + K and a loss K/n (K makes both positive), so that the exact
solution solves the law. Derivatives by SymPy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import sympy as sp

from invasio.meshes.build import build_data
from invasio.meshes.domain import MeshData
from invasio.solver.discretise.problem import Problem
from invasio.solver.model.balance import Boundary, Fibres, Species, Taxis, Term
from invasio.solver.scenario.expressions import Binary, Call, Expr, Name, Number
from invasio.solver.scenario.mesh import BoxMesh, RectangleMesh
from tests.bad_meshes import SIDES, shaken
from tests.lib.fields import density
from tests.lib.models import lattice

X, T = sp.symbols("x y z"), sp.Symbol("t")
N, M, F = sp.symbols("n m f")
SHIFT = 9.0


def exact(dim: int) -> dict[str, Any]:
    """The manufactured n, m and f."""
    p = sum(a * x for a, x in zip((1.3, 0.9, 0.5), X[:dim], strict=False))
    q = sum(a * x for a, x in zip((0.8, -1.1, 0.7), X[:dim], strict=False))
    return {"n": 2 + sp.sin(p + T / 2), "m": 2 + sp.cos(p - T / 4) / 2, "f": 1 + sp.sin(q + T / 3) / 2}


# name -> (D, tensor direction, a and whether it is myopic, [(potential, factor)], growth) of the law of n, in the symbols n, m, f, x, y, z
Law = tuple[Any, tuple[Any, ...] | None, list[tuple[Any, Any]], Any]
TERMS: dict[str, Law] = {
    "diffusion": (sp.Float(0.7), None, [], 0),
    "diffusion D(n)": (0.3 + 0.2 * N, None, [], 0),
    "diffusion D(f)": (0.5 / (1 + F), None, [], 0),
    "crowding D(1 - n - f)": (1 - 0.2 * N - 0.2 * F, None, [], 0),
    "fibres": (sp.Float(0.7), ((sp.Integer(1), X[0] + sp.Rational(1, 2), sp.Rational(1, 3)), 0.2), [], 0),
    "haptotaxis": (sp.Float(0.7), None, [(F, sp.Integer(1))], 0),
    "haptotaxis, logarithmic": (sp.Float(0.7), None, [(sp.log(F), sp.Integer(1))], 0),
    "haptotaxis, receptor": (sp.Float(0.7), None, [(-1 / (1 + F), sp.Integer(2))], 0),
    "haptotaxis, crowded": (sp.Float(0.7), None, [(F, 1 - 0.2 * N)], 0),
    "three taxis terms": (sp.Float(0.7), None, [(F, sp.Integer(1)), (sp.log(M), sp.Rational(1, 2)), (-1 / (1 + F), 1 - 0.1 * F)], 0),
    "growth": (sp.Float(0.7), None, [], 1 - N / 2 - F),
}
# on perturbed meshes the order of div div (T n) is still rising where that of the others is not: a test of its own
MYOPIC: dict[str, Law] = {
    "fibres, myopic": (0.5 + 0.3 * X[0] ** 2, ((sp.Integer(1), X[0] + sp.Rational(1, 2), sp.Rational(1, 3)), 0.2, True), [], 0),
}


def source(law: Law, dim: int, solution: Mapping[str, Any]) -> Any:
    """S(x, t) that the law of n leaves over for the exact solution."""
    diffusion, fibres, taxis, growth = law
    values = {N: solution["n"], M: solution["m"], F: solution["f"]}
    n, space = solution["n"], X[:dim]
    gradient = [sp.diff(n, x) for x in space]
    motility = sp.sympify(diffusion).subs(values)
    if fibres is not None:
        direction, across = fibres[0][:dim], fibres[1]
        length2 = sum(e**2 for e in direction)
        tensor = [[across * (a == b) + (1 - across) * d * e / length2 for b, e in enumerate(direction)] for a, d in enumerate(direction)]
        if len(fibres) > 2:  # myopic
            gradient = [sum(sp.diff(motility * t * n, x) for t, x in zip(row, space, strict=True)) for row in tensor]
            motility = sp.Integer(1)
        else:
            gradient = [sum(t * g for t, g in zip(row, gradient, strict=True)) for row in tensor]
    flux = [-motility * g for g in gradient]
    for potential, factor in taxis:
        speed = sp.sympify(factor).subs(values)
        flux = [j + speed * n * sp.diff(potential.subs(values), x) for j, x in zip(flux, space, strict=True)]
    return sp.diff(n, T) + sum(sp.diff(j, x) for j, x in zip(flux, space, strict=True)) - sp.sympify(growth).subs(values) * n


def single(name: str, dim: int) -> tuple[Species, ...]:
    """Laws in which n has one kind of term; m and f follow their exact values by production and loss."""
    solution = exact(dim)
    return (_moving("n", {**TERMS, **MYOPIC}[name], dim, solution), *_given(solution, dim))


def coupled(dim: int) -> tuple[Species, ...]:
    """Cells with D(f), haptotaxis and growth into free space; MMP that they secrete; ECM that it degrades."""
    solution = exact(dim)
    n = _moving("n", (0.4 + 0.1 * F, None, [(F, sp.Integer(1))], 1 - N / 4 - F), dim, solution)
    m, f = solution["m"], solution["f"]
    laplacian = sum(sp.diff(m, x, 2) for x in X[:dim])
    left = sp.diff(m, T) - 0.5 * laplacian - solution["n"] + m
    mmp = Species(
        "m", "soluble", "m", "", {"": tree(m.subs(T, 0))}, tree(sp.Float(0.5)),
        production=(Term(tree(N), "secretion"), Term(tree(left + SHIFT), "source")),
        loss=(Term(Number(1.0), "decay"), Term(tree(SHIFT / m), "source")),
        boundaries=_held(m, dim),
    )  # fmt: skip
    ecm = Species(
        "f", "ecm", "f", "", {"": tree(f.subs(T, 0))},
        production=(Term(tree(sp.diff(f, T) + m * f), "source"),), loss=(Term(Name("m"), "degradation"),),
    )  # fmt: skip
    return n, mmp, ecm


def _moving(name: str, law: Law, dim: int, solution: Mapping[str, Any]) -> Species:
    diffusion, fibres, taxis, growth = law
    n = solution[name]
    left = source(law, dim, solution)
    return Species(
        name, "cells", name, "", {"": tree(n.subs(T, 0))}, tree(sp.sympify(diffusion)),
        fibres=None if fibres is None else Fibres(tuple(tree(e) for e in fibres[0][:dim]), *fibres[1:]),
        taxis=tuple(Taxis("taxis", "f", tree(potential), tree(sp.sympify(factor))) for potential, factor in taxis),
        production=(Term(tree(left + SHIFT), "source"),),
        growth=(Term(tree(sp.sympify(growth)), "growth"),) if growth else (),
        loss=(Term(tree(SHIFT / n), "source"),),
        boundaries=_held(n, dim),
    )  # fmt: skip


def _given(solution: Mapping[str, Any], dim: int) -> tuple[Species, ...]:
    """m and f as immobile species with dc/dt = (d/dt exact + 2) - 2 c/exact, whose solution is the exact one."""
    found = []
    for name in ("m", "f"):
        c = solution[name]
        found.append(
            Species(name, "user", name, "", {"": tree(c.subs(T, 0))}, production=(Term(tree(sp.diff(c, T) + 2), "source"),),
                    loss=(Term(tree(2 / c), "source"),))
        )  # fmt: skip
    return tuple(found)


def _held(value: Any, dim: int) -> dict[str, Boundary]:
    return {side: Boundary("fixed", tree(value)) for side in SIDES[: 2 * dim]}


def tree(expr: Any) -> Expr:
    """A SymPy expression as an expression of the scenario language."""
    if expr.is_Number:
        return Number(float(expr))
    if expr.is_Symbol:
        return Name(str(expr))
    args = [tree(a) for a in expr.args]
    if isinstance(expr, sp.Pow):
        return Binary("**", args[0], args[1])
    if isinstance(expr, (sp.Add, sp.Mul)):
        result = args[0]
        for arg in args[1:]:
            result = Binary("+" if isinstance(expr, sp.Add) else "*", result, arg)
        return result
    return Call(str(expr.func), tuple(args))


def mesh(kind: str, dim: int, count: int) -> MeshData:
    """The unit interval, square or cube: regular, perturbed by up to a quarter of a cell, or unstructured by gmsh."""
    if kind == "regular":
        return lattice(dim, count)
    if kind == "perturbed":
        return shaken(dim, count, 0.25)
    size = 1.0 / count
    if dim == 2:
        return build_data(RectangleMesh(kind="rectangle", from_=(0.0, 0.0), to=(1.0, 1.0), size=size, structured=False))
    return build_data(BoxMesh(kind="box", from_=(0.0, 0.0, 0.0), to=(1.0, 1.0, 1.0), size=size, structured=False))


def errors(problem: Problem, dim: int, time: float) -> dict[str, float]:
    """Lumped mean absolute error of each species against the manufactured solution. Collective."""
    g = problem.graph
    n = g.n_owned
    found: dict[str, float] = {}
    for name, c in exact(dim).items():
        value: Callable[..., Any] = sp.lambdify((*X, T), c, "numpy")
        distance = np.abs(density(problem, name)[:n] - value(*g.points[:n].T, time))
        error, volume = g.sum(g.mass[:n] * distance, g.mass[:n])
        found[name] = float(error / volume)
    return found
