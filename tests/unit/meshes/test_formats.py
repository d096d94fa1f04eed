"""Every format in files of its own writer, in several modes: regions, boundaries and their sizes come back."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from invasio.meshes.build import build_data
from invasio.meshes.files import reading, vtk_files
from invasio.meshes.networks import reading as network_reading
from invasio.meshes.quality import quality
from tests.unit.meshes import formats_table, network_writers
from tests.unit.meshes.build import check, options
from tests.unit.meshes.writers import CASES, FACETS, FORMATS, POINTS, TAGS, TETRAHEDRA, VTK_MODES, write_vtu


@pytest.mark.parametrize(("ending", "mode"), CASES)
def test_regions_and_boundaries_come_back(tmp_path: Path, ending: str, mode: str) -> None:
    file = FORMATS[ending][mode](tmp_path)
    data = build_data(options("file", path=str(file.path), **file.options))
    check(data, covered=False)
    found = quality(data)
    assert found.dim == (2 if ending == ".vtp" else 3)
    assert {name: part.measure for name, part in found.regions.items()} == pytest.approx(file.regions)
    assert {name: found.boundaries[name].measure for name in file.boundaries} == pytest.approx(file.boundaries)
    assert len(found.boundaries) == len(file.boundaries) or mode == "gmsh"  # gmsh writes its entities into .inp as well


@pytest.mark.parametrize(("mode", "packing", "bits"), VTK_MODES)
def test_every_mode_of_vtu_has_the_same_arrays(tmp_path: Path, mode: str, packing: str, bits: int) -> None:
    write_vtu(tmp_path / "m.vtu", mode, packing, bits)
    found = vtk_files.read(tmp_path / "m.vtu")
    assert np.array_equal(found.points, POINTS)
    cells, facets = found.blocks
    assert np.array_equal(cells.nodes, TETRAHEDRA) and np.array_equal(facets.nodes, FACETS)
    assert np.array_equal(cells.arrays["tag"], TAGS) and set(facets.arrays["tag"].tolist()) == {5}


def listed(page_name: str, heading: str) -> set[str]:
    """The endings in the table below a heading of a page."""
    page = (Path(__file__).resolve().parents[3] / "docs" / page_name).read_text(encoding="utf-8")
    section = page.split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `.")]
    return {ending for row in rows for ending in re.findall(r"`(\.\w+)`", row)}


def test_the_documentation_lists_what_is_read_and_tested() -> None:
    same_reader = {".pvtp"}  # read as .pvtu, in pieces as .vtp
    meshes = {ending for each in reading.FORMATS for ending in each.endings}
    page = (Path(__file__).resolve().parents[3] / "docs" / "meshes.md").read_text(encoding="utf-8")
    assert formats_table.table() in page, "put in what `python3 -m tests.unit.meshes.formats_table` prints"
    assert listed("meshes.md", "From a file") == meshes | {".h5"}
    assert meshes - same_reader == formats_table.covered()
    pictures = {".png", ".tif", ".tiff"}  # of which tests/unit/meshes/test_raw_pictures.py takes the lines
    networks = {ending for each in network_reading.FORMATS for ending in each.endings}
    assert listed("vessels.md", "Networks from files") == networks
    assert networks - same_reader - {".yml", ".pvtu", ".pvd"} - pictures == set(network_writers.FORMATS)
