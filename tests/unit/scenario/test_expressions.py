"""The parser: reads what it prints, agrees with Python's arithmetic, executes nothing, and stays bounded."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from invasio.solver.scenario.expressions import Binary, Call, Expr, Name, Number, Unary
from invasio.solver.scenario.parser import MAX_LENGTH, MAX_NODES, ParseError, parse
from invasio.solver.scenario.tree import evaluate, is_constant, names, simplify, substitute, to_text

NAMES = {"x": 0.3, "y": 1.7, "n": 0.9, "k_2": 2.5}
ENVIRONMENT = {"exp": math.exp, "tanh": math.tanh, "min": min, "max": max, "abs": abs, "sqrt": math.sqrt, "erf": math.erf}


def random_tree(rng: random.Random, depth: int) -> Expr:
    """A random tree of the arithmetic part of the language."""
    kind = rng.randrange(6) if depth else 0
    if kind == 0:
        return Name(rng.choice(list(NAMES))) if rng.random() < 0.6 else Number(rng.choice([0.0, 1.0, 2.0, 0.005, 1e-10, 3.25]))
    if kind == 1:
        return Unary("-", random_tree(rng, depth - 1))
    if kind == 2:
        return Call(rng.choice(["exp", "tanh", "abs", "erf"]), (random_tree(rng, depth - 1),))
    if kind == 3:
        return Call(rng.choice(["min", "max"]), (random_tree(rng, depth - 1), random_tree(rng, depth - 1)))
    if kind == 4:
        return Binary("**", random_tree(rng, depth - 1), Number(float(rng.randrange(4))))
    return Binary(rng.choice("+-*/"), random_tree(rng, depth - 1), random_tree(rng, depth - 1))


@pytest.mark.parametrize("seed", range(200))
def test_text_reads_back_and_means_the_same_as_python(seed: int) -> None:
    tree = random_tree(random.Random(seed), 5)
    text = to_text(parse(to_text(tree)))  # reading folds signs into numbers
    again = parse(text)
    assert to_text(again) == text
    value = float(evaluate(again, NAMES))
    try:
        expected = float(eval(text.replace("^", "**"), {"__builtins__": {}}, {**ENVIRONMENT, **NAMES}))
    except (ZeroDivisionError, OverflowError):
        return  # Python raises where NumPy gives inf or nan
    if math.isfinite(expected) and math.isfinite(value):
        assert value == pytest.approx(expected, rel=1e-13, abs=1e-300)
        assert float(evaluate(simplify(again), NAMES)) == pytest.approx(expected, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('x')",
        "x.real",
        "x[0]",
        "lambda: 1",
        "open(x)",
        "(1, 2)",
        "x if y else n",
        "x = 1",
        "'text'",
        "f(*x)",
        "x; y",
        "1_000",
        "0x10",
        "x // 2",
        "x % 2",
        "x & y",
        "~x",
        "é",
        "１",
        "x\x00",
    ],
)
def test_python_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        parse(text)


@pytest.mark.parametrize("seed", range(300))
def test_noise_of_characters_gives_a_tree_or_a_parse_error(seed: int) -> None:
    rng = random.Random(seed)
    text = "".join(rng.choice("xyn01.e+-*/^()<>=!, andorexpwhr_") for _ in range(rng.randrange(60)))
    try:
        tree = parse(text)
    except ParseError as error:
        assert 0 <= error.offset <= len(text)
        return
    assert parse(to_text(tree)) == parse(to_text(parse(to_text(tree))))


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("x" * (MAX_LENGTH + 1), "wrong-formula", f"{MAX_LENGTH + 1} characters"),
        ("+".join(["x"] * MAX_NODES), "wrong-formula", f"more than {MAX_NODES} parts"),
        ("(" * 200 + "x" + ")" * 200, "wrong-formula", "nested more than 40 deep"),
        ("-" * 200 + "x", "wrong-formula", "nested more than 40 deep"),
        ("2^" * 200 + "2", "wrong-formula", "nested more than 40 deep"),
        ("not " * 200 + "x", "wrong-formula", "nested more than 40 deep"),
        ("1e999", "out-of-bounds", "1e999"),
    ],
)
def test_size_is_bounded(text: str, code: str, says: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse(text)
    assert caught.value.code == code
    assert caught.value.remedy
    assert says in str(caught.value)


def test_largest_allowed_tree_can_be_worked_with() -> None:
    tree = parse("+".join(["x"] * (MAX_NODES // 2)))
    assert evaluate(simplify(parse(to_text(tree))), {"x": 1.0}) == MAX_NODES // 2


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-2^2", -4.0),
        ("2^3^2", 512.0),
        ("2^-1", 0.5),
        ("1 - 2 - 3", -4.0),
        ("8/4/2", 1.0),
        ("1 < 2 and 3 < 2", 0.0),
        ("not 1 > 2", 1.0),
        ("1 > 2 or 2 >= 2", 1.0),
        ("where(1 == 1, 5, 6) + where(1 != 1, 5, 6)", 11.0),
        ("min(3, 1, 2) + max(3, 1, 2)", 4.0),
        ("sin(pi/2)", 1.0),
        ("erf(0.5)", math.erf(0.5)),
        ("log(exp(2))", 2.0),
    ],
)
def test_values(text: str, value: float) -> None:
    tree = parse(text)
    assert is_constant(tree)
    assert float(evaluate(tree, {})) == pytest.approx(value, rel=1e-15)
    folded = simplify(tree)
    assert isinstance(folded, Number)
    assert folded.value == pytest.approx(value, rel=1e-15)


def test_names_substitution_and_arrays() -> None:
    tree = parse("a*x + noise(0.1, 3)")
    assert names(tree) == {"a", "x", "y", "z"}
    half = substitute(parse("a*x + b"), {"a": 0.5, "b": Name("y")})
    assert to_text(half) == "0.5 * x + y"
    x = np.array([0.0, 1.0, 2.0])
    np.testing.assert_array_equal(evaluate(parse("where(x > 0.5, x, -1)"), {"x": x}), [-1.0, 1.0, 2.0])


@pytest.mark.parametrize(
    ("text", "simple"),
    [("0*x + 1*y", "y"), ("x + 0", "x"), ("0 - x", "-x"), ("x^1/1", "x"), ("--x", "x"), ("2*3*x", "6 * x"), ("1/0", "1 / 0"), ("x*0", "0")],
)
def test_simplify(text: str, simple: str) -> None:
    assert to_text(simplify(parse(text))) == simple
