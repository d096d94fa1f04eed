"""Numbers by part of vessels: one table for thousands of segments, columns for few or named ones; adds up, and goes on after a stop."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from invasio.hpc.cost.estimate import estimate
from invasio.postprocess.run import open_run
from invasio.postprocess.table import by_part
from invasio.solver.errors import InvasioError
from invasio.solver.output.layout import FIELDS, VESSELS
from invasio.solver.run import run
from invasio.solver.scenario.loader import load
from invasio.solver.simulation import Simulation
from tests.lib.comm import Comm
from tests.lib.everywhere import parallel_assert
from tests.lib.messages import check, refused

pytestmark = pytest.mark.mpi


def scenario(comm: Comm, folder: Path, generations: int, parts: str = "[]") -> Path:
    """A block with a tree of vessels of 2^(generations + 1) - 1 segments, which cells enter."""
    path = folder / f"tree{generations}.yaml"
    if comm.rank == 0:
        path.write_text(
            "scales: {length: 100 um, time: 1 d, cells: 1e8 /cm^3}\n"
            "mesh: {kind: box, to: [1, 1, 1], cells: [4, 4, 4]}\nmodel:\n"
            "  cells: {tumour: {initial: 1, motility: 1e-3}}\n  vessels:\n    blood:\n      carries: blood\n"
            "      entry: {tumour: 0.1}\n      at: {network: {tree: {from: [.5, .1, .5], direction: [0, 1, 0], radius: 0.01, length: 0.2,\n"
            f"        generations: {generations}, seed: 1, within: {{kind: box, from: [.02, .02, .02], to: [.98, .98, .98]}}}}}}}}\n"
            f"time: {{end: 1, step: 0.25}}\noutput: {{every: 0.25, figures: false, parts: {parts}}}\n",
            encoding="utf-8",
        )
    comm.barrier()
    return path


@pytest.mark.parametrize(("generations", "parts", "columns"), [(4, "[]", 31), (5, "[]", 0), (5, "[blood/12]", 1), (5, "all", 63)])
def test_the_table_adds_up_to_the_account(comm: Comm, shared_tmp: Path, generations: int, parts: str, columns: int) -> None:
    """The sum over parts is the vessel's, in cells; series.csv has few or named ones, and their numbers are those of the table."""
    path, out = scenario(comm, shared_tmp, generations, parts), shared_tmp / "out"
    run(load(path), comm, out)
    said = []
    if comm.rank == 0:
        found = open_run(out)
        table, series = found.parts("blood"), found.series
        named = sorted({name.rpartition(".")[0] for name in series if "/" in name})
        said += [f"{len(named)} parts have columns"] if len(named) != columns else []
        said += [f"{len(table['names'])} parts"] if len(table["names"]) != 2 ** (generations + 1) - 1 else []
        for what, column in (("entered_tumour", "tumour.blood:blood"), ("flux_tumour", "blood.flux:tumour")):
            same = np.allclose(table[what].sum(axis=1), series[column], rtol=1e-12)
            said += [] if same and series[column][-1] > 0 else [f"{what}: {table[what].sum(axis=1)}, not {series[column]}"]
        for part in named:
            k = table["names"].index(part.partition("/")[2])
            said += [] if np.array_equal(series[f"{part}.entered:tumour"], table["entered_tumour"][:, k]) else [part]
        said += (
            []
            if by_part(found, "blood").startswith("part,area,entered_tumour,flux_tumour\n,(100 um)^2,cells,cells/d\ntrunk,")
            else [by_part(found, "blood")[:150]]
        )
        with h5py.File(out / VESSELS) as h5:
            said += [] if h5["parts/blood/flux_tumour"].attrs["units"] == "cells/d" else ["no unit"]
            still = h5["VTKHDF/PointData/radius"].shape[0], h5["VTKHDF/PointData/entered_tumour"].shape[0]
            said += [] if still[1] == 5 * still[0] else [f"rows: {still}"]
            said += [] if not np.any(h5["VTKHDF/Steps/PointDataOffsets/radius"][:5]) else ["what stands still is written more than once"]
            said += [] if "FieldData" not in h5["VTKHDF"] else ["columns beside those of fields.vtkhdf"]
        with h5py.File(out / FIELDS) as h5:
            said += [] if len(h5["VTKHDF/FieldData"]) == len(series) - 3 else ["other columns in fields.vtkhdf"]
        size = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
        low, high = estimate(load(path), comm.size).disk
        said += [] if low < size < high else [f"{size} bytes, estimated {low} to {high}"]
    parallel_assert(comm, not said, "; ".join(said))


def test_a_run_that_goes_on_has_the_same_tables(comm: Comm, shared_tmp: Path) -> None:
    """Stopped in between and resumed: bit by bit the tables of one that was not."""
    path = scenario(comm, shared_tmp, 5, "[blood/2]")
    run(load(path), comm, shared_tmp / "whole")
    with Simulation(path, comm=comm, out=shared_tmp / "parts") as simulation:
        simulation.step()
        simulation.step()
    run(load(path), comm, shared_tmp / "parts", resume=True)
    said = []
    if comm.rank == 0:
        one, two = open_run(shared_tmp / "whole"), open_run(shared_tmp / "parts")
        first, second = one.parts("blood"), two.parts("blood")
        said += [name for name in first if not np.array_equal(first[name], second[name])]
        said += [name for name in one.series if not np.array_equal(one.series[name], two.series[name])]
        said += [] if len(second["entered_tumour"]) == 5 else ["not all outputs"]
    parallel_assert(comm, not said, ", ".join(said))


def test_a_part_that_is_not_there(comm: Comm, shared_tmp: Path) -> None:
    path = scenario(comm, shared_tmp, 4, "[blood/99]")
    with refused("no-part", "output.parts[0]", "allowed: ", ("'blood/99'",)):
        run(load(path), comm, shared_tmp / "out")


def test_a_vessel_that_has_no_parts(comm: Comm, shared_tmp: Path) -> None:
    run(load(scenario(comm, shared_tmp, 4)), comm, shared_tmp / "out")
    fault: InvasioError | None = None
    if comm.rank == 0:
        with pytest.raises(InvasioError) as caught:
            open_run(shared_tmp / "out").parts("lymph")
        fault = caught.value
        check(fault, "no-part", "out", "there are: blood", ("'lymph'",))
    parallel_assert(comm, comm.rank != 0 or fault is not None, "no error")
