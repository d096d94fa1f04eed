"""What all options of a scenario are made of: strict frozen models, quantities with units, input files.

Options are validated with a context (``Context``) that carries the scenario's scales, its declared names and
the folders that files are relative to; without one, numbers are taken as they are.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, core_schema

from .hints import hint
from .units import ONE, Measure, UnitError, measure, words
from .wrong import joined, wrong

_WRITE = "write a number with its unit, as in 0.05 /h"
GRAY = measure("1 Gy")
MOLECULES = Measure(Fraction("6.02214076e23"), (("amount", -1),))  # by the definition of the mole
_STRICT = ("int", "float", "bool", "str")


def _make_strict(schema: Any) -> None:
    """Set strict on every scalar, in place, so that "5", true and 5 are three different things."""
    if isinstance(schema, dict):
        if schema.get("type") in _STRICT:
            schema["strict"] = True
        for key, value in schema.items():
            if key != "metadata":
                _make_strict(value)
    elif isinstance(schema, list):
        for value in schema:
            _make_strict(value)


class Options(BaseModel):
    """A group of options: unknown keys are refused, values are frozen, text is never taken for a number."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, populate_by_name=True, defer_build=True)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source)
        _make_strict(schema)
        return schema


@dataclass(frozen=True)
class Context:
    """What validation needs to know besides the value itself.

    scales: the measure of one unit of "length", "time", "cells" and of species, and the tissue's "depth"; None: non-dimensional.
    species: name -> "cells", "bound", "ecm", "soluble" or "user". parameters: declared numbers usable in formulas, in its scales.
    slots: the name that the words "own" and "key" of a dimension stand for at this place.
    dim: number of dimensions of the mesh, the d of a dimension; None: known only when the mesh is read.
    assumed: texts whose unit tells the number of dimensions, where the mesh is still to be read, with that number.
    units: what the numbers of parameters are in that have a unit of their own, and is not made of lengths and times alone.
    lengths: what the numbers of parameters are in that are made of lengths and times.
    texts: the scales as they are stated.
    molar: the molar mass of species that have one stated; solubility: that of those that have one.
    scalars: schedules and numbers in time; formulas may name them where they may name the time.
    fields: names of given fields; formulas may name them where they may name x, y, z.
    pools: names of pools of the circulation, which formulas of the circulation and of organs may name.
    """

    scales: Mapping[str, Measure] | None = None
    species: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, float] = field(default_factory=dict)
    folders: tuple[Path, ...] = ()
    slots: Mapping[str, str] = field(default_factory=dict)
    dim: int | None = None
    assumed: list[tuple[str, int]] = field(default_factory=list, compare=False)
    scalars: frozenset[str] = frozenset()
    fields: frozenset[str] = frozenset()
    pools: frozenset[str] = frozenset()
    units: Mapping[str, Measure] = field(default_factory=dict)
    lengths: Mapping[str, Measure] = field(default_factory=dict)
    texts: Mapping[str, object] = field(default_factory=dict)
    molar: Mapping[str, Measure] = field(default_factory=dict)
    solubility: Mapping[str, Measure] = field(default_factory=dict)

    @staticmethod
    def of(info: ValidationInfo) -> Context:
        """The context a validator runs in."""
        holder = info.context
        return holder["context"] if holder else Context()

    def scale(self, name: str) -> Measure:
        """The measure of one unit of a scale or species; a species without a stated scale is a plain number."""
        name = self.slots.get(name, name)
        scales = self.scales or {}
        if name == "gray":
            return GRAY
        if name in scales:
            return scales[name]
        return scales["cells"] if self.species.get(name) == "cells" and "cells" in scales else ONE

    def _dimension(self, given: Measure, dimension: str, text: str) -> int:
        """The number of dimensions of the mesh: where it is still to be read, that which the unit of the text tells, kept for a check."""
        if self.dim is not None:
            return self.dim
        own = self.scale("own")
        units = {d: self._wanted(dimension.replace("^d", f"^{d}")) * (depth_of(replace(self, dim=d), own) or ONE) for d in (1, 2, 3)}
        fits = [d for d, unit in units.items() if unit.dimension == given.dimension]
        if len(fits) != 1:
            what = "how many dimensions the mesh has is known only when it is read"
            raise wrong(what, code="wrong-unit", remedy=f"write a plain number, in {dimension}")
        self.assumed.append((text, fits[0]))
        return fits[0]

    def _wanted(self, dimension: str) -> Measure:
        names = {name: self.scale(name) for name in _names_in(dimension)}
        return measure(dimension, names) if names else ONE

    def convert(self, text: str, dimension: str) -> float:
        """The number, in the scenario's scales, that a text with a unit stands for."""
        try:
            given = measure(text)
        except UnitError as error:
            slip = hint(text) if error.code == "not-a-quantity" or "'per'" in str(error) else ""
            raise wrong(str(error), code=error.code, remedy=joined(error.remedy, slip) or _WRITE) from None
        if self.scales is None:
            what = "the scenario states no scales, so a value with a unit has no meaning"
            raise wrong(what, code="no-scales", remedy="state them, as in `scales: {length: 1 um, time: 1 h}`, or write a plain number")
        here = self
        if "^d" in dimension:
            here = replace(self, dim=self._dimension(given, dimension, text))
        wanted = here.wanted(dimension, given)
        for unit in wanted:
            if given.dimension == unit.dimension:
                return _finite(given.factor / unit.factor)
        what = f"wrong unit: the text is {words(given.dimension)}"
        remedy = f"needed is {words(wanted[0].dimension)}{here.example(dimension)}"
        raise wrong(
            what, code="wrong-unit", remedy=joined(remedy, here.unscaled(dimension) or here.unknown_factor(dimension, given, wanted[0]))
        )

    def example(self, dimension: str) -> str:
        """The unit that an option is read in, from the scales as they are stated: ``, such as um^2/h``; empty where it cannot be told."""
        named = {word: str(self.texts.get(self._stated(word), "")).removeprefix("1 ") for word in _names_in(dimension)}
        if named.get(dimension):
            return f", such as {named[dimension]}"
        if not all(re.fullmatch(r"[A-Za-zµ]+", text) for text in named.values()) or dimension.startswith("own*") or "^d" in dimension:
            return ""
        text = re.sub(r"[A-Za-z]+", lambda word: named[word[0]], dimension)
        return f", such as {text.removeprefix('1') if text.startswith('1/') else text}"

    def _stated(self, word: str) -> str:
        name = self.slots.get(word, word)
        return "cells" if name not in self.texts and self.species.get(name) == "cells" else name

    def unknown_factor(self, dimension: str, given: Measure, wanted: Measure) -> str:
        """What to state where a mass or a pressure would be understood if it were known of the species."""
        for word in sorted({"own", "key"} & _names_in(dimension)):
            name = self.slots.get(word, word)
            for (option, example), known in zip(_FACTORS, (self.molar, self.solubility), strict=True):
                fits = any((wanted * measure(example).power(sign)).dimension == given.dimension for sign in (1, -1))
                if fits and name in self.species and name not in known:
                    return f"or state the {option} of {name}, as in `{option}: {example}`"
        return ""

    def unscaled(self, dimension: str) -> str:
        """What to state where a species of an option has no scale: numbers of it are plain then."""
        named = [self._stated(word) for word in ("own", "key") if word in _names_in(dimension)]
        bare = [name for name in named if name not in (self.scales or {}) and name in self.species]
        return f"{bare[0]} has no scale: state one, as in scales: {{{bare[0]}: 1 nM}}" if bare else ""

    def wanted(self, dimension: str, given: Measure | None = None) -> list[Measure]:
        """What one unit of an option is, and what else is understood there.

        Mass for amounts of a species whose molar mass is stated, pressure for densities of one whose solubility is, and, where cells
        make something, amounts per cell. given: the value that is to be converted, where it is one.
        """
        if "^d" in dimension and self.dim is None:
            what = "how many dimensions the mesh has is known only when it is read"
            raise wrong(what, code="wrong-unit", remedy=f"write a plain number, in {dimension}")
        dimension = dimension.replace("^d", f"^{self.dim}")
        unit = self._wanted(dimension)
        if dimension.startswith("own*length^"):
            unit *= depth_of(self, self.scale("own")) or _asked_for(self, given, unit)
        found = [unit]
        if dimension == "key/time":  # made by cells of density own
            deep = ONE if per_volume(self.scale("own")) else depth_of(self, self.scale("key"))
            found.append(unit / self.scale("own") * (deep or ONE))
        if dimension.startswith("own/key"):  # what one cell has, as an amount or as a number of molecules
            deep = ONE if per_volume(self.scale("key")) else depth_of(self, self.scale("own"))
            found += [] if deep is None or deep == ONE else [unit * deep]
            found += [one * MOLECULES for one in list(found) if ("amount", 1) in one.dimension]
        named = (self.slots.get(word, word) for word in ("own", "key") if word in _names_in(dimension))
        others = [known[name] for name in named for known in (self.molar, self.solubility) if name in known]
        return [*found, *(one * other.power(sign) for one in found for other in others for sign in (1, -1))]


