"""Units in formulas: parameters of any unit are brought to what stands beside them, and what does not fit is refused.

Numbers in a formula are in the scenario's scales. A parameter for whose kind there is a scale is brought to it wherever it stands, so
that powers and plain numbers beside it mean what they say; one such as ``5 nmol/cell/h``, for which there is none, keeps its own unit.
Where both sides of a sum, comparison, minimum or maximum have a unit these must be alike, and the right one is multiplied by their ratio;
a ratio of like quantities is a plain number; the whole is brought to what the option needs. A plain number beside them has no unit of its
own: it takes that of the other side of a sum, and makes a product uncertain, so that nothing is refused on its account.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import NamedTuple

from .expressions import Binary, Call, Expr, Name, Number, Unary
from .tree import names
from .units import ONE, Dimension, Measure, UnitError, words

_ALIKE = ("+", "-", "<", "<=", ">", ">=", "==", "!=")
_PURE = ("exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "erf", "floor", "ceil")


class Sized(NamedTuple):
    """An expression, the unit that its number is in, and whether that is sure; None where no unit is known."""

    expr: Expr
    unit: Measure | None = None
    sure: bool = True


@dataclass(frozen=True)
class Known:
    """What the numbers of names are in, and the scales that parameters are brought to, the first that fits.

    kept: names that stand for numbers in a scale already, species and coordinates; length, time: their scales.
    """

    units: Mapping[str, Measure]
    scales: Sequence[Measure] = ()
    kept: Set[str] = frozenset()
    length: Measure | None = None
    time: Measure | None = None

    def scale(self, dimension: Dimension) -> Measure | None:
        """What a quantity of that dimension is in by the scenario's scales; None where these do not say."""
        for scale in self.scales:
            if scale.dimension == dimension:
                return scale
        found = ONE
        for base, power in dimension:
            one = {"length": self.length, "time": self.time}.get(base)
            if one is None:
                return None
            found *= one.power(power)
        return found

    def scaled(self, found: Sized) -> Sized:
        """The same in the scenario's scales, where these say what that is."""
        scale = None if found.unit is None else self.scale(found.unit.dimension)
        return found if found.unit is None or scale is None else Sized(_times(found.expr, found.unit / scale), scale, found.sure)

    def bare(self, found: Sized) -> Expr:
        """The number of which the unit is lost (a root, a power that is no whole number): in the scenario's scales, else in SI."""
        if found.unit is None or not found.sure or names(found.expr) <= self.kept:
            return self.scaled(found).expr if found.unit in self.units.values() else found.expr
        scaled = self.scaled(found)
        return scaled.expr if scaled is not found or self.scale(found.unit.dimension) else _times(found.expr, found.unit)


def in_units(expr: Expr, known: Known) -> Sized:
    """The expression with its parts brought to the units of one another; raises UnitError where they do not fit."""
    match expr:
        case Name(id):
            found = Sized(expr, known.units.get(id))
            return found if id in known.kept else known.scaled(found)
        case Unary(op, arg):
            inner = in_units(arg, known)
            return Sized(Unary(op, inner.expr), inner.unit if op == "-" else None, inner.sure)
        case Binary("*" | "/" as op, left, right):
            a, b = in_units(left, known), in_units(right, known)
            whole = Binary(op, a.expr, b.expr)
            if a.unit is None and b.unit is None:
                return Sized(whole)
            first, second = a.unit or ONE, b.unit or ONE
            unit = first * second if op == "*" else first / second
            return _number(Sized(whole, unit, a.sure and b.sure and a.unit is not None and b.unit is not None))
        case Binary("**", base, Number(power)) if power == int(power) and abs(power) < 10:
            inner = in_units(base, known)
            return Sized(Binary("**", inner.expr, Number(power)), inner.unit and inner.unit.power(int(power)), inner.sure)
        case Binary("**", base, exponent):
            return Sized(Binary("**", known.bare(in_units(base, known)), in_units(exponent, known).expr))
        case Binary(op, left, right) if op in _ALIKE:
            x, y, common, sure = _alike(in_units(left, known), in_units(right, known))
            return Sized(Binary(op, x, y), common if op in "+-" else None, sure)
        case Binary(op, left, right):
            return Sized(Binary(op, in_units(left, known).expr, in_units(right, known).expr))
        case Call("min" | "max" | "mod" as name, args) if len(args) == 2:
            x, y, common, sure = _alike(in_units(args[0], known), in_units(args[1], known))
            return Sized(Call(name, (x, y)), common, sure)
        case Call("where", (condition, yes, no)):
            x, y, common, sure = _alike(in_units(yes, known), in_units(no, known))
            return Sized(Call("where", (in_units(condition, known).expr, x, y)), common, sure)
        case Call("abs", (arg,)):
            inner = in_units(arg, known)
            return Sized(Call("abs", (inner.expr,)), inner.unit, inner.sure)
        case Call("sqrt", (arg,)):
            return Sized(Call("sqrt", (known.bare(in_units(arg, known)),)))
        case Call(name, args):
            return Sized(Call(name, tuple(_argument(name, in_units(arg, known)) for arg in args)))
    return Sized(expr)


def brought_to(found: Sized, wanted: Sequence[Measure]) -> Expr:
    """The expression as a number in the first of the wanted units that it fits; raises UnitError where it certainly fits none."""
    if found.unit is None:
        return found.expr
    for unit in wanted:
        if found.unit.dimension == unit.dimension:
            return _times(found.expr, found.unit / unit)
    if found.sure:
        what = f"the formula is {words(found.unit.dimension)}"
        raise UnitError(what, code="wrong-unit", remedy=f"needed is {words(wanted[0].dimension)}")
    return found.expr


def _number(found: Sized) -> Sized:
    """A ratio of like quantities, such as mmHg/kPa, as the plain number that it is."""
    return found if found.unit is None or found.unit.dimension else Sized(_times(found.expr, found.unit), ONE, found.sure)


def _alike(a: Sized, b: Sized) -> tuple[Expr, Expr, Measure | None, bool]:
    """Both sides of a sum in the unit of the left one."""
    if a.unit is None or b.unit is None:
        return a.expr, b.expr, a.unit or b.unit, a.sure and b.sure
    if a.unit.dimension == b.unit.dimension:
        return a.expr, _times(b.expr, b.unit / a.unit), a.unit, a.sure and b.sure
    if a.sure and b.sure:
        what = f"{words(a.unit.dimension)} and {words(b.unit.dimension)} stand on two sides of one sum or comparison"
        raise UnitError(what, code="wrong-unit", remedy="check the units of the parameters in the formula")
    return a.expr, b.expr, a.unit if a.sure else b.unit, False


def _argument(function: str, arg: Sized) -> Expr:
    """The argument of a function that takes a plain number."""
    if function not in _PURE or arg.unit is None:
        return arg.expr
    if not arg.unit.dimension:
        return _times(arg.expr, arg.unit)
    if arg.sure:
        what = f"{function} is taken of {words(arg.unit.dimension)}"
        raise UnitError(what, code="wrong-unit", remedy="divide by something of the same unit")
    return arg.expr


def _times(expr: Expr, ratio: Measure) -> Expr:
    factor = float(ratio.factor)
    return expr if factor == 1.0 else Binary("*", Number(factor), expr)
