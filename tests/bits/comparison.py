"""Where two checkpoints, or two tables of a series, differ."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Renamed = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Found:
    """Where two checkpoints differ, a line each: in arrays (any of their bits), and in the header's numbers."""

    arrays: list[str]
    numbers: list[str]


def checkpoints(base: Path, head: Path, renamed: Renamed = ()) -> Found:
    """Compare the arrays and numbers of two checkpoints by name; ``renamed`` turns names of the first into those of the second."""
    (arrays, numbers), (other_arrays, other_numbers) = _read(base), _read(head)
    return Found(_each(_by_new_name(arrays, renamed), other_arrays), _each(_by_new_name(numbers, renamed), other_numbers))


def series(base: Path, head: Path) -> list[str]:
    """Compare two series.csv as text; where they differ, by column."""
    text, other = (path.read_text(encoding="utf-8") if path.exists() else "" for path in (base, head))
    if text == other:
        return []
    return _each(_columns(text), _columns(other)) or ["the text, but no column of it"]


def _each(base: Mapping[str, Floats], head: Mapping[str, Floats]) -> list[str]:
    lines = [f"{name}: only in BASE" for name in base if name not in head]
    lines += [f"{name}: only in HEAD" for name in head if name not in base]
    return lines + [f"{name}: {said}" for name in base if name in head and (said := difference(base[name], head[name]))]


def difference(base: Floats, head: Floats) -> str:
    """How many values differ and by how much at most, in units in the last place and relative to the larger one; "" if no bit does."""
    if base.shape != head.shape or base.dtype != head.dtype:
        return f"{base.dtype}{list(base.shape)} and {head.dtype}{list(head.shape)}"
    if base.tobytes() == head.tobytes():
        return ""
    if base.dtype != np.float64:
        return "other bytes"
    a, b = np.ravel(base), np.ravel(head)
    differs = a.view(np.uint64) != b.view(np.uint64)
    a, b = a[differs], b[differs]
    said = f"{len(a)} of {base.size} values"
    finite = np.isfinite(a) & np.isfinite(b)
    if not finite.all():
        return f"{said}, {np.count_nonzero(~finite)} of them not finite"
    ulps = max(abs(x - y) for x, y in zip(_places(a), _places(b), strict=True))
    size = np.maximum(np.abs(a), np.abs(b))
    relative = float(np.max(np.abs(a - b) / np.where(size > 0, size, 1.0)))
    return f"{said}, by up to {f'{ulps} ulp' if ulps < 10**6 else f'{ulps:.0e} ulp'}, {relative:.1e} relative"


def _places(values: Floats) -> list[int]:
    """Numbers of the values in the ordered list of all doubles; both zeros have the number 0."""
    return [n if n >= 0 else -(n + 2**63) for n in map(int, values.view(np.int64).ravel())]


def _by_new_name(found: Mapping[str, Floats], renamed: Renamed) -> dict[str, Floats]:
    def new(name: str) -> str:
        for pattern, replacement in renamed:
            match = re.fullmatch(pattern, name)
            if match:
                return match.expand(replacement)
        return name

    return {new(name): values for name, values in found.items()}


def _read(path: Path) -> tuple[dict[str, NDArray[np.float64]], dict[str, Floats]]:
    """Arrays and numbers of a checkpoint, by name."""
    arrays: dict[str, Floats] = {}
    with h5py.File(path, "r") as h5:
        h5["state"].visititems(lambda name, x: arrays.update({name: x[()]}) if isinstance(x, h5py.Dataset) else None)
        header = json.loads(h5["header"][()].tobytes())
    return arrays, {name: np.array(value, dtype=np.float64) for name, value in header["scalars"].items()}


def _columns(text: str) -> dict[str, Floats]:
    rows = list(csv.reader(text.splitlines()))
    if not rows:
        return {}
    columns = zip(*rows[1:], strict=True)
    return {name: np.array([float(cell or "nan") for cell in column]) for name, column in zip(rows[0], columns, strict=True)}
