r"""Exact means of a function of time over an interval: adaptive Gauss-Kronrod quadrature that knows how much the function may vary.

Each addend of the function is integrated by itself, a schedule in closed form, others between their kinks (of min, max and abs). A piece
whose fifteen values spread over much less than interval arithmetic allows may hide a peak: it is halved until they do, or until what it
allows halves with the piece, as it does where the time merely occurs several times. Source of the rule and its error: Piessens et al.
1983, QUADPACK, doi:10.1007/978-3-642-61786-7.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Mapping
from itertools import pairwise

import numpy as np

from ..scenario.expressions import Binary, Call, Expr, Number, Timed, Unary
from ..scenario.functions import integral
from ..scenario.intervals import enclosure
from ..scenario.jumps import Pieces, Switch
from ..scenario.tree import evaluate, names, walk

_HALF = np.array(  # nodes >= 0, weights of all and of every second
    [
        (0.9914553711208126, 0.02293532201052922, 0.0),
        (0.9491079123427585, 0.06309209262997855, 0.1294849661688697),
        (0.8648644233597691, 0.1047900103222502, 0.0),
        (0.7415311855993945, 0.1406532597155259, 0.2797053914892767),
        (0.5860872354676911, 0.1690047266392679, 0.0),
        (0.4058451513773972, 0.1903505780647854, 0.3818300505051189),
        (0.2077849550078985, 0.2044329400752989, 0.0),
        (0.0, 0.2094821410847278, 0.4179591836734694),
    ]
)
NODES, KRONROD, GAUSS = np.concatenate((_HALF * (-1, 1, 1), _HALF[-2::-1])).T

ENOUGH = 1e-15  # error relative to the integral of the absolute value
SEEN = 0.25  # share of what the function may vary by that its values must spread over
EVENLY = 0.25  # least share of what a piece may vary by, in each half of it, where that is so because the time occurs several times
ROUNDING = 1e-15  # variation relative to the values
MOST = 4000  # pieces


class Addend:
    """One addend of a function of time. ``frozen``: name -> number of what else is named in it."""

    def __init__(self, scale: float, tree: Expr, frozen: Mapping[str, float]) -> None:
        self._scale, self._tree, self._frozen = scale, tree, frozen
        self._bounds = enclosure(tree, frozen)
        self._kinks = [Switch(">", u, frozen) for u in _kinks(tree) if "t" in names(u)]
        self._kinks += [Pieces(node.function) for node in walk(tree) if isinstance(node, Timed) and not node.piece]

    def at(self, t: float) -> float:
        """Its value at a time; nan where it is no number."""
        low, high = self._bounds(t, t)
        return self._scale * low if low == high else math.nan

    def mean(self, begin: float, end: float) -> float:
        """Its mean over an interval."""
        if isinstance(self._tree, Timed):
            return self._scale * self._integral(self._tree, begin, end) / (end - begin)
        low, high = self._bounds(begin, end)
        if low == high:
            return self._scale * low
        ends, finest = [begin, *self._breaks(begin, end), end], 16.0 * math.ulp(max(abs(begin), abs(end)))
        with np.errstate(all="ignore"):
            pieces = [_Piece(self, a, b, finest) for a, b in pairwise(ends)]
            queue = [(-p.error, k, p) for k, p in enumerate(pieces)]
            heapq.heapify(queue)
            for count in range(len(queue), MOST, 2):
                if -queue[0][0] * len(queue) <= ENOUGH * sum(p.size for *_, p in queue):
                    break
                halves = heapq.heappop(queue)[2].halves()
                for k, half in enumerate(halves):
                    heapq.heappush(queue, (-half.error, count + k, half))
        return self._scale * math.fsum(p.integral for *_, p in queue) / (end - begin)

    def _integral(self, node: Timed, begin: float, end: float) -> float:
        """In closed form."""
        if node.piece:
            return node.function.integral(begin, end, self._frozen[node.piece])
        return integral(node.function, begin, end)

    def _breaks(self, begin: float, end: float) -> list[float]:
        found: set[float] = set()
        for kink in self._kinks:
            at = begin
            while len(found) < MOST:
                at = kink.first(begin, end, at, end)
                if at == math.inf:
                    break
                found.add(at)
        return sorted(found)

    def values(self, times: np.ndarray) -> np.ndarray:
        """Values at several times."""
        return np.broadcast_to(np.asarray(evaluate(self._tree, {**self._frozen, "t": times}), dtype=float), times.shape)

    def range(self, begin: float, end: float) -> float:
        """How much it may vary by in between."""
        low, high = self._bounds(begin, end)
        return high - low


class _Piece:
    """The integral over one piece, with its error. may: what the function may vary by; hides: whether the values do not show it."""

    def __init__(self, of: Addend, begin: float, end: float, finest: float) -> None:
        self.of, self.begin, self.end, self.finest = of, begin, end, finest
        half = 0.5 * (end - begin)
        values = of.values(0.5 * (begin + end) + half * NODES)
        self.integral, self.size = half * float(KRONROD @ values), half * float(KRONROD @ np.abs(values))
        spread = half * float(KRONROD @ np.abs(values - 0.5 * self.integral / half)) if half else 0.0
        error = abs(half * float(GAUSS @ values) - self.integral)
        self._own = spread * min(1.0, (200.0 * error / spread) ** 1.5) if spread > 0.0 else error
        self.may, shown = of.range(begin, end), float(values.max() - values.min())
        self.hides = self.may * SEEN > shown and self.may > ROUNDING * self.size / half
        noise = 0.5 * finest * shown + 1e-16 * self.size  # of the times, of the values
        if not math.isfinite(self.integral) or end - begin <= finest:
            self.hides = False
        if self._own <= noise or (not self.hides and end - begin <= finest):
            self._own = 0.0  # nothing is gained by halves of it
        self.error = max(self._own, min(self.may * (end - begin), 1e300)) if self.hides else self._own

    def show(self) -> None:
        """Believe the values: nothing hides between them."""
        self.hides, self.error = False, self._own

    def halves(self) -> tuple[_Piece, _Piece]:
        """Both halves of it."""
        middle = 0.5 * (self.begin + self.end)
        halves = _Piece(self.of, self.begin, middle, self.finest), _Piece(self.of, middle, self.end, self.finest)
        least, most = sorted(h.may for h in halves)
        if EVENLY * self.may <= least and most <= (1.0 - EVENLY) * self.may:
            for h in halves:
                h.show()
        return halves


def addends(expr: Expr, frozen: Mapping[str, float], scale: float = 1.0) -> Iterator[Addend]:
    """The addends of a function of time, without factors that are numbers."""
    match expr:
        case Binary("+" | "-" as op, left, right):
            yield from addends(left, frozen, scale)
            yield from addends(right, frozen, scale if op == "+" else -scale)
        case Unary("-", arg):
            yield from addends(arg, frozen, -scale)
        case Binary("*", Number(value), other) | Binary("*", other, Number(value)) if math.isfinite(value):
            yield from addends(other, frozen, scale * value)
        case Binary("/", other, Number(value)) if value and math.isfinite(1.0 / value):
            yield from addends(other, frozen, scale / value)
        case _:
            yield Addend(scale, expr, frozen)


def _kinks(expr: Expr) -> Iterator[Expr]:
    """What changes its sign where the expression has a kink."""
    for node in walk(expr):
        if isinstance(node, Call) and node.function == "abs":
            yield node.args[0]
        elif isinstance(node, Call) and node.function in ("min", "max"):
            yield from (Binary("-", a, b) for k, a in enumerate(node.args) for b in node.args[:k])
