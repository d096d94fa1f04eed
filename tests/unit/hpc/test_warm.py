"""`invasio warm` compiles everything that the shipped scenarios need, whatever their terms, and nothing twice."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from invasio.hpc.sites.profile import Site, WithPython
from invasio.hpc.slurm.script import render_here
from invasio.hpc.warm import ahead
from invasio.solver.scenario.shipped import headers

# A step or two of scenarios that differ in dimension, mesh, terms, numerics; the time is cut where it is not the model's.
CHOSEN = {
    "quickstart": ["time.end=0.5", "output.every=0.5"],
    "published/anderson_2000/ball": ["time.end=0.1", "output.every=0.1"],
    "published/franssen_2019/vessels": ["time.end=0.02", "output.every=0.02", "output.at=null"],
    "published/xiao_2021/set0": ["time.end=0.02", "output.every=0.02", "output.at=null"],
    "tissue/colon_lymph": ["time.end=1", "output.every=1"],
    "tissue/dcis_duct_3d": ["time.end=0.1", "output.every=0.1"],
    "verification/exact_wave_2d": ["time.end=0.02", "output.every=0.02", "output.at=null", "numerics.limiter=local_bounds"],
    "verification/intravasation": ["time.end=0.02", "output.every=0.02", "output.at=null", "numerics.flux=scharfetter_gummel"],
    "verification/membrane_pressure": ["time.end=0.02", "output.every=0.02", "output.at=null", "numerics.scheme=backward_euler"],
    "verification/switching_along_fibres": ["time.end=0.1", "output.every=0.1", "output.at=null"],
}
# One process for all; numba says what it compiles, and a form of FFCx would find no compiler.
WATCHED = """
import sys
from pathlib import Path
from mpi4py import MPI
from numba.core import event
from invasio.solver.run import run
from invasio.solver.scenario.loader import load
with event.install_recorder("numba:compile") as seen:
    for number, line in enumerate(sys.stdin.read().splitlines()):
        path, *overrides = line.split("|")
        before = len(seen.buffer)
        run(load(path, ["output.figures=false", "expect=null", *overrides]), MPI.COMM_SELF, Path(sys.argv[1]) / str(number))
        names = sorted({str(entry[1].data["dispatcher"]) for entry in seen.buffer[before:]})
        print("compiled", len(seen.buffer) - before, path, *names, file=sys.stderr)
"""


def environment(cache: Path, **more: str) -> dict[str, str]:
    return {**os.environ, "XDG_CACHE_HOME": str(cache), "NUMBA_CACHE_DIR": str(cache / "numba"), **more}


def warm(cache: Path, *words: str) -> int:
    """How many kernels were compiled."""
    command = [sys.executable, "-m", "invasio.solver.cli", "warm", *words]
    done = subprocess.run(command, env=environment(cache), capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == "" and done.stdout.count("\n") == 1
    found = re.match(r"compiled (\d+) kernels \(kept in (.*)\) in \d+ s", done.stdout)
    assert found and found[2] == str(cache / "numba"), done.stdout
    return int(found[1])


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that was empty, and then warmed dimension by dimension."""
    folder = tmp_path_factory.mktemp("cache")
    assert warm(folder, "--dim", "1") > 40
    assert warm(folder, "--dim", "2") == 0, "a kernel that 1-D does not reach"
    assert warm(folder, "--dim", "3") == 0, "a kernel that 1-D does not reach"
    assert warm(folder) == 0
    assert not (folder / "fenics").exists(), "no form is compiled"
    return folder


def test_afterwards_scenarios_compile_nothing(cache: Path, tmp_path: Path) -> None:
    paths = {header.name: header.path for header in headers()}
    lines = "\n".join("|".join([str(paths[name]), *overrides]) for name, overrides in CHOSEN.items())
    command = [sys.executable, "-c", WATCHED, str(tmp_path)]
    done = subprocess.run(command, env=environment(cache, CC="false"), input=lines, capture_output=True, text=True, timeout=600)
    said = [line for line in done.stderr.splitlines() if line.startswith("compiled ")]
    assert done.returncode == 0, done.stderr
    assert len(said) == len(CHOSEN)
    assert [line for line in said if not line.startswith("compiled 0 ")] == []


def test_the_cache_of_the_site_is_warmed(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the variables and the Python of the job; the account is known only to the job, so the site's stands in for it."""
    monkeypatch.setenv("CACHES", str(cache.parent))
    start = WithPython(kind="python", python=sys.executable)
    site = Site(jit_cache="$CACHES/$SLURM_JOB_ACCOUNT", account=cache.name, start=start)
    assert f'export SLURM_JOB_ACCOUNT="${{SLURM_JOB_ACCOUNT-{cache.name}}}"' in render_here(site, ["warm"])
    assert ahead.warm(site, [1]).startswith(f"compiled 0 kernels (kept in {cache}/numba) in ")


def test_a_failure_is_told_and_stops_nothing() -> None:
    site = Site(start=WithPython(kind="python", python="/nowhere/python3"))
    assert ahead.warm(site, [1]).startswith("the kernels could not be compiled here, so the job compiles them: ")


def test_dimensions_of_meshes() -> None:
    assert [ahead.dimensions(kind) for kind in ("interval", "disc", "ball", "file")] == [(1,), (2,), (3,), (1, 2, 3)]
