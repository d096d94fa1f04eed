"""A short run in a process of its own, to be killed or starved, and how two run folders are compared."""

from __future__ import annotations

import os
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
from mpi4py import MPI

from invasio.postprocess.run import open_run
from invasio.solver.errors import InvasioError
from invasio.solver.output.layout import SERIES
from invasio.solver.output.log import on_screen
from invasio.solver.run import run
from invasio.solver.scenario.loader import load
from tests.lib.outside import outside
from tests.lib.tables import Table, datasets, different

TEXT = """\
schema_version: 1
name: gland
mesh: {{kind: rectangle, from: [0, 0], to: [1, 1], cells: [12, 12]}}
model:
  cells: {{tumour: {{motility: 1e-3, haptotaxis: {{ecm: 5e-3}}, initial: "exp(-(x^2+y^2)/0.02)", secretes: {{mmp: 0.1}}}}}}
  ecm: {{initial: "1 - 0.5*exp(-(x^2+y^2)/0.02)", degraded_by: {{mmp: 10}}}}
  solubles: {{mmp: {{diffusion: 1e-3}}}}
time: {{end: 2{step}}}
output: {{every: 0.1, checkpoint_every: 0.2, figures: false}}
"""
STEPS = {"fixed": ", step: 0.05", "adaptive": "", "long": ", step: 0.002"}


def scenario(folder: Path, steps: str) -> Path:
    """Write the scenario with fixed steps, adaptive ones, or so many that there is time to disturb the run."""
    path = folder / f"{steps}.yaml"
    path.write_text(TEXT.format(step=STEPS[steps]), encoding="utf-8")
    return path


def start(path: Path, out: Path, *options: str) -> subprocess.Popen[str]:
    """`invasio run PATH --out OUT OPTIONS`, outside of any MPI that this process belongs to."""
    plain = outside()
    command = [sys.executable, "-m", "invasio.solver.cli", "run", str(path), "--out", str(out), *options]
    return subprocess.Popen(
        command,
        env=plain,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(path: Path, out: Path, *options: str) -> tuple[int, str, str]:
    """The same to its end: exit code, standard output, standard error."""
    process = start(path, out, *options)
    said, complained = process.communicate(timeout=120)
    return process.returncode, said, complained


def forked(path: Path, out: Path, first: Callable[[], None]) -> int:
    """Run or resume in a child of this process, after ``first``: what the command would return, or minus the signal that ended it."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            sys.stdout = sys.stderr = out.with_suffix(".said").open("a", buffering=1, encoding="utf-8")
            first()
            with on_screen(MPI.COMM_SELF):
                code = 0 if run(load(path), MPI.COMM_SELF, out, resume=True).reason == "done" else 85
        except InvasioError as error:
            print(f"invasio: {error}")
            code = error.exit_code
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def same_bits(out: Path, other: Path) -> str:
    """The first thing in which two runs differ, "" if they are the same bit by bit."""
    found = different(_tables(out), _tables(other))
    lines, others = ((folder / SERIES).read_text(encoding="utf-8").splitlines() for folder in (out, other))
    if not found and len(lines) != len(others):
        return f"rows of the series: {len(lines)} and {len(others)}"
    return found or next((f"{a}\n{b}" for a, b in zip(lines, others, strict=True) if a != b), "")


def _tables(out: Path) -> dict[str, Table]:
    """Every table of the VTKHDF files, by name; rows beyond the last output are left out, they are room for more."""
    found: dict[str, Table] = {}
    for path in sorted(out.glob("*.vtkhdf")):
        with h5py.File(path, "r") as h5:
            steps = int(h5["VTKHDF/Steps"].attrs["NSteps"])
        for name, table in datasets(path, "VTKHDF").items():
            found[f"{path.name}/{name}"] = table[:steps] if name.startswith("FieldData/") else table
    return found


def largest_difference(out: Path, other: Path) -> float:
    """Of all densities at all outputs; inf if the times differ."""
    ours, theirs = open_run(out), open_run(other)
    if not np.array_equal(ours.times, theirs.times):
        return float("inf")
    return max(float(np.abs(ours.field(f, step=i) - theirs.field(f, step=i)).max()) for f in ours.fields for i in range(len(ours.times)))
