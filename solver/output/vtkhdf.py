"""The VTKHDF tables of fields.vtkhdf: created here once, so that an append changes as little as possible.

Layout (N nodes, M cells, k nodes per cell, n steps), see docs/files.md:

    /VTKHDF  Points (N,3)  Connectivity (kM,)  Offsets (M+1,)  Types (M,)
      PointData/<field> (n*stride,)  CellData/region (M,)  FieldData/<observable> (n,), see columns.py
      Steps @NSteps  Values (n,)  PointDataOffsets/<field> = i*stride  ...

``stride`` is N, rounded up to whole chunks for meshes of more than 65,536 nodes, so that a step never
touches a chunk of an earlier one.
"""

from __future__ import annotations

from collections.abc import Sequence

import h5py
import numpy as np

ROOT = "VTKHDF"
STEPS = f"{ROOT}/Steps"
AHEAD = 1024  # steps by which the small tables are extended ahead of use
_TIMES = 16384  # times in one chunk, allocated with the first: adding a time then does not lengthen the file
CELL_TYPES = {0: 1, 1: 3, 2: 5, 3: 10}  # VTK_VERTEX, VTK_LINE, VTK_TRIANGLE, VTK_TETRA


def create_static(h5: h5py.File, dim: int, n_nodes: int, n_cells: int, chunks: tuple[int, int], level: int) -> None:
    """Create the group, its attributes and the (still empty) tables of the mesh; ``chunks``: rows for nodes and cells."""
    root = h5.create_group(ROOT)
    root.attrs["Version"] = np.array([2, 1], dtype=np.int64)
    root.attrs.create("Type", np.bytes_("UnstructuredGrid"))  # VTK <= 9.4 refuses h5py's default, UTF-8
    corners = dim + 1
    for name, rows, columns, chunk, kind in (
        ("Points", n_nodes, 3, chunks[0], "f8"),
        ("Connectivity", n_cells * corners, 0, chunks[1] * corners, "i8"),
        ("Offsets", n_cells + 1, 0, min(chunks[1], n_cells + 1), "i8"),
        ("Types", n_cells, 0, chunks[1], "u1"),
        ("CellData/region", n_cells, 0, chunks[1], "i4"),
    ):
        shape, pieces = ((rows, columns), (chunk, columns)) if columns else ((rows,), (chunk,))
        root.create_dataset(name, shape, kind, chunks=pieces, fill_time="never", **(squeeze(level) or early()))
    for name, number in (("NumberOfPoints", n_nodes), ("NumberOfCells", n_cells), ("NumberOfConnectivityIds", n_cells * corners)):
        root.create_dataset(name, data=np.array([number], dtype=np.int64))


def create_steps(
    h5: h5py.File, names: Sequence[str], observables: Sequence[str], rows: int, kind: np.dtype, level: int, still: Sequence[str] = ()
) -> None:
    """Create the growing tables with no step in them; ``rows`` is the chunk of the fields. Those that stand ``still`` have one step's
    rows, which every step refers to.

    Offset tables that are equal are one table under several names: appending then writes fewer of them.
    """
    root = h5[ROOT]
    steps = root.create_group("Steps")
    steps.attrs["NSteps"] = np.int64(0)
    steps.create_dataset("Values", (0,), "f8", maxshape=(None,), chunks=(_TIMES,), **early())
    for name, shape in (("zero", (0,)), ("zero_column", (0, 1)), ("one", (0,)), ("index", (0,)), ("row", (0,))):
        steps.create_dataset(f".{name}", shape, "i8", maxshape=(None, *shape[1:]), chunks=(AHEAD, *shape[1:]), **early())
    for name, table in (
        ("PartOffsets", "zero"),
        ("PointOffsets", "zero"),
        ("CellOffsets", "zero_column"),
        ("ConnectivityIdOffsets", "zero_column"),
        ("NumberOfParts", "one"),
        ("CellDataOffsets/region", "zero"),
    ):
        steps[name] = steps[f".{table}"]
    for name in names:
        storage = squeeze(level) or early()
        root.create_dataset(f"PointData/{name}", (0,), kind, maxshape=(None,), chunks=(rows,), fill_time="never", **storage)
        steps[f"PointDataOffsets/{name}"] = steps[".zero" if name in still else ".row"]
    for name in observables:
        steps[f"FieldDataOffsets/{name}"] = steps[".index"]
    for table in ("zero", "zero_column", "one", "index", "row"):
        del steps[f".{table}"]  # only the names VTK knows remain


def offset_tables(first: int, last: int, stride: int) -> dict[str, np.ndarray]:
    """What the offset tables hold for steps ``first`` to ``last - 1``, by one of each table's names."""
    index = np.arange(first, last, dtype=np.int64)
    zero = np.zeros_like(index)
    return {"PartOffsets": zero, "CellOffsets": zero[:, None], "NumberOfParts": zero + 1, "index": index, "row": index * stride}


def early() -> dict[str, object]:
    """Room is allocated when a table grows: so each rank can be told where its rows lie. (Compressed chunks get theirs when written.)"""
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    return {"dcpl": properties}


def squeeze(level: int) -> dict[str, object]:
    return {"compression": "gzip", "compression_opts": level, "shuffle": True} if level else {}