_FACTORS = (("molar_mass", "72 kg/mol"), ("solubility", "1.3 uM/mmHg"))  # options that make masses and pressures understood, with examples


def per_volume(density: Measure) -> bool:
    """Whether a density is per volume."""
    return ("length", -3) in density.dimension


def depth_of(context: Context, density: Measure) -> Measure | None:
    """What a length (1-D) or area (2-D) of the mesh is multiplied by to be a volume; None where that is not stated. 1 for densities
    that are not per volume, and in 3-D.

    The depth is a length; in 1-D the cross-section may be given as an area, and a length is the side of a square.
    """
    if context.dim in (None, 3) or not per_volume(density):
        return ONE
    depth = (context.scales or {}).get("depth")
    if depth is None:
        return None
    return depth.power(2) if context.dim == 1 and depth.dimension == (("length", 1),) else depth


def _asked_for(context: Context, given: Measure | None, wanted: Measure) -> Measure:
    """1 for an amount that is given per depth, is not a text with a unit, or has another unit; raises where the depth is missing."""
    length = (context.scales or {}).get("length", ONE)
    if given is None or given.dimension != (wanted * length.power(3 - (context.dim or 3))).dimension:
        return ONE
    raise wrong(DEPTH.format(f"{context.dim}-D"), code="missing-option", remedy=DEPTH_REMEDY[context.dim or 2])


