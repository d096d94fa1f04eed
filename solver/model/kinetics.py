"""Which species react with each other at a point, and what of their laws is meant by that.

Two species are partners where each loses by the other (A + B -> C, a loss of either reads the other), or each is made of the other
(A <-> B, a production of either reads the other), and where they share a stated capacity; partners of partners belong together. Their terms
are integrated together at every node, since taken one after another, each with the others as they are at mid-step, fast ones would be
wrong. Of a species that is
only made by these, what they make is integrated with them. Slow loops of other kinds (cells make enzyme, enzyme opens matrix, matrix
slows growth) stay where the rest is; ``cycles`` takes in every cycle of production, growth and loss. What a reaction changes are
partners whatever the option says, and so are those of two reactions of which one depends on what the other changes. What turns into another
is a reaction of the two; but where something goes along with them, or may only be so dense, components.transfers takes care of them. What
goes along and reacts turns here: what cells bring in the halves before and after a step would stand there unbound at its end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ..scenario.expressions import Binary, Expr, Name, Number
from ..scenario.tree import simplify
from .balance import Kinetics, Reaction, Species, Term, Transfer
from .walk import names_in

How = Literal["partners", "cycles", "none"]


@dataclass(frozen=True)
class Reacting:
    """What is integrated together: rates of change by species; ``products`` are made only, without acting back.

    own: the part of ``rates`` that no reaction makes. reactions: v of each.
    """

    rates: Mapping[str, Expr]
    products: Mapping[str, Expr]
    own: Mapping[str, Expr]
    reactions: Mapping[str, Expr]


def find_kinetics(laws: Sequence[Species], how: How, reactions: Sequence[Reaction] = ()) -> tuple[Kinetics, ...]:
    """The sets of species that react with each other, in the order of the laws. Quasi-steady species are in none."""
    changing = {law.name: law for law in laws if not law.quasi_steady}
    reactions = (*reactions, *(_turnings(changing) if how != "none" else ()))
    if how == "none" and not reactions:
        return ()
    found = _sets(changing, how, reactions)
    going: list[Reaction] = []
    while how != "none" and (more := _goings(changing, {name for members in found for name in members})) != going:
        going = more
        found = _sets(changing, how, (*reactions, *going))
    reactions = (*reactions, *going)
    taken = {name for members in found for name in members}
    sets = (
        replace(_with_products(members, changing, taken, how), reactions=tuple(r for r in reactions if set(r.change) & set(members)))
        for members in found
    )
    return tuple(replace(k, parted=_parted(k, changing)) if how != "none" else k for k in sets)


def _sets(laws: Mapping[str, Species], how: How, reactions: Sequence[Reaction]) -> list[list[str]]:
    """The members of each set, in the order of the laws."""
    near = {"partners": _partners, "cycles": _cycles, "none": _apart}[how](laws)
    changed = set[str]().union(*(r.change for r in reactions)) & set(laws)
    for r in reactions:
        for name in (*r.change, *(names_in(r.onward, r.backward) & changed)):
            near[name] |= set(r.change)
            for other in r.change:
                near[other].add(name)
    found, taken = [], set[str]()
    for name in laws:
        together = _reached(name, near)
        if name in taken or not (len(together) > 1 or name in changed):
            continue
        taken |= together
        found.append([other for other in laws if other in together])
    return found


def _parted(kinetics: Kinetics, laws: Mapping[str, Species]) -> frozenset[str]:
    """Members that move, grow by themselves and are used up by partners; but what others are carried by, and what may only be so dense."""
    carriers = {law.carried.by for law in laws.values() if law.carried is not None}
    used = {name for r in kinetics.reactions for name, n in r.change.items() if n < 0.0 or r.reversible}
    found = set()
    for name in kinetics.members:
        law, others = laws[name], set(kinetics.members) - {name}
        free = law.mobile and law.maximum is None and law.carried is None and name not in carriers
        if free and law.growth and not _grows_there(law, others) and (name in used or _lost_there(law, others)):
            found.add(name)
    return frozenset(found)


def _grows_there(law: Species, others: set[str]) -> bool:
    """Whether all growth of a species that moves is left to the nodes."""
    shared = any(set(t.shares) & others for t in law.growth)
    return bool(names_in(law.growth) & others) and (shared or law.name not in names_in(law.growth))


def _lost_there(law: Species, others: set[str]) -> tuple[Term, ...]:
    """The losses of a species that moves that are left to the nodes."""
    return tuple(t for t in law.loss if law.kind != "cells" or names_in(t) & others)


def part_of(name: str) -> str:
    """The field that holds which part of the growth of a species is left to its transport, 0 or 1; no species can have such a name."""
    return f"part {name}"


def _turnings(laws: Mapping[str, Species]) -> list[Reaction]:
    """Transfers as reactions: those between species of which nothing else depends on how much turns."""
    carriers = {law.carried.by for law in laws.values() if law.carried is not None}
    free = {name for name, law in laws.items() if law.maximum is None and law.carried is None and name not in carriers}
    return [_turning(law.name, t) for law in laws.values() for t in law.transfers if {law.name, t.into} <= free]


def _turning(name: str, t: Transfer) -> Reaction:
    change = {name: -1, t.into: 1}
    return Reaction(f"{name} becomes {t.into}", f"{name} -> {t.into}", change, change, Binary("*", t.rate, Name(name)), turns=True)


def _goings(laws: Mapping[str, Species], reacting: set[str]) -> list[Reaction]:
    """What carriers that become others make of what they carry, of all that reacts: it turns as well, is lost, or comes with those that
    are new. Not where a carrier may only be so dense, or one that it can become: how many turn is then known at the nodes alone."""
    turning = [(name, t) for name, law in laws.items() for t in law.transfers]
    full = {name for name, law in laws.items() if law.maximum is not None}
    while more := {end for name, t in turning for end in (name, t.into) if {name, t.into} & full} - full:
        full |= more
    loads = [(name, law.carried) for name, law in laws.items() if law.carried is not None and law.carried.by not in full]
    known, found = {name for name, _ in loads}, list[Reaction]()
    for name, t in turning:
        into = {b: way.turns.get(t.into, "") for b, way in loads if way.by == name}
        for b, other in into.items():
            if reacting & {b, other}:
                change = {b: -1, other: 1} if other in known else {b: -1}
                found.append(_going(b, t, change, Name(b)))
        for b, way in loads:
            if way.by == t.into and way.newborn == "each" and b in reacting and b not in into.values():
                found.append(_going(b, t, {b: 1}, Binary("*", way.each, Name(name))))
    return found


def _going(name: str, t: Transfer, change: dict[str, int], per: Expr) -> Reaction:
    words = f"{name} where {t.into} is made"
    return Reaction(words, words, change, change, Binary("*", t.rate, per), turns=True)


def _with_products(members: list[str], laws: Mapping[str, Species], taken: set[str], how: How) -> Kinetics:
    if how == "none":
        return Kinetics(tuple(members))
    made = [name for name, law in laws.items() if name not in taken and names_in(law.production) & set(members)]
    still = [name for name in made if not laws[name].mobile]
    taken |= set(made)
    inside = set(members) | set(still)
    return Kinetics(tuple(name for name in laws if name in inside), tuple(name for name in made if name not in inside))


def _apart(laws: Mapping[str, Species]) -> dict[str, set[str]]:
    return {name: set() for name in laws}


def _partners(laws: Mapping[str, Species]) -> dict[str, set[str]]:
    near: dict[str, set[str]] = {name: set() for name in laws}
    parts: tuple[Callable[[Species], tuple[Term, ...]], ...] = (lambda law: law.loss, lambda law: law.production)
    for part in parts:
        reads = {name: names_in(part(law)) for name, law in laws.items()}
        for name in laws:
            near[name] |= {other for other in reads[name] if other != name and name in reads.get(other, ())}
    shares = {name: {other for term in law.growth for other in term.shares} for name, law in laws.items()}
    for name in laws:
        near[name] |= {other for other in shares[name] if name in shares.get(other, ())}
    return near


def _cycles(laws: Mapping[str, Species]) -> dict[str, set[str]]:
    reads = {name: set(names_in(law.production, law.growth, law.loss) & set(laws)) for name, law in laws.items()}
    beyond = {name: set[str]().union(*(_reached(other, reads) for other in reads[name])) for name in laws}
    return {name: {other for other in beyond[name] if other != name and name in beyond[other]} for name in laws}


def _reached(start: str, near: Mapping[str, set[str]]) -> set[str]:
    found, new = {start}, [start]
    while new:
        further = near[new.pop()] - found
        found |= further
        new += further
    return found


def split(law: Species, kinetics: Kinetics) -> tuple[Species, Expr]:
    """What is left of a law beside its kinetics, and the rate of change by these.

    Of a species that does not move, all. Else what it makes by itself or of others stays, as does its growth where that reads no
    partner, and a loss of cells that reads none: the limiter may count on these. So does growth that limits itself, with partners as
    they are at mid-step: where it falls with the density the stages are implicit, and where it rises, as beside a wall that keeps the
    density low, a node by itself would run away within a long step; but where reactions hold growth in balance, it goes with them
    (``parted``, components.parting). Growth up to a capacity that is shared goes with the partners, or their shares of it would be wrong.
    """
    members = set(kinetics.members)
    others = members - {law.name}

    def reacts(term: Term) -> bool:
        return bool(names_in(term) & members)

    if law.name in kinetics.products:
        production = tuple(t for t in law.production if reacts(t))
        return _without(law, production, (), ()), rate_of(law.name, production, (), ())
    turning = {r.name for r in kinetics.reactions if r.turns}
    law = replace(law, transfers=tuple(t for t in law.transfers if _turning(law.name, t).name not in turning))
    if not law.mobile:
        production, growth, loss = law.production, law.growth, law.loss
    else:
        production = tuple(t for t in law.production if reacts(t))
        growth = law.growth if _grows_there(law, others) else ()
        loss = _lost_there(law, others)
    rest = _without(law, production, growth, loss)
    if law.name in kinetics.parted:
        part = Name(part_of(law.name))
        growth = _times(Binary("-", Number(1.0), part), law.growth)
        rest = replace(rest, growth=_times(part, law.growth))
    return rest, rate_of(law.name, production, growth, loss)


def _times(factor: Expr, terms: Sequence[Term]) -> tuple[Term, ...]:
    return tuple(replace(t, expr=Binary("*", factor, t.expr)) for t in terms)


def _without(law: Species, *gone: tuple[Term, ...]) -> Species:
    kept = [tuple(t for t in terms if t not in away) for terms, away in zip((law.production, law.growth, law.loss), gone, strict=True)]
    return replace(law, production=kept[0], growth=kept[1], loss=kept[2])


def rate_of(name: str, production: Sequence[Term], growth: Sequence[Term], loss: Sequence[Term]) -> Expr:
    """P + (g - L) c, expanded: terms that are products stay products."""
    rate: Expr = Number(0.0)
    for term in production:
        rate = Binary("+", rate, term.expr)
    for term in growth:
        rate = Binary("+", rate, Binary("*", term.expr, Name(name)))
    for term in loss:
        rate = Binary("-", rate, Binary("*", term.expr, Name(name)))
    return simplify(rate)


def speed(reaction: Reaction) -> Expr:
    """v of a reaction, of either sign where it goes both ways."""
    return simplify(Binary("-", reaction.onward, reaction.backward))


def reacting(laws: Mapping[str, Species], kinetics: Kinetics) -> Reacting:
    """The rates of a set."""
    own = {name: split(laws[name], kinetics)[1] for name in kinetics.members}
    rates = dict(own)
    for r in kinetics.reactions:
        for name, number in r.change.items():
            part = speed(r) if abs(number) == 1.0 else Binary("*", speed(r), Number(abs(number)))
            rates[name] = simplify(Binary("+" if number > 0.0 else "-", rates[name], part))
    made = {name: split(laws[name], kinetics)[1] for name in kinetics.products}
    return Reacting(rates, made, own, {r.name: speed(r) for r in kinetics.reactions})
