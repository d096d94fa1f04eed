"""What each column of series.csv measures, and its unit: cells are counted, solubles are amounts, lengths and times the scenario's.

The numerics know numbers in the scenario's scales only. A column is factor * that number, at the edge of output; the factor is 1
but for amounts: ``density * length^d`` becomes cells, mol, g, or what the scale is made of.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from .base import Context, depth_of
from .units import ONE, PREFIXES, UNITS, Measure, UnitError, unit

AMOUNT, PLAIN = "own*length^d", "1"
MIXED = "sum of amounts in the scales"  # of species that are measured in different units
FEW_CELLS = 100  # a continuum of fewer is an expectation: single cells scatter about it by a tenth and more
_STEPPING = {"time": "time", "dt": "time", "step": PLAIN, "iterations": PLAIN, "limited": PLAIN, "kept": PLAIN}
_OF_SPECIES = {
    "min": "own",
    "max": "own",
    "ledger": PLAIN,
    "invaded_volume": "length^d",
    "invaded_beyond": "length^d",
    "degraded_volume": "length^d",
}
_OF_SURFACES = {
    **dict.fromkeys(("integrity_mean", "integrity_min"), PLAIN),
    "breached_area": "length^d/length",
    "first_breach": "time",
    "flux": f"{AMOUNT}/time",
    "entered": AMOUNT,
}
_SURFACE = re.compile(rf"(?P<place>.*)\.(?P<what>{'|'.join(_OF_SURFACES)})(:(?P<species>\w+))?")


def dimension_of(column: str, species: Mapping[str, str]) -> tuple[str, str]:
    """The species that a column counts ("" for none) and its dimension, as of options; ("", "") for a column that is not known.

    species: names and kinds.
    """
    if column in _STEPPING:
        return "", _STEPPING[column]
    owner, _, key = column.partition(".")
    if owner in species:
        return owner, "length" if key.startswith("front.") else _OF_SPECIES.get(key, AMOUNT)
    found = _SURFACE.fullmatch(column)
    return (found["species"] or "", _OF_SURFACES[found["what"]]) if found else ("", "")


def word(text: object) -> str:
    """One unit of a scale, as it stands in products: um of "1 um", (200 um) of "200 um", "" of a plain 1."""
    text = str(text).strip()
    number, _, rest = text.partition(" ")
    if text in ("", "1", "1.0"):
        return ""
    return rest if number == "1" and re.fullmatch(r"[A-Za-zµμ]+", rest) else f"({text})"


def product(dimension: str, called: Callable[[str], str], dim: int | None) -> str:
    """The unit of a dimension as text: ``nM um^2/h`` of ``own*length^2/time``, or ``length^d`` in two dimensions; "" of none."""
    above: list[str] = []
    below: list[str] = []
    powers = dimension.replace("length^d/length", f"length^{(dim or 1) - 1}")
    powers = powers if dim is None else powers.replace("^d", f"^{dim}")
    for sign, name, power in re.findall(r"([*/]?)([a-z]+|1)(?:\^(\d+|d))?", powers):
        if power != "0" and (found := called(name)):
            (below if sign == "/" else above).append(found + (f"^{power}" if power not in ("", "1") else ""))
    return " ".join(above) + "".join(f"/{one}" for one in below)


@dataclass(frozen=True)
class Unit:
    """The unit of a column, as text ("1": a plain number), and by what a number in the scenario's scales is multiplied."""

    text: str
    factor: float = 1.0


