"""Models in which something that must be >= 0 is not: at the start, later, at one node, at one end, at a jump in time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from invasio.solver.discretise.problem import Problem
from invasio.solver.model.balance import Degradation, Factor, Species, Term, Transfer, WallFlux
from invasio.solver.scenario.parser import parse
from tests.cut_meshes import plane
from tests.lib.comm import Comm
from tests.lib.models import boundary, integrity_law, lattice, membrane, passage, species
from tests.lib.vessels import flux, tissue, vessel


@dataclass(frozen=True)
class Negative:
    """What is built, and what is said: the formula, its value, its time (within ``late``) and place, its names."""

    build: Callable[[Comm], Problem]
    owner: str
    formula: str
    value: str
    at: str
    time: float = 0.0
    late: float = 0.0
    names: str = ""


CELLS = species("n", "1", "cells", diffusion="1e-2")
GROWING = species("n", "1", "cells", diffusion="1e-2", growth="1")


def of(*laws: Species, count: int = 8) -> Callable[[Comm], Problem]:
    """The unit interval."""
    return lambda comm: tissue(laws, lattice(1, count), comm, [])


def at_wall(law: WallFlux) -> Callable[[Comm], Problem]:
    """A wall at the right end."""
    torn = ("right",) if law.torn is not None else ()
    wall = vessel("v", "boundary", ["right"], law, torn_parts=torn)
    return lambda comm: tissue((CELLS,), lattice(1, 8), comm, [wall])


def wall_degraded(rate: str) -> Callable[[Comm], Problem]:
    """The wall's integrity at the right end."""
    law = replace(integrity_law(), degradation=(with_factor(rate),))
    wall = vessel("v", "boundary", ["right"], flux("n", "1"), integrity=law)
    return lambda comm: tissue((CELLS,), lattice(1, 8), comm, [wall])


def with_factor(rate: str) -> Degradation:
    """A degradation by n."""
    return Degradation(parse(f"({rate})*n"), "mean", "degradation by n", factors=(Factor(parse(rate), "degradation by n"),))


def membraned(rate: str = "1", degraded: str = "") -> Callable[[Comm], Problem]:
    """A membrane in the middle."""

    def build(comm: Comm) -> Problem:
        data = lattice(1, 8)
        barrier = membrane("k", passage("n", rate))
        if degraded:
            barrier = replace(barrier, integrity=replace(barrier.integrity, degradation=(with_factor(degraded),)))
        return tissue((CELLS,), replace(data, interfaces={"k": plane(data, 0, 0.5)}), comm, [], None, (barrier,))

    return build


def held(kind: str, value: str | None = None, rate: str | None = None) -> Callable[[Comm], Problem]:
    """A condition at the left end."""
    return of(replace(CELLS, boundaries={"left": boundary(kind, value, rate)}))  # type: ignore[arg-type]


def growing(term: str, name: str, factor: str) -> Species:
    """Growth with a factor that must not be negative."""
    return replace(CELLS, growth=(Term(parse(term), name, factors=(Factor(parse(factor), name),)),))


