"""Units of columns: cells are counted, solubles are amounts, and every column of every shipped scenario has a unit."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from invasio.solver.scenario.columns import columns, units_of
from invasio.solver.scenario.loader import load
from invasio.solver.scenario.quantities import Unit
from invasio.solver.scenario.schema import Scenario
from invasio.solver.scenario.shipped import folder, scenario_files
from tests.lib.messages import refused

MESHES = {
    1: "{kind: interval, to: 100, cells: 10}",
    2: "{kind: rectangle, to: [100, 100], cells: [4, 4]}",
    3: "{kind: box, to: [100, 100, 100], cells: [2, 2, 2]}",
}
SHIPPED = scenario_files()


def scenario(folder: Path, scales: str, dim: int, more: str = "", initial: str = "initial: 1") -> Scenario:
    """Cells and a soluble on a mesh of 100 units of length."""
    text = (
        f"scales: {{{scales}}}\nmesh: {MESHES[dim]}\ntime: {{end: 1}}\n"
        f"model: {{cells: {{tumour: {{{initial}, motility: 1}}}}, ecm: {{initial: 1}}, solubles: {{mmp: {{diffusion: 1}}}}}}\n{more}"
    )
    path = folder / "counts.yaml"
    path.write_text(text, encoding="utf-8")
    return load(path)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_column_of_a_shipped_scenario_has_a_unit(path: Path) -> None:
    """From the statement alone; a scenario without scales has plain numbers."""
    found = load(path)
    units = units_of(found)
    names, _ = columns(found)
    without = [name for name in names if not units.column(name).text]
    assert not without
    assert found.scales is None or all(units.column(f"{name}.total").text.startswith("cells") for name in found.model.cells)


GALLERY = (Path(__file__).parents[3] / "docs" / "gallery.md").read_text(encoding="utf-8").split('<a id="')[1:]


@pytest.mark.parametrize("section", GALLERY, ids=lambda section: section.partition('"')[0])
def test_expected_numbers_in_the_gallery_have_units(section: str) -> None:
    """Those of the scenario's own scales, cells counted; the times too."""
    named = re.search(r"invasio \w+ scenarios/(\S+)\.yaml", section)
    assert named is not None
    found = load(folder() / f"{named[1]}.yaml")
    units, rows = units_of(found), re.findall(r"^\| [-0-9.e+]+ \| (.*?) \| (.*?) \|", section, re.MULTILINE)
    assert len(rows) == len(found.expect) and ("| t |" in section) == (bool(rows) and units.time == "1")
    for (quantity, expected), item in zip(rows, found.expect, strict=True):
        column = units.column({"integral": f"{item.of}.total"}.get(item.what, item.of))
        place = Unit(units.length if "position" in item.what or item.what == "anisotropy" else units.density(item.of))
        unit = column if item.what in ("series", "integral") else place
        assert quantity.endswith(f" ({unit.text})") or unit.text in ("1", ""), quantity
        assert float(expected) == pytest.approx(unit.factor * item.value, rel=1e-5), quantity


# (scales, dim): cells and mol at density 1, as a hand integral per unit of the mesh's length, area or volume
COUNTS = [
    ("length: 1 um, time: 1 h, cells: 1e8 /cm^3, mmp: 1 nM", 3, ("cells", 1e-4), ("nmol", 1e-15)),
    ("length: 1 um, time: 1 h, cells: 1e5 /cm^2, mmp: 1 nM", 2, ("cells", 1e-3), ("nmol/um", 1e-15)),
    ("length: 1 um, time: 1 h, cells: 1e8 /cm^3, depth: 10 um, mmp: 1 nM", 2, ("cells", 1e-3), ("nmol", 1e-14)),
    ("length: 1 um, time: 1 h, cells: 1e5 /cm^2, depth: 10 um, mmp: 2 uM", 2, ("cells", 1e-3), ("umol", 2e-14)),
    ("length: 1 mm, time: 1 h, cells: 1e3 /cm, mmp: 1 nM", 1, ("cells", 100.0), ("nmol/mm^2", 1e-6)),
    ("length: 1 mm, time: 1 h, cells: 1e5 /cm^2, mmp: 1 nM", 1, ("cells/mm", 1000.0), ("nmol/mm^2", 1e-6)),
    ("length: 1 mm, time: 1 h, cells: 1e8 /cm^3, depth: 0.01 mm^2, mmp: 3 ng/mL", 1, ("cells", 1e3), ("ng", 3e-5)),
    ("length: 1 mm, time: 1 h, cells: 1e8 /cm^3, depth: 0.1 mm, mmp: 1 mol/m^3", 1, ("cells", 1e3), ("mol", 1e-11)),
    ("length: 200 um, time: 6 h, cells: 1e5 /cm^2, mmp: 1 ug/L", 2, ("cells", 40.0), ("ug/um", 4e-11)),
]


