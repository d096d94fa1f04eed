# ruff: noqa: E501  (messages stay on one line, as they are printed)
"""Vessel networks: files in every format, and every mistake in one named with its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from invasio.meshes.domain import MeshData
from invasio.meshes.lumen import cut_out
from invasio.meshes.network import Network, read_network
from invasio.solver.scenario.network import Network as Options
from tests.lib.comm import Comm
from tests.lib.messages import refused
from tests.lib.models import species
from tests.lib.vessels import flux, tissue, vessel
from tests.unit.meshes.build import make

YAML = """\
nodes:
  a: [0.1, 0.5]
  b: [0.5, 0.5]
  c: [0.9, 0.7]
ends: {a: inlet, c: tip}
segments:
  - [a, b, 0.02, artery, main]
  - [b, c, 0.01]
"""
CSV = """\
# node,ID,x,y,z,end
node,a,0.1,0.5,inlet
node,b,0.5,0.5
node,c,0.9,0.7,tip
segment,a,b,0.02,artery,main
segment,b,c,0.01
"""


def read(folder: Path, name: str, text: str, dim: int = 2, **options: object) -> Network:
    """The network of a file with this text."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read_network(Options.model_validate({"file": str(path), **options}), dim)


@pytest.mark.parametrize(("name", "text"), [("n.yaml", YAML), ("n.csv", CSV)])
def test_tables(tmp_path: Path, name: str, text: str) -> None:
    network = read(tmp_path, name, text, unit=10.0)
    assert np.allclose(network.points, [[1, 5], [5, 5], [9, 7]]) and np.allclose(network.radius, [0.2, 0.1])
    assert network.segments.tolist() == [[0, 1], [1, 2]] and network.ends == {0: "inlet", 2: "tip"}
    assert network.names == ("main", "segment2") and network.types == ("artery", "")


@pytest.mark.parametrize("suffix", ["vtk", "vtu"])
@pytest.mark.parametrize("where", ["point_data", "cell_data"])
def test_polylines(tmp_path: Path, suffix: str, where: str) -> None:
    import meshio

    points = np.array([[0.1, 0.1, 0.0], [0.5, 0.5, 0.0], [0.9, 0.5, 0.0]])
    at_points = where == "point_data"
    data: dict[str, Any] = {where: {"radius": [0.02, 0.01, 0.01] if at_points else [[0.015, 0.01]]}}
    meshio.Mesh(points, [("line", [[0, 1], [1, 2]])], **data).write(tmp_path / f"n.{suffix}")
    network = read_network(Options.model_validate({"file": str(tmp_path / f"n.{suffix}"), "loose_ends": "tip"}), 2)
    assert np.allclose(network.points, points[:, :2]) and np.allclose(network.radius, [0.015, 0.01])
    assert network.ends == {0: "tip", 2: "tip"}


