"""Whether next to nothing of some species can become much of them by what reacts, however much there is of the others.

Where a set S of species is there in traces only, and all else may be abundant, what happens to S is linear: events of which one
reactant, of first order, is in S. Each such particle is used up, or not, and makes others of S: a branching process. Its numbers grow
at most as a power of time where no event makes more particles that lead back to the one it began with than it uses up of that;
that is looked for in every set S. Where some event has no reactant in S, and no other factor that may be 0, S does not remain traces
whatever they do: such sets are left out. Else what a trace does stays a trace, and no front is pulled by it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..scenario.expressions import Binary, Expr, Name, Number, Unary
from ..scenario.tree import names, simplify, substitute
from .balance import Kinetics

Sets = NDArray[np.bool_]

MOST = 14  # members, of which all sets are looked at


@dataclass(frozen=True)
class Event:
    """What happens at a rate that is a product of powers of densities: ``orders`` of reactants, what it uses up and makes; whether it
    does at any place and time where all reactants are."""

    orders: Mapping[str, int]
    used: Mapping[str, int]
    made: Mapping[str, int]
    always: bool


def grow(kinetics: Kinetics, own: Mapping[str, Expr], parameters: Mapping[str, float]) -> bool:
    """Whether traces may grow exponentially; True where that is not seen. own: rates of the members that no reaction makes."""
    members = kinetics.members
    events = _events(kinetics, own, parameters)
    if events is None or len(members) > MOST:
        return True
    at = {name: k for k, name in enumerate(members)}
    within: Sets = (np.arange(1 << len(members))[:, None] >> np.arange(len(members)) & 1).astype(bool)  # set, species
    for event in events:
        if event.always:
            within = within[within[:, [at[name] for name in event.orders]].any(axis=1)]
    linear = [(at[i], _linear(within, at, e, i), e) for e in events for i, order in e.orders.items() if order == 1]
    leads = np.zeros((len(within), len(members), len(members)), dtype=bool)
    for i, happens, event in linear:
        for j in map(at.__getitem__, event.made):
            leads[:, i, j] |= happens & within[:, j]
    for k in range(len(members)):
        leads |= leads[:, :, k, None] & leads[:, None, k, :]
        leads[:, k, k] = True
    for i, happens, event in linear:
        back = np.zeros(len(within), dtype=int)
        for name, number in event.made.items():
            back += number * (within[:, at[name]] & leads[:, at[name], i])
        if (happens & (back > event.used.get(members[i], 0))).any():
            return True
    return False


def _linear(within: Sets, at: Mapping[str, int], event: Event, name: str) -> Sets:
    """In which sets this is the only reactant."""
    happens: Sets = within[:, at[name]].copy()
    for other in event.orders:
        if other != name:
            happens &= ~within[:, at[other]]
    return happens


def _events(kinetics: Kinetics, own: Mapping[str, Expr], parameters: Mapping[str, float]) -> list[Event] | None:
    """All that happens, or None where rates are no products of powers."""
    members, found = set(kinetics.members), list[Event]()
    for r in kinetics.reactions:
        counts = {name: number for name, number in r.counts.items() if name in members}
        for speed, sign in ((r.onward, 1), (r.backward, -1)):
            rate = simplify(substitute(speed, parameters))
            orders = _orders(rate, members)
            if rate == Number(0.0):
                continue
            if orders is None:
                return None
            used = {name: -sign * number for name, number in counts.items() if sign * number < 0}
            made = {name: sign * number for name, number in counts.items() if sign * number > 0}
            found.append(Event(orders, used, made, names(rate) <= members))
    for name, rate in own.items():
        for sign, part in _parts(simplify(substitute(rate, parameters))):
            if sign < 0 and _positive(part) and _has_factor(part, name):
                continue  # a loss
            orders = _orders(part, members)
            if orders is None or sign < 0:
                return None
            found.append(Event(orders, {}, {name: 1}, names(part) <= members))
    return found


def _parts(expr: Expr, sign: int = 1) -> list[tuple[int, Expr]]:
    """The parts that an expression is a sum of, each without its sign, after that."""
    match expr:
        case Number(0.0):
            return []
        case Binary("+" | "-" as op, left, right):
            return [*_parts(left, sign), *_parts(right, sign if op == "+" else -sign)]
        case Unary("-", arg):
            return _parts(arg, -sign)
        case Number(value) if value < 0.0:
            return [(-sign, Number(-value))]
        case Binary("*" | "/" as op, left, right):
            (one, left), (two, right) = ((parts[0] if len(parts := _parts(part)) == 1 else (1, part)) for part in (left, right))
            return [(sign * one * two, Binary(op, left, right))]
    return [(sign, expr)]


def _positive(expr: Expr) -> bool:
    """Whether it is seen not to be negative."""
    match expr:
        case Number(value):
            return value >= 0.0
        case Name(id):
            return id not in ("x", "y", "z", "t")
        case Binary("+" | "*" | "/" | "**", left, right):
            return _positive(left) and _positive(right)
    return False


def _has_factor(expr: Expr, name: str) -> bool:
    """Whether it is 0 where this is."""
    match expr:
        case Name(id):
            return id == name
        case Binary("*", left, right):
            return _has_factor(left, name) or _has_factor(right, name)
        case Binary("/", left, _):
            return _has_factor(left, name)
    return False


def _orders(expr: Expr, members: set[str]) -> Counter[str] | None:
    """The powers of members in a product, None where it is none or one of them is not whole."""
    if not names(expr) & members:
        return Counter()
    match expr:
        case Name(id):
            return Counter({id: 1})
        case Binary("**", Name(id), Number(value)) if value >= 1.0 and value == int(value):
            return Counter({id: int(value)})
        case Binary("*", left, right):
            one, two = _orders(left, members), _orders(right, members)
            return None if one is None or two is None else one + two
        case Binary("/", left, right) if not names(right) & members:
            return _orders(left, members)
    return None
