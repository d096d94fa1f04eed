"""`invasio cascade` on a run folder, and what shows it: tables with units, a picture, the page, the chain in words."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from invasio.postprocess.cascade import figure, shows
from invasio.postprocess.style import style
from invasio.solver.cascade.build import plan_of
from invasio.solver.cascade.entered import entries_of
from invasio.solver.circulation.chances import chances
from invasio.solver.cli import main
from invasio.solver.output.layout import CASCADE, ENTRIES, RESOLVED
from invasio.solver.scenario.loader import dump_resolved, load
from tests.lib.cascades import CASCADE as TEXT
from tests.lib.cascades import changed
from tests.lib.messages import printed

ROWS = "time,step,dt,vein/right.entered:tumour,duct/left.entered:tumour\n0.0,0,0.0,0.0,0.0\n10.0,1,10.0,60.0,60.0\n"
ENTERED = {"time": [0.0, 10.0], "vein/right.entered:tumour": [0.0, 0.1], "duct/left.entered:tumour": [0.0, 0.0]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run folder, as far as a cascade reads it."""
    file = tmp_path / "cascade.yaml"
    file.write_text(changed(("end: 2 y", "end: 200 d\n  step: 10 d"), ("mean: 1.03", "sizes: {1: 0.9, 2: 0.1}")), encoding="utf-8")
    run = tmp_path / "run"
    run.mkdir()
    (run / RESOLVED).write_text(dump_resolved(load(file)), encoding="utf-8")
    (run / ENTRIES).write_text(ROWS, encoding="utf-8")
    return run


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_histories_are_drawn_into_tables_that_agree(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cascade", str(folder), "--seeds", "40"]) == 0
    assert "40 histories from seed 7 on" in capsys.readouterr().out
    events, organs = _rows(folder / CASCADE / "events.csv"), _rows(folder / CASCADE / "organs.csv")
    assert {int(row["history"]) for row in events} <= set(range(7, 47)) and len({row["history"] for row in events}) > 20
    last = {row["place"]: row for row in organs if row["time"] == organs[-1]["time"]}
    seen = {row["history"] for row in events if row["macro"] and row["place"] == "II"}
    assert float(last["II"]["drawn_macro"]) == len(seen) / 40
    assert float(last["II"]["low_macro"]) <= float(last["II"]["chance_macro"]) <= float(last["II"]["high_macro"])
    ledger = {row["account"]: row for row in _rows(folder / CASCADE / "ledger.csv")}
    assert float(ledger["entered"]["expected"]) == pytest.approx(200 * 120.0)
    known = sum(float(row["expected"]) for name, row in ledger.items() if name not in ("entered", "shed"))
    assert known == pytest.approx(200 * 120.0, rel=1e-12)
    facts = json.loads((folder / CASCADE / "manifest.json").read_text(encoding="utf-8"))
    for name in ("events", "organs", "nodes", "sizes", "blood", "relapse", "ledger"):
        assert list(facts["units"][f"{name}.csv"]) == (folder / CASCADE / f"{name}.csv").read_text().splitlines()[0].split(",")
    stages = [row for row in _rows(folder / CASCADE / "nodes.csv") if row["counted"] == "macro" and row["time"] == organs[-1]["time"]]
    assert sum(float(row["share"]) for row in stages) == pytest.approx(1.0) and all(len(row["positive"]) == 2 for row in stages)
    assert (folder / CASCADE / "cascade.png").stat().st_size > 10_000


def test_the_legend_lies_off_the_curves_and_few_histories_have_no_band(folder: Path) -> None:
    for seeds, banded in (("40", True), ("3", False)):
        assert main(["cascade", str(folder), "--seeds", seeds]) == 0
        with style():
            drawn = figure(folder / CASCADE)
            drawn.canvas.draw()
            over_time = next(axes for axes in drawn.axes if axes.get_xlabel().startswith("time"))
            legend = over_time.get_legend().get_window_extent()
            assert legend.x0 >= over_time.get_window_extent().x1 and legend.x1 <= drawn.bbox.x1
            assert bool(over_time.collections) == banded


def test_without_a_closed_form_the_curves_are_what_was_drawn(folder: Path) -> None:
    """Every entry of the legend has a curve, also where growth leaves no closed form."""
    assert main(["cascade", str(folder), "--seeds", "40"]) == 0
    rows = _rows(folder / CASCADE / "organs.csv")
    drawn = [float(row["drawn_micro"]) for row in rows if row["place"] == "anywhere"]
    with (folder / CASCADE / "organs.csv").open("w", encoding="utf-8", newline="") as stream:
        table = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(row | {"chance_macro": "", "drawn_macro": row["drawn_micro"]} for row in rows)
    with style():
        over_time = next(axes for axes in figure(folder / CASCADE).axes if axes.get_xlabel().startswith("time"))
    curves = {line.get_label(): line.get_ydata() for line in over_time.lines}
    assert curves["anywhere"] == pytest.approx(drawn) and max(drawn) > 0
    assert "drawn" in over_time.get_ylabel()


def test_where_no_metastasis_shows_the_picture_is_about_micrometastases(folder: Path) -> None:
    """Chances by place and time are then those of micrometastases; bands begin where the first was drawn."""
    assert main(["cascade", str(folder), "--seeds", "40"]) == 0
    rows = _rows(folder / CASCADE / "organs.csv")
    seen = [float(row["time"]) for row in rows if row["place"] == "anywhere" and float(row["drawn_micro"]) > 0]
    for chance, told in (("0.01", "metastasis that shows"), ("1e-5", "micrometastasis")):
        with (folder / CASCADE / "organs.csv").open("w", encoding="utf-8", newline="") as stream:
            table = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
            table.writeheader()
            table.writerows(row | {"chance_macro": chance, "drawn_macro": "0"} for row in rows)
        assert shows(folder / CASCADE) == (told == "micrometastasis")
        with style():
            _, by_place, over_time = figure(folder / CASCADE).axes
        assert by_place.get_xlabel().startswith(f"chance of a {told}\n") and told.partition(" ")[0] in over_time.get_ylabel()
    assert min(band.get_datalim(over_time.transData).x0 for band in over_time.collections) == pytest.approx(seen[0])


def test_cell_by_cell_and_another_folder(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cascade", str(folder), "--seeds", "1", "--cell-by-cell", "--output", str(tmp_path / "other")]) == 0
    facts = json.loads((tmp_path / "other" / "manifest.json").read_text(encoding="utf-8"))
    assert (facts["histories"], facts["drawn"], facts["first_seed"]) == (1, "cell by cell", 7)
    ledger = {row["account"]: float(row["drawn"]) for row in _rows(tmp_path / "other" / "ledger.csv")}
    entered, rest = ledger.pop("entered") + ledger.pop("shed"), sum(ledger.values())
    assert entered == rest and abs(entered - 24_000) < 6 * (24_000 * 1.2) ** 0.5


def test_other_seeds_are_those_of_a_longer_row(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Histories 10 to 12 are the same whether drawn alone or after 7 to 9; what is no seed is refused, and so is one for patients."""
    assert main(["cascade", str(folder), "--seeds", "6"]) == 0
    assert main(["cascade", str(folder), "--seeds", "3", "--seed", "10", "--output", str(tmp_path / "later")]) == 0
    assert "3 histories from seed 10 on" in capsys.readouterr().out
    later = _rows(tmp_path / "later" / "events.csv")
    assert later and later == [row for row in _rows(folder / CASCADE / "events.csv") if int(row["history"]) >= 10]
    for wrong in (["--seed", "-1"], ["--seed", "3", "--patients", "2"]):
        assert main(["cascade", str(folder), *wrong]) == 2
        printed(capsys.readouterr().err, "wrong-arguments", "--seed", "")


def test_nothing_that_enters_gives_empty_tables_and_a_picture(folder: Path) -> None:
    (folder / ENTRIES).write_text(ROWS.replace("60.0", "0.0"), encoding="utf-8")
    assert main(["cascade", str(folder), "--seeds", "3"]) == 0
    assert _rows(folder / CASCADE / "events.csv") == []
    assert {float(row["drawn"]) for row in _rows(folder / CASCADE / "ledger.csv")} == {0.0}
    assert {float(row["free"]) for row in _rows(folder / CASCADE / "relapse.csv")} == {1.0}
    assert (folder / CASCADE / "cascade.png").stat().st_size > 10_000


def test_what_is_too_much_to_draw_is_refused_and_older_tables_stay(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cascade", str(folder), "--seeds", "2"]) == 0
    before = {file.name: file.read_bytes() for file in (folder / CASCADE).iterdir()}
    resolved = (folder / RESOLVED).read_text(encoding="utf-8")
    (folder / RESOLVED).write_text(resolved.replace("stands_for: 200.0", "stands_for: 1.0e+9"), encoding="utf-8")
    capsys.readouterr()
    assert main(["cascade", str(folder), "--cell-by-cell"]) == 2
    printed(capsys.readouterr().err, "too-many", "circulation.stands_for", "--direct")
    assert {file.name: file.read_bytes() for file in (folder / CASCADE).iterdir()} == before


def test_what_cannot_be_drawn_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cascade", str(folder), "--seeds", "0"]) == 2
    printed(capsys.readouterr().err, "wrong-arguments", "--seeds", "1 or more")
    (folder / ENTRIES).unlink()
    assert main(["cascade", str(folder)]) == 2
    printed(capsys.readouterr().err, "no-output", str(folder / ENTRIES), "wait")
    (folder / RESOLVED).write_text("name: x\n", encoding="utf-8")
    assert main(["cascade", str(folder)]) == 2
    printed(capsys.readouterr().err, "missing-option", str(folder), "circulation and organs")


@pytest.mark.parametrize(("step", "more", "fine"), [(10.0, "", 8.0), (40.0, "wake: 0.2 /d", 4.0)])
def test_a_grid_too_coarse_for_the_colonies_is_said_and_the_one_that_is_advised_is_right(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], step: float, more: str, fine: float
) -> None:
    """Chances in closed form on the grid that is advised are those of a fine one within 1 %; on one ten times coarser they are not."""
    found = {}
    for asked in (step, fine, 0.5):
        file = tmp_path / f"step_{asked:g}.yaml"
        pairs = [("end: 2 y", f"end: 320 d\n  step: {asked:g} d"), *([("wake: 0.002 /d", more)] if more else [])]
        file.write_text(changed(*pairs), encoding="utf-8")
        scenario = load(file)
        plan = plan_of(scenario, reports=1)
        found[asked] = float(chances(plan, entries_of(scenario, ENTERED), ("macro",)).macro_anywhere[-1])
        for command in ("validate", "explain"):
            assert main([command, str(file)]) == 0
            said = [line for line in capsys.readouterr().out.splitlines() if "circulation.step" in line]
            assert len(said) == (asked == step), command
            assert not said or f"circulation.step: {fine:g} d is fine enough" in said[0]
    assert abs(found[fine] / found[0.5] - 1) < 0.01 and (step < 5 * fine or abs(found[step] / found[0.5] - 1) > 0.01)


def test_the_chain_is_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cascade.yaml").write_text(TEXT, encoding="utf-8")
    assert main(["explain", str(tmp_path / "cascade.yaml")]) == 0
    said = capsys.readouterr().out
    for part in ("duct          lymph -> level II", "single 0.0005, cluster 0.025", "kidneys 0.19", "wakes 0.002 /d", "spleen to liver"):
        assert part in said
