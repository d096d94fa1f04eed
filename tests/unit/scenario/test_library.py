"""The library of published values: every entry is whole, and a scenario uses one as if it had written it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from invasio.solver.cli import main
from invasio.solver.scenario.library import Entry, entries, folder
from invasio.solver.scenario.library import search as searched
from invasio.solver.scenario.loader import Statement, load
from invasio.solver.scenario.schema import Scenario
from invasio.solver.scenario.units import UnitError, measure
from tests.lib.messages import refused

GOOD = """
name: uses
scales: {length: 1 um, time: 1 h, cells: 1e9 /cm^3, depth: 10 um, timp2: 2 nM, mt1: 1 uM}
parameters:
  motility: SPEED
  binding: BINDING
  factor: FACTOR
mesh: {kind: interval, cells: 4, to: 100}
model:
  cells: {tumour: {initial: 1, motility: factor*motility}}
  solubles: {timp2: {initial: 1, diffusion: 1}, mt1: {initial: 1, diffusion: 1, decay: binding*timp2}}
time: {end: 1}
"""
WRITTEN = {"SPEED": "0.5 um^2/min", "BINDING": "3.54e6 /M/s", "FACTOR": "2"}
NAMED = {
    "SPEED": "{from: library, name: tumour.motility}",
    "BINDING": "{from: library, name: mt1_mmp.timp2_binding}",
    "FACTOR": "{from: library, name: mammary_epithelium.tgf_beta_motility_factor}",
}


def scenario(where: Path, values: dict[str, str], *overrides: str, old: str = "", new: str = "") -> Scenario:
    text = GOOD
    for word, value in values.items():
        text = text.replace(word, value, 1)
    assert old in text
    where.joinpath("uses.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
    return load(where / "uses.yaml", list(overrides))


def test_there_are_many_and_each_name_once() -> None:
    lines = [line for path in folder().glob("*.yaml") for line in path.read_text(encoding="utf-8").splitlines()]
    names = [line[:-1] for line in lines if re.match(r"\S.*:$", line)]
    assert len(names) == len(set(names)) == len(entries()) >= 40
    assert sorted(names) == list(entries())
    assert {entry.subject for entry in entries().values()} >= {"motility", "enzymes", "oxygen", "growth", "circulation", "drugs"}


@pytest.mark.parametrize("entry", entries().values(), ids=lambda entry: entry.name)
def test_every_entry_is_whole(entry: Entry) -> None:
    """Name, unit, range around the value, what and of what it is, source, the form of a DOI, and where it was read."""
    assert re.fullmatch(r"[a-z0-9_]+\.[a-z0-9_]+", entry.name)
    if isinstance(entry.value, str):
        given = measure(entry.value)
        assert given == measure(f"{entry.number!r} {entry.unit}") and given.factor > 0
        with pytest.raises(UnitError):
            measure(entry.unit + " of")
    else:
        assert entry.unit == "1" and entry.number > 0
    if entry.low is not None and entry.high is not None:
        assert 0 <= entry.low <= entry.number <= entry.high and entry.low < entry.high
    assert (entry.low is None) == (entry.high is None) == (not entry.range)
    assert entry.meaning and entry.of and entry.source and entry.read_in
    assert re.fullmatch(r"10\.\d{4,9}/\S+", entry.doi) or (not entry.doi and "no DOI" in entry.read_in)
    known = {"name", "value", "low", "high", "symbol", "meaning", "of", "source", "doi", "read_in", "subject"}
    assert set(entry.__dataclass_fields__) == known


def test_files_state_nothing_that_is_not_read() -> None:
    words = {"value", "range", "symbol", "meaning", "of", "source", "doi", "read_in"}
    lines = [line for path in folder().glob("*.yaml") for line in path.read_text(encoding="utf-8").splitlines()]
    assert {line.strip().partition(":")[0] for line in lines if line.startswith(" ")} == words


def test_by_name_is_as_if_written(tmp_path: Path) -> None:
    """Numbers, units and formulas are those of the quantity, in other scales too; what is resolved reads back without the library."""
    written, named = scenario(tmp_path, WRITTEN), scenario(tmp_path, NAMED)
    assert named.parameters["motility"].value == 30.0 and named.parameters["motility"].unit == "um^2/h"
    assert named.model == written.model
    for name, parameter in named.parameters.items():
        assert (parameter.value, parameter.unit) == (written.parameters[name].value, written.parameters[name].unit)
        assert parameter.meaning
    source = named.parameters["motility"].source
    assert all(part in source for part in ("Owen et al. 2011", "doi:10.1158/", "read in: ", "library: tumour.motility"))
    resolved = named.resolved()["parameters"]["motility"]
    assert resolved["value"] == 30.0 and resolved["source"] == source and not {"from", "name"} & set(resolved)
    assert Statement.of(named).scenario().parameters["motility"] == named.parameters["motility"]
    seconds = scenario(tmp_path, NAMED, "scales.time=1 s", "scales.length=1 mm")
    assert seconds.parameters["motility"].value == pytest.approx(0.5e-6 / 60, rel=1e-15)


def test_own_words_and_other_values(tmp_path: Path) -> None:
    """A meaning of one's own stands; setting the parameter replaces it; formulas of other parameters may use it."""
    own = {**NAMED, "FACTOR": "{from: library, name: mammary_epithelium.tgf_beta_motility_factor, meaning: mine}"}
    assert scenario(tmp_path, own).parameters["factor"].meaning == "mine"
    assert scenario(tmp_path, NAMED, "parameters.motility=7").parameters["motility"].value == 7.0
    other = scenario(tmp_path, NAMED, "parameters.motility.name=endothelium.motility")
    assert other.parameters["motility"].value == 60.0
    assert scenario(tmp_path, {**NAMED, "FACTOR": "motility/10"}).parameters["factor"].value == pytest.approx(3.0)


