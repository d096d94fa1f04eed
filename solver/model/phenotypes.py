"""What cells of a phenotype lose and take: necrosis, anoikis, killing by other cells; uptake of solubles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..scenario.biology import Cells
from ..scenario.expressions import Binary, Call, Expr, Name, Number
from ..scenario.formulas import Formula
from .balance import Factor, Term
from .letters import Letters
from .terms import falling, is_zero, product, summed


def losses(name: str, options: Cells, matrix: Sequence[str], letters: Letters) -> tuple[Term, ...]:
    """Rates per cell: where a soluble is low, without contact to the ``matrix``, and by others that kill."""
    found = [term for by in options.necrosis for term in _necrosis(name, by, options, letters)]
    contact = options.anoikis
    if contact is not None and not is_zero(contact.rate):
        of = contact.of or list(matrix)
        rate = letters.use(contact.rate, "delta_a", "1/time", f"loss of {name} without contact", name)
        half = letters.use(Formula.number(contact.half), "F_a", "key", f"density of the matrix that halves the loss of {name}", name, of[0])
        share = Binary("/", half, Binary("+", half, summed(Name(part) for part in of)))
        found.append(Term(product(rate, share), "anoikis", factors=(Factor(rate, "anoikis"),)))
    for by, formula in options.killed_by.items():
        if not is_zero(formula):
            words = f"killing by {by}"
            rate = letters.use(formula, "k", "1/time/key", f"killing of {name} by {by}", name, by)
            found.append(Term(product(rate, Name(by)), words, factors=(Factor(rate, words),), note=f"killed:{by}"))
    return tuple(found)


def _necrosis(name: str, by: str, options: Cells, letters: Letters) -> Sequence[Term]:
    law = options.necrosis[by]
    if is_zero(law.rate):
        return ()
    rate = letters.use(law.rate, "delta_o", "1/time", f"death of {name} for want of {by}", name, by)
    low = letters.use(Formula.number(law.below), "c_low", "key", f"density of {by} below which {name} dies", name, by)
    share: Expr
    if law.full_below == law.below:
        share = Call("where", (Binary("<", Name(by), low), Number(1.0), Number(0.0)))
    elif law.full_below == 0.0:
        share = falling(Name(by), None, low)
    else:
        full = letters.use(Formula.number(law.full_below), "c_full", "key", f"density of {by} below which all of that counts", name, by)
        share = falling(Name(by), full, low)
    return (Term(product(rate, share), f"death for want of {by}", factors=(Factor(rate, f"death for want of {by}"),)),)


def taken_up(name: str, cells: Mapping[str, Cells], letters: Letters) -> tuple[Term, ...]:
    """Loss rates of a soluble by all cells that take it up, V n/(K + c)."""
    found = []
    for source, options in cells.items():
        law = options.uptake.get(name)
        if law is None or is_zero(law.maximum):
            continue
        words = f"uptake by {source}"
        most = letters.use(law.maximum, "V", "key/time", f"{words} of {name}, at most", source, name)
        half = letters.use(Formula.number(law.half), "K_V", "key", f"density of {name} at which {words} is half of that", source, name)
        rate = Binary("/", product(most, Name(source)), Binary("+", half, Name(name)))
        found.append(Term(rate, words, factors=(Factor(most, f"{words} of {name}"),)))
    return tuple(found)
