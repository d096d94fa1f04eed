"""What cells carry, b = r n: it goes where its cells go, and db/dt = ... + synthesis n + P - L b."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from ..scenario.bound import Bound
from ..scenario.expressions import Binary, Call, Expr, Name, Number, Unary
from .balance import Carried, Factor, Species, Term
from .letters import Letters
from .terms import is_zero, product

_NEWBORN = {"shared": "shared", "per_cell": "each", "inherited": "alike"}


def bound(name: str, options: Bound, letters: Letters) -> Species:
    """One species that a phenotype carries."""
    carrier = options.on
    each = letters.use(options.per_cell, "r", "own/key", f"{name} per cell of {carrier} at the start", name, carrier)
    production: list[Term] = []
    if not is_zero(options.synthesis):
        rate = letters.use(options.synthesis, "sigma", "own/key/time", f"synthesis of {name} by {carrier}", name, carrier)
        production.append(Term(product(rate, Name(carrier)), f"synthesis by {carrier}", "", (Factor(rate, f"synthesis of {name}"),)))
    if not is_zero(options.production):
        production.append(Term(letters.use(options.production, "p", "own/time", f"production of {name}", name), "production"))
    loss: tuple[Term, ...] = ()
    if not is_zero(options.decay):
        loss = (Term(letters.use(options.decay, "beta", "1/time", f"decay rate of {name}", name), "decay"),)
    return Species(
        name=name,
        kind="bound",
        symbol=letters.symbols[name],
        unit=letters.unit("own", name),
        initial={"": Binary("*", each, Name(carrier))},
        production=tuple(production),
        loss=loss,
        carried=Carried(carrier, each, _NEWBORN[options.at_birth], dict(options.becomes)),  # type: ignore[arg-type]
    )


def with_released(laws: Iterable[Species], options: Mapping[str, Bound]) -> list[Species]:
    """The laws, with what dying cells set free as a production of solubles: their losses L times b."""
    listed = list(laws)
    known = {law.name: law for law in listed}
    made: dict[str, list[Term]] = {}
    for name, given in options.items():
        for term in known[given.on].loss if given.released_into is not None else ():
            words = f"{name} set free by {term.name} of {given.on}"
            made.setdefault(given.released_into or "", []).append(Term(product(term.expr, Name(name)), words, "", term.factors))
    return [replace(law, production=(*law.production, *made.get(law.name, ()))) for law in listed]


def at_rest(law: Species, laws: Mapping[str, Species]) -> Species:
    """The law where the carrier does not move: then its deaths are losses, and its births sources, at every node."""
    if law.carried is None or laws[law.carried.by].mobile:
        return law
    carrier = laws[law.carried.by]
    loss = [*law.loss, *(replace(term, name=f"{term.name} of {carrier.name}", source="") for term in carrier.loss)]
    loss += [Term(_positive(Unary("-", term.expr)), f"net death of {carrier.name}") for term in carrier.growth]
    loss += [Term(t.rate, f"{carrier.name} becomes {t.into}") for t in carrier.transfers]
    production, born = (
        list(law.production),
        {"shared": None, "each": Binary("*", law.carried.each, Name(carrier.name)), "alike": Name(law.name)},
    )
    brought = born[law.carried.newborn]
    if brought is not None:
        production += [Term(Binary("*", _positive(term.expr), brought), f"birth of {carrier.name}") for term in carrier.growth]
    return replace(law, loss=tuple(loss), production=tuple(production), carried=None)


def _positive(expr: Expr) -> Expr:
    return Call("max", (Number(0.0), expr))


def settled(laws: Iterable[Species]) -> list[Species]:
    """The laws, with what immobile carriers carry as laws of its own."""
    listed = list(laws)
    known = {law.name: law for law in listed}
    return [at_rest(law, known) for law in listed]
