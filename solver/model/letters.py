"""Symbols of species and letters of parameters, as the papers write them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..scenario.columns import units_of
from ..scenario.expressions import Expr, Name
from ..scenario.formulas import Formula
from ..scenario.mesh import mesh_dimension
from ..scenario.parser import RESERVED
from ..scenario.quantities import AMOUNT, product, word
from ..scenario.scales import read_scales
from ..scenario.schema import Scenario
from ..scenario.tree import substitute
from ..scenario.units import ONE
from .balance import Parameter


def symbols(scenario: Scenario) -> dict[str, str]:
    """Species name -> letter: n for cells (n1, n2, ... if there are several), f for ECM, m for solubles, what cells carry and
    user species as named."""
    found = {name: name for name in (*scenario.species, *scenario.model.bound)}
    for letter, group in (
        ("n", list(scenario.model.cells)),
        ("m", list(scenario.model.solubles)),
        ("f", list(scenario.model.ecm)),
    ):
        for number, name in enumerate(group, 1):
            symbol = letter if len(group) == 1 else f"{letter}{number}"
            found[name] = f"{symbol}_{name}" if symbol in found else symbol
    return found


@dataclass(frozen=True)
class _Request:
    letter: str
    own: str
    key: str
    value: float
    unit: str
    meaning: str
    counted: tuple[float, str] | None


class Letters:
    """Collects the parameters of the blocks; constants become named parameters, formulas stay formulas."""

    def __init__(self, scenario: Scenario) -> None:
        self.symbols = symbols(scenario)
        self._scales: Mapping[str, str | float] | None = scenario.scales
        mesh = scenario.mesh
        self._dim = mesh_dimension(mesh.kind, getattr(mesh, "image", ""), getattr(mesh, "pixel", None))
        self._cells = set(scenario.model.cells)
        self._units = units_of(scenario) if self._dim else None
        self._numbers = frozenset(scenario.parameters)
        named = (scenario.parameters, scenario.fields, scenario.schedules, scenario.model.pools)
        fed = scenario.circulation.feedback if scenario.circulation is not None else {}
        self._taken = {*self.symbols, *(name for group in named for name in group), *fed, *RESERVED}
        self._requests: dict[str, _Request] = {}

    def use(self, formula: Formula, letter: str, dimension: str, meaning: str, own: str, key: str = "", unit: str | None = None) -> Expr:
        """The expression that stands for a formula of a block; a constant gets the given letter when names are settled.

        unit: that of the constant, where no ``dimension`` tells it.
        """
        if formula.base is not None and formula.base.constant == 0.0:
            return formula.expr
        if formula.base is not None:
            return formula.changed(self.use(formula.base, letter, dimension, meaning, own, key, unit))
        if formula.constant is None:
            return formula.expr
        placeholder = f"@{len(self._requests)}"
        unit = self.unit(dimension, own, key) if unit is None else unit
        counted = None
        if dimension == AMOUNT and self._scales is not None and self._units is not None:
            amount = self._units.amount(own)
            counted = amount.factor * formula.constant, amount.text
        self._requests[placeholder] = _Request(letter, own, key, formula.constant, unit, meaning, counted)
        return Name(placeholder)

    def movement(self, name: str) -> str:
        """What D of a species is called: cells move, everything else diffuses."""
        return "random motility" if name in self._cells else "diffusivity"

    def credit(self, formula: Formula, source: str) -> str:
        """The literature of a term whose rate is a number or a parameter; "" where it is a formula, which is the user's own."""
        given = formula.base or formula
        plain = given.constant is not None or (isinstance(given.expr, Name) and given.expr.id in self._numbers)
        return source if plain else ""

    def unit(self, dimension: str, own: str = "", key: str = "") -> str:
        """A dimension in the scenario's scales as text: ``um^2/h``; "" in a non-dimensional scenario."""
        if self._scales is None:
            return ""
        return product(dimension, lambda name: self._scale_unit({"own": own, "key": key}.get(name, name)), self._dim)

    def per(self, own: str, side: Mapping[str, int]) -> str:
        """The unit of what makes, times the densities of a side of an equation, so much of a species per time: ``1/nM/h``."""
        if self._scales is None:
            return ""
        below: dict[str, int] = {}
        for name, count in [*side.items(), (own, -1), ("time", 1)]:
            word = self._scale_unit(name)
            below[word] = below.get(word, 0) + count
        above = " ".join(word for word, count in below.items() if word and count < 0)
        powers = "".join(f"/{word}" + (f"^{count}" if count > 1 else "") for word, count in below.items() if word and count > 0)
        return f"{above or 1}{powers}" if above or powers else ""

    def ratio(self, own: str, other: str) -> float:
        """How many units of another species one unit of a species is."""
        scales = read_scales(self._scales) or {}
        one, two = (scales.get(name, scales.get("cells", ONE) if name in self._cells else ONE) for name in (own, other))
        return float(one.factor / two.factor)

    def _scale_unit(self, name: str) -> str:
        scales = self._scales or {}
        return word(scales.get(name, scales.get("cells", "") if name in self._cells else ""))

    def settle(self) -> tuple[dict[str, str], dict[str, Parameter]]:
        """The final name of every placeholder, and the parameters by name."""
        final: dict[str, str] = {}
        parameters: dict[str, Parameter] = {}
        for placeholder, request in self._requests.items():
            alike = [r for r in self._requests.values() if r.letter == request.letter]
            name = self._free(self._candidates(request, alike), parameters)
            final[placeholder] = name
            parameters[name] = Parameter(name, request.value, request.unit, request.meaning, counted=request.counted)
        return final, parameters

    def _candidates(self, request: _Request, alike: list[_Request]) -> Iterable[str]:
        own, key = self.symbols.get(request.own, request.own), self.symbols.get(request.key, request.key)
        letter = request.letter
        if letter == "d":
            yield f"d_{own}"
        elif len(alike) == 1:
            yield letter
        elif len({r.own for r in alike}) == len(alike):
            yield f"{letter}_{own}"
        elif len({r.key for r in alike}) == len(alike):
            yield f"{letter}_{key}"
        yield f"{letter}_{own}_{key}".rstrip("_")
        yield f"{letter}_{request.own}_{request.key}".rstrip("_")

    def _free(self, candidates: Iterable[str], parameters: Mapping[str, Parameter]) -> str:
        name = ""
        for name in candidates:
            if name not in self._taken and name not in parameters:
                return name
        number = 2
        while f"{name}_{number}" in self._taken or f"{name}_{number}" in parameters:
            number += 1
        return f"{name}_{number}"


def renamed(expr: Expr, final: Mapping[str, str]) -> Expr:
    """The expression with placeholders replaced by the settled names."""
    return substitute(expr, {placeholder: Name(name) for placeholder, name in final.items()})
