"""Given fields: single cells whose count is exact, species of earlier runs on other meshes, and where their names may stand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import invasio
from invasio.postprocess.run import open_run
from invasio.solver.given import positions
from invasio.solver.simulation import Simulation
from tests.lib.comm import Comm
from tests.lib.everywhere import parallel_assert
from tests.lib.messages import refused

pytestmark = pytest.mark.mpi

MESHES = {
    1: "{kind: interval, from: 0, to: 100, cells: 30}",
    2: "{kind: rectangle, from: [0, 0], to: [100, 80], cells: [12, 9]}",
    3: "{kind: box, from: [0, 0, 0], to: [100, 80, 60], cells: [6, 5, 4]}",
}
FINE = {
    1: "{kind: interval, from: 0, to: 100, cells: 71}",
    2: "{kind: rectangle, from: [0, 0], to: [100, 80], cells: [17, 14]}",
    3: "{kind: box, from: [0, 0, 0], to: [100, 80, 60], cells: [8, 7, 7]}",
}
POSITIONS = "x_um,y_um,z_um\n0,0,0\n100,80,60\n12.5,33,7\n50,40,30\n50,40,30\n0,79.9,1\n99,1,59.5\n"
COUNT = 7
END = "time: {end: 1, step: 0.5}\noutput: {every: 0.5, figures: false, precision: double}\n"


def written(comm: Comm, folder: Path, **texts: str) -> Path:
    """Files of the given content, "__" standing for the point, on all ranks; the first of them."""
    comm.barrier()  # nobody reads any more what is written now
    if comm.rank == 0:
        for name, text in texts.items():
            (folder / name.replace("__", ".")).write_text(text, encoding="utf-8")
    comm.barrier()
    return folder / next(iter(texts)).replace("__", ".")


def seeded(dim: int, field: str = "kernel: 15 um", scales: str = "cells: 1 cell/um^{dim}", mesh: str = "") -> str:
    """A scenario that starts from single cells."""
    return (
        f"scales: {{length: 1 um, time: 1 h, {scales.format(dim=dim)}}}\n"
        f"fields: {{single: {{cells: cells.csv, {field}}}}}\nmesh: {mesh or MESHES[dim]}\n"
        "model: {cells: {tumour: {initial: single, motility: 1e-3}}}\n" + END
    )


@pytest.mark.parametrize("kernel", ["0", "15 um", "1 um", "500 um"])
@pytest.mark.parametrize("dim", [1, 2, 3])
def test_the_count_of_cells_is_exact(comm: Comm, shared_tmp: Path, dim: int, kernel: str) -> None:
    """At boundaries, corners, twice in one place; wide and narrow kernels; to rounding, and nothing is negative."""
    path = written(comm, shared_tmp, a__yaml=seeded(dim, f"kernel: {kernel}"), cells__csv=POSITIONS)
    with Simulation(path, comm=comm) as simulation:
        total = simulation.row()["tumour.total"]
        parallel_assert(comm, abs(total / COUNT - 1.0) < 1e-13, f"{total} cells")
        parallel_assert(comm, bool((simulation["tumour"] >= 0.0).all()), "negative")
        simulation.run()
        parallel_assert(comm, abs(simulation.row()["tumour.total"] / COUNT - 1.0) < 1e-12, "kept")


@pytest.mark.parametrize(
    "dim,scale",
    [
        (3, "cells: 1e6 cells/ml"),
        (2, "cells: 1e6 cells/ml, depth: 0.2 mm"),
        (2, "cells: 3 cells/mm^2"),
        (1, "cells: 5e8 cells/ml, depth: 10 um"),
    ],
)
def test_the_scale_of_cells(comm: Comm, shared_tmp: Path, dim: int, scale: str) -> None:
    """The total is the count, whatever the scale."""
    path = written(comm, shared_tmp, a__yaml=seeded(dim, "kernel: 10 um", scale), cells__csv=POSITIONS)
    with Simulation(path, comm=comm) as simulation:
        total = simulation.row()["tumour.total"]
    parallel_assert(comm, abs(total / COUNT - 1.0) < 1e-12, f"{total} cells")


def test_the_width_of_a_kernel(comm: Comm, shared_tmp: Path) -> None:
    """The variance is the square of the stated width; that of the mesh, (x - x_i)(x_i+1 - x), is added."""
    mesh = "{kind: interval, from: 0, to: 100, cells: 400}"
    path = written(comm, shared_tmp, a__yaml=seeded(1, "kernel: 5 um", mesh=mesh), cells__csv="x_um\n50.05\n")
    with Simulation(path, comm=comm) as simulation:
        x, c = simulation.points[:, 0], simulation["tumour"]
        mass = np.full(len(x), 0.25)
        mass[(x == 0.0) | (x == 100.0)] = 0.125
        sums = comm.allreduce(np.array([(mass * c * (x - 50.05) ** k).sum() for k in range(3)]))
    parallel_assert(comm, abs(sums[1]) < 1e-9, f"centre off by {sums[1]}")
    expected = 25.0 + 0.05 * 0.2
    parallel_assert(comm, abs(sums[2] / expected - 1.0) < 1e-6, f"variance {sums[2]}")


def test_kernels_do_not_cross_a_membrane(comm: Comm, shared_tmp: Path) -> None:
    """However wide: all of it stays on the side of the cell."""
    mesh = (
        "{kind: rectangle, from: [0, 0], to: [100, 80], cells: [10, 8], "
        "regions: {duct: {kind: rectangle, from: [0, 0], to: [50, 80]}}, interfaces: {basement: [duct, tissue]}}"
    )
    text = seeded(2, "kernel: 30 um", mesh=mesh).replace("model: {", "model: {membranes: {basement: {permeability: {tumour: 0}}}, ")
    path = written(comm, shared_tmp, a__yaml=text, cells__csv="x_um,y_um\n45,40\n48,10\n70,20\n")
    with Simulation(path, comm=comm) as simulation:
        row = simulation.row()
    parallel_assert(comm, abs(row["tumour.in:duct"] - 2.0) < 1e-12, f"{row['tumour.in:duct']} inside")
    parallel_assert(comm, abs(row["tumour.in:tissue"] - 1.0) < 1e-12, "outside")


def test_the_same_field_on_any_number_of_ranks(comm: Comm, shared_tmp: Path) -> None:
    path = written(comm, shared_tmp, a__yaml=seeded(3), cells__csv=POSITIONS)
    with Simulation(path, comm=comm) as simulation:
        mine, nodes = simulation["tumour"], simulation.nodes
    from mpi4py import MPI

    with Simulation(path, comm=MPI.COMM_SELF) as simulation:
        whole = simulation["tumour"]
    difference = float(np.abs(mine - whole[nodes]).max(initial=0.0)) / float(whole.max())
    parallel_assert(comm, difference < 1e-12, f"differs by {difference:.1e}")


def earlier(dim: int, initial: str, mesh: str = "") -> str:
    """A run to take fields from."""
    ecm = "ecm: {initial: 0.9 - 0.002*x}"
    return (
        f"mesh: {mesh or MESHES[dim]}\nmodel: {{cells: {{tumour: {{initial: '{initial}', motility: 1e-3}}}}, {ecm}}}\n"
        "time: {end: 1, step: 0.5}\noutput: {every: 0.5, figures: false, precision: double}\n"
    )


def taking(dim: int, tumour: str = "run: first, of: tumour", ecm: str = "run: first, of: ecm, at: 0.5", mesh: str = "") -> str:
    """A run that starts from fields of the first."""
    return (
        f"fields: {{cells_then: {{{tumour}}}, matrix: {{{ecm}}}}}\nmesh: {mesh or FINE[dim]}\n"
        "model: {cells: {tumour: {initial: cells_then, motility: 1e-3*matrix}}, ecm: {initial: matrix}}\n" + END
    )


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_a_run_on_another_mesh(comm: Comm, shared_tmp: Path, dim: int) -> None:
    """Amounts of cells are kept to rounding, linear values are exact, signs stay; on the same mesh all bits."""
    first = written(comm, shared_tmp, first__yaml=earlier(dim, "exp(-((x - 40)/25)^2)"))
    invasio.run(first, comm=comm, out=shared_tmp / "first")
    then = open_run(shared_tmp / "first")
    path = written(comm, shared_tmp, a__yaml=taking(dim), b__yaml=taking(dim, mesh=MESHES[dim]))
    with Simulation(path, comm=comm) as simulation:
        total = simulation.row()["tumour.total"]
        parallel_assert(comm, abs(total / then.series["tumour.total"][-1] - 1.0) < 1e-13, f"{total}")
        off = float(np.abs(simulation["ecm"] - (0.9 - 0.002 * simulation.points[:, 0])).max(initial=0.0))
        parallel_assert(comm, off < 1e-13, f"the ECM is off by {off:.1e}")
        parallel_assert(comm, bool((simulation["tumour"] >= 0.0).all()), "negative")
        exact = np.exp(-(((simulation.points[:, 0] - 40.0) / 25.0) ** 2))
        off = float(np.abs(simulation["tumour"] - exact).max(initial=0.0))
        parallel_assert(comm, off < (0.02, 0.06, 0.25)[dim - 1], f"the cells are off by {off:.2f}")
        simulation.run()
    with Simulation(shared_tmp / "b.yaml", comm=comm) as simulation:
        same = np.array_equal(simulation["tumour"], then.field("tumour", 1.0)[simulation.nodes])
    parallel_assert(comm, same, "the same mesh")


def test_the_order_of_a_transfer(comm: Comm, shared_tmp: Path) -> None:
    """Halving both meshes divides the error of cells, kept in amount, by four, where nothing drives them through the boundary."""
    errors = []
    for cells in (40, 80):
        mesh, other = (f"{{kind: interval, from: 0, to: 100, cells: {n}}}" for n in (cells, round(0.7 * cells)))
        first = written(comm, shared_tmp, first__yaml=earlier(1, "1 + cos(pi*x/100)", mesh), a__yaml=taking(1, mesh=other))
        invasio.run(first, comm=comm, out=shared_tmp / "first", overwrite=True)
        with Simulation(shared_tmp / "a.yaml", comm=comm) as simulation:
            exact = 1.0 + np.cos(np.pi * simulation.points[:, 0] / 100.0)
            square = comm.allreduce(float(((simulation["tumour"] - exact) ** 2).sum()))
            errors.append((square / (0.7 * cells)) ** 0.5)
    parallel_assert(comm, 3.5 < errors[0] / errors[1] < 4.5, f"errors {errors}")


def test_sides_of_a_membrane(comm: Comm, shared_tmp: Path) -> None:
    """Values and amounts of either side stay there, on a mesh that is cut at the same place."""
    cut = "regions: {duct: {kind: rectangle, from: [0, 0], to: [50, 80]}}, interfaces: {basement: [duct, tissue]}}"
    coarse, fine = (f"{{kind: rectangle, from: [0, 0], to: [100, 80], cells: {n}, {cut}" for n in ("[6, 5]", "[10, 7]"))
    model = "membranes: {basement: {permeability: {tumour: 0}}}, "
    first = earlier(2, "0", coarse).replace("initial: '0'", "initial: {duct: 2, tissue: 0.5}").replace("model: {", "model: {" + model)
    second = taking(2, mesh=fine).replace("model: {", "model: {" + model)
    written(comm, shared_tmp, first__yaml=first, a__yaml=second, b__yaml=second.replace("of: tumour", "of: tumour, keep: values"))
    invasio.run(shared_tmp / "first.yaml", comm=comm, out=shared_tmp / "first")
    for name in ("a.yaml", "b.yaml"):
        with Simulation(shared_tmp / name, comm=comm) as simulation:
            row = simulation.row()
        parallel_assert(comm, abs(row["tumour.in:duct"] / 8000.0 - 1.0) < 1e-12, f"{name}: {row['tumour.in:duct']} inside")
        parallel_assert(comm, abs(row["tumour.max"] - 2.0) < 1e-12 and abs(row["tumour.min"] - 0.5) < 1e-12, f"{name}: {row}")


REGIONS = {
    1: "core: {kind: interval, from: 0, to: 40}, rim: {kind: interval, from: 40, to: 60}",
    2: "core: {kind: rectangle, from: [0, 0], to: [50, 40]}, rim: {kind: rectangle, from: [50, 0], to: [100, 40]}",
    3: "core: {kind: box, from: [0, 0, 0], to: [50, 40, 30]}, rim: {kind: box, from: [50, 0, 0], to: [100, 40, 60]}",
}
OF_REGIONS = {
    1: ("{kind: interval, from: 0, to: 100, cells: 15", "{kind: interval, from: 0, to: 100, cells: 35"),
    2: ("{kind: rectangle, from: [0, 0], to: [100, 80], cells: [6, 4]", "{kind: rectangle, from: [0, 0], to: [100, 80], cells: [10, 6]"),
    3: (
        "{kind: box, from: [0, 0, 0], to: [100, 80, 60], cells: [4, 4, 4]",
        "{kind: box, from: [0, 0, 0], to: [100, 80, 60], cells: [6, 6, 4]",
    ),
}
PARTS = ("core", "rim", "tissue")


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_amounts_by_region(comm: Comm, shared_tmp: Path, dim: int) -> None:
    """A steep field on another mesh: each region has what it had; in a region that was empty there is nothing."""
    mesh, other = (f"{text}, regions: {{{REGIONS[dim]}}}}}" for text in OF_REGIONS[dim])
    steep = earlier(dim, "exp(-x/15)*(x < 95)", mesh)
    first = written(comm, shared_tmp, first__yaml=steep, a__yaml=taking(dim, mesh=other))
    invasio.run(first, comm=comm, out=shared_tmp / "first")
    then = open_run(shared_tmp / "first").series
    with Simulation(shared_tmp / "a.yaml", comm=comm, out=shared_tmp / "second") as simulation:
        row, least = simulation.row(), float(simulation["tumour"].min(initial=0.0))
    for part in PARTS:
        now, before = row[f"tumour.in:{part}"], float(then[f"tumour.in:{part}"][-1])
        parallel_assert(comm, abs(now - before) <= 1e-12 * before, f"{part}: {now} of {before}")
    parallel_assert(comm, least >= 0.0, f"negative: {least}")
    said = (shared_tmp / "second" / "run.log").read_text(encoding="utf-8")
    parallel_assert(comm, "kept, by region: " in said and all(f" {part} " in said for part in PARTS), said)


def test_regions_that_were_empty_stay_so(comm: Comm, shared_tmp: Path) -> None:
    """The whole amount is in the region that it was in; a region of another size is said and counts with the rest."""
    mesh, other = (f"{text}, regions: {{{REGIONS[1]}}}}}" for text in OF_REGIONS[1])
    text = taking(1, "run: first, of: tumour, at: 0", mesh=other)
    first = written(
        comm,
        shared_tmp,
        first__yaml=earlier(1, "(x < 30)", mesh),
        a__yaml=text,
        b__yaml=text.replace("from: 40, to: 60", "from: 40, to: 80"),
    )
    invasio.run(first, comm=comm, out=shared_tmp / "first")
    total = float(open_run(shared_tmp / "first").series["tumour.total"][0])
    with Simulation(shared_tmp / "a.yaml", comm=comm) as simulation:
        row = simulation.row()
    parallel_assert(comm, abs(row["tumour.in:core"] / total - 1.0) < 1e-12, f"{row['tumour.in:core']} of {total}")
    parallel_assert(comm, row["tumour.in:rim"] == 0.0 == row["tumour.in:tissue"], f"{row}")
    with Simulation(shared_tmp / "b.yaml", comm=comm, out=shared_tmp / "second") as simulation:
        row = simulation.row()
    said = (shared_tmp / "second" / "run.log").read_text(encoding="utf-8")
    parallel_assert(comm, abs(row["tumour.in:core"] / total - 1.0) < 1e-12, f"{row['tumour.in:core']} of {total}")
    parallel_assert(comm, "region 'rim' has the volume 40 here and 20 there" in said, said)


def test_scales_of_both_runs(comm: Comm, shared_tmp: Path) -> None:
    """A run in mm and days goes on in um and hours: lengths, times and densities are converted."""
    scales = "scales: {length: 1 mm, time: 1 d, cells: 1 cell/mm^2, tumour: 1 cell/mm^2}\n"
    mesh = "{kind: rectangle, from: [0, 0], to: [0.1, 0.08], cells: [12, 9]}"
    first = scales + earlier(2, "1000*exp(-((x - 0.04)/0.025)^2)", mesh).replace("0.9 - 0.002*x", "0.9 - 2*x")
    second = "scales: {length: 1 um, time: 1 h, cells: 1 cell/um^2}\n" + taking(
        2, "run: first, of: tumour, at: 12 h", "run: first, of: ecm"
    )
    written(comm, shared_tmp, first__yaml=first, a__yaml=second)
    invasio.run(shared_tmp / "first.yaml", comm=comm, out=shared_tmp / "first")
    then = open_run(shared_tmp / "first")
    with Simulation(shared_tmp / "a.yaml", comm=comm) as simulation:
        total = simulation.row()["tumour.total"]
        off = float(np.abs(simulation["ecm"] - (0.9 - 0.002 * simulation.points[:, 0])).max(initial=0.0))
    parallel_assert(comm, abs(total / then.series["tumour.total"][1] - 1.0) < 1e-12, f"{total} cells")
    parallel_assert(comm, off < 1e-12, f"the ECM is off by {off:.1e}")


def test_a_part_of_the_tissue(comm: Comm, shared_tmp: Path) -> None:
    """On a larger mesh: 0 outside, or the nearest value; on a smaller one what lies in it."""
    written(comm, shared_tmp, first__yaml=earlier(1, "1"))
    invasio.run(shared_tmp / "first.yaml", comm=comm, out=shared_tmp / "first")
    for outside, total in (("zero", 100.0), ("nearest", 150.0)):
        mesh = "{kind: interval, from: -50, to: 100, cells: 150}"
        field = f"run: first, of: tumour, outside: {outside}"
        path = written(comm, shared_tmp, a__yaml=taking(1, field, f"run: first, of: ecm, outside: {outside}", mesh))
        with Simulation(path, comm=comm) as simulation:
            found = simulation.row()["tumour.total"]
        parallel_assert(comm, abs(found - total) < 2.0, f"{outside}: {found}")
    mesh = "{kind: interval, from: 300, to: 400, cells: 30}"  # far away
    path = written(
        comm, shared_tmp, a__yaml=taking(1, "run: first, of: ecm, outside: nearest", "run: first, of: tumour, outside: zero", mesh)
    )
    with Simulation(path, comm=comm) as simulation:
        parallel_assert(comm, bool(np.allclose(simulation["tumour"], 0.7, rtol=1e-12)), f"nearest: {simulation['tumour'][:2]}")
        parallel_assert(comm, bool((simulation["ecm"] == 0.0).all()), "zero")
    mesh = "{kind: interval, from: 20, to: 60, cells: 41}"
    path = written(comm, shared_tmp, a__yaml=taking(1, "run: first, of: tumour, outside: zero", mesh=mesh))
    with Simulation(path, comm=comm) as simulation:
        parallel_assert(comm, abs(simulation.row()["tumour.total"] - 40.0) < 1e-9, "a part")


EVERYWHERE = """\
mesh: {kind: rectangle, cells: [6, 6], regions: {bed: {kind: rectangle, from: [0, 0], to: [0.5, 1]}}, interfaces: {basement: [bed, tissue]}}
model:
  cells:
    tumour:
      {initial: 1 + FIELD, motility: 1e-2*FIELD, growth: {kind: logistic, rate: FIELD}, haptotaxis: {ecm: FIELD}, becomes: {runner: FIELD}}
    runner: {initial: {bed: FIELD}, motility: 2e-2, fibres: {direction: [1, FIELD], across: 0.2}}
    turner: {initial: 1, motility: 1e-2*(1 + FIELD), fibres: {direction: [FIELD, 1], across: 0.2, law: myopic}}
  ecm: {initial: 1 - 0.1*FIELD, degraded_by: {mmp: FIELD}}
  solubles:
    mmp: {diffusion: 5e-2, decay: FIELD, production: FIELD}
    oxygen: {initial: 1, diffusion: 0.5 + FIELD, decay: FIELD/(0.2 + oxygen), quasi_steady: true}
  membranes:
    basement:
      initial: 1 - 0.1*FIELD
      degraded_by: {mmp: FIELD}
      permeability: {tumour: 1, mmp: FIELD, oxygen: {rate: FIELD, follows_integrity: false}}
  vessels: {wall: {carries: blood, at: {boundary: right}, entry: {tumour: FIELD}, ruptured: {where: FIELD > 0.1, entry: FIELD}}}