DEPTH = "the scale is per volume and the mesh is {}: how much there is depends on the depth of the tissue, which is not stated"
DEPTH_REMEDY = {
    1: "state the cross-section, as in scales: {depth: 100 um^2}, or a scale per length",
    2: "state it, as in scales: {depth: 10 um}, or a scale per area",
}


def plain_number(value: float) -> float:
    """A number of YAML, where whole numbers have any length, as a float; inf for one that is too large."""
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _finite(value: Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        raise wrong("the number is too large", code="out-of-bounds", remedy="check the unit, or use a larger scale") from None


def _names_in(dimension: str) -> set[str]:
    return {w for w in "".join(c if c.isalpha() else " " for c in dimension).split()}


@dataclass(frozen=True)
class Quantity:
    """Marks a float as a quantity: ``Annotated[float, Quantity("length^2/time")]``.

    The value is a plain number in the scenario's scales, or a text with a unit (``"1e-9 cm^2/s"``) that is converted
    to them. ``dimension`` is a product of the scales "length", "time", "cells", of "gray", of "own" (the species the option
    belongs to) and of "key" (the species that is the key of the mapping the option stands in); "1" is a plain number;
    "length^d" is what an integral over the mesh adds.
    Bounds belong in the ``Field``: ``length: Annotated[float, Quantity("length")] = Field(gt=0, description="...")``.
    """

    dimension: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_before_validator_function(self._convert, handler(source))

    def _convert(self, value: Any, info: ValidationInfo) -> Any:
        return Context.of(info).convert(value, self.dimension) if isinstance(value, str) else value

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        number = handler(schema)
        bounds = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}
        number = {bounds.get(key, key): value for key, value in number.items()}
        return {"anyOf": [number, {"type": "string"}], "x-dimension": self.dimension}


Length = Annotated[float, Quantity("length")]
Time = Annotated[float, Quantity("time")]
Rate = Annotated[float, Quantity("1/time")]
Diffusivity = Annotated[float, Quantity("length^2/time")]


def existing_file(value: str, info: ValidationInfo) -> str:
    """The absolute path of a file, relative to the scenario's folder; raises PydanticCustomError where there is none."""
    folders = Context.of(info).folders or (Path.cwd(),)
    for folder in folders:
        try:
            path = (folder / Path(value).expanduser()).resolve()
            there = path.is_file()
        except (OSError, ValueError, RuntimeError) as error:
            what = f"no file can have this name (given {value[:40]!r}): {getattr(error, 'strerror', None) or error}"
            raise wrong(what, code="file-not-found", remedy="check the name") from None
        if there:
            return str(path)
    raise wrong(f"file not found in {folders[0]}", code="file-not-found", remedy="names are relative to the scenario's folder")


class _File:
    """Marks a text as the name of an existing file, relative to the scenario's folder; becomes an absolute path."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_after_validator_function(existing_file, handler(source))


InputFile = Annotated[str, _File()]
