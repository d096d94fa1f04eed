"""Networks in every format of their own writers: places, radii and joints come back; what is wrong in them is named."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from invasio.meshes.network import Network, read_network
from invasio.solver.cli import main
from invasio.solver.scenario.network import Network as Options
from tests.lib.messages import printed, refused
from tests.unit.meshes.network_writers import CASES, FORMATS, LINES, POINTS, polylines


def read(path: Path, dim: int | None = 3, **options: object) -> Network:
    """The network of a file whose loose ends are tips."""
    return given(path, dim, options)


def given(path: Path, dim: int | None, options: Mapping[str, object]) -> Network:
    """The same with the options of a writer."""
    return read_network(Options.model_validate({"file": str(path), "loose_ends": "tip", **options}), dim)


@pytest.mark.parametrize(("ending", "mode"), CASES)
def test_places_radii_and_joints_come_back(tmp_path: Path, ending: str, mode: str) -> None:
    path, options = FORMATS[ending][mode](tmp_path)
    network = given(path, 3, options)
    wanted = {(a, b): radius for line, radius in zip(LINES, (0.02, 0.01, 0.01), strict=True) for a, b in itertools.pairwise(line)}
    numbers = [int(np.argmin(np.linalg.norm(POINTS - at, axis=1))) for at in network.points]
    assert np.allclose(network.points, POINTS[numbers], atol=1e-6) and sorted(numbers) == [0, 1, 2, 3, 4]
    found = {}
    for k in range(len(network.segments)):
        a, b = sorted(numbers[int(node)] for node in network.segments[k])
        found[a, b] = float(network.radius[k])
    assert found == pytest.approx(wanted)
    assert sorted(numbers[node] for node in network.ends) == [0, 3, 4]
    assert given(path, None, options).segments.shape == (4, 2)  # as `validate` reads it where the tissue is not known yet


def test_repeated_points_and_pieces_without_length_are_said(tmp_path: Path) -> None:
    path, _ = polylines("vtp", apart=True)(tmp_path)
    network = read(path)
    assert network.notes == ("3 repeated points joined", "1 pieces without length dropped")
    assert network.names == ("segment1", "segment1", "segment2", "segment3")


def test_sizes_on_points_are_averaged(tmp_path: Path) -> None:
    path, _ = polylines("vtp", "MaximumInscribedSphereRadius", on_points=True)(tmp_path)
    assert np.allclose(read(path).radius, 0.01)


def test_arrays_that_are_there_are_listed(tmp_path: Path) -> None:
    path, _ = polylines("vtp", "caliber")(tmp_path)
    with refused("wrong-radius", f"{path}: line 0", "caliber", ("has no radius", "`radius_from`")):
        read(path)
    assert np.allclose(read(path, radius=0.3).radius, 0.3)
    with refused("no-array", str(path), "the file has the arrays: caliber", ("'width'",)):
        read(path, radius_from="width")
    text = "x1,y1,x2,y2,mean radius,avg radius\n0,0,1,0,0.1,0.1\n"
    (tmp_path / "two.csv").write_text(text)
    with refused("ambiguous-radius", f"{tmp_path / 'two.csv'}:1:1", "`radius_from`", ("mean radius, avg radius",)):
        read(tmp_path / "two.csv", 2)
    assert read(tmp_path / "two.csv", 2, diameter_from="avg radius").radius.tolist() == [0.05]


@pytest.mark.parametrize(
    ("name", "text", "code", "place", "says"),
    [
        ("n.csv", "x1,y1,x2,y2\n0,0,1,wide\n", "not-a-number", "n.csv:2:1", ("'wide'",)),
        ("n.csv", "x1,y1,x2,y2\n0,0,1\n", "network-entry", "n.csv:2:1", ("column y2",)),
        ("n.csv", "source,target,radius\na,b,1\n", "unknown-node", "n.csv:1:1", ("`nodes: FILE`", "source, target, radius")),
        ("n.csv", "length,width\n1,2\n", "network-entry", "n.csv:1:1", ("'length,width'", "x1,y1,z1,x2,y2,z2")),
        ("n.swc", "1 7 0 0 0 1 -1\n2 7 1 0 0 1 5\n", "unknown-node", "n.swc:2:1", ("parent 5",)),
        ("n.swc", "1 7 0 0 0 -1\n", "network-entry", "n.swc:1:1", ("6 values",)),
        ("n.am", "no graph", "unreadable-file", "n.am", ("# AmiraMesh",)),
        (
            "n.am",
            "# AmiraMesh 3D ASCII 2.0\ndefine VERTEX 2\nVERTEX { float[3] VertexCoordinates } @1\n@1\n0 0 0\n",
            "unreadable-file",
            "n.am",
            ("than the 6",),
        ),
        ("n.graphml", "<graphml><node", "unreadable-file", "n.graphml", ("GraphML",)),
        (
            "n.graphml",
            '<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><graph edgedefault="directed"><node id="a"/></graph></graphml>',
            "bad-coordinates",
            "n.graphml: node a",
            ("without coordinates",),
        ),
        ("n.vtp", "<VTKFile", "unreadable-file", "n.vtp", ("VTK says",)),
    ],
)
def test_mistakes_are_named_with_their_place(tmp_path: Path, name: str, text: str, code: str, place: str, says: tuple[str, ...]) -> None:
    (tmp_path / name).write_text(text)
    with refused(code, str(tmp_path / place), says=says):
        read(tmp_path / name, 2)


def test_validate_reads_the_networks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    polylines("vtp", apart=True)(tmp_path)
    scenario = tmp_path / "s.yaml"
    scenario.write_text(
        "schema_version: 1\nname: s\nmesh: {kind: box, size: 0.2}\nmodel:\n  cells: {tumour: {initial: 1, motility: 1}}\n"
        "  vessels: {tree: {carries: blood, at: {network: {file: n.vtp, loose_ends: tip}}, entry: {tumour: 1}}}\ntime: {end: 1}\n"
    )
    assert main(["validate", str(scenario)]) == 0
    out = capsys.readouterr().out
    assert "  network     tree: 4 segments, length 1.29443, radius 0.01 to 0.02\n" in out
    assert "  note        tree: 3 repeated points joined\n  note        tree: 1 pieces without length dropped\n" in out
    scenario.write_text(scenario.read_text().replace(", loose_ends: tip", ""))
    assert main(["validate", str(scenario)]) == 3
    printed(capsys.readouterr().err, "loose-end", f"{tmp_path / 'n.vtp'}: point 0", "loose_ends: tip")
