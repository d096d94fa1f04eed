"""What reactions conserve, found from their stoichiometry; which species they bring together; where nothing reacts."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from invasio.solver.discretise.program import Program, compose
from invasio.solver.kernels import kinetics
from invasio.solver.kernels.program import run
from invasio.solver.model.balance import Kinetics, Reaction
from invasio.solver.model.invariants import conserved
from invasio.solver.model.kinetics import How, find_kinetics, reacting
from invasio.solver.scenario.equations import read_equation
from invasio.solver.scenario.parser import parse
from invasio.solver.scenario.tree import to_text
from tests.lib.models import species

MT1 = ("M + T <-> C", "C + P <-> D", "D + M <-> Q", "Q -> M + C + A", "A + T <-> X", "X <-> Y")

Floats = NDArray[np.float64]


def reactions(*texts: str) -> tuple[Reaction, ...]:
    """Of equations, with a rate of 1 per reactant and time."""
    found = []
    for k, text in enumerate(texts):
        e = read_equation(text)
        change = {name: float(n) for name, n in e.change.items()}
        onward, backward = (parse(" * ".join(name for name, n in side.items() for _ in range(n)) or "1") for side in (e.left, e.right))
        found.append(Reaction(f"r{k}", e.text(), e.change, change, onward, backward if e.reversible else parse("0"), e.reversible))
    return tuple(found)


CONSERVED = {
    ("a + b <-> c",): [{"a": 1, "c": 1}, {"b": 1, "c": 1}],
    ("2 a -> d",): [{"a": 1, "d": 2}],
    ("a -> 2 a",): [],
    ("a -> b", "b -> a"): [{"a": 1, "b": 1}],
    ("a + b -> ",): [{"a": 1, "b": -1}],
    MT1: [
        {"M": 1, "C": 1, "D": 1, "Q": 2},
        {"T": 1, "C": 1, "D": 1, "Q": 1, "X": 1, "Y": 1},
        {"P": 1, "D": 1, "Q": 1, "A": 1, "X": 1, "Y": 1},
    ],
}


@pytest.mark.parametrize("texts", CONSERVED)
def test_conserved(texts: tuple[str, ...]) -> None:
    assert conserved(reactions(*texts)) == CONSERVED[texts]


@pytest.mark.parametrize("seed", range(20))
def test_what_is_conserved_is_a_basis_of_the_null_space(seed: int) -> None:
    random = np.random.default_rng(seed)
    names = "abcdefg"[: random.integers(2, 8)]
    texts: list[str] = []
    while len(texts) < random.integers(1, 6):
        left, right = (" + ".join(f"{random.integers(1, 3)} {n}" for n in random.choice(list(names), 2)) for _ in range(2))
        try:
            read_equation(text := f"{left} -> {right}")
        except ValueError:
            continue
        texts.append(text)
    found = reactions(*texts)
    every = list(dict.fromkeys(name for r in found for name in r.counts))
    matrix = np.array([[r.counts.get(name, 0) for r in found] for name in every])
    basis = np.array([[w.get(name, 0) for name in every] for w in conserved(found)]).reshape(-1, len(every))
    assert not (basis @ matrix).any()
    assert len(basis) == np.linalg.matrix_rank(basis) if len(basis) else True
    assert len(basis) == len(every) - np.linalg.matrix_rank(matrix)


@pytest.mark.parametrize("how", ["partners", "none"])
def test_reactions_are_together_whatever_the_option_says(how: How) -> None:
    """Two of them that depend on each other are one set; a species alone is one as well."""
    laws = tuple(species(name, "1", loss="1" if name == "u" else "") for name in "abcdeuv")
    first, second, third, fourth = reactions("a -> b", "c + b -> d + b", "e ->", "v <-> u")
    found = find_kinetics(laws, how, (first, second, third, fourth))
    assert found == (
        Kinetics(("a", "b", "c", "d"), (), (first, second)), Kinetics(("e",), (), (third,)), Kinetics(("u", "v"), (), (fourth,)),
    )  # fmt: skip
    rates = reacting({law.name: law for law in laws}, found[2])
    assert {name: to_text(rate) for name, rate in rates.rates.items()} == {"u": "-u + (v - u)", "v": "-(v - u)"}
    assert to_text(rates.own["u"]) == "-u" and to_text(rates.reactions["r3"]) == "v - u"


def test_where_nothing_reacts() -> None:
    """a + b <-> c needs a and b, or c; a law of its own its reactant; what stands beside, as an array, counts as well."""
    rates = {"a": "c - k*e*a*b", "b": "c - k*e*a*b", "c": "k*e*a*b - c", "d": "-d/(1 + d)"}
    program = compose({name: parse(text) for name, text in rates.items()}, {"k": 3.0}, [parse("k*e*a*b - c"), parse("d/(1 + d)")])
    names = ["a", "b", "c", "d", *(to_text(expr) for expr in program.outer)]
    sets = [{names[k] for k in range(len(names)) if int(mask) >> k & 1} for mask in program.quiet]
    assert sorted(map(sorted, sets)) == [["a", "b", "e"], ["c"], ["d"]]
    assert len(compose({"a": parse("exp(a) - 1")}, {}).quiet) == 0
    assert list(compose({"a": parse("1 - a")}, {}, [parse("1 - a")]).quiet) == [0]  # never


def test_parts_of_rates_whatever_their_signs() -> None:
    """A net rate of 0 may be the difference of two large ones: both count, also of a product with a sum in it."""
    text = "2*(b - k*a*(1 + b))/(1 + a)"
    program = compose({"a": parse(text), "b": parse("-a")}, {"k": 3.0}, [parse("a")])
    registers = np.zeros(program.first + len(program.code))
    densities = {"a": 0.3, "b": 0.7}
    registers[:2] = list(densities.values())
    registers[2 : program.first] = program.constants
    run(program.code, program.short, program.first, registers)
    found = [0.0, 0.0]
    for row, register, weight in zip(*program.gross.T, program.weights, strict=True):
        found[row] += weight * abs(registers[register])
    a, b = densities.values()
    assert found == pytest.approx([2 * (b + 3 * a + 3 * a * b) / (1 + a), a], rel=1e-14)


def test_where_little_reacts() -> None:
    """A step that changes a thousandth of what is there, or next to nothing, is as exact as one of many stages, and keeps the sums."""
    program = compose({"a": parse("-k*a"), "b": parse("k*a")}, {"k": 1.0}, [parse("k*a")])
    old = np.array([[1.0, 1e-3, 1e-14], [0.0, 2.0, 1.0]])
    moved, floors = old + np.array([[0.0, 1e-5, 0.0], [0.0, 0.0, 0.0]]), np.full(2, 1e-6 * kinetics.FLOOR)
    for dt, few in ((1e-3, 1), (0.5, 2)):
        new, flown, counts = stepped(program, old, moved, dt, floors)
        assert counts[3] == few
        gained = (moved - old)[0] * (1 - (1 - np.exp(-dt)) / dt)
        np.testing.assert_allclose(flown[0], old[0] * (1 - np.exp(-dt)) + gained, rtol=3e-6, atol=1e-14)
        np.testing.assert_allclose(new, moved + flown * [[-1.0], [1.0]], rtol=1e-15)


def stepped(program: Program, old: Floats, moved: Floats, dt: float, floors: Floats) -> tuple[Floats, Floats, Floats]:
    """Densities after a step of the kinetics alone, how much of each flow there was, and counts."""
    rows, n = old.shape
    new, tilt, flown, counts = np.zeros_like(old), np.zeros_like(old), np.zeros((len(program.flows), n)), np.zeros(4)
    blocks = -(-n // kinetics.WIDTH)
    held, levels = np.zeros(old.shape, dtype=bool), np.zeros((rows, blocks), dtype=np.uint8)
    peaks, reached = (np.pad(c, ((0, 0), (0, blocks * kinetics.WIDTH - n))).reshape(rows, blocks, -1).max(axis=2) for c in (old, moved))
    given = (program.table(), np.zeros((0, n)), held, np.zeros(rows, dtype=bool))
    begun = (*given, old, moved, peaks, reached, moved.min(axis=1), dt, 1e-6, floors, kinetics.TRACE)
    flowing = np.zeros((len(program.flows), blocks), dtype=bool)
    scratch = (np.zeros(blocks, dtype=bool), levels, flowing, np.zeros(n, dtype=np.int32), np.zeros((rows, 0)))
    assert kinetics.advance(*begun, new, tilt, flown, counts, *scratch) == -1
    changed = np.repeat(levels >= kinetics.CHANGED, kinetics.WIDTH, axis=1)[:, :n]
    return np.where(changed, new, moved), flown, counts


def alone(program: Program, old: Floats, dt: float) -> Floats:
    """Densities after a step with sub-steps everywhere but where nothing is."""
    return stepped(program, old, old, dt, np.full(len(old), 1e-14))[0]


def test_nodes_done_together_are_as_each_alone() -> None:
    """More nodes than are done at once, each with sub-steps of its own: the same bits alone; what is conserved is, to rounding."""
    v = parse("k*a*b - c")
    program = compose({"a": parse("c - k*a*b"), "b": parse("c - k*a*b"), "c": v}, {"k": 1e3}, [v])
    old = np.random.default_rng(2).uniform(0.0, 1.0, (3, 77)) ** 4
    together = alone(program, old, 3.0)
    for k in range(old.shape[1]):
        np.testing.assert_array_equal(alone(program, old[:, k : k + 1].copy(), 3.0)[:, 0], together[:, k])
    np.testing.assert_allclose(together[:2] + together[2], old[:2] + old[2], rtol=1e-14)
    np.testing.assert_allclose(1e3 * together[0] * together[1], together[2], rtol=1e-2)  # nearly in balance


def test_a_pivot_of_zero() -> None:
    """Where 2/h is a derivative the matrix of a sub-step is singular: it is made shorter."""
    program = compose({"a": parse("a")}, {}, [parse("a")])
    np.testing.assert_allclose(alone(program, np.array([[1.0, 2.0]]), 2.0), [[np.exp(2.0), 2.0 * np.exp(2.0)]], rtol=1e-5)
