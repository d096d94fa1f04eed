"""Numbers for each part of a vessel, as for thousands of segments: one table per quantity in vessels.vtkhdf, beside what VTK reads.

    /parts/VESSEL  names (JSON, as bytes)  area (p,)  flux_SPECIES (n, p)  entered_SPECIES (n, p)

p parts, n steps as in /VTKHDF/Steps. Rows are only ever appended.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import h5py
import numpy as np
from numpy.typing import NDArray

from .vtkhdf import early

PARTS = "parts"
Parts = Mapping[str, Mapping[str, NDArray[np.generic]]]
NO_PARTS: Parts = {}
_CHUNK = 2**15  # numbers


def create_parts(h5: h5py.File, fixed: Parts, changing: Mapping[str, NDArray[np.float64]], unit_of: Callable[[str, str], str]) -> None:
    """The groups with what does not change, and empty tables for what does (name -> a row of it)."""
    for group, arrays in fixed.items():
        for name, values in arrays.items():
            _with_unit(h5.create_dataset(f"{PARTS}/{group}/{name}", data=values), unit_of("part", name))
    for name, row in changing.items():
        rows = max(1, _CHUNK // max(len(row), 1))
        shape, most, chunks = (0, len(row)), (None, len(row)), (min(rows, 64), len(row))
        _with_unit(h5.create_dataset(f"{PARTS}/{name}", shape, "f8", maxshape=most, chunks=chunks, **early()), unit_of("part", name))


def growing(h5: h5py.File) -> tuple[str, ...]:
    """The tables of a file that grow with its steps."""
    found: list[str] = []
    for group, tables in h5.get(PARTS, {}).items():
        found += [f"{group}/{name}" for name, table in tables.items() if table.ndim == 2]
    return tuple(found)


def _with_unit(table: h5py.Dataset, unit: str) -> None:
    if unit:
        table.attrs["units"] = unit