@pytest.mark.parametrize(("scales", "dim", "cells", "soluble"), COUNTS)
def test_amounts_by_hand(tmp_path: Path, scales: str, dim: int, cells: tuple[str, float], soluble: tuple[str, float]) -> None:
    units = units_of(scenario(tmp_path, scales, dim))
    for name, (text, factor) in (("tumour.total", cells), ("tumour.in:stroma", cells), ("mmp.dead", soluble)):
        assert units.column(name).text == text
        assert units.column(name).factor == pytest.approx(factor, rel=1e-14)


def test_other_columns_stay_in_the_scenarios_lengths_and_times(tmp_path: Path) -> None:
    units = units_of(scenario(tmp_path, "length: 200 um, time: 6 h, cells: 1e5 /cm^2, mmp: 1 nM", 2))
    texts = {
        "time": "6 h",
        "tumour.front.xmax": "200 um",
        "tumour.invaded_volume": "(200 um)^2",
        "ecm.degraded_volume": "(200 um)^2",
        "ecm.total": "(200 um)^2",
        "tumour.max": "1e5 /cm^2",
        "ecm.max": "1",
        "tumour.ledger": "1",
        "basement.breached_area": "200 um",
        "basement.first_breach": "6 h",
        "vein/a.1.flux:tumour": "cells/(6 h)",
        "vein/a.1.entered:tumour": "cells",
        "nothing": "",
    }
    assert {name: units.column(name).text for name in texts} == texts
    assert all(units.column(name).factor == 1.0 for name in texts if "flux" not in name and "entered" not in name)


@pytest.mark.parametrize("dim", [1, 2])
def test_cells_per_volume_need_a_depth_in_fewer_dimensions(tmp_path: Path, dim: int) -> None:
    scales = "length: 1 um, time: 1 h, cells: 1e8 /cm^3"
    with refused("missing-option", "scales.cells", "depth: 1", (f"the mesh is {dim}-D",)):
        scenario(tmp_path, scales, dim)
    with refused("missing-option", "model.cells.tumour.amount", "depth: 1", (f"the mesh is {dim}-D",)):
        scenario(tmp_path, scales, dim, initial="initial: 1, amount: 5000 cells")
    assert scenario(tmp_path, scales, 3).scales is not None
    assert scenario(tmp_path, scales.replace("/cm^3", "/cm^2"), dim).scales is not None


@pytest.mark.parametrize("given", ["10 h", "10", "10 um^3"])
def test_a_depth_is_a_length(tmp_path: Path, given: str) -> None:
    with refused("wrong-unit", "scales.depth", "needed is a unit of length", (given,)):
        scenario(tmp_path, f"length: 1 um, time: 1 h, cells: 1e8 /cm^3, depth: {given}", 2)


def test_an_area_as_depth_belongs_to_one_dimension(tmp_path: Path) -> None:
    with refused("wrong-unit", "scales.depth", "needed is a unit of length"):
        scenario(tmp_path, "length: 1 um, time: 1 h, cells: 1e8 /cm^3, depth: 10 um^2", 2)


