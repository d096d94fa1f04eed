r"""Where formulas jump in time: comparisons, floor, ceil and mod of the time and parameters alone.

A switch is such a comparison or floor, or the piece of a function of time that holds; ceil(u) = -floor(-u), mod(a, b) = a - b floor(a/b).
Between two jumps every switch is frozen at its value there, so that what is made of them is continuous on the whole segment, its ends
included. The next jump is found by interval arithmetic with bisection, from the left: a block of time without a jump is seen as a whole,
one in which the argument rises or falls throughout has a jump where its ends differ. Blocks are halves of halves of the run, whatever the
time asked for, and what a jump is found to be does not depend on it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from .derivative import derivative
from .expressions import Binary, Call, Expr, Name, Timed, Unary
from .functions import Function
from .intervals import enclosure
from .tree import names, rebuild, simplify

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}
FINEST = 2.0**-44  # of the largest block: what is in there is judged by its ends
MERGED = 8  # neighbouring numbers that are one time
MOST = 20_000  # halvings in one search, after which blocks are judged by their ends
UNBOUNDED = 40  # blocks that are looked through where the run has no end: 1, 1, 2, 4, ... long


def merged(time: float, start: float, end: float) -> float:
    """Up to where what happens counts as happening at a time, in a run between two others: rounding of its times."""
    return time + MERGED * math.ulp(max(abs(time), end - start if end < math.inf else 0.0))


class Switch:
    """A comparison of a tree with 0, or its floor. ``frozen``: name -> number of the switches within the tree."""

    def __init__(self, op: str, tree: Expr, frozen: Mapping[str, float]) -> None:
        self.op, self.tree = op, tree
        self.value, self._slope = enclosure(tree, frozen), enclosure(derivative(tree, "t"), frozen)
        self.moves = "t" in names(tree)  # by itself, between the jumps of those within

    def at(self, t: float) -> float:
        """Truth or floor at a time; nan where the tree is no number."""
        low, high = self.value(t, t)
        if low != high:
            return math.nan
        if self.op == "floor":
            return float(math.floor(low)) if math.isfinite(low) else low
        return float(COMPARISONS[self.op](low, 0.0))

    def _rests(self, begin: float, end: float) -> bool:
        """Whether it is seen to have one value throughout."""
        low, high = self.value(begin, end)
        if self.op == "floor":
            return math.isfinite(low) and math.isfinite(high) and math.floor(low) == math.floor(high)
        above, below = (low > 0.0, high <= 0.0) if self.op in (">", "<=") else (low >= 0.0, high < 0.0)
        return above or below

    def first(self, begin: float, end: float, after: float, before: float) -> float:
        """The first jump in a block that lies between two times, both excluded, those within frozen; inf: none."""
        blocks, halved, finest = [(begin, end)], 0, FINEST * (end - begin)
        while blocks:
            a, b = blocks.pop()
            if b <= after or a >= before or self._rests(a, b):
                continue
            slope = self._slope(a, b)
            steady = slope[0] > 0.0 or slope[1] < 0.0
            if not steady and b - a > max(finest, 4.0 * math.ulp(b), 4.0 * math.ulp(a)) and halved < MOST:
                middle = 0.5 * (a + b)
                blocks += [(middle, b), (a, middle)]
                halved += 1
                continue
            found = next((jump for jump in self._between(a, b, after) if jump > after), math.inf)
            if found < before:
                return found
        return math.inf

    def _between(self, a: float, b: float, after: float) -> Iterator[float]:
        """Jumps between two times where the tree rises or falls throughout, from about ``after`` on."""
        first, last = self.at(a), self.at(b)
        if math.isnan(first) or math.isnan(last) or first == last:
            return
        if self.op != "floor":
            yield self._bisected(a, b, 0.0, lambda t: self.at(t) != first)
            return
        here = self.at(after) if a < after < b else first
        rising = last > first
        level = here - 1.0 if rising and here > first else here
        while level < last if rising else level > last:
            level += 1.0 if rising else 0.0
            border = level
            yield self._bisected(a, b, border, lambda t, border=border: (self.at(t) >= border) == rising)  # type: ignore[misc]
            level -= 0.0 if rising else 1.0

    def _bisected(self, a: float, b: float, level: float, passed: Callable[[float], bool]) -> float:
        """Where ``passed`` becomes true, between neighbouring numbers the one at which the tree is closer to the level."""
        low, high = (self.value(t, t)[0] - level for t in (a, b))
        straight = a - low * (b - a) / (high - low) if high != low else math.nan  # where most formulas end
        near = (straight - 4.0 * math.ulp(straight), straight + 4.0 * math.ulp(straight))
        if a < near[0] and near[1] < b and passed(near[1]) and not passed(near[0]):
            a, b = near
        while True:
            middle = 0.5 * (a + b)
            if not a < middle < b:
                break
            a, b = (a, middle) if passed(middle) else (middle, b)
        return min((a, b), key=lambda t: abs(self.value(t, t)[0] - level))


class Pieces(Switch):
    """The number of the piece of a function of time; it jumps, or has a kink, where that changes."""

    def __init__(self, function: Function) -> None:
        self.op, self.moves, self._function = "piece", True, function

    def at(self, t: float) -> float:
        """The number of the piece that a time lies in."""
        return self._function.piece(t)

    def first(self, begin: float, end: float, after: float, before: float) -> float:
        """The first piece that begins between two times, both excluded, whatever the block; inf: none."""
        found = self._function.next(after)
        return found if found < before else math.inf


class Jumps:
    """The switches of all formulas of a problem. ``frozen``: name -> value, of the segment shown last. end: of the run."""

    def __init__(self, start: float, end: float) -> None:
        self.start, self.end = start, end
        self.frozen: dict[str, float] = {}
        self.switches: list[Switch] = []
        self._names: dict[tuple[str, Expr], str] = {}
        self._within: list[list[int]] = []
        self._found: list[tuple[float, float]] = []  # of each switch: the time last asked for, and the jump next to it

    def go_on(self, end: float) -> None:
        """Let the run end later."""
        self.end = end
        self._found = [(math.inf, -math.inf)] * len(self.switches)

    def frozen_in(self, expr: Expr) -> Expr:
        """An expression of the time alone with its switches as names, which ``frozen`` has the values of."""
        return simplify(rebuild(expr, self._replaced))

    def _replaced(self, node: Expr) -> Expr:
        match node:
            case Binary("<" | "<=" | ">" | ">=" | "==" | "!=" as op, left, right) if names(node):
                return self._switch(op, simplify(Binary("-", left, right)))
            case Call("floor", (arg,)):
                return self._switch("floor", simplify(arg)) if names(arg) else node
            case Call("ceil", (arg,)):
                return Unary("-", self._replaced(Call("floor", (Unary("-", arg),))))
            case Call("mod", (a, b)):
                return Binary("-", a, Binary("*", b, self._replaced(Call("floor", (Binary("/", a, b),)))))
            case Timed(function=function, piece="") if function.jumps:
                return replace(node, piece=self._switch("piece", replace(node, slope=False)).id)
        return node

    def _switch(self, op: str, tree: Expr) -> Name:
        name = self._names.get((op, tree))
        if name is None:
            name = self._names[op, tree] = f"switch {len(self.switches)}"
            numbers = list(self._names.values())
            direct = [numbers.index(n) for n in names(tree) if n != "t"]
            self._within.append(sorted({*direct, *(k for d in direct for k in self._within[d])}))
            self.switches.append(Pieces(tree.function) if isinstance(tree, Timed) else Switch(op, tree, self.frozen))
            self._found.append((math.inf, -math.inf))
            self.frozen[name] = self.switches[-1].at(self.start)
        return Name(name)

    def freeze(self, time: float) -> None:
        """Freeze the switches at what they are at a time within a segment."""
        for name, switch in zip(self.frozen, self.switches, strict=True):
            self.frozen[name] = switch.at(time)

    def freeze_after(self, time: float) -> None:
        """Freeze the switches at what they are in the middle of the segment that begins at a time, or around it."""
        if self.switches:
            time = merged(time, self.start, self.end)
            self.freeze(self._middle(time, self.next(time)))

    def _middle(self, time: float, jump: float) -> float:
        end = min(jump, self.end)
        return 0.5 * (time + end) if time < end < math.inf else time + 1.0 if end == math.inf else time

    def next(self, after: float) -> float:
        """The first jump later than a time, of any switch, up to the end of the run; inf: none."""
        if all(asked <= after < jump for asked, jump in self._found):
            return min((jump for _, jump in self._found), default=math.inf)
        frozen = dict(self.frozen)
        jump = min((self._next(k, after) for k in range(len(self.switches))), default=math.inf)
        self.frozen.update(frozen)
        return jump

    def kind(self, after: float, until: float) -> str:
        """Which switches jump later than one time and not later than another, and to what: jumps of one kind are alike."""
        moved = [k for k in range(len(self.switches)) if self._next(k, after) <= until]
        frozen = dict(self.frozen)
        self.freeze(self._middle(after, self.next(after)))
        before = list(self.frozen.values())
        self.freeze_after(until)
        later = list(self.frozen.values())
        self.frozen.update(frozen)
        return " ".join(f"{k}{'+' if later[k] > before[k] else '-'}" for k in moved)

    def _next(self, k: int, after: float) -> float:
        asked, jump = self._found[k]
        if asked <= after < jump:
            return jump
        limit = min((self._next(i, after) for i in self._within[k]), default=math.inf)
        found = math.inf
        if self.switches[k].moves and after < self.end:
            middle = self._middle(after, limit)
            for i, name in zip(range(k), self.frozen, strict=False):
                if i in self._within[k]:
                    self.frozen[name] = self.switches[i].at(middle)
            found = next((t for t in (self.switches[k].first(*b, after, limit) for b in self._blocks(after)) if t < math.inf), math.inf)
        jump = min(found, limit)
        self._found[k] = (after, jump if jump <= self.end else math.inf)
        return self._found[k][1]

    def _blocks(self, after: float) -> Iterator[tuple[float, float]]:
        """Blocks of time from that on which ``after`` lies in."""
        if self.end < math.inf:
            size = 2.0 ** math.ceil(math.log2(max(self.end - self.start, math.ulp(self.start))))
            k = math.floor(after / size)
            while k * size < self.end:
                yield k * size, (k + 1) * size
                k += 1
            return
        if after < 0.0:
            yield -(2.0 ** max(0, math.ceil(math.log2(-after)))), 0.0
        for k in range(UNBOUNDED):
            yield (0.0, 1.0) if k == 0 else (2.0 ** (k - 1), 2.0**k)