WRONG = {
    "loose end": (YAML.replace(", c: tip", ""), "loose-end", ":4:6: nodes.c", ("node c at (0.9, 0.7)", "inlet, outlet nor tip", "`loose_ends: tip`")),
    "no length": (YAML.replace("[0.5, 0.5]", "[0.1, 0.5]"), "no-length", ":7:5: segments[0]", ("'main' (from node a to node b)", "at (0.1, 0.5)")),
    "radius": (YAML.replace("0.02", "-0.02"), "wrong-radius", ":7:5: segments[0]", ("'main' (from node a to node b)", "radius -0.02", "above 0")),
    "no radius": (YAML.replace("c, 0.01", "c"), "wrong-radius", ":8:5: segments[1]", ("'segment2' (from node b to node c)", "`radius` for all")),
    "unknown node": (YAML.replace("[b, c", "[b, d"), "unknown-node", ":8:5: segments[1]", ("node d", "the file has: a, b, c")),
    "unknown end": (YAML.replace("c: tip", "c: tipp"), "wrong-end", ":5:21: ends.c", ("node c", "'tipp'", "allowed: inlet, outlet, tip")),
    "marked inside": (YAML.replace("c: tip", "c: tip, b: outlet"), "wrong-end", ":3:6: nodes.b", ("node b is marked outlet", "2 segments")),
    "unused node": (YAML.replace("  b: [", "  e: [0, 0]\n  b: ["), "unused-node", ":3:6: nodes.e", ("node e", "remove it")),
    "unknown entry": (YAML.replace("segments:", "segment:"), "unknown-key", ":6:1", ("'segment'", "allowed: nodes, ends, segments")),
    "coordinates": (YAML.replace("[0.5, 0.5]", "[0.5]"), "bad-coordinates", ":3:6: nodes.b", ("node b", "2 or 3", "(given [0.5])")),
    "not flat": (YAML.replace("[0.1, 0.5]", "[0.1, 0.5, 0]").replace("[0.5, 0.5]", "[0.5, 0.5, 0.3]").replace("[0.9, 0.7]", "[0.9, 0.7, 0]"), "not-flat", ":3:6: nodes.b", ("node b at (0.5, 0.5, 0.3)", "z = 0")),
    "not yaml": ("nodes: [", "not-yaml", ":1:9", ("expected the node content, but found '<stream end>'",)),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_mistakes_are_named_with_their_place(tmp_path: Path, name: str) -> None:
    text, code, place, says = WRONG[name]
    with refused(code, says=says) as caught:
        read(tmp_path, "n.yaml", text)
    assert caught.error.place == f"{tmp_path / 'n.yaml'}{place}"


def test_mistakes_in_rows(tmp_path: Path) -> None:
    for old, new, code, place, says in (
        ("segment,b,c,0.01", "segment,b,c,wide", "not-a-number", "n.csv:6:1", ("radius", "'wide'")),
        ("segment,b,c,0.01", "vein,b,c", "network-entry", "n.csv:6:1", ("'vein,b,c'", "node,ID,x,y,z,end", "segment,A,B,radius,type,name")),
        ("node,b,0.5,0.5", "node,a,0.5,0.5", "repeated-name", "n.csv:3:1", ("node a",)),
        ("node,b,0.5,0.5", "node,b,0.5,0.5,0", "bad-coordinates", "n.csv:3:1", ("node b has 3 coordinates", "have 2")),
    ):
        with refused(code, place, says=says):
            read(tmp_path, "n.csv", CSV.replace(old, new))
    with refused("unknown-format", "n.txt", "allowed: .yaml, .yml, .csv", ("'.txt'",)):
        read(tmp_path, "n.txt", CSV)
    with refused("network-dimension", "n.csv", says=("2 coordinates", "3")):
        read(tmp_path, "n.csv", CSV, 3)
    with refused("network-dimension", "n.csv", "in 1-D a vessel is a boundary, an interface or a region"):
        read(tmp_path, "n.csv", CSV, 1)


def test_outside_the_tissue(comm: Comm, tmp_path: Path) -> None:
    """A node outside, and a segment that leaves through a hole: named with the place."""
    cells = species("n", "1", "cells", diffusion="1")
    data = make("rectangle", size=0.1, structured=False, regions={"hole": {"kind": "disc", "centre": [0.3, 0.5], "radius": 0.08}})
    tree = vessel("tree", "network", [], flux("n", "1"))
    with refused("outside-tissue", "n.yaml:4:6: nodes.c: vessel tree", "move it inside, or check `unit`", ("node c at (0.9, 1.7)",)):
        tissue((cells,), data, comm, [tree], {"tree": read(tmp_path, "n.yaml", YAML.replace("0.7]", "1.7]"))})
    lumen = vessel("hole", "region", ["hole"], flux("n", "1"))
    says = ("segment 'main' (from node a to node b) leaves the tissue at (0.2", ", 0.5)")
    with refused("outside-tissue", "n.yaml:7:5: segments[0]: vessel tree", "bend it", says):
        tissue((cells,), data, comm, [tree, lumen], {"tree": read(tmp_path, "n.yaml", YAML)})


def test_lumens() -> None:
    """A lumen goes with its nodes; names of what is left stay; nonsense is refused."""
    shapes = {"a": {"kind": "disc", "centre": [0.3, 0.5], "radius": 0.1}, "b": {"kind": "rectangle", "from": [0.6, 0.3], "to": [0.8, 0.7]}}
    data = make("rectangle", size=0.08, structured=False, regions=shapes, interfaces={"k": ["b", "tissue"]})
    left = cut_out(data, ["a"])
    assert left.regions == ("tissue", "b") and set(left.boundaries) == {"left", "right", "bottom", "top", "a"}
    assert len(left.interfaces["k"]) == len(data.interfaces["k"]) and len(np.unique(left.cells)) == len(left.points)
    gone = len(data.cells) - len(left.cells)
    assert gone == int((data.cell_region == data.regions.index("a")).sum()) > 0
    assert len(cut_out(data, ["a", "b"]).interfaces["k"]) == 0
    assert isinstance(cut_out(data, []), MeshData) and cut_out(data, []) is data
    with refused("no-region", data.source, "the mesh has: a, b, tissue", ("'c'",)):
        cut_out(data, ["c"])
    with refused("no-tissue", data.source, says=("(a, b, tissue)",)):
        cut_out(data, ["a", "b", "tissue"])
