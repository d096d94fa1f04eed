"""From text to expression tree: a hand-written parser for the whitelisted language, nothing is ever executed.

Precedence, lowest first: ``or``, ``and``, ``not``, one comparison, ``+ -``, ``* /``, unary minus, ``^`` or ``**`` (right to left).
"""

from __future__ import annotations

import math
import re

from .expressions import Binary, Call, Expr, Name, Number, Unary
from .wrong import allowed

MAX_LENGTH = 2000  # characters
MAX_NODES = 300
MAX_DEPTH = 40

# function: fewest and most arguments
FUNCTIONS = {
    **dict.fromkeys(("exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "erf", "abs", "floor", "ceil"), (1, 1)),
    "mod": (2, 2),  # mod(a, b) = a - b floor(a/b)
    "min": (2, 8),
    "max": (2, 8),
    "where": (3, 3),
    "noise": (2, 2),  # noise(scale, seed): a smooth random field in [0, 1], a function of position only
}
RESERVED = frozenset({*FUNCTIONS, "x", "y", "z", "t", "pi", "and", "or", "not"})

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)|(?P<name>[A-Za-z_][A-Za-z_0-9]*)|(?P<op>\*\*|<=|>=|==|!=|[-+*/^()<>,]))",
    re.ASCII,
)
_SHORTER = "put parts of it into parameters"
_COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")


class ParseError(ValueError):
    """The text is no expression of the language; ``offset`` counts characters from 0."""

    def __init__(self, what: str, offset: int = 0, *, code: str = "wrong-formula", remedy: str = "") -> None:
        super().__init__(what)
        self.offset, self.code, self.remedy = offset, code, remedy


def parse(text: str) -> Expr:
    """The tree of an expression; raises ParseError, also for one that is too long, too deep or too large."""
    if len(text) > MAX_LENGTH:
        raise ParseError(f"the expression has {len(text)} characters", remedy=f"allowed are at most {MAX_LENGTH}")
    tokens: list[tuple[str, str, int]] = []
    end = 0
    while text[end:].strip():
        match = _TOKEN.match(text, end)
        if match is None:
            at = end + len(text[end:]) - len(text[end:].lstrip())
            raise ParseError(f"unexpected {text[at]!r} at character {at + 1}", at)
        kind = match.lastgroup or ""
        tokens.append((kind, match.group(kind), match.start(kind)))
        end = match.end()
    if not tokens:
        raise ParseError("the expression is empty", remedy="write a number or a formula")
    return _Parser(tokens, len(text)).whole()


class _Parser:
    def __init__(self, tokens: list[tuple[str, str, int]], length: int) -> None:
        self.tokens = [*tokens, ("end", "", length)]
        self.at = self.nodes = self.depth = 0

    @property
    def word(self) -> str:
        kind, word, _ = self.tokens[self.at]
        return word if kind != "number" else ""

    def take(self) -> tuple[str, str, int]:
        token = self.tokens[self.at]
        if token[0] != "end":
            self.at += 1
        return token

    def fail(self) -> ParseError:
        kind, word, offset = self.tokens[self.at]
        if kind == "end":
            return ParseError("the expression ends too early", offset, remedy="close parentheses, and put a value after the last operator")
        return ParseError(f"unexpected {word!r} at character {offset + 1}", offset)

    def made(self, node: Expr) -> Expr:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise ParseError(f"the expression has more than {MAX_NODES} parts", self.tokens[self.at][2], remedy=_SHORTER)
        return node

    def deeper(self, by: int) -> None:
        self.depth += by
        if self.depth > MAX_DEPTH:
            raise ParseError(f"the expression is nested more than {MAX_DEPTH} deep", self.tokens[self.at][2], remedy=_SHORTER)

    def whole(self) -> Expr:
        tree = self.either()
        if self.tokens[self.at][0] != "end":
            raise self.fail()
        return tree

    def either(self) -> Expr:
        self.deeper(1)
        left = self.both()
        while self.word == "or":
            self.take()
            left = self.made(Binary("or", left, self.both()))
        self.deeper(-1)
        return left

    def both(self) -> Expr:
        left = self.negation()
        while self.word == "and":
            self.take()
            left = self.made(Binary("and", left, self.negation()))
        return left

    def negation(self) -> Expr:
        if self.word != "not":
            return self.comparison()
        self.take()
        self.deeper(1)
        node = self.made(Unary("not", self.negation()))
        self.deeper(-1)
        return node

    def comparison(self) -> Expr:
        left = self.sum()
        if self.word not in _COMPARISONS:
            return left
        op = self.take()[1]
        node = self.made(Binary(op, left, self.sum()))
        if self.word in _COMPARISONS:
            offset = self.tokens[self.at][2]
            raise ParseError("comparisons cannot be chained", offset, remedy="write 'a < b and b < c'")
        return node

    def sum(self) -> Expr:
        left = self.product()
        while self.word in ("+", "-"):
            left = self.made(Binary(self.take()[1], left, self.product()))
        return left

    def product(self) -> Expr:
        left = self.signed()
        while self.word in ("*", "/"):
            left = self.made(Binary(self.take()[1], left, self.signed()))
        return left

    def signed(self) -> Expr:
        if self.word not in ("-", "+"):
            return self.power()
        minus = self.take()[1] == "-"
        self.deeper(1)
        inner = self.signed()
        self.deeper(-1)
        if not minus:
            return inner
        return Number(-inner.value) if isinstance(inner, Number) else self.made(Unary("-", inner))

    def power(self) -> Expr:
        base = self.atom()
        if self.word not in ("^", "**"):
            return base
        self.take()
        self.deeper(1)
        node = self.made(Binary("**", base, self.signed()))
        self.deeper(-1)
        return node

    def atom(self) -> Expr:
        kind, word, offset = self.tokens[self.at]
        if kind == "number":
            self.take()
            if not math.isfinite(float(word)):
                raise ParseError(
                    f"the number {word[:20]}{'...' if len(word) > 20 else ''} is too large",
                    offset,
                    code="out-of-bounds",
                    remedy="write a finite number",
                )
            return self.made(Number(float(word)))
        if kind == "name" and word not in ("and", "or", "not"):
            self.take()
            if self.word == "(":
                return self.call(word, offset)
            if word in FUNCTIONS:
                raise ParseError(f"the function {word!r} needs arguments", offset, remedy=f"write {word}(...)")
            return self.made(Number(math.pi) if word == "pi" else Name(word))
        if word == "(":
            self.take()
            inner = self.either()
            self.close()
            return inner
        raise self.fail()

    def call(self, function: str, offset: int) -> Expr:
        if function not in FUNCTIONS:
            remedy = allowed(function, FUNCTIONS)
            raise ParseError(f"unknown function (given {function!r})", offset, code="unknown-function", remedy=remedy)
        self.take()
        args = [self.either()]
        while self.word == ",":
            self.take()
            args.append(self.either())
        self.close()
        fewest, most = FUNCTIONS[function]
        if not fewest <= len(args) <= most:
            wanted = str(fewest) if fewest == most else f"{fewest} to {most}"
            remedy = f"it takes {wanted} argument{'s' if wanted != '1' else ''}"
            raise ParseError(f"{function} with {len(args)} argument{'s' if len(args) != 1 else ''}", offset, remedy=remedy)
        return self.made(Call(function, tuple(args)))

    def close(self) -> None:
        if self.word != ")":
            raise self.fail()
        self.take()
