"""What `validate` finds once the mesh is there: names and dimensions on meshes of files, and what lattices are too coarse for."""

from __future__ import annotations

from pathlib import Path

import pytest

from invasio.solver.cli import main
from tests.lib.messages import printed

# a rectangle of two squares with two triangles each: regions left and right, boundary skin at x = 0, interface border between them
MESH = """\
$MeshFormat
2.2 0 8
$EndMeshFormat
$PhysicalNames
4
2 1 "left"
2 2 "right"
1 3 "skin"
1 4 "border"
$EndPhysicalNames
$Nodes
6
1 0 0 0
2 1 0 0
3 2 0 0
4 0 1 0
5 1 1 0
6 2 1 0
$EndNodes
$Elements
6
1 1 2 3 3 1 4
2 1 2 4 4 2 5
3 2 2 1 1 1 2 5
4 2 2 1 1 1 5 4
5 2 2 2 2 2 3 6
6 2 2 2 2 2 6 5
$EndElements
"""
SCENARIO = """\
scales: {length: 1 um, time: 1 h, cells: 1e5 /cm^2, mmp: 1 nM}
mesh: {kind: file, path: two.msh}
model:
  cells: {tumour: {initial: {left: 1}, motility: 1}}
  ecm: {initial: 1}
  solubles: {mmp: {diffusion: 1}}
  membranes: {border: {permeability: {tumour: 1}}}
  vessels: {blood: {carries: blood, at: {boundary: skin}, entry: {tumour: 1}}}
boundaries: {skin: {mmp: {kind: fixed, value: 2}}}
surgery: {cut: {at: 0.5, region: left}}
time: {end: 1}
output: {regions: all}
expect:
  - {at: 1, what: series, of: "tumour.in:right", value: 0, tolerance: 1}
  - {at: 1, what: integral, of: tumour, region: left, value: 0, tolerance: 1}
"""
# change -> code, place, remedy
WRONG = {
    ("initial: {left: 1}", "initial: {lefft: 1}"): ("no-region", "model.cells.tumour.initial.lefft", "left"),
    ("motility: 1}", "motility: {rigth: 1}}"): ("no-region", "model.cells.tumour.motility.rigth", "right"),
    ("{border: {perm", "{bordr: {perm"): ("no-interface", "model.membranes.bordr", "border"),
    ("{boundary: skin}", "{boundary: skinn}"): ("no-boundary", "model.vessels.blood.at.boundary", "skin"),
    ("{skin: {mmp", "{skim: {mmp"): ("no-boundary", "boundaries.skim", "skin"),
    ("region: left}", "region: leftt}"): ("no-region", "surgery.cut.region", "left"),
    ("in:right", "in:wright"): ("no-column", "expect[0].of", "tumour.in:right"),
    ("region: left, value", "region: let, value"): ("no-region", "expect[1].region", "left"),
    ("cells: 1e5 /cm^2", "cells: 1e8 /cm^3"): ("missing-option", "scales.cells", "depth"),
    ("{left: 1}, mot", "{left: 1}, amount: 30 cells/cm, mot"): ("wrong-dimension", "mesh", "unit"),
    ("motility: 1}", "motility: 1, fibres: {direction: [1, 0, 0], across: 1}}"): ("wrong-length", "fibres.direction", "2"),
}


def wrote(folder: Path, text: str) -> str:
    (folder / "two.msh").write_text(MESH, encoding="utf-8")
    (folder / "s.yaml").write_text(text, encoding="utf-8")
    return str(folder / "s.yaml")


def test_a_mesh_file_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", wrote(tmp_path, SCENARIO)]) == 0, capsys.readouterr().err


@pytest.mark.parametrize("change", WRONG, ids=lambda change: change[1])
def test_names_on_a_mesh_file_are_found(tmp_path: Path, capsys: pytest.CaptureFixture[str], change: tuple[str, str]) -> None:
    """With line and what was meant, as on a mesh whose options tell its names."""
    old, new = change
    assert SCENARIO.count(old) == 1
    path = wrote(tmp_path, SCENARIO.replace(old, new))
    assert main(["validate", path]) == 2
    code, place, remedy = WRONG[change]
    first, *lines = capsys.readouterr().err.splitlines()
    assert first == f"invasio: {len(lines)} error{'s' if len(lines) > 1 else ''} in {path}:"
    assert [line for line in lines if line.startswith(f"{path}:") and place in line and remedy in line and line.endswith(f" [{code}]")]


LATTICE = "mesh: {{kind: rectangle, to: [1, 1], cells: [4, 4], {}}}\nspecies: {{c: {{initial: 1, diffusion: 1}}}}\ntime: {{end: 1}}\n"


@pytest.mark.parametrize(
    ("more", "code", "exit_code"),
    [
        ("regions: {spot: {kind: disc, centre: [0.5, 0.5], radius: 0.01}}", "empty-region", 3),
        (
            "regions: {a: {kind: disc, centre: [0.1, 0.1], radius: 0.2}, b: {kind: disc, centre: [0.9, 0.9], radius: 0.2}}, "
            "interfaces: {wall: [a, b]}",
            "empty-interface",
            3,
        ),
    ],
)
def test_what_a_lattice_is_too_coarse_for(tmp_path: Path, capsys: pytest.CaptureFixture[str], more: str, code: str, exit_code: int) -> None:
    """A region without a cell, an interface without a facet: as the run would say."""
    path = wrote(tmp_path, LATTICE.format(more))
    assert main(["validate", path]) == exit_code
    printed(capsys.readouterr().err, code)


def test_parts_of_a_network_are_looked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A tree names its segments by their branchings; a boundary is the one part of its vessel."""
    text = (
        "mesh: {kind: rectangle, to: [1, 1], cells: [4, 4]}\ntime: {end: 1}\noutput: {parts: [blood/2, PART]}\nmodel:\n"
        "  cells: {tumour: {initial: 1, motility: 1}}\n  vessels:\n"
        "    lymph: {carries: lymph, at: {boundary: left}, entry: {tumour: 1}}\n"
        "    blood: {carries: blood, entry: {tumour: 1}, at: {network: {tree: {from: [.5, .1], direction: [0, 1], radius: 0.01,\n"
        "      length: 0.2, generations: 3, seed: 1, within: {kind: rectangle, from: [.02, .02], to: [.98, .98]}}}}}\n"
    )
    for part, right in (("blood/12", True), ("lymph/left", True), ("blood/left", False), ("vein/1", False)):
        path = wrote(tmp_path, text.replace("PART", part))
        assert main(["validate", path]) == (0 if right else 2)
        said = capsys.readouterr().err
        assert right or (f"{path}:3:27: output.parts[1]: no vessel has a part '{part}'" in said and said.rstrip().endswith("[no-part]"))
