"""Tables of cells as programs write them: the same positions, whatever their columns are called."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from invasio.solver.errors import InvasioError
from invasio.solver.given.positions import Positions, read_positions
from invasio.solver.scenario.fields import CellsField
from invasio.solver.scenario.loader import load

PLACES = [(12.5, 40.0, 7.0), (99.0, 1.0, 3.5)]
ROWS = {
    "plain": ("x_um,y_um,z_um", "{x},{y},{z}", ""),
    "QuPath": ("Image\tClass\tCentroid X µm\tCentroid Y µm", "a.svs\tTumor\t{x}\t{y}", ""),
    "TrackMate": (
        "LABEL,ID,POSITION_X,POSITION_Y,POSITION_Z\nLabel,Spot ID,X,Y,Z\nLabel,Spot ID,X,Y,Z\n,,(micron),(micron),(micron)",
        "ID1,1,{x},{y},{z}",
        "",
    ),
    "Imaris": (
        "\nPosition\n==================== \nPosition X,Position Y,Position Z,Unit,Category,Time,",
        "{x},{y},{z},um,Spot,1,",
        "unit: 1 um",
    ),
    "CellProfiler": ("ImageNumber,ObjectNumber,Location_Center_X,Location_Center_Y", "1,1,{x},{y}", "unit: 1 um"),
    "ImageJ": (" ,Area,X,Y", "1,33.2,{x},{y}", "unit: 1 um"),
    "named": ("index,axis-0,axis-1", "1,{y},{x}", "unit: 1 um, columns: [axis-1, axis-0]"),
}


def _read(folder: Path, head: str, rows: list[str], more: str = "") -> Positions:
    (folder / "cells.csv").write_text("\n".join([head, *rows, ""]), encoding="utf-8")
    (folder / "s.yaml").write_text(
        "scales: {length: 1 mm, time: 1 h, cells: 1 cell/mm^2}\nmesh: {kind: rectangle, size: 0.1}\n"
        f"fields: {{single: {{cells: cells.csv, {more}}}}}\nmodel: {{cells: {{tumour: {{initial: single}}}}}}\ntime: {{end: 1}}\n"
    )
    scenario = load(folder / "s.yaml")
    options = scenario.fields["single"]
    assert isinstance(options, CellsField)
    return read_positions(options, 2, scenario)


@pytest.mark.parametrize("program", ROWS)
def test_positions_are_those_of_the_program(tmp_path: Path, program: str) -> None:
    head, row, more = ROWS[program]
    found = _read(tmp_path, head, [row.format(x=x, y=y, z=z) for x, y, z in PLACES], more)
    assert found.points == pytest.approx(np.array(PLACES)[:, :2] / 1e3)
    assert found.lines.tolist() == [head.count("\n") + 2, head.count("\n") + 3]


@pytest.mark.parametrize(
    ("head", "row", "says"),
    [
        ("x_um,y_um", "NA,NA", "no number in column 'x_um'"),
        ("Cell X µm,Cell Y µm,Nucleus X µm,Nucleus Y µm", "1,2,3,4", "several columns of x in the first row (Cell X µm, Nucleus X µm)"),
        ("Position X,Position Y", "1,2", "column 'Position X' does not say its unit"),
        ("POSITION_X,POSITION_Y\nX,Y\n(pixel),(pixel)", "1,2", "column 'POSITION_X' has an unknown unit"),
    ],
)
def test_what_is_unclear_is_refused(tmp_path: Path, head: str, row: str, says: str) -> None:
    with pytest.raises(InvasioError) as error:
        _read(tmp_path, head, [row])
    assert says in str(error.value)
