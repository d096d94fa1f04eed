"""VTK's own files, in every mode that VTK writes: .vtu, .vtp, .vts, .vtr, .vti, .vtk, and .pvtu, .pvtp, .pvd, which list some of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from .contents import CORNERS, Block, Contents, Ints, Unreadable, Values, Wanted
from .times import chosen_time

if TYPE_CHECKING:
    from vtkmodules.vtkCommonCore import vtkDataArray
    from vtkmodules.vtkCommonDataModel import vtkDataSet, vtkDataSetAttributes
    from vtkmodules.vtkCommonExecutionModel import vtkAlgorithm

Convert = Callable[["vtkDataArray"], NDArray[np.generic]]

# VTK's cell types by shape; the first nodes of curved cells are their corners.
_TYPES = {
    "vertex": (1,),
    "line": (3, 21, 35, 68, 75),
    "triangle": (5, 22, 34, 69, 76),
    "quad": (8, 9, 23, 28, 30, 70, 77),
    "tetra": (10, 24, 71, 78),
    "hexahedron": (11, 12, 25, 29, 33, 72, 79),
    "wedge": (13, 26, 31, 32, 73, 80),
    "pyramid": (14, 27, 37, 74, 81),
}
_SHAPE = {number: shape for shape, numbers in _TYPES.items() for number in numbers}
_ORDER = {8: [0, 1, 3, 2], 11: [0, 1, 3, 2, 4, 5, 7, 6]}  # pixels and voxels
_POLYVERTEX, _POLYLINE, _POLYGON, _EMPTY = 2, 4, 7, 0
_HIDDEN = 1 | 32  # bits of vtkGhostType: a copy of another piece's cell, and a blanked one
_ROUNDING = 1e-7  # of the extent: what pieces may differ by in one place
_COLLECTION = (".pvd", ".pvtu", ".pvtp")


def read(path: Path, wanted: Wanted | None = None) -> Contents:
    """The contents of a file; of a series in time the first, or the time that is wanted. Raises Unreadable."""
    if path.suffix.lower() not in _COLLECTION:
        return _contents(_dataset(path), wanted is not None)
    notes: list[str] = []
    pieces = [_contents(_dataset(piece), wanted is not None) for piece in _pieces(path, notes, wanted)]
    if not pieces:
        raise Unreadable("the file lists no pieces")
    return _merged(pieces, notes)


def _pieces(path: Path, notes: list[str], wanted: Wanted | None) -> Iterator[Path]:
    """The files that a collection lists, those of one time only."""
    try:
        root = ElementTree.parse(path).getroot()
    except (ElementTree.ParseError, UnicodeError, ValueError) as error:
        raise Unreadable(f"no XML: {error}") from None
    if path.suffix.lower() == ".pvd":
        listed = [(_time(entry), entry.get("file", "")) for entry in root.iter("DataSet")]
        times = sorted({time for time, _ in listed})
        chosen = times[:1] if wanted is None else chosen_time(wanted, times)
        if len(times) > 1 and wanted is None:
            notes.append(f"{len(times)} times in the file: the mesh of the first, {times[0]:g}, is taken")
        names = [name for time, name in listed if time in chosen]
    else:
        names = [entry.get("Source", "") for entry in root.iter("Piece")]
    for name in names:
        piece = path.parent / name
        if not piece.is_file():
            raise Unreadable(f"it lists the file {name!r}, which is not there")
        if piece.suffix.lower() == ".pvd":
            raise Unreadable(f"it lists {name!r}, a list of files itself")
        yield from _pieces(piece, notes, wanted) if piece.suffix.lower() in _COLLECTION else [piece]


def _time(entry: ElementTree.Element) -> float:
    try:
        return float(entry.get("timestep", "0"))
    except ValueError:
        raise Unreadable(f"a timestep is no number (given {entry.get('timestep')!r})") from None


def _dataset(path: Path) -> "vtkDataSet":
    """VTK's data set of one file."""
    from vtkmodules.vtkCommonCore import vtkOutputWindow, vtkStringOutputWindow

    window = vtkStringOutputWindow()
    vtkOutputWindow.SetInstance(window)
    reader = _reader(path.suffix.lower())
    reader.SetFileName(str(path))
    reader.Update()
    data = reader.GetOutputDataObject(0)
    said = [line.split("): ", 1)[-1].strip() for line in window.GetOutput().splitlines() if "): " in line]
    wrong = "ERR" in window.GetOutput() or "rror" in window.GetOutput()
    if wrong or reader.GetErrorCode() or data is None or not hasattr(data, "GetCellData"):
        raise Unreadable(f"{path.name}: VTK says: {said[0] if said else 'no mesh in it'}")
    return data if data.IsA("vtkUnstructuredGrid") or data.IsA("vtkPolyData") else _listed(data)