@pytest.mark.parametrize(
    ("scales", "dim", "plain"),
    [("cells: 1e5 /cm^2", 2, 5e6), ("cells: 1e8 /cm^3, depth: 10 um", 2, 5e6), ("cells: 1e8 /cm^3, depth: 10 um", 1, 5e5)],
)
def test_an_amount_of_cells_uses_the_depth_of_scales_per_volume_only(tmp_path: Path, scales: str, dim: int, plain: float) -> None:
    found = scenario(tmp_path, f"length: 1 um, time: 1 h, {scales}", dim, initial="initial: 1, amount: 5000 cells")
    amount = found.model.cells["tumour"].amount
    assert amount is not None
    assert amount.constant == pytest.approx(plain, rel=1e-14)


def test_expected_numbers_may_carry_units(tmp_path: Path) -> None:
    """A text with a unit is converted to the scenario's scales, in which plain ones are."""
    rows = {
        "what: series, of: tumour.total, value: 5000 cells, tolerance: 5 cells": (5e6, 5e3),
        "what: integral, of: mmp, value: 2 pmol, tolerance: 1 fmol": (2e11, 1e8),
        "what: position, of: tumour, level: 2e5 /cm^2, value: 0.05 mm, tolerance: 1 um": (50.0, 1.0),
        "what: maximum, of: mmp, value: 3 uM, tolerance: 1 nM": (3000.0, 1.0),
        "what: series, of: tumour.front.xmax, value: 0.05 mm, tolerance: 2": (50.0, 2.0),
        "what: series, of: tumour.total, value: 5e6, tolerance: 1": (5e6, 1.0),
    }
    expected = "expect:\n" + "".join(f"  - {{at: 1, {row}}}\n" for row in rows)
    found = scenario(tmp_path, "length: 1 um, time: 1 h, cells: 1e5 /cm^2, depth: 10 um, mmp: 1 nM", 2, expected)
    values = [(item.value, item.tolerance) for item in found.expect]
    assert values == [(pytest.approx(value, rel=1e-14), pytest.approx(bound, rel=1e-14)) for value, bound in rows.values()]
    assert found.expect[2].level == pytest.approx(2.0)


@pytest.mark.parametrize("row", ["what: series, of: tumour.total, value: 3 um", "what: integral, of: mmp, value: 3 cells"])
def test_an_expected_number_of_another_unit_is_refused(tmp_path: Path, row: str) -> None:
    with refused("wrong-unit", "expect[0].value", "needed is"):
        scales = "length: 1 um, time: 1 h, cells: 1e5 /cm^2, depth: 10 um, mmp: 1 nM"
        scenario(tmp_path, scales, 2, f"expect: [{{at: 1, {row}, tolerance: 1}}]\n")


def test_levels_of_pools_have_the_unit_of_their_scale(tmp_path: Path) -> None:
    """Where the scale is a drug's, values may be of any prefix; a plain pool has plain numbers."""
    path, row = tmp_path / "pools.yaml", "{{at: 1, what: series, of: {}, value: {}, tolerance: {}}}"
    rows = [("drug.level", "4.5 ug/mL", "2 ng/mL"), ("drug.came", "1 mg/mL", "1"), ("plain.level", "2", "1"), ("plain.went", "2", "1")]

    def found(*expected: tuple[str, str, str]) -> Scenario:
        listed = ", ".join(row.format(*one) for one in expected)
        path.write_text(
            f"scales: {{length: 1 um, time: 1 h, cells: 1e3 /cm, drug: 1 ng/mL}}\nmesh: {MESHES[1]}\ntime: {{end: 1}}\nmodel:\n"
            "  cells: {tumour: {initial: 1, motility: 1}}\n  pools: {drug: {initial: 5 ug/mL}, plain: {initial: 2}}\n"
            f"expect: [{listed}]\n",
            encoding="utf-8",
        )
        return load(path)

    scenario = found(*rows)
    assert [item.value for item in scenario.expect] == pytest.approx([4500.0, 1e6, 2.0, 2.0], rel=1e-14)
    assert [units_of(scenario).column(name).text for name, *_ in rows] == ["1 ng/mL", "1 ng/mL", "1", "1"]
    for name, value in (("drug.level", "3 um"), ("plain.level", "3 ng/mL"), ("drug.ledger", "3 ng/mL")):
        with refused("wrong-unit", "expect[0].value"):
            found((name, value, "1"))
