"""Options of circulation and organs: what they mean, and what is said where they are wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from invasio.solver.cascade.grid import grid_times
from invasio.solver.scenario.anatomy import preset
from invasio.solver.scenario.cascade_words import cascade_words
from invasio.solver.scenario.loader import dump_resolved, load
from invasio.solver.scenario.schema import Scenario
from tests.lib.cascades import CASCADE, changed
from tests.lib.messages import refused

BEDS = "beds: {lungs: {share: 1, into: arteries}, liver: {share: 0.3}, gut: {share: 0.2, into: liver}, rest: {share: 0.5}}"
OWN = (
    ("anatomy: human_adult", BEDS),
    ("soil: {liver: 0.02, bone: 0.02, lungs: 0.005, others: 0.001}", "soil: {liver: 0.02, others: 0.001}"),
)

BARE = ("    duct: {carries: lymph, at: {boundary: left}, entry: {tumour: 0.5 um/h}}", "    bare: {carries: blood, at: {boundary: left}}")


def _read(folder: Path, text: str) -> Scenario:
    file = folder / "cascade.yaml"
    file.write_text(text, encoding="utf-8")
    return load(file)


def test_units_years_and_defaults_become_numbers_of_the_scenario(tmp_path: Path) -> None:
    scenario = _read(tmp_path, CASCADE)
    circulation, organs = scenario.circulation, scenario.organs
    assert circulation is not None and organs is not None and organs.colony is not None and organs.dormancy is not None
    assert circulation.end == pytest.approx(730.5, abs=1e-9)
    assert circulation.blood.transit.constant == pytest.approx(1 / 12)
    assert organs.soil["others"][""].constant == 0.001
    assert organs.colony.macro[""].constant == 1e6
    assert organs.dormancy.death[""][""].constant == 0.0


@pytest.mark.parametrize(
    ("step", "count", "words"),
    [
        ("", 250, "250 steps of 2.922 d:"),
        ("17 d", 43, "43 steps of 16.99 d (17 is no whole part of all):"),
        ("1461 h", 12, "12 steps of 60.88 d:"),
    ],
)
def test_the_grid_is_the_nearest_that_divides_the_horizon_and_is_told(tmp_path: Path, step: str, count: int, words: str) -> None:
    """Two years in the steps that are asked for, or in the nearest ones, which `explain` says."""
    scenario = _read(tmp_path, CASCADE.replace("seed: 7", f"seed: 7\n  step: {step}") if step else CASCADE)
    assert scenario.circulation is not None
    times = grid_times(scenario.circulation, 0.0, 60.0)
    assert len(times) == count + 1 and times[-1] == pytest.approx(730.5) and np.ptp(np.diff(times)) < 1e-9
    assert any(line.startswith(f"  grid          {words}") for line in cascade_words(scenario))


def test_the_resolved_scenario_reads_back_as_the_same(tmp_path: Path) -> None:
    text = changed(
        ("clusters: {mean: 1.03}", "clusters: {sizes: {1: 0.9, 4: 0.1}}"),
        ("after: none", 'after: "100*(t < 20)"\n  pools: {priming: {inflow: 0.1 /d, loss: 0.2 /d}}'),
        ("capture: 0.9", 'capture: {lungs: {tumour: "0.9 - 0.1*priming"}, others: 0.5}'),
    )
    scenario = _read(tmp_path, text)
    again = _read(tmp_path, dump_resolved(scenario))
    assert again == scenario and dump_resolved(again) == dump_resolved(scenario)


def test_flows_of_the_preset_add_up_to_one_and_lead_somewhere() -> None:
    anatomy = preset("human_adult")
    assert anatomy.portal == "liver" and anatomy.veins == {"lungs": 1.0}
    assert sum(anatomy.arteries.values()) == pytest.approx(1.0, abs=1e-12)
    assert anatomy.after("lungs") == anatomy.arteries and anatomy.after("spleen") == {"liver": 1.0}
    assert all(bed.source for bed in anatomy.beds.values())


@pytest.mark.parametrize(
    ("text", "code", "place", "remedy", "says"),
    [
        (changed(("liver: 0.02", "liver: 1.5")), "out-of-bounds", ":20:17: organs.soil", "at least 0 and at most 1", "1.5"),
        (changed(("bone: 0.02", "bones: 0.02")), "no-organ", ":20:23: organs.soil.bones", "did you mean 'bone'?", "'bones'"),
        (changed((", others: 0.001}", "}")), "missing-option", ":20:9: organs.soil", "others", "brain, heart"),
        (changed(("capture: 0.9", "capture: {tumor: 0.9}")), "no-organ", ":18:13: organs.capture.tumor", "", "'tumor'"),
        (changed(("single: 5e-4", "single: {tumor: 1}")), "no-species", ":14:45: circulation.blood.survival.single", "'tumour'", "'tumor'"),
        (changed(("carries: lymph,", "carries: lymph, into: IV,")), "no-level", "model.vessels.duct.into", "II, III", "'IV'"),
        (
            changed(("carries: blood,", "carries: blood, into: aorta,")),
            "no-route",
            "model.vessels.vein.into",
            "systemic, portal",
            "'aorta'",
        ),
        (changed(("carries: blood,", "carries: blood, into: {liver: 0.5},")), "wrong-shares", "vein.into", "add up to 1", "0.5"),
        (changed(("carries: blood,", "carries: cavity, into: portal,")), "meaningless-option", "vein.into", "take this out", ""),
        (changed(("name: III", "name: II")), "repeated-name", "levels[1].name", "rename one", "'II'"),
        (changed(("name: III", "name: liver")), "repeated-name", "levels[1].name", "rename one", "a bed"),
        (changed(("mean: 1.03", "sizes: {1: 0.9, 5: 0.3}")), "wrong-shares", "circulation.clusters", "add up to 1", "1.2"),
        (changed(("transit: 2 h", "transit: 0 h")), "out-of-bounds", "circulation.blood.transit", "greater than 0", ""),
        (changed(("end: 2 y", "end: 5 d")), "wrong-order", ":11:8: circulation.end", "later", "5"),
        (changed(("capture: 0.9", "capture: 0")), "no-loss", "organs.capture", "above 0", "lungs"),
        (changed(*OWN, ("rest: {share: 0.5}", "rest: {share: 0.4}")), "wrong-shares", "organs.beds", "add up to 1", "0.9"),
        (changed(*OWN, ("share: 0.2, into: liver", "share: 0.2, into: livr")), "no-organ", "beds.gut.into", "'liver'", "'livr'"),
        (changed(*OWN, ("share: 0.5}", "share: 0.5}, skin: {}")), "no-route", "organs.beds.skin", "give it a share", "no blood"),
        (
            changed(*OWN, ("lungs: {share: 1, into: arteries}", "lungs: {share: 0.1}")),
            "no-route",
            "organs.beds",
            "lungs",
            "nowhere",
        ),
        (changed(("cells: 1e8 /cm^3, ", "")), "no-scales", "circulation", "cells: 1e8 /cm^3", ""),
        (changed((CASCADE[CASCADE.index("organs:") : CASCADE.index("time: {")], "")), "missing-option", "circulation", "give organs", ""),
        (changed(("capture: 0.9", "capture: {tumour: 0, others: 0.5}")), "no-loss", "organs.capture", "above 0", "arrests tumour"),
        (changed(("mean: 1.03", "sizes: {1: 0.5, 900: 0.5}")), "too-large", ":13:13: circulation.clusters", "up to 892 cells", "900"),
        (changed(("mean: 1.03", "mean: 60")), "too-large", ":13:13: circulation.clusters", "up to 892 cells", "1e9"),
        (changed(("end: 2 y", "end: 2 y\n  step: 1e-3 d")), "too-many", ":12:9: circulation.step", "100,000", "7.3e+05"),
        (changed(("micro: 50", "micro: 2e6")), "wrong-order", "organs.colony.macro", "larger", "2e+06"),
        (
            changed(("micro: 50 cells", "growth: {kind: capped, rate: 1, limit: 9, start: {liver: 10, others: 1}}")),
            "wrong-order",
            "organs.colony.growth.limit",
            "larger",
            "9 and 10",
        ),
        (changed(("after: none", "feedback: {tumour: blood.cells}")), "repeated-name", ":12:14: circulation.feedback.tumour", "rename", ""),
        (changed(("after: none", "feedback: {seen: blood.cell}")), "no-column", "circulation.feedback.seen", "'blood.cells'", "blood.cell"),
        (
            changed(
                ("after: none", "feedback: {seen: organ.liver.growing}"),
                ("micro: 50 cells", "second: {switch: 0.1, birth: 1}, micro: 50 cells"),
            ),
            "meaningless-option",
            "circulation.feedback.seen",
            ".founders",
            "two stages",
        ),
        (
            changed(("  colony:", "  sites: {livr: {share: 0.1, vessel: bare}}\n  colony:"), BARE),
            "no-organ",
            "organs.sites.livr",
            "'liver'",
            "livr",
        ),
        (changed(("  colony:", "  sites: {liver: {share: 0.1, vessel: v}}\n  colony:")), "no-part", "sites.liver.vessel", "vein", "'v'"),
        (
            changed(("  colony:", "  sites: {liver: {share: 0.1, vessel: vein}}\n  colony:")),
            "meaningless-option",
            "organs.sites.liver.vessel",
            "without entry",
            "vein",
        ),
        (
            changed(("  colony:", "  sites: {liver: {share: 0.1, vessel: bare, arrivals: [{at: 9, cells: {tumor: 1}}]}}\n  colony:"), BARE),
            "no-species",
            "organs.sites.liver.arrivals[0].cells.tumor",
            "'tumour'",
            "",
        ),
        (
            changed(("after: none", "pools: {primed: {inflow: 0.1 /d}}"), ("rate: 0.3}", 'rate: "0.3*primed"}')),
            "name-not-usable",
            ":4:87: model.cells.tumour.growth.rate",
            "one of model.pools",
            "'primed'",
        ),
        (
            changed(("single: 5e-4, cluster: 2.5e-2}, disaggregation: 0.5", "single: 5e-4}, disaggregation: {tumor: 0.5}")),
            "no-species",
            "circulation.blood.disaggregation.tumor",
            "'tumour'",
            "'tumor'",
        ),
        (
            changed(("  colony:", "  sites: {liver: {share: 0.1, vessel: bare, arrivals: expected}}\n  colony:"), BARE),
            "unknown-choice",
            "organs.sites.liver.arrivals",
            "drawn",
            "expected",
        ),
        (changed(("enter: 0.6", "enter: 0.6*primer")), "unknown-name", "organs.dormancy.enter", "allowed: t", "'primer'"),
    ],
    ids=lambda value: value if len(value) < 60 else "",
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, text: str, code: str, place: str, remedy: str, says: str) -> None:
    with refused(code, place, remedy, [says]):
        _read(tmp_path, text)
