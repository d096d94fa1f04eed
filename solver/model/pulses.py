"""Jumps in time that a run has before it: how many steps they end, and what to write instead of too many."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import pairwise

import numpy as np

from ..scenario.expressions import Binary, Call, Expr, Timed
from ..scenario.jumps import COMPARISONS, Jumps, merged
from ..scenario.tree import children, evaluate, names, simplify, substitute, to_text
from .balance import Model, Removal
from .walk import expressions

MANY = 10_000  # jumps that a run is told of beforehand
COUNTED = 300  # jumps from the start that are counted one by one
PARTS = 5  # of the rest, at least
EACH = 12  # gaps that show how close jumps are: an even number, of pulses
ALIKE = 0.2  # relative difference of how close they are at the start, in the middle and late in a part that is not divided
LATE = 1.0 / 8.0  # of a part, before its end
HALVINGS = 60
SAMPLES = 200_000  # times for a mean


def many_jumps(model: Model, start: float, end: float, most: int = MANY) -> list[str]:
    """A sentence for each formula, schedule, and event that jumps more often than ``most`` times in a run, with how often."""
    parameters, found = model.values(), []
    for node in dict.fromkeys(node for expr in expressions(model) for node in _switches(expr, parameters)):
        number = counted(_jumps([node], parameters, start, end))
        if number > most:
            name = f"the schedule {node.id}" if isinstance(node, Timed) else to_text(node)
            found.append(
                f"{name} jumps {_about(number)} times in the run, which ends a step at each: {_instead(node, parameters, start, end)}"
            )
    for removal in model.removals:
        number = happening(removal, start, end)
        if number > most:
            found.append(
                f"{removal.kind} {removal.name} happens {_about(number)} times in the run, which ends a step at each: better a `count`, or "
                "a rate of loss as large as what it takes on average"
            )
    return found


def too_late(model: Model, end: float) -> list[str]:
    """A sentence for each radiation and surgery of which some or all instants lie at the end of a run or after it."""
    found = []
    for removal in model.removals:
        train, first = removal.train, removal.train.next(math.nextafter(end, -math.inf))
        if not math.isfinite(first) or (math.isinf(train.number) and train.instant(0) < end):
            continue  # a train without end goes on after every run
        late = train.number - train.begun(math.nextafter(end, -math.inf))
        some = f"happens {train.number - late:g} of {train.number:g} times: the next is"
        which = "never happens: it is" if late == train.number else some
        found.append(f"{removal.kind} {removal.name} {which} at t = {first:g}, and the run ends at {end:g}")
    return found


def jumps_ahead(model: Model, start: float, end: float) -> tuple[int, int]:
    """How many times there are in a run at which formulas jump or events happen, at least and at most: some may be at one time.

    Large numbers are estimates.
    """
    parameters = model.values()
    nodes = [node for expr in expressions(model) for node in _switches(expr, parameters)]
    each = [counted(_jumps(nodes, parameters, start, end)), *(happening(removal, start, end) for removal in model.removals)]
    return max(each), sum(each)


def happening(removal: Removal, start: float, end: float) -> int:
    """How often it happens in a run, its end excluded."""
    return removal.train.begun(math.nextafter(end, -math.inf)) - removal.train.begun(math.nextafter(start, -math.inf))


def counted(jumps: Jumps) -> int:
    """How many jumps there are between the ends of a run: exact for a few, else from how close they are here and there."""
    first, last = _within(jumps, jumps.start, jumps.end, COUNTED)
    if first < COUNTED:
        return first
    ends = np.linspace(last, jumps.end, PARTS + 1)
    return first + round(sum(_number(jumps, float(a), float(b), HALVINGS) for a, b in pairwise(ends)))


def _number(jumps: Jumps, begin: float, end: float, halvings: int) -> float:
    """About how many lie between two times: as close as at the start, if so they are in the middle and late, else those of both halves."""
    found, rate, first = _rate(jumps, begin, end)
    if found <= EACH:
        return found
    middle = 0.5 * (begin + end)
    later = [_rate(jumps, time, end)[:2] for time in (middle, end - LATE * (end - begin))]
    seen = all(number > EACH for number, _ in later)
    if halvings == 0 or (seen and all(abs(rate - other) <= ALIKE * max(rate, other) for _, other in later)):
        return 1.0 + (rate + sum(other for _, other in later)) / 3.0 * (end - first)
    left = halvings // 4 if seen else halvings - 1  # where there are few somewhere, one half is not divided again for long
    return _number(jumps, begin, middle, left) + _number(jumps, middle, end, left)


def _rate(jumps: Jumps, begin: float, end: float) -> tuple[int, float, float]:
    """How many lie between two times, EACH + 1 at most, how many there are per time from the first on, and when that is."""
    one, first = _within(jumps, begin, end, 1)
    gaps, at = _within(jumps, first, end, EACH)
    return one + gaps, gaps / (at - first) if gaps else 0.0, first


def _within(jumps: Jumps, begin: float, end: float, most: int) -> tuple[int, float]:
    """How many jumps lie between two times, ``most`` at most, and the time of the last."""
    for found in range(most):
        at = jumps.next(merged(begin, jumps.start, jumps.end))
        if at >= end:
            return found, begin
        begin = at
    return most, begin


def _jumps(nodes: list[Expr], parameters: Mapping[str, float], start: float, end: float) -> Jumps:
    jumps = Jumps(start, end)
    for node in nodes:
        jumps.frozen_in(simplify(substitute(node, parameters)))
    return jumps


def _switches(expr: Expr, parameters: Mapping[str, float]) -> Iterator[Expr]:
    """The outermost parts that jump in time."""
    used = names(expr)
    if "t" not in used:
        return
    match expr:
        case Binary(op) if op in COMPARISONS:
            jumps = True
        case Call("floor" | "ceil" | "mod"):
            jumps = True
        case Timed(function=function):
            jumps = function.jumps
        case _:
            jumps = False
    if jumps and all(name == "t" or name in parameters for name in used):
        yield expr
        return
    for child in children(expr):
        yield from _switches(child, parameters)


def _instead(node: Expr, parameters: Mapping[str, float], start: float, end: float) -> str:
    """What to write instead."""
    if isinstance(node, Call) and node.function in ("floor", "ceil"):
        return f"better {to_text(node.args[0])} {'-' if node.function == 'floor' else '+'} 0.5, its mean"
    times = np.random.default_rng(0).uniform(start, end, SAMPLES)  # in step with no period
    mean = float(np.mean(evaluate(node, {**parameters, "t": times})))
    return f"better its mean over time, about {mean:.2g}" + (", or pulses with a `count`" if isinstance(node, Timed) else "")


def _about(number: int) -> str:
    return f"about {float(f'{number:.2g}'):,.0f}" if number > COUNTED else f"{number}"