def _listed(data: "vtkDataSet") -> "vtkDataSet":
    """A lattice, or an image, with its points and cells one by one."""
    from vtkmodules.vtkFiltersCore import vtkAppendFilter

    append = vtkAppendFilter()
    append.AddInputData(data)
    append.Update()
    return append.GetOutput()


def _reader(ending: str) -> "vtkAlgorithm":
    from vtkmodules.vtkIOLegacy import vtkGenericDataObjectReader
    from vtkmodules.vtkIOXML import vtkXMLGenericDataObjectReader

    if ending == ".vtk":
        reader = vtkGenericDataObjectReader()
        for kind in ("Scalars", "Vectors", "Normals", "Tensors", "TCoords", "Fields"):
            getattr(reader, f"ReadAll{kind}On")()
        return reader
    return vtkXMLGenericDataObjectReader()


def _contents(data: "vtkDataSet", wide: bool) -> Contents:
    from vtkmodules.util.numpy_support import vtk_to_numpy

    if data.GetPoints() is None or not data.GetNumberOfCells():
        return Contents(np.empty((0, 3)), ())
    points = np.asarray(vtk_to_numpy(data.GetPoints().GetData()), dtype=np.float64)
    types, offsets, nodes = _cells(data, vtk_to_numpy)
    if (np.diff(offsets) < 0).any() or offsets[-1] > len(nodes) or len(offsets) != len(types) + 1:
        raise Unreadable("the list of cells contradicts itself")
    arrays = _arrays(data.GetCellData(), len(types), vtk_to_numpy, wide)
    hidden = np.asarray(arrays.pop("vtkGhostType", np.zeros(len(types), dtype=np.uint8))).astype(np.int64) & _HIDDEN
    blocks = _blocks(types, offsets, nodes, hidden == 0)
    whole = [replace(b, arrays={name: values[b.origin] for name, values in arrays.items()}) for b in blocks]
    return Contents(points, tuple(whole), _arrays(data.GetPointData(), len(points), vtk_to_numpy, wide))


def _cells(data: "vtkDataSet", convert: Convert) -> tuple[Ints, Ints, Ints]:
    """Types (n,), offsets (n+1,) and nodes of all cells, in the order of the cell arrays."""
    if data.IsA("vtkUnstructuredGrid"):
        groups = [(data.GetCells(), convert(data.GetCellTypesArray()))]
    elif data.IsA("vtkPolyData"):
        kinds = ((data.GetVerts(), _POLYVERTEX), (data.GetLines(), _POLYLINE), (data.GetPolys(), _POLYGON), (data.GetStrips(), 6))
        groups = [(cells, np.full(cells.GetNumberOfCells(), kind)) for cells, kind in kinds if cells.GetNumberOfCells()]
    else:
        raise Unreadable(f"it holds a {data.GetClassName()}, no grid and no polygons")
    types = np.concatenate([np.asarray(kind, dtype=np.int64) for _, kind in groups])
    sizes = np.concatenate([np.diff(convert(cells.GetOffsetsArray())) for cells, _ in groups])
    nodes = np.concatenate([np.asarray(convert(cells.GetConnectivityArray()), dtype=np.int64) for cells, _ in groups])
    return types, np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64), nodes


def _blocks(types: Ints, offsets: Ints, nodes: Ints, seen: NDArray[np.bool_]) -> Iterator[Block]:
    """Cells by type, those of one type that follow each other in one block."""
    sizes = np.diff(offsets)
    for number in (int(kind) for kind in dict.fromkeys(list(types[seen]))):
        rows = np.flatnonzero((types == number) & seen)
        if number in (_EMPTY, _POLYVERTEX):
            continue
        if number == _POLYLINE:
            yield _pieces_of_lines(rows, offsets, nodes)
        elif number == _POLYGON:
            for corners, shape in ((3, "triangle"), (4, "quad")):
                if len(some := rows[sizes[rows] == corners]):
                    yield Block(shape, nodes[offsets[some][:, None] + np.arange(corners)], some)
            if (other := ~np.isin(sizes[rows], (3, 4))).any():
                raise Unreadable(f"{int(other.sum())} polygons of neither three nor four corners; split them (ParaView: Triangulate)")
        elif number in _SHAPE:
            shape = _SHAPE[number]
            if (sizes[rows] < CORNERS[shape]).any():
                raise Unreadable("the list of cells contradicts itself")
            order = np.asarray(_ORDER.get(number, range(CORNERS[shape])))
            curved = bool((sizes[rows] > CORNERS[shape]).any())
            yield Block(shape, nodes[offsets[rows][:, None] + order], rows, curved=curved)
        else:
            raise Unreadable(
                f"{len(rows)} cells of VTK's type {number}, which is not read; split them (ParaView: Triangulate, Tetrahedralize)"
            )


