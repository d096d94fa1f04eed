"""The columns of series.csv within fields.vtkhdf: one table, and a name for each that VTK reads.

    /columns  names (JSON, as bytes)  rows (n, c)
    /VTKHDF/FieldData/<observable> (n,)  a view of one column: a virtual table, which holds no number itself

c columns, n steps as in /VTKHDF/Steps. A step is one row, written once, so that it costs what it holds however many columns there are.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Mapping, Sequence

import h5py
import numpy as np
from numpy.typing import NDArray

from .vtkhdf import ROOT, early

ROWS = "columns/rows"
MOST = 500  # columns by their names: with more of them, those of single parts (VESSEL/PART.what) are left to the table
_NAMES = "columns/names"
_CHUNK = 2**15  # numbers


def table_name(observable: str) -> str:
    """An observable's name as the name of a table: "/" would make a folder."""
    return observable.replace("/", ":")


def shown(names: Sequence[str]) -> tuple[str, ...]:
    """The columns that VTK finds by their names."""
    return tuple(names) if len(names) <= MOST else tuple(name for name in names if "/" not in name)


def create(h5: h5py.File, names: Sequence[str], unit_of: Callable[[str, str], str]) -> None:
    """Create the table, with no row in it, and the views of it."""
    if not names:
        return
    count = len(names)
    h5.create_dataset(_NAMES, data=np.frombuffer(json.dumps(names).encode(), dtype=np.uint8))
    chunks = (max(1, min(64, _CHUNK // count)), count)
    h5.create_dataset(ROWS, (0, count), "f8", maxshape=(None, count), chunks=chunks, fillvalue=np.nan, **early())
    group = h5.create_group(f"{ROOT}/FieldData")
    place = {name: k for k, name in enumerate(names)}
    for name in shown(names):
        view = _view(group, table_name(name), place[name], count)
        if unit := unit_of("column", name):
            view.attrs["units"] = unit


def _view(group: h5py.Group, name: str, column: int, count: int) -> h5py.Dataset:
    """One column as a table of its own, as long as the table of all is (h5py's own virtual layouts cannot grow)."""
    without_end = h5py.h5s.UNLIMITED
    space = h5py.h5s.create_simple((0,), (without_end,))
    space.select_hyperslab((0,), (without_end,), (1,), (1,))
    rows = h5py.h5s.create_simple((0, count), (without_end, count))
    rows.select_hyperslab((0, column), (without_end, 1), (1, 1), (1, 1))
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_virtual(space, b".", f"/{ROWS}".encode(), rows)
    return h5py.Dataset(h5py.h5d.create(group.id, name.encode(), h5py.h5t.NATIVE_DOUBLE, space, properties))


def names_in(h5: h5py.File) -> list[str]:
    """The columns that a file holds; in files of version 0.1.0 each has a table of its own."""
    if _NAMES in h5:
        return list(json.loads(h5[_NAMES][:].tobytes()))
    return list(json.loads(h5["provenance"].attrs.get("columns", "[]")))


def recorded(h5: h5py.File, keep: int) -> dict[str, NDArray[np.float64]]:
    """The first rows of every column, by its name."""
    names = names_in(h5)
    if ROWS in h5:
        return dict(zip(names, h5[ROWS][:keep].T, strict=True))
    return {name: h5[f"{ROOT}/FieldData/{table_name(name)}"][:keep] for name in names}


def row(names: Sequence[str], observables: Mapping[str, float]) -> NDArray[np.float64]:
    """The numbers of a step, (1, c); nan where one is missing."""
    same = len(names) == len(observables) and all(map(operator.eq, names, observables))  # as at every output but of a resumed run
    values = observables.values() if same else (observables.get(name, np.nan) for name in names)
    return np.fromiter(values, np.float64, len(names))[None]