class Units:
    """The units of everything that a run reports.

    Args:
        scales: as the scenario states them; None: it is non-dimensional, and everything a plain number.
        context: the measures of the scales, the species' kinds and the number of dimensions, which must be known for amounts.
        others: columns of extensions with their units.
        raw: amounts stay numbers in the scenario's scales, as they were in runs of version 0.1.0; their unit is "".
    """

    def __init__(
        self, scales: Mapping[str, object] | None, context: Context, others: Mapping[str, str] | None = None, raw: bool = False
    ) -> None:
        self._texts, self._context, self._others, self.raw = scales, context, others or {}, raw
        self._known: dict[str, Unit] = {}
        self._changed: tuple[list[str], dict[str, float]] = [], {}  # columns of the last row, and factors of those that change

    def converted(self, row: Mapping[str, float]) -> dict[str, float]:
        """A row of numbers in the scenario's scales as one of series.csv."""
        if (names := list(row)) != self._changed[0]:
            factors = {name: self.column(name).factor for name in names}
            self._changed = names, {name: factor for name, factor in factors.items() if factor != 1.0}
        return dict(row) | {name: factor * row[name] for name, factor in self._changed[1].items()}

    def column(self, name: str) -> Unit:
        """Of a column of series.csv; the text is "" for one that is not known."""
        if name not in self._known:
            found = self._column(name)
            self._known[name] = Unit("") if self.raw and found.factor != 1.0 else found
        return self._known[name]

    def table(self, columns: Iterable[str], fields: Iterable[str]) -> dict[str, str]:
        """Names of columns and fields, and "length": their units."""
        densities = {name: self.density(name) for name in fields}
        return {"length": self.length} | densities | {name: self.column(name).text for name in columns}

    def _column(self, name: str) -> Unit:
        if name in self._others:
            return Unit(self._others[name])
        own, dimension = dimension_of(name, self._context.species)
        if self._texts is None:
            return Unit(PLAIN)
        if name == "clipped":
            return Unit(MIXED)
        if not dimension.startswith(AMOUNT):
            return Unit(self._product(dimension, own) if dimension else "")
        amount = self.amount(own)
        per = dimension.removeprefix(AMOUNT)
        return Unit(amount.text + ("/" + self._word("time") if per and self._word("time") else ""), amount.factor)

    def knows(self, species: str) -> bool:
        """Whether there is a species of this name."""
        return species in self._context.species

    def per_area(self, species: str, flux: bool) -> str:
        """Of what has crossed a place of a surface, or crosses it per time; such fields are numbers in the scenario's scales."""
        return PLAIN if self._texts is None else self._product("own*length/time" if flux else "own*length", species)

    def density(self, species: str) -> str:
        """Of a species' field."""
        return PLAIN if self._texts is None else self._product("own", species)

    @property
    def length(self) -> str:
        """Of places."""
        return PLAIN if self._texts is None else self._product("length")

    @property
    def time(self) -> str:
        """Of times."""
        return PLAIN if self._texts is None else self._product("time")

    def counted(self, species: str) -> bool:
        """Whether amounts of the species are numbers of cells."""
        return self._texts is not None and self.amount(species).text == "cells"

    def amount(self, species: str) -> Unit:
        """Of what there is of a species, ``integral of its density``."""
        context, dim = self._context, self._context.dim or 0
        if self._texts is None:
            return Unit(PLAIN)
        density = context.scale(species)
        powers = dict(density.dimension)
        per = powers.pop("length", 0)
        whole = density * context.scale("length").power(dim) * (depth_of(context, density) or ONE)
        text = str(self._texts.get(species, self._texts.get("cells", "") if context.species.get(species) == "cells" else ""))
        base, one = _base(text, powers, context.species.get(species) == "cells", per)
        if base is None:
            return Unit(self._product(AMOUNT, species), 1.0)
        if not base and not powers and not per:  # a share of space: what there is of it is a volume
            return Unit(self._product("length^d"), float(density.factor))
        left = dict(whole.dimension).get("length", 0)
        length = _length(str(self._texts.get("length", "")))
        found = whole / one / unit(length).power(left)
        over = "" if not left else f"*{length}" if left > 0 else f"/{length}"
        return Unit((base or PLAIN) + over + (f"^{abs(left)}" if abs(left) > 1 else ""), float(found.factor))

    def _product(self, dimension: str, own: str = "") -> str:
        """A dimension in the scenario's scales as text: ``um^2``, ``nM um^3``."""
        text = product(dimension, lambda name: self._word(own if name == "own" else name), self._context.dim or 1)
        return text.strip("()") if re.fullmatch(r"\([^()]*\)", text) else text or PLAIN

    def _word(self, name: str) -> str:
        texts = self._texts or {}
        cells = texts.get("cells", "") if self._context.species.get(name) == "cells" else ""
        return word(texts.get(name, cells))


def counted(cells: Mapping[str, float]) -> str:
    """How many cells of each phenotype there are at the start: ``starts with 412 cells``; "" of none, or where nothing is counted.

    A density that stands for few cells is the mean over many tissues like this one, and that is said.
    """
    total = sum(cells.values())
    if not total > 0.0:
        return ""
    several = ", ".join(f"{_count(number)} {name}" for name, number in cells.items())
    text = f"starts with {_count(total)} cells" + (f" ({several})" if len(cells) > 1 else "")
    return text + ("" if total >= FEW_CELLS else f": {_count(total)} cells in all, so read densities as expectations")


def _count(number: float) -> str:
    """A number of cells: whole from 10 on, with two digits below."""
    return f"{number:,.0f}" if number >= 9.95 else f"{number:.2g}"


def part_column(table: str) -> str:
    """The column of a whole vessel that measures what a table of its parts does: blood.flux:tumour of blood/flux_tumour."""
    vessel, _, what = table.partition("/")
    return f"{vessel}.{what.replace('_', ':', 1)}"


def unit_in_file(units: Units, kind: str, name: str) -> str:
    """The unit of a table in a VTKHDF file: ``kind`` is "point" (the mesh), "time", "column", "part" (numbers by part
    of a vessel), or "field" with a field's name."""
    if kind == "part":
        if "/" not in name:
            return units.column(".breached_area").text if name == "area" else ""
        return units.column(part_column(name)).text
    if kind != "field":
        return {"point": units.length, "time": units.time}.get(kind) or units.column(name).text
    if name in ("integrity", "torn"):
        return PLAIN
    if name == "radius":
        return units.length
    what, _, species = name.partition("_")
    if what in ("flux", "entered") and units.knows(species) and not units.knows(name):
        return units.per_area(species, what == "flux")
    return units.density(name)


def _base(text: str, powers: Mapping[str, int], cells: bool, per: int) -> tuple[str | None, Measure]:
    """What a scale counts, and one of it: cells, mol, g with the scale's prefix; None if it is nothing of the kind."""
    if not powers:
        return ("cells" if per and (cells or re.search(r"\bcells?\b", text)) else ""), ONE
    if powers not in ({"amount": 1}, {"mass": 1}):
        return None, ONE
    for name in re.findall(r"[A-Za-zµμ]+", text):
        prefix, root = ("", name) if name in UNITS else (name[:1], name[1:])
        if prefix in (*PREFIXES, "") and any(base in UNITS.get(root, ("", {}, False))[1] for base in ("amount", "mass")):
            found = prefix + ("mol" if "amount" in powers else "g")
            return found, unit(found)
    return None, ONE


def _length(text: str) -> str:
    """The unit of length in a scale, without its number."""
    name = re.sub(r"^[-+0-9.eE]*\s*", "", text).strip()
    try:
        return name if unit(name).dimension == (("length", 1),) else "m"
    except UnitError:
        return "m"
