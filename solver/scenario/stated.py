"""Where the formulas of a scenario are stated: file, line and option, for messages that a run gives long after it was read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pydantic import BaseModel

from ..errors import InvasioError
from .expressions import Expr, Name, Number, Timed
from .faults import locate
from .formulas import Formula
from .reader import Document, Path_, dotted
from .tree import rebuild

MOST = 3  # places of one formula that are named


class Stated:
    """The formulas of a validated scenario with the document that states them; looked through when first asked.

    Scenarios are equal wherever they are stated, and so are these. ``source``: the document before presets are written out, as long as
    the scenario is what it states.
    """

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Stated)

    def __hash__(self) -> int:
        return hash(Stated)

    def __init__(self, scenario: BaseModel, document: Document, source: Document | None = None) -> None:
        self._scenario, self._document, self.source = scenario, document, source
        self._paths: dict[Expr, list[Path_]] = {}

    def of_a_copy(self) -> Stated:
        """The same for a copy of the scenario with other values."""
        return Stated(self._scenario, self._document)

    def place(self, expr: Expr, whose: str) -> str:
        """``file:line:column: option`` of a formula; "" where none is like it. whose: words that tell several like it apart."""
        if not self._paths:
            for loc, found in _formulas((), self._scenario):
                self._paths.setdefault(found, []).append(locate(loc, self._document.data, ""))
        expr = rebuild(expr, lambda node: Name(node.id) if isinstance(node, Timed) else node)
        words = whose.replace(",", " ").split()
        paths = list(dict.fromkeys(self._paths.get(expr, ())))
        told = {path: sum(str(part) in words for part in path) for path in paths}
        best = [path for path in paths if told[path] == max(told.values())]
        return ", ".join(f"{self._document.mark(path)}: {dotted(path)}" for path in best[:MOST])

    def option(self, path: str) -> str:
        """``file:line:column: option`` of an option by its path, as far as it is stated; the path alone where nothing of it is."""
        node: Any = self._document.data
        found: list[str | int] = []
        for part in path.replace("[", ".").replace("]", "").split("."):
            key = int(part) if isinstance(node, list) and part.isdecimal() else part
            stands = key in node if isinstance(node, Mapping) else isinstance(node, list) and isinstance(key, int) and key < len(node)
            if not stands:
                break
            found.append(key)
            node = node[key]
        return f"{self._document.mark(tuple(found))}: {path}" if found else path


@contextmanager
def told_where(stated: Stated | None) -> Iterator[None]:
    """Errors in the block whose place is the path of an option say file and line too, where it is known what ``stated`` them."""
    try:
        yield
    except InvasioError as error:
        for fault in (error, *error.faults):
            if stated is not None and fault.place and ":" not in fault.place:
                fault.place = stated.option(fault.place)
        raise


def _formulas(loc: tuple[str | int, ...], value: Any) -> Iterator[tuple[tuple[str | int, ...], Expr]]:
    """Every formula that is no number, with the path of its option."""
    if isinstance(value, Formula):
        if not isinstance(value.expr, Number):
            yield loc, value.expr
    elif isinstance(value, BaseModel):
        for name, options in type(value).model_fields.items():
            yield from _formulas((*loc, options.alias or name), getattr(value, name))
    elif isinstance(value, Mapping):
        for key, entry in value.items():
            yield from _formulas((*loc, key), entry)
    elif isinstance(value, (list, tuple)):
        for number, entry in enumerate(value):
            yield from _formulas((*loc, number), entry)
