"""Tables that tests read and compare: CSV and HDF5 files of runs. Imports no MPI."""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

Table = NDArray[Any]
EFFORT = ("iterations", "limited", "kept", "clipped")  # columns of series.csv that say how an answer was found, not what it is


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file, as texts by column."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def columns(path: Path) -> dict[str, NDArray[np.float64]]:
    """The columns of a CSV file of numbers."""
    found = rows(path)
    return {name: np.array([float(row[name]) for row in found]) for name in found[0]}


def datasets(path: Path, group: str = "/") -> dict[str, Table]:
    """Every table below a group of an HDF5 file, by its name there."""
    found: dict[str, Table] = {}
    with h5py.File(path, "r") as h5:
        h5[group].visititems(lambda name, x: found.update({name: x[()]}) if isinstance(x, h5py.Dataset) else None)
    return found


def series(folder: Path) -> dict[str, NDArray[np.float64]]:
    """The columns of a run's series.csv."""
    return columns(folder / "series.csv")


def different(
    ours: Mapping[str, Table],
    theirs: Mapping[str, Table],
    rtol: float = 0.0,
    atol: float = 0.0,
    loose: Callable[[str], bool] = lambda name: True,
    ignored: Collection[str] = (),
) -> str:
    """The first table that differs, "" if none does: in name, place, shape, type or values, as ``np.allclose`` with these tolerances.

    Without tolerances, and where ``loose`` says no to the name, values must be the same bit by bit. Ignored tables are not compared.
    """
    if list(ours) != list(theirs):
        return f"the names of tables: {', '.join(set(ours) ^ set(theirs)) or 'their order'}"
    for name in (name for name in ours if name not in ignored):
        one, other = ours[name], theirs[name]
        if one.shape != other.shape or one.dtype != other.dtype:
            return f"{name}: {one.shape} {one.dtype} and {other.shape} {other.dtype}"
        if (rtol or atol) and loose(name):
            if not np.allclose(one, other, rtol, atol):
                return f"{name} by {np.abs(one - other).max():.1e}"
        elif not np.array_equal(one, other, equal_nan=one.dtype.kind == "f"):
            return f"{name} is not the same bit by bit"
    return ""


def forget_the_last_checkpoint(out: Path) -> None:
    """Leave a run's folder as if the run had been killed before its last checkpoint."""
    saved = sorted((out / "checkpoints").glob("checkpoint-*.h5"))
    saved[-1].unlink()
    (out / "checkpoints" / "LATEST").write_text(saved[-2].name + "\n")
    (out / "STATUS").write_text("running\n")
