"""Tables of positions: a row per cell, columns x, y, z with a unit in their names or stated."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...meshes.networks.table import rows_of
from ..errors import MeshError, ScenarioError
from ..scenario.fields import CellsField
from ..scenario.schema import Scenario
from ..scenario.units import UnitError, measure
from .scales import length_of

Floats = NDArray[np.float64]
MOST = 100_000_000  # bytes: some four million cells
_COLUMN = re.compile(r"\s*([xyz])(?:\s*[_ (\[]\s*([A-Za-zµμ]+)\s*[)\]]?)?\s*", re.IGNORECASE)
_LONGER = re.compile(r".*[\s_:.-]" + _COLUMN.pattern.removeprefix(r"\s*"), re.IGNORECASE)  # POSITION_X, Centroid X µm
_WORDS = dict.fromkeys(("micron", "microns", "micrometer", "micrometre"), "um")
_UNIT = re.compile(r"\s*\(?\s*([A-Za-zµμ]+)\s*\)?\s*")
_PREFACE, _MORE = 4, 3  # rows before the one with the names (Imaris), and further rows of names and units below it (TrackMate)


@dataclass(frozen=True)
class Positions:
    """points (n, dim) in the scenario's length; lines (n,) of the file; digest of the file; which columns were read."""

    points: Floats
    lines: NDArray[np.int64]
    digest: str
    columns: tuple[str, ...]
    unread: tuple[str, ...]  # further coordinates, which the mesh has no dimension for


def read_positions(options: CellsField, dim: int, scenario: Scenario) -> Positions:
    """The positions of a table. Raises MeshError with file, line and column, ScenarioError for options."""
    path = Path(options.cells)
    if path.stat().st_size > MOST:
        what = f"a table of {path.stat().st_size / 1e6:.0f} MB"
        raise MeshError(
            what, code="too-large", place=str(path), remedy=f"allowed: at most {MOST / 1e6:.0f} MB; divide it into several fields"
        )
    rows = rows_of(path)
    if not rows:
        remedy = "give it a first row with the names of its columns"
        raise MeshError("the table is empty", code="no-positions", place=str(path), remedy=remedy)
    first = next((k for k, (_, cells) in enumerate(rows[: _PREFACE + 1]) if _are_names(options, dim, cells)), 0)
    line, header = rows[first]
    place = f"{path}:{line}:1"
    columns = _columns(options, dim, header, place)
    below = _below(rows[first + 1 : first + 1 + _MORE], columns)
    factors = [_factor(options, header[k], [cells[k] for cells in below], scenario, place) for k in columns]
    rows = rows[first + 1 + len(below) :]
    data = np.empty((len(rows), dim))
    for number, (at, cells) in enumerate(rows):
        for axis, k in enumerate(columns):
            text = cells[k] if k < len(cells) else ""
            try:
                data[number, axis] = float(text)
            except ValueError:
                data[number, axis] = math.nan
            if not math.isfinite(data[number, axis]):
                what = f"no number in column {header[k]!r} (given {text[:40]!r})"
                raise MeshError(what, code="not-a-number", place=f"{path}:{at}:1", remedy="write a number, with a point for decimals")
    if not len(data):
        raise MeshError("the table has no rows", code="no-positions", place=place, remedy="give it a row for each cell")
    shift = np.zeros(dim) if options.shift is None else np.array(_as_many(options.shift, dim, "shift"))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    named = [name for k, name in enumerate(header) if _matched(name) and k not in columns]
    lines = np.array([at for at, _ in rows], dtype=np.int64)
    return Positions(data * factors + shift, lines, digest, tuple(header[k] for k in columns), tuple(named))


def refuse_outside(options: CellsField, table: Positions, outside: NDArray[np.bool_]) -> None:
    """Raise MeshError where cells lie outside the tissue and that is not allowed, or all do."""
    if not outside.any() or (options.outside == "left_out" and not outside.all()):
        return
    first = int(np.argmax(outside))
    at = ", ".join(f"{x:.6g}" for x in table.points[first])
    many = f", and {int(outside.sum()) - 1} more" if outside.sum() > 1 else ""
    raise MeshError(
        f"a cell at ({at}) lies outside the tissue{many}",
        code="outside-tissue",
        place=f"{options.cells}:{table.lines[first]}:1",
        remedy="check `unit` and `shift`"
        if outside.all()
        else "make the mesh larger, check `unit` and `shift`, or state `outside: left_out`",
    )


