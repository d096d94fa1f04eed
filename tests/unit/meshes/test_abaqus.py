"""Abaqus's input files: blocks of nodes and elements in any number, types of elements, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from invasio.meshes.build import build_data
from invasio.meshes.files.abaqus_files import read
from invasio.meshes.files.abaqus_shapes import shape_of
from invasio.meshes.files.contents import Unreadable
from invasio.meshes.quality import quality
from tests.lib.messages import refused
from tests.unit.meshes.build import options

NODES = "1, 0., 0., 0.\n2, 1., 0., 0.\n3, 0., 1., 0.\n4, 0., 0., 1.\n"
TWO = f"*HEADING\n*NODE, NSET=FIRST\n{NODES}*NODE\n5, 1., 1., 1.\n"
TWO += "*ELEMENT, TYPE=C3D4\n1, 1, 2, 3, 4\n*ELEMENT, TYPE=C3D4, ELSET=STROMA\n2, 2, 3,\n4, 5\n"


def _regions(path: Path, text: str, **given: object) -> dict[str, float]:
    (path / "m.inp").write_text(text)
    found = quality(build_data(options("file", path=str(path / "m.inp"), **given)))
    return {name: part.measure for name, part in found.regions.items()}


def test_a_set_holds_the_elements_of_its_own_block(tmp_path: Path) -> None:
    """Though the block before has none; nodes may be in several blocks, and an element goes on in the next line."""
    assert _regions(tmp_path, TWO, regions={"bed": 0}) == pytest.approx({"bed": 1 / 6, "STROMA": 1 / 3})
    both = TWO.replace("TYPE=C3D4\n", "type = c3d4,\n ELSET=BED\n") + "*ELSET, ELSET=ALL\nBED, STROMA\n"
    assert _regions(tmp_path, both, regions={"all": "ALL"}) == pytest.approx({"all": 1 / 2})


def test_plane_elements_of_every_family(tmp_path: Path) -> None:
    nodes = "*NODE\n1, 0., 0.\n2, 1., 0.\n3, 1., 1.\n4, 0., 1.\n5, 2., 0.\n"
    text = f"{nodes}*ELEMENT, TYPE=CPE4R, ELSET=Q\n1, 1, 2, 3, 4\n"
    text += "*ELEMENT, TYPE=CAX3, ELSET=T\n2, 2, 5, 3\n*ELEMENT, TYPE=T2D2, ELSET=L\n3, 1, 2\n"
    (tmp_path / "m.inp").write_text(text)
    found = quality(build_data(options("file", path=str(tmp_path / "m.inp"))))
    assert {name: part.measure for name, part in found.regions.items()} == pytest.approx({"Q": 1.0, "T": 0.5})
    assert {name: part.measure for name, part in found.boundaries.items()} == pytest.approx({"L": 1.0})


KINDS = {
    "tetra": (("C3D4", 4), ("DC3D4", 4), ("AC3D10", 10), ("C3D10MH", 10), ("C3D4H", 4)),
    "hexahedron": (("C3D8RH", 8), ("C3D20RT", 20), ("C3D27", 27), ("SC8R", 8), ("DCC3D8D", 8)),
    "wedge": (("C3D6", 6), ("C3D15V", 15), ("SC6R", 6)),
    "pyramid": (("C3D5", 5),),
    "triangle": (
        ("CPS3", 3),
        ("CPE6MH", 6),
        ("CPEG3", 3),
        ("S3R", 3),
        ("STRI65", 6),
        ("CGAX3", 3),
        ("DC2D3", 3),
        ("DCAX6", 6),
        ("M3D3", 3),
    ),
    "quad": (("CPS4R", 4), ("CPE8R", 8), ("CAX4P", 4), ("S4R5", 4), ("R3D4", 4), ("S9R5", 9)),
    "line": (("T2D2", 2), ("T3D3", 3), ("B22H", 3), ("B31", 2), ("B33", 2)),
    "": (("SPRINGA", 0), ("MASS", 0), ("CONN3D2", 0), ("COH3D8", 0), ("CIN3D8", 0)),
}


def test_types_of_elements() -> None:
    for shape, kinds in KINDS.items():
        for kind, count in kinds:
            assert shape_of(kind) == (shape, count), kind
    assert shape_of("USER1") is None


WRONG = {
    "of type USER1": TWO.replace("C3D4", "USER1"),
    "element 2 has 3 nodes instead of 4": TWO.replace("4, 5\n", "4\n"),
    "node 5, which is not there": TWO.replace("5, 1., 1., 1.\n", ""),
    "line 14: *ELSET: there is no set 'NONE'": TWO + "*ELSET, ELSET=A\nNONE\n",
    "there is no part 'P'": TWO + "*INSTANCE, NAME=I, PART=P\n",
    "put their lines here": TWO + "*INCLUDE, INPUT=other.inp\n",
    "number 1": TWO.replace("2, 2, 3,", "1, 2, 3,"),
    "could not convert": TWO.replace("0., 0., 1.", "0., x, 1."),
    "no elements": "*NODE\n1, 0, 0\n",
    "no keywords": "hello\n",
}


@pytest.mark.parametrize("says", WRONG)
def test_what_is_refused(tmp_path: Path, says: str) -> None:
    (tmp_path / "m.inp").write_text(WRONG[says])
    with pytest.raises(Unreadable, match=says.replace("*", r"\*")):
        read(tmp_path / "m.inp")


def test_pictures_and_networks_are_no_meshes_and_that_is_said(tmp_path: Path) -> None:
    for name, remedy in (("a.nii.gz", "kind: image"), ("a.swc", "model.vessels")):
        (tmp_path / name).write_bytes(b"1 1 0 0 0 1 -1\n")
        with refused("unreadable-file", name, remedy):
            build_data(options("file", path=str(tmp_path / name)))
