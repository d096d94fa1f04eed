"""Stiff species follow what drives them to second order in time, whatever kind of species that is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.lib.comm import Comm
from tests.lib.fields import density
from tests.lib.march import advance
from tests.lib.models import lattice, problem_of, species
from tests.lib.orders import orders
from tests.verification.test_transfers import turning


def laws(driver: str, speed: float) -> tuple[Any, ...]:
    """m -> driver within 1/speed; the driver moves (n), is in balance at all times (o), does not move (f), or comes from transfers (k)."""
    n = species("n", "1 + 0.5*cos(pi*x)", "cells", diffusion="0.05", growth="1.5*(1 - n/3)")
    return (
        turning(n, k="0.5*x") if driver == "k" else n,
        species("k", "0.5", "cells", diffusion="0.02"),
        species("m", "0.5", "soluble", diffusion="0.01", production=f"{speed}*{driver}", loss=f"{speed}"),
        species("o", "0", "soluble", diffusion="0.2", production="n + 0.2*sin(3*t) + 0.3", loss="1 + n", quasi_steady=True),
        species("f", "1", "ecm", loss="1.5*n*(1 + 0.5*sin(2*t))"),
    )


def errors(comm: Comm, driver: str, speed: float) -> list[float]:
    """Of m at t = 1 in 20, 40 and 80 steps, beside 640."""
    states = []
    for steps in (20, 40, 80, 640):
        problem = problem_of(laws(driver, speed), lattice(1, 30), comm)
        advance(problem, 1.0 / steps, steps)
        states.append(density(problem, "m").copy())
    return [float(np.abs(s - states[-1]).max()) for s in states[:-1]]


SPEEDS = [(driver, speed) for driver in "nfk" for speed in (1e1, 1e4)] + [("o", 1e2), ("o", 1e4)]  # at 10 errors of o cancel: below


@pytest.mark.parametrize(("driver", "speed"), SPEEDS)
def test_stiff_kinetics_are_second_order_whatever_drives_them(comm: Comm, driver: str, speed: float) -> None:
    """Read at mid-step, quasi-steady and immobile drivers made it 1.1 at speed 1e4 (errors ten to seventy times these at 1/80)."""
    found = errors(comm, driver, speed)
    assert min(orders(found)) > 1.85, found


def test_what_a_balance_drives_is_within_a_hundred_thousandth(comm: Comm) -> None:
    """Where errors in time of both cancel: 3.3e-4, 7.3e-5, 1.7e-5 while the middle of a step was foretold by a line."""
    found = errors(comm, "o", 1e1)
    assert found[0] < 2e-5 and found[1] < 1e-5 and found[2] < 4e-6, found
