"""Drugs behind the wall: factors on rates and chances of the cascade, against closed forms, and after a run is done; what is refused."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad

from invasio.solver.cascade.build import plan_of
from invasio.solver.cascade.entered import entries_of, scalars_of
from invasio.solver.cascade.finished import read
from invasio.solver.circulation.means import means
from invasio.solver.circulation.plan import Plan
from invasio.solver.circulation.results import Means
from invasio.solver.output.layout import ENTRIES, RESOLVED
from invasio.solver.scenario.loader import dump_resolved, load
from invasio.solver.scenario.schema import Scenario
from invasio.solver.scenario.treated import treated
from tests.lib.cascades import changed
from tests.lib.messages import refused

TABLE = {"time": [0.0, 5.0, 10.0], "vein/right.entered:tumour": [0.0, 10.0, 30.0], "duct/left.entered:tumour": [0.0, 0.0, 10.0]}
COARSE = ("end: 2 y", "end: 40 d\n  step: 1 d")
GIVEN = """\
schedules:
  always: {kind: table, times: [0], values: [3]}
  doses: {kind: pulses, height: 2, width: 0.3, start: 12.15, every: 1.7, count: 5}
drugs:
  drug: {level: LEVEL, effects: {PATH: EFFECT}}
"""
LOWERED = "{lowers: {max: 0.8, half: 1}}"


def _under(path: str, effect: str = LOWERED, level: str = "always") -> str:
    return GIVEN.replace("PATH", path).replace("EFFECT", effect).replace("LEVEL", level)


def _read(folder: Path, more: str = "", *pairs: tuple[str, str]) -> Scenario:
    file = folder / "cascade.yaml"
    file.write_text(changed(COARSE, *pairs) + more, encoding="utf-8")
    return load(file)


def _means(scenario: Scenario, plan: Plan) -> Means:
    return means(plan, entries_of(scenario, TABLE).until(float(plan.times[-1])), plan.times)


def test_wake_halved_by_a_constant_schedule_is_half_the_wake(tmp_path: Path) -> None:
    halved = _read(tmp_path, _under("organs.dormancy.wake", "{lowers: {half: 3}}"))
    other = _read(tmp_path, "", ("wake: 0.002", "wake: 0.001"))
    one, two = (_means(scenario, plan_of(treated(scenario))) for scenario in (halved, other))
    for name in ("dormant", "growing", "founders", "settled"):
        assert getattr(one, name) == pytest.approx(getattr(two, name), rel=1e-12), name
    assert one.dormant[-1].sum() > _means(halved, plan_of(halved)).dormant[-1].sum()  # without the drug


def test_pulses_on_birth_against_quadrature(tmp_path: Path) -> None:
    """Pulses shorter than an interval, that begin anywhere: colonies grow by exp of the integral of birth less death."""
    scenario = _read(tmp_path, _under("organs.colony.birth", level="doses"), ("enter: 0.6, wake: 0.002 /d", "enter: 0"))
    plan = plan_of(treated(scenario))

    def birth(t: float) -> float:
        level = 2.0 if any(12.15 + 1.7 * k <= t < 12.45 + 1.7 * k for k in range(5)) else 0.0
        return 0.25 * (1.0 - 0.8 * level / (1.0 + level))

    jumps = [12.15 + 1.7 * k + shift for k in range(5) for shift in (0.0, 0.3)]
    edges = [12.0, *jumps, 40.0]
    whole = sum(quad(birth, low + 1e-13, high - 1e-13)[0] for low, high in pairwise(edges))
    assert (plan.colony.birth[0, 0] * np.diff(plan.times))[12:].sum() == pytest.approx(whole, rel=1e-11)
    found = _means(scenario, plan)
    lungs = plan.places.index("lungs")  # nothing comes any more 24 transits after the last entry
    assert found.growing[-1, lungs] / found.growing[12, lungs] == pytest.approx(math.exp(whole - 0.2 * 28.0), rel=1e-8)


def test_losses_capture_and_chances_have_their_own_laws(tmp_path: Path) -> None:
    """With f = 0.4: S/(S + f (1 - S)) of losses, 1 - (1 - e)^f of capture and adhesion, f x of a chance."""
    f = 1.0 - 0.8 * 3.0 / 4.0
    lowered = _read(tmp_path, _under("circulation.blood.loss_factor"))
    single, cluster = (survival / (survival + f * (1.0 - survival)) for survival in (5e-4, 2.5e-2))
    plain = _read(tmp_path, "", ("single: 5e-4, cluster: 2.5e-2", f"single: {single!r}, cluster: {cluster!r}"))
    arrived = [_means(scenario, plan_of(treated(scenario))).arrived for scenario in (lowered, plain)]
    assert arrived[0] == pytest.approx(arrived[1], rel=1e-12) and arrived[0][-1].sum() > 0.0
    capture = plan_of(treated(_read(tmp_path, _under("organs.capture")))).beds
    adhesion = plan_of(treated(_read(tmp_path, _under("organs.adhesion")))).beds
    assert capture.capture == pytest.approx(1.0 - 0.1**f, rel=1e-12) and adhesion.adhesion == pytest.approx(f, rel=1e-12)
    assert plan_of(treated(_read(tmp_path, _under("organs.extravasation")))).extravasation == pytest.approx(0.8 * f, rel=1e-12)
    blood = plan_of(treated(_read(tmp_path, _under("circulation.blood.survival.single")))).blood
    assert blood.single == pytest.approx(5e-4 * f, rel=1e-12) and blood.cluster == pytest.approx(2.5e-2)


def test_a_path_names_all_organs_or_one_and_levels_by_name(tmp_path: Path) -> None:
    soil = {}
    for path in ("organs.soil", "organs.soil.liver"):
        plan = plan_of(treated(_read(tmp_path, _under(path))))
        soil[path] = dict(zip(plan.places, plan.soil[:, 0, 0], strict=True))
    assert [soil[path]["liver"] for path in soil] == pytest.approx([0.008, 0.008], rel=1e-12)
    assert [soil[path]["lungs"] for path in soil] == pytest.approx([0.002, 0.005], rel=1e-12)
    plan = plan_of(treated(_read(tmp_path, _under("circulation.lymph.levels.III.hold"))))
    assert plan.lymph.hold.ravel() == pytest.approx([0.8, 0.2], rel=1e-12)


def test_pools_of_the_tissue_and_of_the_circulation_act_also_when_the_run_is_done(tmp_path: Path) -> None:
    pools = ("model:\n", 'model:\n  pools: {tired: {inflow: "1 + late", loss: 0.5 /d}, late: {initial: 0, inflow: "0.1*(t < 20)"}}\n')
    later = ("after: none", "after: none\n  pools: {priming: {initial: 3, inflow: 0}}")
    level = "  other: {level: priming, effects: {organs.colony.death: {raises: {max: 2, half: 1}}}}\n"
    tissue = "  third: {level: always, effects: {model.cells.tumour.death: {adds: {max: 0.1 /d, half: 1}}}}\n"
    scenario = _read(tmp_path, _under("organs.extravasation", level="tired") + level + tissue, pools, later)
    (tmp_path / RESOLVED).write_text(dump_resolved(scenario), encoding="utf-8")
    rows = ["time,step,dt,vein/right.entered:tumour,duct/left.entered:tumour,scalar.tired,scalar.late"]
    rows += [f"{t},{t},1.0,{3.0 * t},{t},{0.3 * t},{0.1 * t}" for t in range(11)]
    (tmp_path / ENTRIES).write_text("\n".join([*rows, ""]), encoding="utf-8")
    done, table = read(tmp_path)
    plan = plan_of(done, scalars_of(table))
    at = plan.times[:-1, None] + (np.arange(8) + 0.5) / 8
    rises = 1.6 + 0.2 * at - 0.6 * np.exp(-0.5 * (at - 10))  # A' = 1 + late - A/2 from A = 3 on day 10, late = t/10 until day 20, then 2
    after = 6.0 + (5.6 - 0.6 * np.exp(-5.0) - 6.0) * np.exp(-0.5 * (at - 20))
    tired = np.where(at < 10, 0.3 * at, np.where(at < 20, rises, after))  # it goes on by its law when the run is done
    wanted = (0.8 * (1.0 - 0.8 * tired / (1.0 + tired))).mean(axis=1)
    assert plan.extravasation[0, 0, :10] == pytest.approx(wanted[:10], rel=1e-12)
    assert plan.extravasation[0, 0] == pytest.approx(wanted, rel=5e-5)  # of second order in an eighth of an interval
    assert plan.colony.death.ravel() == pytest.approx([0.2 * (1.0 + 2.0 * 0.75)], rel=1e-12)


@pytest.mark.parametrize(
    ("path", "effect", "level", "code", "says"),
    [
        ("organs.colony.birth", LOWERED, "tumour", "name-not-usable", ["in every place", "a schedule or a pool"]),
        ("organs.extravasation", "{raises: {max: 1, half: 1}}", "always", "out-of-bounds", ["1.6", "loss_factor"]),
        ("organs.extravasation", "{adds: {max: 0.1, half: 1}}", "always", "wrong-unit", ["use lowers or raises"]),
        ("organs.colony.micro", LOWERED, "always", "no-rate", []),
        ("organs.soil.livr", LOWERED, "always", "unknown-key", ["did you mean 'liver'"]),
        ("circulation.lymph.levels", LOWERED, "always", "no-rate", ["II, III"]),
        ("organs.dormancy.death", LOWERED, "always", "no-rate", ["use adds"]),
        ("organs.colony.sheds.rate", LOWERED, "always", "unknown-key", []),
    ],
)
def test_what_is_refused(tmp_path: Path, path: str, effect: str, level: str, code: str, says: list[str]) -> None:
    with refused(code, "cascade.yaml", says=says):
        _read(tmp_path, _under(path, effect, level))
