"""One network in every format: a trunk along x that forks at (0.5, 0.5, 0.5); radii 0.02, 0.01, 0.01; length of the trunk 0.4."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

POINTS = np.array([[0.1, 0.5, 0.5], [0.3, 0.5, 0.5], [0.5, 0.5, 0.5], [0.9, 0.7, 0.5], [0.9, 0.3, 0.5]])
LINES = [[0, 1, 2], [2, 3], [2, 4]]
RADII = [0.02, 0.01, 0.01]
Options = dict[str, object]
Writer = Callable[[Path], tuple[Path, Options]]


def polylines(ending: str, name: str = "radius", factor: float = 1.0, on_points: bool = False, apart: bool = False) -> Writer:
    """VTK's lines; apart: every line has points of its own, and the first a piece without length."""

    def write(folder: Path) -> tuple[Path, Options]:
        from vtkmodules.util.numpy_support import numpy_to_vtk
        from vtkmodules.vtkCommonCore import vtkPoints
        from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData, vtkUnstructuredGrid
        from vtkmodules.vtkIOLegacy import vtkPolyDataWriter
        from vtkmodules.vtkIOXML import vtkXMLPolyDataWriter, vtkXMLUnstructuredGridWriter

        rows, lines = list[int](), list[list[int]]()
        for line in LINES if not apart else [[0, 0, 1, 2], *LINES[1:]]:
            lines.append(list(range(len(rows), len(rows) + len(line))))
            rows += line
        place = POINTS[rows] if apart else POINTS
        points, cells = vtkPoints(), vtkCellArray()
        points.SetData(numpy_to_vtk(place, deep=True))
        for line in lines if apart else LINES:
            cells.InsertNextCell(len(line), line)
        if ending == "vtu":
            data, writer = vtkUnstructuredGrid(), vtkXMLUnstructuredGridWriter()
            data.SetPoints(points)
            data.SetCells([4] * len(LINES), cells)
        else:
            data, writer = vtkPolyData(), vtkXMLPolyDataWriter() if ending == "vtp" else vtkPolyDataWriter()
            data.SetPoints(points)
            data.SetLines(cells)
        values = np.full(len(place), 0.01) if on_points else np.array(RADII)
        array = numpy_to_vtk(values / factor, deep=True)
        array.SetName(name)
        (data.GetPointData() if on_points else data.GetCellData()).AddArray(array)
        writer.SetInputData(data)
        writer.SetFileName(str(folder / f"n.{ending}"))
        writer.Write()
        usual = name in ("radius", "Mean Diameter [um]", "MaximumInscribedSphereRadius")
        stated: Options = {} if usual else {"diameter_from" if factor == 0.5 else "radius_from": name}
        return folder / f"n.{ending}", stated

    return write


def swc(folder: Path) -> tuple[Path, Options]:
    """As the standard writes it, the points of a vessel of type 0 or 7."""
    radius = [0.02, 0.02, 0.02, 0.0, 0.0]
    parent = [-1, 1, 2, 3, 3]
    rows = [f"{k + 1} 7 {x} {y} {z} {radius[k]} {parent[k]}" for k, (x, y, z) in enumerate(POINTS.tolist())]
    (folder / "n.swc").write_text("\n".join(["# ORIGINAL_SOURCE a test", *rows, ""]))
    return folder / "n.swc", {}


def amira(kind: str, packing: str = "") -> Writer:
    """Amira's SpatialGraph; the points of each edge hold a thickness, which is the radius."""

    def write(folder: Path) -> tuple[Path, Options]:
        nodes = [0, 2, 3, 4]
        edges = np.array([[0, 1], [1, 2], [1, 3]])
        between = np.concatenate(LINES)
        thickness = np.repeat(RADII, [len(line) for line in LINES])
        columns = (
            ("VERTEX", "float[3]", "VertexCoordinates", POINTS[nodes], "f4"),
            ("EDGE", "int[2]", "EdgeConnectivity", edges, "i4"),
            ("EDGE", "int", "NumEdgePoints", np.array([len(line) for line in LINES]), "i4"),
            ("POINT", "double[3]", "EdgePointCoordinates", POINTS[between], "f8"),
            ("POINT", "float", "thickness", thickness, "f4"),
        )
        order = "<" if "LITTLE" in kind else ">"
        head = [f"# AmiraMesh 3D {kind} 2.1", "", f"define VERTEX {len(nodes)}", "define EDGE 3", f"define POINT {len(between)}", ""]
        head += ["Parameters {", '    ContentType "HxSpatialGraph"', "}", ""]
        body = b""
        for mark, (group, form, name, values, dtype) in enumerate(columns, 1):
            data = values.astype(order + dtype).tobytes()
            tail = ""
            if kind == "ASCII":
                data = "\n".join(" ".join(repr(float(x)) for x in np.ravel(row)) for row in values).encode()
                data = data.replace(b".0\n", b"\n") if dtype == "i4" else data
            elif packing:
                data = zlib.compress(data) if packing == "HxZip" else _runs(data)
                tail = f"({packing},{len(data)})"
            head.append(f"{group} {{ {form} {name} }} @{mark}{tail}")
            body += f"@{mark}\n".encode() + data + b"\n\n"
        (folder / "n.am").write_bytes("\n".join([*head, "", "# Data section follows", ""]).encode() + body)
        return folder / "n.am", {}

    return write


