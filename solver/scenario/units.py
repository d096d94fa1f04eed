"""Physical units, at the edge only: a text such as ``"1e-9 cm^2/s"`` becomes a number in SI and a dimension.

A compact table of our own: importing pint costs a quarter of a second, and `validate` answers in less than one.
The tests compare every unit of the table with pint.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from .hints import SPELT

Dimension = tuple[tuple[str, int], ...]  # sorted (base, exponent) pairs, exponents not zero

PREFIXES = {"f": -15, "p": -12, "n": -9, "u": -6, "µ": -6, "μ": -6, "m": -3, "c": -2, "d": -1, "k": 3, "M": 6, "G": 9}

# name: (factor to SI as text, base exponents, takes prefixes)
UNITS: dict[str, tuple[str, dict[str, int], bool]] = {
    "m": ("1", {"length": 1}, True),
    "s": ("1", {"time": 1}, True),
    "min": ("60", {"time": 1}, False),
    "h": ("3600", {"time": 1}, False),
    "d": ("86400", {"time": 1}, False),
    "day": ("86400", {"time": 1}, False),
    "days": ("86400", {"time": 1}, False),
    "week": ("604800", {"time": 1}, False),
    "weeks": ("604800", {"time": 1}, False),
    "y": ("31557600", {"time": 1}, False),
    "year": ("31557600", {"time": 1}, False),
    "years": ("31557600", {"time": 1}, False),
    "g": ("1e-3", {"mass": 1}, True),
    "mol": ("1", {"amount": 1}, True),
    "M": ("1e3", {"amount": 1, "length": -3}, True),
    "L": ("1e-3", {"length": 3}, True),
    "l": ("1e-3", {"length": 3}, True),
    "Gy": ("1", {"dose": 1}, True),  # J/kg of radiation, kept apart from other things in m^2/s^2
    "Pa": ("1", {"mass": 1, "length": -1, "time": -2}, True),
    "mmHg": ("133.322387415", {"mass": 1, "length": -1, "time": -2}, False),
    "N": ("1", {"mass": 1, "length": 1, "time": -2}, True),
    "cell": ("1", {}, False),
    "cells": ("1", {}, False),
}

MOST_BITS = 8192  # of a factor as an exact fraction
_TOKEN = re.compile(r"\s*(?:(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)|(?P<name>[A-Za-zµμ]+)|(?P<op>\*\*|[*·/^()+-]))")


class UnitError(ValueError):
    """A text is no quantity, or has the wrong dimension."""

    def __init__(self, what: str, *, code: str = "not-a-quantity", remedy: str = "") -> None:
        super().__init__(what)
        self.code, self.remedy = code, remedy


@dataclass(frozen=True)
class Measure:
    """A number in SI with its dimension. The factor is exact, so that conversions round once."""

    factor: Fraction
    dimension: Dimension

    @property
    def bits(self) -> int:
        """How many bits the factor takes."""
        return max(self.factor.numerator.bit_length(), self.factor.denominator.bit_length())

    def __mul__(self, other: Measure) -> Measure:
        return Measure(self.factor * other.factor, _product(self.dimension, other.dimension, 1))

    def __truediv__(self, other: Measure) -> Measure:
        if not other.factor:
            raise UnitError("division by zero", remedy="divide by another number")
        return Measure(self.factor / other.factor, _product(self.dimension, other.dimension, -1))

    def power(self, n: int) -> Measure:
        """This measure to an integer power."""
        if self.bits * abs(n) > MOST_BITS:
            raise out_of_range()
        if n < 0 and not self.factor:
            raise UnitError("division by zero", remedy="divide by another number")
        return Measure(self.factor**n, tuple((base, e * n) for base, e in self.dimension if n))


def out_of_range() -> UnitError:
    """The error for a number that is beyond any quantity."""
    return UnitError("the number is out of range", code="out-of-bounds", remedy="write it as 1e-9 cm^2/s, with powers from -300 to 300")


ONE = Measure(Fraction(1), ())


def unit(name: str) -> Measure:
    """The unit of that name, with or without an SI prefix; raises UnitError for an unknown one."""
    if name in UNITS:
        factor, bases, _ = UNITS[name]
        return Measure(Fraction(factor), tuple(sorted(bases.items())))
    if name[:1] in PREFIXES and name[1:] in UNITS and UNITS[name[1:]][2]:
        factor, bases, _ = UNITS[name[1:]]
        return Measure(Fraction(factor) * Fraction(10) ** PREFIXES[name[0]], tuple(sorted(bases.items())))
    tail = f"; did you mean {SPELT[name]!r}?" if name in SPELT else ""
    remedy = f"there are {', '.join(UNITS)}, with prefixes such as u, m, k{tail}"
    raise UnitError(f"unknown unit {name!r}", code="unknown-unit", remedy=remedy)


def measure(text: str, names: Mapping[str, Measure] | None = None) -> Measure:
    """The value of a text of numbers and units: products, quotients, integer powers, parentheses, a leading sign.

    With ``names`` the words are looked up there instead of among the units: ``"length^2/time"``.
    """
    if len(text) > 200:
        raise UnitError("the text is too long for a quantity", remedy="write a number and its unit")
    power = re.search(r"([A-Za-zµμ]+)(\d+)", re.sub(r"(\d\.?)[eE][-+]?\d+", r"\1 ", text)) if names is None else None
    if power:
        raise UnitError(f"unknown unit {power[0]!r}", code="unknown-unit", remedy=f"powers are written with ^: {power[1]}^{power[2]}")
    tokens, end = [], 0
    for match in _TOKEN.finditer(text):
        if match.start() != end:
            break
        tokens.append(match)
        end = match.end()
    if text[end:].strip() or not tokens:
        raise UnitError("not a number with a unit")
    first = tokens[1] if tokens[0].group("op") in ("+", "-") and len(tokens) > 1 else tokens[0]
    if names is None and first.group("number") is None and first.group("op") != "(":
        raise UnitError("not a number with a unit")
    return _Reader([(m.lastgroup or "", m.group(m.lastgroup or 0)) for m in tokens], names).whole()


class _Reader:
    """Recursive descent over: product = power {('*' | '/' | nothing) power}."""

    def __init__(self, tokens: list[tuple[str, str]], names: Mapping[str, Measure] | None) -> None:
        self.tokens, self.names, self.at = tokens, names, 0

    def peek(self) -> tuple[str, str]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("end", "")

    def take(self) -> tuple[str, str]:
        token = self.peek()
        self.at += 1
        return token

    def fail(self) -> UnitError:
        return UnitError("not a number with a unit")

    def whole(self) -> Measure:
        sign = Measure(Fraction(-1), ()) if self.peek()[1] == "-" else ONE
        if self.peek()[1] in ("+", "-"):
            self.take()
        value = sign * self.product()
        if self.peek()[0] != "end":
            raise self.fail()
        if value.bits > MOST_BITS:
            raise out_of_range()
        return value

    def product(self) -> Measure:
        value = self.power()
        while self.peek()[0] != "end" and self.peek()[1] != ")":
            divide = self.peek()[1] == "/"
            if self.peek()[1] in ("*", "·", "/"):
                self.take()
            value = value / self.power() if divide else value * self.power()
        return value

    def power(self) -> Measure:
        base = self.atom()
        if self.peek()[1] not in ("^", "**"):
            return base
        self.take()
        sign = -1 if self.peek()[1] == "-" else 1
        if self.peek()[1] in ("+", "-"):
            self.take()
        kind, word = self.take()
        if kind != "number" or not word.isdigit() or int(word) > 9:
            raise self.fail()
        return base.power(sign * int(word))

    def atom(self) -> Measure:
        kind, word = self.take()
        if kind == "number":
            if "e" in word.lower() and abs(int(word.lower().split("e")[1])) > 300:
                raise UnitError(f"{word} is out of range", code="out-of-bounds", remedy="powers of ten go from -300 to 300")
            return Measure(Fraction(word), ())
        if kind == "name":
            if self.names is None:
                return unit(word)
            if word not in self.names:
                raise UnitError(f"unknown name {word!r}", code="unknown-unit", remedy=f"there are: {', '.join(self.names)}")
            return self.names[word]
        if word == "(":
            inner = self.product()
            if self.take()[1] != ")":
                raise self.fail()
            return inner
        raise self.fail()


def words(dimension: Dimension) -> str:
    """A dimension in words: ``length^2/time``; ``a plain number`` when there is none."""
    above = [f"{b}^{e}" if e > 1 else b for b, e in dimension if e > 0]
    below = [f"{b}^{-e}" if e < -1 else b for b, e in dimension if e < 0]
    if not above and not below:
        return "a plain number"
    return "*".join(above or ["1"]) + "".join(f"/{b}" for b in below)


def _product(a: Dimension, b: Dimension, sign: int) -> Dimension:
    total = dict(a)
    for base, e in b:
        total[base] = total.get(base, 0) + sign * e
    return tuple(sorted((base, e) for base, e in total.items() if e))
