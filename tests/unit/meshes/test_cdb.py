"""ANSYS's coded database: shapes of degenerate elements, materials, what is left out, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from invasio.meshes.build import build_data
from invasio.meshes.files.cdb_files import read
from invasio.meshes.quality import quality
from tests.lib.messages import refused
from tests.unit.meshes.build import options

# a brick, a wedge beside it and a pyramid on it; a beam; the wedge is of another material
NODES = """\
        1        0        0
        2        0        0 1.0000000000000E+000
        3        0        0 1.0000000000000E+000 1.0000000000000E+000
        4        0        0 0.0000000000000E+000 1.0000000000000E+000
        5        0        0 0.0000000000000E+000 0.0000000000000E+000 1.0000000000000E+000
        6        0        0 1.0000000000000E+000 0.0000000000000E+000 1.0000000000000E+000
        7        0        0 1.0000000000000E+000 1.0000000000000E+000 1.0000000000000E+000
        8        0        0 0.0000000000000E+000 1.0000000000000E+000 1.0000000000000E+000
        9        0        0 2.0000000000000E+000
       10        0        0 2.0000000000000E+000 0.0000000000000E+000 1.0000000000000E+000
       11        0        0 5.0000000000000E-001 5.0000000000000E-001 2.0000000000000E+000
"""
# material, type, and the number, count and list of the nodes of each element
ELEMENTS = "".join(
    "".join(f"{n:9d}" for n in (material, kind, 1, 1, 0, 0, 0, 0, len(nodes), 0, number, *nodes)) + "\n"
    for number, (material, kind, nodes) in enumerate(
        (
            (1, 1, (1, 2, 3, 4, 5, 6, 7, 8)),
            (2, 1, (2, 9, 3, 3, 6, 10, 7, 7)),
            (1, 1, (5, 6, 7, 8, 11, 11, 11, 11)),
            (1, 2, (1, 2)),
        ),
        1,
    )
)
FILE = f"""\
/PREP7
ET,        1,SOLID185
ET,        2,188
NBLOCK,6,SOLID,       11,       11
(3i9,6e21.13e3)
{NODES}N,R5.3,LOC,       -1,
EBLOCK,19,SOLID,         4,         4
(19i9)
{ELEMENTS}       -1
CMBLOCK,FLOOR   ,NODE,       2
(8i10)
         1        -4
FINISH
"""


def test_shapes_and_materials(tmp_path: Path) -> None:
    """Volumes 1, 1/2 and 1/3; materials are regions where there are no components of elements; nodes make a boundary."""
    path = tmp_path / "m.cdb"
    path.write_text(FILE, encoding="utf-8")
    assert {b.shape for b in read(path).blocks} == {"hexahedron", "wedge", "pyramid", "quad"}
    data = build_data(options("file", path=str(path), regions={"core": 1, "side": 2}))
    found = quality(data)
    assert {name: part.measure for name, part in found.regions.items()} == pytest.approx({"core": 4 / 3, "side": 1 / 2})
    assert found.boundaries["FLOOR"].measure == pytest.approx(1.0)
    assert any("type 188" in note for note in data.notes)


def test_tetrahedra_of_second_order(tmp_path: Path) -> None:
    """SOLID187: ten nodes on two lines; corners count."""
    nodes = "".join(f"{k:9d}{0:9d}{0:9d}{x:21.13E}{y:21.13E}{z:21.13E}\n" for k, (x, y, z) in enumerate(CORNERS, 1))
    fields = (1, 1, 1, 1, 0, 0, 0, 0, 10, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8)
    text = "".join(f"{n:9d}" for n in fields) + "\n        9       10\n"
    (tmp_path / "m.cdb").write_text(
        f"ET,1,187\nNBLOCK,6,SOLID\n(3i9,6e21.13e3)\n{nodes}N,R5.3,LOC,       -1,\nEBLOCK,19,SOLID\n(19i9)\n{text}       -1\n",
        encoding="utf-8",
    )
    data = build_data(options("file", path=str(tmp_path / "m.cdb")))
    assert quality(data).regions["region_1"].measure == pytest.approx(1 / 6)
    assert any("second-order" in note for note in data.notes)


CORNERS = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (0.5, 0, 0), (0.5, 0.5, 0), (0, 0.5, 0), (0, 0, 0.5), (0.5, 0, 0.5), (0, 0.5, 0.5)]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("ET,        1,SOLID185", "ET,        1,999", "type 999"),
        ("ET,        1,SOLID185\n", "", "not defined by ET"),
        ("EBLOCK,19,SOLID", "EBLOCK,10,", "without SOLID"),
        ("(19i9)", "(19a9)", "format of EBLOCK"),
        ("(3i9,6e21.13e3)", "(3i9)", "format of NBLOCK"),
        ("       -1\nCMBLOCK,FLOOR   ,NODE,       2\n(8i10)\n         1        -4\nFINISH\n", "", "ends within EBLOCK"),
        ("        3        0        0 1.0", "        3        0        0 one", "line 8"),
        ("        3        0        0 1.0", "        2        0        0 1.0", "node 2 is there twice"),
        ("       11       11       11       11\n", "       12       12       12       12\n", "node 12"),
        ("       10        7        7\n", "       10        7\n", "nodes in place of 8"),
        ("       10        7        7\n", "       10        7        2\n", "a corner twice"),
        ("         1        -4", "        -4         1", "begins nowhere"),
        (",NODE,", ",VOLU,", "'VOLU'"),
        (NODES, "", "block of nodes"),
        ("NBLOCK,6,SOLID", "N,UNBL,LOC,1,0,0,0\nNBLOCK,6,SOLID", "without blocks"),
    ],
)
def test_files_that_are_refused(tmp_path: Path, old: str, new: str, says: str) -> None:
    path = tmp_path / "m.cdb"
    assert old in FILE
    path.write_text(FILE.replace(old, new), encoding="utf-8")
    with refused("unreadable-file", str(path), says=[says]):
        build_data(options("file", path=str(path)))