def _as_many(values: list[float], dim: int, option: str) -> list[float]:
    if len(values) != dim:
        what = f"not one value for each dimension of the mesh (given {len(values)})"
        raise ScenarioError(what, code="wrong-length", place=f"fields: {option}", remedy=f"give {dim}")
    return values


def _columns(options: CellsField, dim: int, header: list[str], place: str) -> list[int]:
    """Positions of the columns of coordinates in the header."""
    if options.columns is not None:
        wanted = options.columns
        if len(wanted) != dim:
            what = f"not one column for each dimension of the mesh (given {len(wanted)})"
            raise ScenarioError(what, code="wrong-length", place="fields: columns", remedy=f"name {dim}")
        missing = [name for name in wanted if name not in header]
        if missing:
            what = f"no column {missing[0]!r}"
            raise MeshError(what, code="no-array", place=place, remedy=f"there are: {', '.join(header[:20])}")
        return [header.index(name) for name in wanted]
    found = _axes(header)
    for axis in "xyz"[:dim]:
        if len(found.get(axis, [])) != 1:
            several = [header[k] for k in found.get(axis, [])]
            what = f"{'several columns' if several else 'no column'} of {axis} in the first row ({', '.join((several or header)[:8])})"
            raise MeshError(what, code="no-array", place=place, remedy="call it x, or x_um, or name the columns with `columns`")
    return [found[axis][0] for axis in "xyz"[:dim]]


def _matched(name: str) -> re.Match[str] | None:
    return _COLUMN.fullmatch(name) or _LONGER.fullmatch(name)


def _axes(header: list[str]) -> dict[str, list[int]]:
    """Columns by axis: those called x, y, z, and where there are none those whose names end so."""
    for pattern in (_COLUMN, _LONGER):
        found: dict[str, list[int]] = {}
        for k, name in enumerate(header):
            if match := pattern.fullmatch(name):
                found.setdefault(match[1].lower(), []).append(k)
        if "x" in found:
            break
    return found


def _are_names(options: CellsField, dim: int, cells: list[str]) -> bool:
    """Whether a row names the columns."""
    if options.columns is not None:
        return all(name in cells for name in options.columns)
    return all(axis in _axes(cells) for axis in "xyz"[:dim])


def _below(rows: Sequence[tuple[int, list[str]]], columns: list[int]) -> list[list[str]]:
    """Rows below the names that hold further names, ending in the letter of the axis, or units in brackets."""
    found = []
    for _, cells in rows:
        words = [cells[k].lower() if k < len(cells) else "" for k in columns]
        if not all(word.startswith("(") or word.endswith(axis) for word, axis in zip(words, "xyz", strict=False)):
            break
        found.append(cells)
    return found


def _factor(options: CellsField, name: str, below: list[str], scenario: Scenario, place: str) -> float:
    """One unit of a column in the scenario's length; below: what stands under its name."""
    if options.unit is not None:
        return options.unit
    match = _matched(name)
    remedy = "state `unit`, the length of one unit of the table"
    unit = match[2] if match and match[2] else _unit_of(below)
    if unit is None:
        raise ScenarioError(f"column {name!r} does not say its unit", code="missing-option", place=place, remedy=remedy)
    try:
        found = measure(f"1 {_WORDS.get(unit.lower(), unit)}")
    except UnitError:
        raise ScenarioError(f"column {name!r} has an unknown unit", code="unknown-unit", place=place, remedy=remedy) from None
    if found.dimension != (("length", 1),):
        raise ScenarioError(f"the unit of column {name!r} is no length", code="wrong-unit", place=place, remedy=remedy)
    scale = length_of(scenario.scales)
    if scale is None:
        what = f"column {name!r} has a unit, but the scenario states no scale of length"
        raise ScenarioError(what, code="no-scales", place=place, remedy=remedy)
    return float(found.factor / scale.factor)


def _unit_of(below: list[str]) -> str | None:
    """A unit in brackets in the last of the rows under the names."""
    match = _UNIT.fullmatch(below[-1]) if below and below[-1].strip().startswith("(") else None
    return match[1] if match else None
