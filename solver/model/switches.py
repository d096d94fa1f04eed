"""Rates that jump where a density passes a value: what they cost in steps, and what to write instead."""

from __future__ import annotations

from collections.abc import Iterator

from ..scenario.expressions import Binary, Expr
from ..scenario.tree import names, to_text, walk
from .balance import Model, Species

_JUMPS = ("<", "<=", ">", ">=")


def jumping(model: Model) -> list[str]:
    """A sentence for every rate that jumps where a density passes a value.

    The front of such a switch passes the nodes one by one, and steps that control their error end at each; measured in docs/theory.md.
    """
    densities = {law.name for law in model.species}
    found: dict[str, str] = {}
    for law in model.species:
        for what, expr in _rates(law):
            for node in walk(expr):
                if isinstance(node, Binary) and node.op in _JUMPS and names(node) & densities:
                    found.setdefault(f"{law.name}: {what} jumps where {to_text(node)}", _ramp(node))
    return [f"{said}; steps that control their error become ten times as many or more: better {ramp}" for said, ramp in found.items()]


def _rates(law: Species) -> Iterator[tuple[str, Expr]]:
    yield from ((term.name, term.expr) for term in (*law.production, *law.growth, *law.loss))
    yield from ((f"the rate of becoming {t.into}", t.rate) for t in law.transfers)


def _ramp(node: Binary) -> str:
    """Words for a ramp instead of a comparison."""
    low, high = (node.left, node.right) if node.op in ("<", "<=") else (node.right, node.left)
    return f"a ramp over a width w, min(1, max(0, ({to_text(high)} - {to_text(low)})/w)), or a smaller full_below of necrosis"
