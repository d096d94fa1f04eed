"""Flows that change in time against the same mesh at small steps: what quasi-steady species exchange, gates beside fast diffusion."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from invasio.solver.discretise.problem import Problem
from tests.cut_meshes import plane
from tests.lib.comm import Comm
from tests.lib.march import March
from tests.lib.models import boundary, lattice, membrane, passage, species
from tests.lib.vessels import flux, tissue, vessel

Floats = NDArray[np.float64]

COUNTS = (10, 20, 40)
GATES = ((0.1, 1.0), (0.1, 100.0), (10.0, 1.0), (10.0, 100.0), (1e4, 1e4))
PASSED = ("inflow:left", "outflow:right", "dead", "blood:v", "crossed:k")


def balanced(comm: Comm) -> Problem:
    """Oxygen in balance beside cells that grow: held at a value that changes, exchanged, through a membrane and the wall of a vessel."""
    data = replace(lattice(2, 6), interfaces={"k": plane(lattice(2, 6), 0, 0.5)})
    ends = {"left": boundary("fixed", "1 + 0.5*sin(3*t)"), "right": boundary("exchange", "0.1*t", "1")}
    oxygen = species("o", "1", "soluble", diffusion="0.5", loss="n", quasi_steady=True, boundaries=ends)
    cells = species("n", "0.2 + 0.2*x", "cells", growth="2*(1 - n)")
    wall = vessel("v", "boundary", ["top"], flux("o", "1 + sin(2*t)", inside="0.5", dissolved=True))
    return tissue((cells, oxygen), data, comm, [wall], membranes=(membrane("k", passage("o", "2 + t")),))


def amounts(comm: Comm, count: int) -> Floats:
    """What has passed until t = 1 in so many steps, and the largest amount that passed a site of the wall."""
    problem = balanced(comm)
    march = March(problem).steps(1.0 / count, count, balanced=True)
    account = march.accounts()["o"]
    entered = problem.vessels["v"].crossings[0].entered
    return np.array([*(account[key] for key in PASSED), max(comm.allgather(float(np.abs(entered).max(initial=0.0))))])


def gated(comm: Comm, speed: float, rate: float) -> Problem:
    """A solute of D = ``speed`` beside a gate of about ``rate`` with a rate and a density outside that change."""
    ends = {"left": boundary("exchange", "1 + sin(3*t)", f"{rate}*(1.5 + cos(4*t))"), "right": boundary("outflow")}
    return tissue((species("c", "1", "soluble", diffusion=f"{speed}", loss="1 + 0.5*sin(5*t)", boundaries=ends),), lattice(1, 16), comm, [])


def gated_amounts(comm: Comm, speed: float, rate: float, count: int) -> Floats:
    """What has gone out, what has come in besides, and what has decayed, until t = 1 in so many steps."""
    account = March(gated(comm, speed, rate)).steps(1.0 / count, count, balanced=True).accounts()["c"]
    return np.array([account["outflow:left"], account["inflow:left"] - account["outflow:left"], account["dead"]])


def errors(found: Callable[[int], Floats], counts: tuple[int, ...] = COUNTS, fine: int = 320) -> list[list[float]]:
    """Relative errors of the numbers, of each in so many steps, against ``fine`` and twice as many, extrapolated."""
    coarse, finest = found(fine), found(2 * fine)
    truth = finest + (finest - coarse) / 3.0
    misses = np.array([np.abs(found(count) / truth - 1.0) for count in counts])
    return [[float(miss) for miss in column] for column in misses.T]
