"""Equations of reactions as texts: ``2 a + e -> d + e``, ``a + b <-> c``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .wrong import wrong

MOST = 9  # of one species on one side
_TERM = re.compile(r"(?:(?P<count>[-+]?[0-9.][0-9.eE]*)\s*\*?\s*)?(?P<name>[A-Za-z_][A-Za-z_0-9]*)", re.ASCII)
_ARROW = re.compile(r"<->|<=>|->|=>|<-|⇌|↔|→|=")
_WRITE = "write it as 2 a + b -> c, or a + b <-> c where it goes both ways"


@dataclass(frozen=True)
class Equation:
    """How many of each species stand on the two sides; ``reversible``: it goes both ways."""

    left: Mapping[str, int]
    right: Mapping[str, int]
    reversible: bool

    @property
    def names(self) -> tuple[str, ...]:
        """All species, in the order in which they are written."""
        return tuple(dict.fromkeys([*self.left, *self.right]))

    @property
    def change(self) -> dict[str, int]:
        """What is made less what is used up, of the species for which that is not 0; those that are used up come first as written."""
        net = {name: self.right.get(name, 0) - self.left.get(name, 0) for name in self.names}
        return {name: number for name, number in net.items() if number}

    def text(self, arrows: tuple[str, str] = ("->", "<->")) -> str:
        """The equation in one form of writing."""
        sides = [" + ".join(name if n == 1 else f"{n} {name}" for name, n in side.items()) for side in (self.left, self.right)]
        return f"{sides[0]} {arrows[self.reversible]} {sides[1]}".strip()


def read_equation(text: str) -> Equation:
    """The equation that a text states; raises PydanticCustomError. A side may be empty: what is made of nothing, or lost."""
    arrows = _ARROW.findall(text)
    if len(arrows) != 1 or arrows[0] not in ("->", "<->"):
        found = "no arrow" if not arrows else f"{len(arrows)} arrows" if len(arrows) > 1 else f"the arrow {arrows[0]!r}"
        raise wrong(f"the equation has {found} (given {text!r})", code="wrong-equation", remedy=_WRITE)
    first, _, second = text.partition(arrows[0])
    left, right = dict[str, int](), dict[str, int]()
    for side, into in ((first, left), (second, right)):
        for count, name in _terms(side, text):
            into[name] = into.get(name, 0) + count
            if into[name] > MOST:
                raise wrong(f"{into[name]} of {name} on one side", code="wrong-equation", remedy=f"allowed: at most {MOST}")
    equation = Equation(left, right, arrows[0] == "<->")
    if not equation.change:
        what = "the equation has no species" if not equation.names else "the equation changes nothing: both sides are the same"
        raise wrong(f"{what} (given {text!r})", code="wrong-equation", remedy=_WRITE)
    return equation


def _terms(side: str, text: str) -> Iterator[tuple[int, str]]:
    for part in side.split("+") if side.strip() else ():
        match = _TERM.fullmatch(part.strip())
        if match is None:
            what = f"{part.strip()!r} is no number of a species" if part.strip() else "there is nothing between a '+' and what follows"
            raise wrong(f"{what} (given {text!r})", code="wrong-equation", remedy=_WRITE)
        count = match["count"]
        if count is not None and not (count.isdigit() and int(count) > 0):
            remedy = "allowed: whole numbers from 1 on; another order of the rate is written as `law`"
            raise wrong(f"{count} of {match['name']} (given {text!r})", code="wrong-equation", remedy=remedy)
        yield int(count or 1), match["name"]