boundaries:
  left: {oxygen: {kind: fixed, value: FIELD}}
  top: {mmp: {kind: influx, value: 0.1*FIELD}}
  bottom: {mmp: {kind: exchange, rate: FIELD, value: 0.1}}
time: {end: 0.2, step: 0.1}
output: {every: 0.1, figures: false}
"""


def test_a_name_stands_wherever_the_place_may(comm: Comm, shared_tmp: Path) -> None:
    """A field that is 2 x in every node gives what the formula 2*x gives, in every option; but for centres of cells the same bits."""
    first = "mesh: {kind: rectangle, cells: [6, 6]}\nspecies: {line: {initial: 2*x}}\ntime: {end: 0.1, step: 0.1}\n" + (
        "output: {figures: false, precision: double}\n"
    )
    named = "fields: {line: {run: first, of: line, keep: values}}\n" + EVERYWHERE.replace("FIELD", "line")
    written(comm, shared_tmp, first__yaml=first, a__yaml=named, b__yaml=EVERYWHERE.replace("FIELD", "(2*x)"))
    invasio.run(shared_tmp / "first.yaml", comm=comm, out=shared_tmp / "first")
    with Simulation(shared_tmp / "a.yaml", comm=comm) as by_name, Simulation(shared_tmp / "b.yaml", comm=comm) as by_place:
        by_name.run()
        by_place.run()
        for name in by_place.species:
            off = float(np.abs(by_name[name] - by_place[name]).max(initial=0.0))
            parallel_assert(comm, off < 1e-12, f"{name} is off by {off:.1e}")


def test_restarts_and_resuming(comm: Comm, shared_tmp: Path) -> None:
    """A resumed run reads its fields again, and is refused where they have changed."""
    path = written(comm, shared_tmp, a__yaml=seeded(2), cells__csv=POSITIONS)
    with Simulation(path, comm=comm, out=shared_tmp / "run") as simulation:
        simulation.step()
        before = simulation["tumour"].copy()
        simulation.restart({"model.cells.tumour.motility": 1.0}, out=shared_tmp / "other")
        parallel_assert(comm, abs(simulation.row()["tumour.total"] / COUNT - 1.0) < 1e-13, "after a restart")
    with Simulation(path, comm=comm, out=shared_tmp / "run", resume=True) as simulation:
        parallel_assert(comm, np.array_equal(simulation["tumour"], before), "resumed")
    written(comm, shared_tmp, cells__csv=POSITIONS + "1,1,1\n")
    with refused("other-run", "checkpoint", says=["field single"]):
        Simulation(path, comm=comm, out=shared_tmp / "run", resume=True)


@pytest.mark.parametrize(
    "table,options,code,place,says",
    [
        ("", "", "no-positions", "cells.csv", []),
        ("x_um,y_um\n", "", "no-positions", "cells.csv:1:1", []),
        ("x_um,y_um\n1,2\n3,one\n", "", "not-a-number", "cells.csv:3:1", ["'one'", "y_um"]),
        ("x_um,y_um\n1,2\n3\n", "", "not-a-number", "cells.csv:3:1", []),
        ("x_um,z_um\n1,2\n", "", "no-array", "cells.csv:1:1", ["column of y"]),
        ("x,y\n1,2\n", "", "missing-option", "cells.csv:1:1", ["'x'", "`unit`"]),
        ("x_px,y_px\n1,2\n", "", "unknown-unit", "cells.csv:1:1", ["x_px"]),
        ("x_h,y_h\n1,2\n", "", "wrong-unit", "cells.csv:1:1", ["x_h"]),
        ("x_um,y_um\n1,2\n300,2\n400,2\n", "", "outside-tissue", "cells.csv:3:1", ["(300, 2)", "1 more"]),
        ("x_mm,y_mm\n50,2\n", ", outside: left_out", "outside-tissue", "cells.csv:2:1", ["`unit`"]),
        ("a,b\n1,2\n", ", columns: [a], unit: 1 um", "wrong-length", "columns", []),
        ("a,b\n1,2\n", ", columns: [a, c], unit: 1 um", "no-array", "cells.csv:1:1", ["'c'"]),
        ("x_um,y_um\n1,2\n", ", shift: [1 um]", "wrong-length", "shift", []),
        ("x_um,y_um\n1,2\n", ", kernel: -1", "out-of-bounds", "a.yaml:2:45: fields.single.kernel", []),
    ],
)
def test_tables_that_are_refused(comm: Comm, shared_tmp: Path, table: str, options: str, code: str, place: str, says: list[str]) -> None:
    path = written(comm, shared_tmp, a__yaml=seeded(2, options.removeprefix(", ")), cells__csv=table)
    with refused(code, place, says=says):
        Simulation(path, comm=comm)


def test_a_table_that_is_too_large(comm: Comm, shared_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(positions, "MOST", 10)
    path = written(comm, shared_tmp, a__yaml=seeded(2), cells__csv=POSITIONS)
    with refused("too-large", "cells.csv", "several fields"):
        Simulation(path, comm=comm)


def test_more_that_is_refused(comm: Comm, shared_tmp: Path) -> None:
    """Left out where that is allowed; runs of another dimension, species that are not there, meshes that do not fit."""
    path = written(comm, shared_tmp, a__yaml=seeded(2, "outside: left_out"), cells__csv="x_mm,y_mm\n0.05,0.05\n50,2\n")
    with Simulation(path, comm=comm) as simulation:
        parallel_assert(comm, abs(simulation.row()["tumour.total"] - 1.0) < 1e-13, "one is left out")
    path = written(comm, shared_tmp, first__yaml=earlier(1, "1"))
    invasio.run(path, comm=comm, out=shared_tmp / "first")
    big = "{kind: interval, from: 0, to: 150, cells: 30}"
    for text, code, place in (
        (taking(1, mesh=big), "outside-tissue", "fields.cells_then"),
        (taking(2), "wrong-length", "fields.cells_then"),
        (taking(1, "run: first, of: runner"), "no-field", "first"),
        (taking(1, ecm="run: first, of: ecm, at: 0.7"), "no-time", "first"),
        (taking(1, "run: nowhere, of: tumour"), "file-not-found", "fields.cells_then"),
        (taking(1, mesh="{kind: interval, from: 20, to: 60, cells: 41}"), "wrong-amount", "fields.cells_then"),
        (taking(1).replace("*matrix", "*matrices"), "unknown-name", "model.cells.tumour.motility"),
        (taking(1).replace("matrix", "ecm"), "repeated-name", "fields.ecm"),
        ("scales: {length: 1 um, time: 1 h}\n" + taking(1), "no-scales", "fields.cells_then"),
    ):
        path = written(comm, shared_tmp, a__yaml=text)
        with refused(code, place):
            Simulation(path, comm=comm)