def _runs(data: bytes) -> bytes:
    """Amira's run-length code: runs of zeros by their length, everything else as it is."""
    out, k = bytearray(), 0
    while k < len(data):
        end = k
        while end < len(data) and end - k < 127 and (data[end] == 0) == (data[k] == 0):
            end += 1
        out += bytes([end - k, 0]) if data[k] == 0 else bytes([128 + end - k]) + data[k:end]
        k = end
    return bytes(out)


def graphml(tool: str) -> Writer:
    """As networkx writes it, with sizes on edges or on nodes, and positions as one text or three numbers."""

    def write(folder: Path) -> tuple[Path, Options]:
        import networkx

        graph = networkx.Graph()
        for k in range(len(POINTS)):
            x, y, z = (float(each) for each in POINTS[k])
            at: dict[str, object] = {"pos": f"[{x}, {y}, {z}]"} if tool == "text" else {"X": x, "Y": y, "Z": z}
            graph.add_node(k, **at)
        for line, radius in zip(LINES, RADII, strict=True):
            for a, b in itertools.pairwise(line):
                graph.add_edge(a, b, **({"diameter": 2 * radius} if tool == "text" else {"radius_avg": radius, "length": 1.0}))
        networkx.write_graphml(graph, folder / "n.graphml")
        return folder / "n.graphml", {}

    return write


def edge_table(separator: str, header: str, suffix: str = "csv") -> Writer:
    """A row per segment with the coordinates of both ends."""

    def write(folder: Path) -> tuple[Path, Options]:
        rows = [header.replace(",", separator)]
        for line, radius in zip(LINES, RADII, strict=True):
            for a, b in itertools.pairwise(line):
                values = [*POINTS[a].tolist(), *POINTS[b].tolist(), 2 * radius if "diam" in header.lower() else radius]
                rows.append(separator.join(map(str, values)))
        (folder / f"n.{suffix}").write_text("\n".join(rows), encoding="utf-8-sig")
        return folder / f"n.{suffix}", {}

    return write


def two_tables(folder: Path) -> tuple[Path, Options]:
    """Nodes and edges apart, as Voreen writes them."""
    nodes = ["id;pos_x;pos_y;pos_z;degree", *(f"{k};{x};{y};{z};1" for k, (x, y, z) in enumerate(POINTS.tolist()))]
    edges = ["id;node1id;node2id;length;avgRadiusAvg"]
    for line, radius in zip(LINES, RADII, strict=True):
        edges += [f"{len(edges)};{a};{b};1.0;{radius}" for a, b in itertools.pairwise(line)]
    (folder / "nodes.csv").write_text("\n".join(nodes))
    (folder / "n.csv").write_text("\n".join(edges))
    return folder / "n.csv", {"nodes": str(folder / "nodes.csv")}


def by_hand(folder: Path) -> tuple[Path, Options]:
    """Rows of nodes and segments."""
    rows = [f"node,n{k},{x},{y},{z}" for k, (x, y, z) in enumerate(POINTS.tolist())]
    for line, radius in zip(LINES, RADII, strict=True):
        rows += [f"segment,n{a},n{b},{radius}" for a, b in itertools.pairwise(line)]
    (folder / "n.csv").write_text("\n".join(rows))
    return folder / "n.csv", {}


def yaml(folder: Path) -> tuple[Path, Options]:
    """Nodes and segments as a mapping and a list."""
    rows = ["nodes:", *(f"  n{k}: {at.tolist()}" for k, at in enumerate(POINTS)), "segments:"]
    for line, radius in zip(LINES, RADII, strict=True):
        rows += [f"  - [n{a}, n{b}, {radius}]" for a, b in itertools.pairwise(line)]
    (folder / "n.yaml").write_text("\n".join(rows))
    return folder / "n.yaml", {}


# Ending -> modes -> writer. docs/meshes.md lists the endings.
FORMATS: dict[str, dict[str, Writer]] = {
    ".yaml": {"by-hand": yaml},
    ".csv": {
        "by-hand": by_hand,
        "ends": edge_table(",", "x1,y1,z1,x2,y2,z2,radius"),
        "skeleton": edge_table(",", "V1 x,V1 y,V1 z,V2 x,V2 y,V2 z,radius"),
        "semicolon": edge_table(";", "start_x,start_y,start_z,end_x,end_y,end_z,Diameter (mm)"),
        "two-tables": two_tables,
    },
    ".tsv": {"ends": edge_table("\t", "X_from,Y_from,Z_from,X_to,Y_to,Z_to,r", "tsv")},
    ".vtp": {
        "cells": polylines("vtp"),
        "diameter": polylines("vtp", "Mean Diameter [um]", 0.5),
        "stated": polylines("vtp", "caliber", 0.5),
        "apart": polylines("vtp", apart=True),
    },
    ".vtu": {"cells": polylines("vtu"), "stated": polylines("vtu", "half width")},
    ".vtk": {"cells": polylines("vtk")},
    ".swc": {"standard": swc},
    ".am": {
        "text": amira("ASCII"),
        "binary": amira("BINARY-LITTLE-ENDIAN"),
        "big-endian": amira("BINARY"),
        "zip": amira("BINARY-LITTLE-ENDIAN", "HxZip"),
        "runs": amira("BINARY-LITTLE-ENDIAN", "HxByteRLE"),
    },
    ".graphml": {"numbers": graphml("numbers"), "text": graphml("text")},
}
CASES = [(ending, mode) for ending, modes in FORMATS.items() for mode in modes]