NAME = "name: tumour.motility"
BAD = {
    "unknown": (NAME, "name: tumor.motilty", "unknown-name", "tumour.motility"),
    "same end": (NAME, "name: hela.doubling_time", "unknown-name", ".doubling_time"),
    "far": (NAME, "name: zzz", "unknown-name", "invasio library"),
    "number": (NAME, "name: 5", "unknown-name", "invasio library"),
    "no name": (", " + NAME, "", "missing-option", "invasio library"),
    "no from": ("from: library, " + NAME, NAME, "missing-option", "from: library"),
    "value too": (NAME, NAME + ", value: 3 um^2/h", "either-or", "--set parameters.NAME=3 um^2/h"),
    "unit too": (NAME, NAME + ", unit: um^2/h", "either-or", "leave one out"),
    "source too": (NAME, NAME + ", source: me", "either-or", "leave one out"),
}


@pytest.mark.parametrize("old, new, code, remedy", BAD.values(), ids=BAD.keys())
def test_what_is_wrong_is_said_once(tmp_path: Path, old: str, new: str, code: str, remedy: str) -> None:
    with refused(code, "parameters.motility", remedy):
        scenario(tmp_path, {**NAMED, "FACTOR": "1"}, old=old, new=new)


def test_wrong_unit_and_no_scales(tmp_path: Path) -> None:
    """A value with a unit is checked as any quantity, and needs scales; a plain number needs none."""
    with refused("wrong-unit", "model.solubles.mt1.decay"):
        scenario(tmp_path, {**NAMED, "BINDING": "{from: library, name: nivolumab.pd1_dissociation}"})
    text = (
        "mesh: {kind: interval, cells: 4}\nspecies: {n: {initial: 1, diffusion: d}}\ntime: {end: 1}\nparameters: {d: {from: library, name: "
    )
    path = tmp_path / "plain.yaml"
    path.write_text(text + "tumour.motility}}", encoding="utf-8")
    with refused("no-scales", "parameters.d", "state scales", ["tumour.motility is 0.5 um^2/min"]):
        load(path)
    path.write_text(text + "tumour.vascular_fraction}}", encoding="utf-8")
    assert load(path).parameters["d"].value == 0.02


def test_command(capsys: pytest.CaptureFixture[str]) -> None:
    """All words must stand in an entry; JSON holds every field; where nothing is found, that is said."""
    assert main(["library", "Oxygen", "mmHg", "quiescence"]) == 0
    text = capsys.readouterr().out
    assert "tumour.oxygen_quiescence: 8.9 mmHg" in text and "doi:10.1158/0008-5472.CAN-10-2834" in text and "2 values;" in text
    assert main(["library", "--json", "marimastat"]) == 0
    found = json.loads(capsys.readouterr().out)
    peak = next(entry for entry in found if entry["name"] == "marimastat.peak_concentration")
    assert (peak["number"], peak["unit"], peak["low"], peak["doi"]) == (196.0, "ng/mL", None, "10.1200/JCO.1998.16.6.2150")
    assert len(searched([])) == len(entries())
    with refused("unknown-name", "library", "invasio library"):
        searched(["unobtainium"])
