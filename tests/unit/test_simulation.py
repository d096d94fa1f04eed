"""The public names and the page about them; statements that are read once; nothing grows with restarts."""

from __future__ import annotations

import gc
import logging
import re
import subprocess
import sys
import threading
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from petsc4py import PETSc

import invasio
from invasio.solver.linalg.krylov import Krylov
from invasio.solver.linalg.linear import LinearSystem
from invasio.solver.scenario.loader import Statement, load
from invasio.solver.scenario.shipped import folder
from tests.lib import scenarios
from tests.lib.growth import Held, held
from tests.lib.messages import refused

PAGE = Path(__file__).parents[2] / "docs" / "python.md"


def test_importing_invasio_imports_nothing_heavy() -> None:
    program = "import invasio, sys; print(sorted({m.partition('.')[0] for m in sys.modules} & {'dolfinx', 'mpi4py', 'numpy', 'petsc4py'}))"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=180).stdout
    assert said.strip() == "[]"


def test_a_run_on_a_lattice_does_without_dolfinx(tmp_path: Path) -> None:
    """Neither its forms nor its mesh are needed, which takes time off every start."""
    path = scenarios.write(tmp_path, "tissue")
    program = (
        f"import sys, invasio\nwith invasio.Simulation({str(path)!r}) as sim: sim.run()\n"
        "loaded = {m.partition('.')[0] for m in sys.modules}\n"
        "print('loaded:', sorted(loaded & {'dolfinx', 'ufl', 'basix', 'ffcx'}), 'petsc4py' in loaded)"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=180, cwd=tmp_path).stdout
    assert said.strip().splitlines()[-1] == "loaded: [] True", said


@pytest.mark.parametrize(("name", "kind"), [("tissue", "auto"), ("line", "auto"), ("myopic", "auto"), ("line", "ilu")])
def test_what_has_ended_is_freed_at_once(tmp_path: Path, name: str, kind: str) -> None:
    """Sweeps and fits run thousands in one process, and the command line seldom lets Python look for circles."""
    path, more = scenarios.write(tmp_path, name), {"time.end": 0.25, "output.every": 0.25, "numerics.linear.preconditioner": kind}
    with invasio.Simulation(path, set=more) as sim:  # what Numba has to compile, it keeps where it was called from
        sim.run()
    gc.collect()
    gc.disable()
    try:
        with invasio.Simulation(path, set=more, out=tmp_path / "run") as sim:
            sim.run()
            now = sim._now
            kept: list[Any] = [weakref.ref(thing) for thing in (now, now.stepper, now.stepper.state, now.problem, now.recording)]
            solvers = [weakref.ref(solver) for solver in gc.get_objects() if type(solver) in (LinearSystem, Krylov)]
            sim.restart({"time.end": 0.125, "output.every": 0.125})
            del now
            assert [ref() for ref in kept] == [None] * len(kept), "of the run before"
            assert solvers and all(ref() is None for ref in solvers), "its solvers"
            sim.run()
            now = sim._now
            kept = [weakref.ref(thing) for thing in (now, now.stepper, now.problem, now.problem.graph)]
            del now
        assert [ref() for ref in kept] == [None] * len(kept)
    finally:
        gc.enable()


def test_public_names() -> None:
    assert set(invasio.__all__) <= set(dir(invasio))
    assert all(getattr(invasio, name) is not None for name in invasio.__all__)
    assert re.fullmatch(r"\d+\.\d+\.\d+(\.post\d+)?(\+g[0-9a-f]+)?", invasio.__version__)
    assert (Path(invasio.__file__).parent / "py.typed").exists()
    with pytest.raises(AttributeError, match="no_such_name"):
        getattr(invasio, "no_such_name")  # noqa: B009


def test_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)
    assert len(blocks) >= 5
    fronts = names["fronts"]
    assert isinstance(fronts, list) and len(fronts) == 4 and fronts == sorted(set(fronts))


