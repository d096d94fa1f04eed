"""Where cells are arrested: shares with loops, factors, and bodies that cannot be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from invasio.solver.circulation.check import check
from invasio.solver.circulation.errors import CirculationError
from invasio.solver.circulation.plan import Beds, number
from invasio.solver.circulation.where import arrests, check_beds
from tests.lib.cascade import NAMES, body, constant, one_bed
from tests.lib.messages import check as said
from tests.lib.messages import refused

BODY = body(0.5)
SYSTEMIC, PORTAL, PULMONARY = np.eye(len(NAMES))[0], np.eye(len(NAMES))[1], BODY.routes[0]


@pytest.mark.parametrize(
    ("start", "capture", "shares"),
    [
        (SYSTEMIC, 0.5, {"lungs": 0.6501, "liver": 0.0459, "brain": 0.0390, "kidneys": 0.0618}),
        (PORTAL, 0.5, {"liver": 0.5230, "lungs": 0.3251, "brain": 0.0195, "kidneys": 0.0309}),
        (PULMONARY, 0.5, {"lungs": 0.300, "liver": 0.092, "brain": 0.078, "kidneys": 0.124}),
        (SYSTEMIC, 0.9, {"lungs": 0.908}),
    ],
)
def test_shares_of_the_reference_body(start: np.ndarray, capture: float, shares: dict[str, float]) -> None:
    found = arrests(body(capture), start[None])[0, 0, 0]
    assert found.sum() == pytest.approx(1, abs=1e-12)
    for name, share in shares.items():
        digits = 4 if capture == 0.5 and start is not PULMONARY else 3
        assert round(float(found[NAMES.index(name)]), digits) == share, name


def test_two_beds_by_hand_with_capture_by_phenotype_and_time() -> None:
    captures = np.array([[[0.5, 0.8], [0.2, 0.9]], [[0.4, 0.1], [0.7, 0.3]]])  # (beds, phenotypes, times)
    beds = Beds(("lungs", "rest"), captures, np.array([[0.0, 1], [1, 0]]), np.array([1.0, 0]))
    lungs, rest = captures
    assert arrests(beds, beds.systemic[None])[0, :, :, 0] == pytest.approx(lungs / (1 - (1 - lungs) * (1 - rest)))


def test_a_factor_on_capture_is_so_many_passes() -> None:
    twice = replace(BODY, capture=number(0.3), adhesion=number(2))
    assert arrests(twice, SYSTEMIC[None]) == pytest.approx(arrests(body(1 - 0.7**2), SYSTEMIC[None]))


def test_a_loop_without_loss_is_refused() -> None:
    with refused("no-loss", "organs.capture", "capture above 0", ("lungs", "kidneys")):
        check_beds(body(0.0))


def test_a_loop_without_loss_that_is_not_reached_or_has_a_way_out_is_not() -> None:
    captures = np.full((len(NAMES), 1, 1), 0.0)
    captures[0] = 0.5
    check_beds(replace(BODY, capture=captures))


def test_shares_that_do_not_add_up_and_beds_that_lead_nowhere_are_refused() -> None:
    routes = BODY.routes.copy()
    routes[0, 2] += 0.25
    with refused("wrong-shares", "organs.beds.lungs", "add up to 1", ("1.25",)):
        check_beds(replace(BODY, routes=routes))
    routes = BODY.routes.copy()
    routes[3] = 0
    with refused("no-route", "organs.beds.heart", "into"):
        check_beds(replace(BODY, routes=routes))
    with refused("wrong-shares", "model.vessels.v.into", "add up to 1", ("0.5",)):
        check_beds(BODY, [("model.vessels.v.into", SYSTEMIC / 2)])
    routes = BODY.routes.copy()
    routes[0, 1], routes[0, 2] = routes[0, 1] + routes[0, 2], 0
    with refused("no-route", "organs.beds.brain", "share"):
        check_beds(replace(BODY, routes=routes))


def test_numbers_that_are_no_chances_or_rates_are_refused() -> None:
    plan = one_bed(np.linspace(0, 1, 3))
    check(plan, constant(1, 1))
    wrong = replace(plan, soil=number(1.2), sizes=np.array([0.5, 0.6]), blood=replace(plan.blood, transit=number(0, 1)))
    with pytest.raises(CirculationError) as caught:
        check(wrong, constant(1, 1))
    faults = {fault.place: fault for fault in caught.value.faults}
    said(faults["organs.soil"], "out-of-bounds", "organs.soil", "[0, 1]", ("1.2",))
    said(faults["circulation.clusters.sizes"], "wrong-shares", "", "add up to 1", ("1.1",))
    said(faults["circulation.blood.transit"], "out-of-bounds", "", "above 0")
    assert len(faults) == 3
    for name, code in (("wake", "out-of-bounds"), ("death", "out-of-bounds")):
        with refused(code, f"organs.dormancy.{name}", ">= 0", ("-1",)):
            check(replace(plan, dormancy=replace(plan.dormancy, **{name: number(-1)})), constant(1, 1))