def _pieces_of_lines(rows: Ints, offsets: Ints, nodes: Ints) -> Block:
    counts = np.maximum(offsets[rows + 1] - offsets[rows] - 1, 0)
    start = np.repeat(offsets[rows], counts) + np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return Block("line", np.stack([nodes[start], nodes[start + 1]], axis=1), np.repeat(rows, counts))


def _arrays(attributes: "vtkDataSetAttributes", count: int, convert: Convert, wide: bool) -> dict[str, Values]:
    """Arrays of one number per cell or point; wide: of several, too."""
    found = {}
    for k in range(attributes.GetNumberOfArrays()):
        array = attributes.GetArray(k)
        if array is not None and (wide or array.GetNumberOfComponents() == 1) and array.GetNumberOfTuples() == count:
            found[array.GetName() or f"array {k}"] = np.array(convert(array))
    return found


def _merged(pieces: list[Contents], notes: Iterable[str]) -> Contents:
    """Pieces that share nodes along their edges: points of two pieces at one place, but for rounding, are one point."""
    kept, offset, moved = [], 0, []
    for piece in pieces:
        used = np.unique(np.concatenate([b.nodes.ravel() for b in piece.blocks])) if piece.blocks else np.empty(0, dtype=np.int64)
        if len(used) and (used[0] < 0 or used[-1] >= len(piece.points)):
            raise Unreadable("cells refer to points that a piece does not have")
        kept.append(piece.points[used])
        moved.append(np.full(len(piece.points), -1, dtype=np.int64))
        moved[-1][used] = offset + np.arange(len(used))
        offset += len(used)
    whole = np.concatenate(kept)
    place = _places(whole)
    ends = np.cumsum([len(each) for each in kept])[:-1]
    repeat = np.concatenate([_repeats(each) for each in np.split(place, ends)])
    _, first, number = np.unique(np.column_stack([place, repeat]), axis=0, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))  # in the order of the pieces
    number = rank[number.reshape(-1)]
    points = np.empty((len(first), 3))
    points[rank] = whole[first]
    blocks, cells = [], 0
    for piece, new in zip(pieces, moved, strict=True):
        blocks += [replace(b, nodes=number[new[b.nodes]], origin=b.origin + cells) for b in piece.blocks]
        cells += sum(len(b.nodes) for b in piece.blocks)
    said = [f"{offset - len(first)} nodes shared by pieces joined"] if offset > len(first) else []
    listed = [set(piece.point_arrays) for piece in pieces if piece.blocks]
    arrays = {}
    for name in sorted(set.intersection(*listed)) if listed else ():
        rows = np.concatenate([piece.point_arrays[name][new >= 0] for piece, new in zip(pieces, moved, strict=True) if piece.blocks])
        arrays[name] = rows[first][np.argsort(rank)]
    return Contents(points, tuple(blocks), arrays, notes=(*notes, *said))


def _places(points: NDArray[np.float64]) -> Ints:
    """A number for each place: points that differ by the rounding of single precision only have the same."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    if not np.isfinite(points).all():
        raise Unreadable("coordinates of nodes are not finite numbers")
    extent = float(np.ptp(points, axis=0).max()) if len(points) else 0.0
    pairs = cKDTree(points).query_pairs(_ROUNDING * extent, output_type="ndarray")
    links = coo_array((np.ones(len(pairs), dtype=bool), (pairs[:, 0], pairs[:, 1])), shape=(len(points),) * 2)
    return np.asarray(connected_components(links, directed=False)[1], dtype=np.int64)


def _repeats(place: Ints) -> Ints:
    """How often each place has stood before in the same piece: the nodes on the two sides of a cut stay two."""
    order = np.argsort(place, kind="stable")
    start = np.concatenate([[True], place[order][1:] != place[order][:-1]])
    result = np.empty(len(place), dtype=np.int64)
    result[order] = np.arange(len(place)) - np.maximum.accumulate(np.where(start, np.arange(len(place)), 0))
    return result