def test_a_statement_is_validated_many_times(tmp_path: Path) -> None:
    """Without its file, and each time as if read anew."""
    path = scenarios.write(tmp_path, "tissue")
    statement, expected = Statement.read(path), load(path, ["parameters.gamma=0.5"])
    plain = load(path)
    path.unlink()
    assert statement.scenario() == plain
    assert statement.scenario(["parameters.gamma=0.5"]) == expected
    assert statement.scenario(values={"parameters.gamma": np.float64(0.5)}) == expected
    assert statement.scenario() == plain
    assert Statement.of(plain).scenario() == plain
    assert Statement.of(plain).scenario(values={"parameters.gamma": 0.5}).parameters == expected.parameters


def test_other_scales_over_a_scenario_are_those_over_its_file(tmp_path: Path) -> None:
    """What was stated with a unit stays what it is, and what was a plain number is one in the new scale."""
    path = tmp_path / "scaled.yaml"
    path.write_text(
        "scales: {length: 1 um, time: 1 h, cells: 1e8 /cm^3}\nmesh: {kind: box, to: [100 um, 50, 20], cells: [2, 2, 2]}\n"
        "model: {cells: {tumour: {initial: 0.5, motility: 1e-10 cm^2/s, amount: 300 cells}}}\ntime: {end: 2 d}\n",
        encoding="utf-8",
    )
    other: dict[str, object] = {"scales.length": "10 um", "scales.cells": "5e7 /cm^3", "scales.time": "1 d", "time.end": "36 h"}
    stated, read = Statement.read(path).scenario(values=other), load(path)
    found = Statement.of(read).scenario(values=other)
    assert found == stated and found.mesh.to == (10.0, 50.0, 20.0) and found.time.end == 1.5  # type: ignore[union-attr]
    assert Statement.of(found).scenario() == found
    copy = read.model_copy(update={"name": "copy"})
    assert copy.document is None and Statement.of(copy).scenario() == copy


def test_values_of_python() -> None:
    statement = Statement.read(folder() / "published/anderson_2000/1d_h0.02.yaml")
    scenario = statement.scenario(values={"output.at": np.array([1.0, 2.0]), "time.end": np.int64(5), "mesh.cells": 7, "expect": ()})
    assert (scenario.output.at, scenario.time.end, scenario.expect) == ([1.0, 2.0], 5.0, [])
    with refused("not-an-assignment", place="set"):
        statement.scenario(values={"": 1})
    with refused("unknown-key", place="set: time.ende", says=["time.end"]):
        statement.scenario(values={"time.ende": 1})


def test_runs_outside_the_main_thread(tmp_path: Path) -> None:
    """Without handlers of signals, which belong to the main thread."""
    found: list[float] = []
    path = scenarios.write(tmp_path, "line")
    thread = threading.Thread(target=lambda: found.append(float(invasio.run(path).times[-1])))
    thread.start()
    thread.join()
    assert found == [0.5]


def test_warnings_reach_the_loggers_of_a_program(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Also while run.log is open; what that alone holds does not."""
    path = scenarios.write(tmp_path, "line")
    with caplog.at_level(logging.WARNING):
        invasio.run(path, set={"mesh.cells": 4, "parameters.gamma": 0.5}, out=tmp_path / "run")
    assert any("Peclet" in record.getMessage() for record in caplog.records)
    assert not any(record.levelno < logging.WARNING for record in caplog.records)
    assert " INFO " in (tmp_path / "run" / "run.log").read_text(encoding="utf-8")


def test_nothing_grows_with_restarts(tmp_path: Path) -> None:
    """Objects of Python, open files and PETSc's objects are after 10 restarts as before, and again; 1000 are in benchmarks.restart.

    What libraries make once in a run of many shows in one of the two.
    """
    first, vector = held(), PETSc.Vec().createSeq(1)
    assert held().since(first).petsc == 1
    vector.destroy()
    with invasio.Simulation(scenarios.write(tmp_path, "tissue"), set={"time.end": 0.1, "output.every": 0.1}) as simulation:

        def after(restarts: int) -> Held:
            for _ in range(restarts):
                simulation.restart({"parameters.gamma": 2e-2})
                simulation.run()
            return held()

        after(3)
        before = after(3)
        middle = after(10)
        added = middle.since(before), after(10).since(middle)
    assert all((more.files, more.petsc) == (0, 0) for more in added), added
    assert min(more.python for more in added) < 5, added
