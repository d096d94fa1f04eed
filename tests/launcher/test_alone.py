"""A test that fails on one rank only, while the others wait for it, ends the whole leg with its report."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from invasio.hpc.ranks import mpi_environment
from tests.lib.outside import outside

from .conftest import ROOT

TEST = """\
import pytest
from pathlib import Path

@pytest.fixture
def faulty(comm):
    if comm.rank == 0:
        raise ValueError("not set up")

def test_in_call(comm, shared_tmp):
    if comm.rank == 1:
        assert comm.size == 77, "on this rank alone"
    comm.barrier()

def test_in_set_up(comm, shared_tmp, faulty):
    comm.barrier()

def test_after_all(comm, shared_tmp):
    comm.barrier()
    assert comm.rank == 0, "seen by all before the fixtures go"
"""


@pytest.mark.parametrize(
    ("name", "says", "alone"),
    [
        ("test_in_call", "rank 1 failed alone, the others wait for it: test_it.py::test_in_call (call)", True),
        pytest.param("test_in_set_up", "rank 0 failed alone, the others wait for it: test_it.py::test_in_set_up (setup)", True),
        ("test_after_all", "1 passed", False),
    ],
)
def test_a_failure_on_one_rank_ends_all(tmp_path: Path, name: str, says: str, alone: bool) -> None:
    (tmp_path / "test_it.py").write_text(TEST, encoding="utf-8")
    words = ["-q", "-p", "tests.conftest", f"--rootdir={tmp_path}", str(tmp_path / "test_it.py"), "-k", name]
    command = ["mpirun", "-n", "2", sys.executable, str(ROOT / "tests" / "rank.py"), str(tmp_path), *words]
    plain = outside(mpi_environment(), "OMPI_COMM")
    plain |= {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}", "INVASIO_TEST_PATIENCE": "2"}
    done = subprocess.run(command, env=plain, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL, cwd=tmp_path)
    assert done.returncode != 0
    assert says in done.stdout + done.stderr, done.stdout + done.stderr
    assert (tmp_path / "rank-1.xml").exists() is not alone
