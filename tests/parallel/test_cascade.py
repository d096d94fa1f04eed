"""A cascade beside a run: the ledger over tissue and organs, the same history on any ranks, across a stop and from the finished run."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from mpi4py import MPI

from invasio.postprocess.run import open_run
from invasio.solver.cascade import finished
from invasio.solver.output.layout import CASCADE, ENTRIES, LOG
from invasio.solver.output.records import numbers_of
from invasio.solver.run import run
from invasio.solver.scenario.loader import load
from invasio.solver.scenario.shipped import folder
from invasio.solver.simulation import Simulation
from tests.lib.cascades import changed
from tests.lib.comm import Comm
from tests.lib.everywhere import parallel_assert
from tests.lib.messages import refused

pytestmark = pytest.mark.mpi

SMALL = (("end: 2 y", "end: 200 d\n  step: 4 d"), ("end: 10, step: 0.5", "end: 2, step: 0.5"), ("every: 5", "every: 1, figures: false"))


def scenario(comm: Comm, folder: Path, *more: tuple[str, str]) -> Path:
    """The scenario as a file, on all ranks."""
    path = folder / "cascade.yaml"
    if comm.rank == 0:
        path.write_text(changed(*SMALL, *more), encoding="utf-8")
    comm.barrier()
    return path


def drawn(folder: Path) -> tuple[list[list[str]], list[list[float]]]:
    """Events of a folder: what is whole or a word, and times."""
    rows = [line.split(",") for line in (folder / "events.csv").read_text(encoding="utf-8").splitlines()[1:]]
    return [row[:10] for row in rows], [[float(text or "inf") for text in row[10:]] for row in rows]


def test_means_balance_with_the_tissue_and_the_own_history_is_that_of_its_seed(comm: Comm, shared_tmp: Path) -> None:
    out = shared_tmp / "out"
    run(load(scenario(comm, shared_tmp)), comm, out)
    said = []
    if comm.rank == 0:
        series = open_run(out).series
        entered = 200 * (series["tumour.blood:vein"] + series["tumour.lymph:duct"])
        said += [] if np.allclose(series["circulation.entered"], entered, rtol=1e-12) and entered[-1] > 1000 else ["entered"]
        said += [] if series["circulation.ledger"].max() < 1e-12 else [f"ledger {series['circulation.ledger']}"]
        organs = np.sum([series[f"organ.lungs.{what}"] for what in ("stuck", "starved", "dormant", "faded", "founders")], axis=0)
        said += [] if np.allclose(series["organ.lungs.arrived"], organs, rtol=1e-12) and organs[-1] > 0 else ["lungs"]
        table = numbers_of(out / ENTRIES)
        said += (
            []
            if len(table["time"]) == 5 and table["vein/right.entered:tumour"][-1] == pytest.approx(series["tumour.blood:vein"][-1])
            else ["table"]
        )
        own = drawn(out / CASCADE)
        read, entries = finished.read(out)
        finished.write(shared_tmp / "again", read, entries, 20)
        again = drawn(shared_tmp / "again")
        mine = [k for k, row in enumerate(again[0]) if row[0] == "7"]
        said += [] if own[0] and own[0] == [again[0][k] for k in mine] and own[1] == [again[1][k] for k in mine] else ["history"]
        said += [] if {row[0] for row in again[0]} > {"7", "8"} else ["histories"]
    parallel_assert(comm, not comm.bcast(said), f"wrong: {said}")


def test_the_same_history_on_any_number_of_ranks_and_across_a_stop(comm: Comm, shared_tmp: Path) -> None:
    path, whole, parts = scenario(comm, shared_tmp), shared_tmp / "whole", shared_tmp / "parts"
    run(load(path), comm, whole)
    with Simulation(path, comm=comm, out=parts) as simulation:
        for _ in range(3):
            simulation.step()
    with Simulation(path, comm=comm, out=parts, resume=True) as simulation:
        simulation.run()
    alone = shared_tmp / "alone"
    if comm.rank == 0:
        run(load(path), MPI.COMM_SELF, alone)
    comm.barrier()
    said = []
    if comm.rank == 0:
        one, other, third = (drawn(folder / CASCADE) for folder in (whole, parts, alone))
        said += [] if one[0] and one == other else ["across a stop"]
        said += [] if one[0] == third[0] and np.allclose(one[1], third[1], rtol=1e-12, atol=0) else ["ranks"]
        a, b = numbers_of(whole / ENTRIES), numbers_of(parts / ENTRIES)
        said += [] if a == b else ["entries"]
        said += (
            []
            if open_run(whole).series["circulation.ledger"].tolist() == open_run(parts).series["circulation.ledger"].tolist()
            else ["means"]
        )
    parallel_assert(comm, not comm.bcast(said), f"wrong: {said}")


def test_a_scalar_of_the_run_and_pools_act_on_rates(comm: Comm, shared_tmp: Path) -> None:
    """Rates that fall with a pool that fills: fewer are arrested than without."""
    more = (
        ("after: none", "after: last\n  pools: {priming: {inflow: 1 /d, loss: 0.2 /d}}"),
        ("  vessels:", "  pools: {stress: {inflow: 1 /d, loss: 0.2 /d}}\n  vessels:"),
        ("extravasation: 0.8", 'extravasation: "0.8/(1 + 0.5*priming + 0.5*stress)"'),
    )
    out = shared_tmp / "out"
    run(load(scenario(comm, shared_tmp, *more)), comm, out)
    said = []
    if comm.rank == 0:
        series = open_run(out).series
        share = series["organ.lungs.stuck"][-1] / series["organ.lungs.arrived"][-1]
        said += [] if 0.3 < share < 0.8 and series["circulation.ledger"].max() < 1e-12 else [f"share {share}"]
        table = numbers_of(out / ENTRIES)
        stress = 5 * (1 - np.exp(-0.2 * np.array(table["time"])))
        said += [] if np.allclose(table["scalar.stress"], stress, rtol=1e-3) and stress[-1] > 1 else [f"scalar {table['scalar.stress']}"]
        again = finished.prepared(*finished.read(out))[0]
        own = again.extravasation[0, 0]
        said += [] if len(own) == 50 and 0.3 < own[0] < 0.8 and own[-1] < own[0] else [f"extravasation {own}"]
        facts = json.loads((out / CASCADE / "manifest.json").read_text(encoding="utf-8"))
        said += [] if facts["histories"] == 1 and facts["units"]["events.csv"]["entered"] == "d" else ["manifest"]
    parallel_assert(comm, not comm.bcast(said), f"wrong: {said}")


def test_a_chance_that_a_pool_of_the_tissue_brings_above_one_is_refused_at_its_place(comm: Comm, shared_tmp: Path) -> None:
    """Before the first step, with file, line and column."""
    path = scenario(comm, shared_tmp, ("  vessels:", "  pools: {primed: {inflow: 1 /d}}\n  vessels:"), ("liver: 0.02", "liver: primed"))
    lines = path.read_text(encoding="utf-8").splitlines()
    line = next(k for k, text in enumerate(lines, 1) if "soil:" in text)
    with refused("bad-rate", f"cascade.yaml:{line}:{lines[line - 1].index('liver: ') + 8}: organs.soil.liver", "at most 1"):
        run(load(path), comm, shared_tmp / "out")


def test_a_run_whose_own_history_is_too_large_to_draw_ends_well(comm: Comm, shared_tmp: Path) -> None:
    out = shared_tmp / "out"
    run(load(scenario(comm, shared_tmp, ("stands_for: 200", "stands_for: 1e15"), ("step: 4 d", "step: 10 d"))), comm, out)
    parallel_assert(comm, open_run(out).series["circulation.ledger"].max() < 1e-12 and not (out / CASCADE).exists())
    said = (out / LOG).read_text(encoding="utf-8")
    parallel_assert(comm, said.count("circulation.step: 8 d is fine enough") == 1, "the grid is too coarse, which the run says once")


def test_what_falls_into_the_body_cavity_settles_dies_or_is_drained(comm: Comm, shared_tmp: Path) -> None:
    """dC/dt = J - (s + l + d) C by hand, J constant in every step; of what settled or is held, all but the soil has died."""
    settings = ["time.end=4", "output.every=2", "output.figures=false", "circulation.end=40 d", "circulation.step=4 d", "expect=[]"]
    out = shared_tmp / "out"
    run(load(folder() / "cascade/ovary.yaml", settings), comm, out)
    said = []
    if comm.rank == 0:
        series, table = open_run(out).series, numbers_of(out / ENTRIES)
        entered = 2e4 * np.array(table["surface/left.entered:tumour"])
        settles, loss, drains, floating = 0.1, 0.5, 0.1, 0.0
        rate = settles + loss + drains
        for step, flux in zip(np.diff(table["time"]), np.diff(entered) / np.diff(table["time"]), strict=True):
            floating = floating * np.exp(-rate * step) + flux / rate * (1 - np.exp(-rate * step))
        spent = (entered[-1] - floating) / rate  # the integral of C
        organ, node = (
            {what: series[f"organ.{place}.{what}"][-1] for what in ("starved", "dormant", "founders", "stuck")}
            for place in ("peritoneum", "paraaortic")
        )
        expected = {
            "floats": (series["cavity.cells"][-1], floating),
            "dead": (series["cavity.cleared"][-1], loss * spent),
            "no soil": (organ["starved"], (1 - 1e-4) * settles * spent),
            "soil": (organ["dormant"] + organ["founders"], 1e-4 * settles * spent),
            "held": (sum(node.values()), 0.8 * drains * spent),
        }
        said += [f"{name}: {one} not {two}" for name, (one, two) in expected.items() if not 0 < one == pytest.approx(two, rel=1e-9)]
        said += (
            [] if organ["stuck"] == node["stuck"] == 0 and series["circulation.ledger"].max() < 1e-12 and entered[-1] > 1e4 else ["ledger"]
        )
    parallel_assert(comm, not comm.bcast(said), f"wrong: {said}")
