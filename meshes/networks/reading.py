"""Which reader reads which file of a network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ...solver.errors import MeshError
from ...solver.scenario.network import Network as Options
from ..network import Network
from .amira import read_amira
from .edges import is_edges, read_edges
from .graphml import read_graphml
from .polylines import read_polylines
from .rows import read_rows, read_yaml
from .skeleton import read_skeleton
from .swc import read_swc
from .table import Table, rows_of
from .tidy import tidied


@dataclass(frozen=True)
class Format:
    """What is read: endings, whose format it is, and the function that fills a table."""

    endings: tuple[str, ...]
    name: str
    read: Callable[[Table, Options], None]


def _csv(table: Table, options: Options) -> None:
    rows = rows_of(table.path)
    if rows and is_edges(rows[0][1]):
        read_edges(table, rows, options)
    else:
        read_rows(table, rows)


# docs/meshes.md has a row for each, and a test that writes such files and reads them.
FORMATS = (
    Format((".yaml", ".yml"), "by hand", lambda table, _: read_yaml(table)),
    Format((".csv", ".tsv"), "by hand, edge tables", _csv),
    Format((".vtp", ".vtu", ".vtk", ".pvtp", ".pvtu", ".pvd"), "VTK, VMTK, ParaView", read_polylines),
    Format((".swc",), "SWC", read_swc),
    Format((".am",), "Amira, Avizo", read_amira),
    Format((".png", ".tif", ".tiff"), "pictures", read_skeleton),
    Format((".graphml",), "networkx, igraph, Gephi", read_graphml),
)
KNOWN = ", ".join(ending for each in FORMATS for ending in each.endings)


def read_file(options: Options) -> Network:
    """The network of a file, not yet checked; raises MeshError with file, line and column where the format has them.

    Points at one place are joined, except in YAML, which is written by hand: there they are a mistake.
    """
    path = Path(options.file or "")
    reader = next((each for each in FORMATS if path.suffix.lower() in each.endings), None)
    if reader is None:
        raise MeshError(
            f"unknown format of a network (given {path.suffix or 'none'!r})",
            code="unknown-format",
            place=str(path),
            remedy=f"allowed: {KNOWN}",
        )
    table = Table(path, options.unit)
    reader.read(table, options)
    if (stated := options.radius_from or options.diameter_from) and not table.arrays:
        raise MeshError(
            f"no array {stated!r}: the file has none", code="no-array", place=str(path), remedy="leave out `radius_from`, `diameter_from`"
        )
    if options.nodes is not None and not table.arrays:
        raise MeshError("no table of edges, so `nodes` has no use", code="network-entry", place=str(path), remedy="leave out `nodes`")
    network = table.network()
    return network if reader is FORMATS[0] else tidied(network)