N, M = "n = 1", "m"
CASES = {
    "death": Negative(of(species("n", "1", "cells", diffusion="1e-2", loss="0.2 - n")), "species n", "0.2 - n", "-0.8", "x = 0", names=N),
    "secretion": Negative(
        of(
            CELLS,
            replace(species("m", "1", diffusion="1"), production=(Term(parse("(0.2 - n)*n"), M, factors=(Factor(parse("0.2 - n"), M),)),)),
        ),
        "species m",
        "0.2 - n",
        "-0.8",
        "x = 0",
        names=N,
    ),
    "production": Negative(of(CELLS, species("m", "1", production="n*(0.2 - n)")), "species m", "n * (0.2 - n)", "-0.8", "x = 0", names=N),
    "loss of what stays": Negative(of(CELLS, species("f", "1", "ecm", loss="0.2 - n")), "species f", "0.2 - n", "-0.8", "x = 0", names=N),
    "motility": Negative(
        of(species("n", "1", diffusion="m - 1.6"), species("m", "1")), "species n", "m - 1.6", "-0.6", "x = 0", names="m = 1"
    ),
    "motility of itself": Negative(
        of(species("n", "0.5 + x", diffusion="n - 0.6")), "species n", "n - 0.6", "-0.1", "x = 0", names="n = 0.5"
    ),
    "becomes": Negative(
        of(replace(CELLS, transfers=(Transfer("m", parse("1 - 2*n")),)), species("m", "1")),
        "species n",
        "1 - 2 * n",
        "-1",
        "x = 0",
        names=N,
    ),
    "self-limitation": Negative(of(growing("-(x - 0.3)*n", "q", "x - 0.3")), "species n", "x - 0.3", "-0.3", "x = 0"),
    "capacity": Negative(of(growing("1 - n/(0.6 - t)", "K", "0.6 - t")), "species n", "0.6 - t", "-", "x = 0", 0.6, 0.06),
    "held value": Negative(held("fixed", "0.45 - t"), "boundary left, species n", "0.45 - t", "-0.05", "x = 0", 0.5),
    "influx": Negative(held("influx", "0.45 - t"), "boundary left, species n", "0.45 - t", "-0.05", "x = 0", 0.5),
    "rate of exchange": Negative(held("exchange", "1", "0.45 - t"), "boundary left, species n", "0.45 - t", "-0.05", "x = 0", 0.5),
    "density outside": Negative(held("exchange", "x - 0.1", "1"), "boundary left, species n", "x - 0.1", "-0.1", "x = 0"),
    "permeability": Negative(membraned("0.2 - n"), "membrane k, species n", "0.2 - n", "-0.8", "x = 0.5", names=N),
    "membrane degraded": Negative(membraned(degraded="0.2 - n"), "membrane k", "0.2 - n", "-0.8", "x = 0.5", names=N),
    "entry": Negative(at_wall(flux("n", "0.2 - n")), "vessel v, species n", "0.2 - n", "-0.8", "x = 1", names=N),
    "entry where torn": Negative(at_wall(flux("n", "1", torn="0.2 - n")), "vessel v, species n", "0.2 - n", "-0.8", "x = 1", names=N),
    "density inside": Negative(at_wall(flux("n", "1", inside="0.45 - t")), "vessel v, species n", "0.45 - t", "-0.05", "x = 1", 0.5),
    "wall degraded": Negative(wall_degraded("0.2 - n"), "the wall of vessel v", "0.2 - n", "-0.8", "x = 1", names=N),
    "at one node": Negative(
        of(species("m", "1", loss="(x - 0.625)^2 - 1e-3")), "species m", "(x - 0.625)^2 - 0.001", "-0.001", "x = 0.625"
    ),
    "at a jump": Negative(
        of(species("m", "1", loss="where(t < 0.32, 1, -1)")), "species m", "where(t < 0.32, 1, -1)", "-1", "x = 0", 0.35, 0.05
    ),
    "later": Negative(of(GROWING, species("m", "1", loss="1.5 - n")), "species m", "1.5 - n", "-", "x = 0", 0.4055, 2e-3, "n = 1.5"),
    "later at one end": Negative(
        of(species("n", "1 + 0.1*x", growth="1"), species("m", "1", diffusion="1", loss="1.5 - n")),
        "species m",
        "1.5 - n",
        "-",
        "x = 1",
        0.3102,
        2e-3,
        "n = 1.5",
    ),
    "by what is in balance": Negative(
        of(GROWING, species("o", "0", diffusion="1", production="n", loss="1", quasi_steady=True), species("m", "1", loss="1.5 - o")),
        "species m",
        "1.5 - o",
        "-",
        "x = 0",
        0.4055,
        2e-3,
        "o = 1.5",
    ),
}
