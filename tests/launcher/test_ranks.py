"""Launcher and MPI must agree; announcements of the launcher are left out, everything else passes."""

from __future__ import annotations

import io
import os
from types import SimpleNamespace

import pytest

from invasio.hpc.banner import BannerFilter
from invasio.hpc.ranks import check_launcher, is_rank, launch
from tests.lib.messages import refused

RULE = "-" * 74 + "\n"


@pytest.mark.parametrize("name", ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"])
def test_more_ranks_than_mpi_sees_is_refused(name: str) -> None:
    with refused("launcher-mismatch", name, "./invasio run -n N", ("started 4 ranks", "MPI sees 1")):
        check_launcher(SimpleNamespace(size=1), {name: "4"})


@pytest.mark.parametrize("environ", [{}, {"OMPI_COMM_WORLD_SIZE": "2"}, {"SLURM_NTASKS": "64"}, {"SLURM_STEP_NUM_TASKS": "1"}])
def test_matching_launchers_are_accepted(environ: dict[str, str]) -> None:
    check_launcher(SimpleNamespace(size=2), environ)


def test_rank_is_recognised() -> None:
    assert is_rank({"PMIX_RANK": "0"}) and is_rank({"SLURM_STEP_NUM_TASKS": "2"})
    assert not is_rank({"SLURM_NTASKS": "2", "SLURM_STEP_NUM_TASKS": "1"})


def test_no_ranks() -> None:
    with refused("out-of-bounds", "-n", "at least 1", ("(given 0)",)):
        launch(0, ["run", "x.yaml"])


def filtered(text: str) -> tuple[str, int]:
    """What is left of a launcher's error stream, and the signal it told of."""
    reading, writing = os.pipe()
    os.write(writing, text.encode())
    os.close(writing)
    out = io.StringIO()
    banner = BannerFilter(out)
    with open(reading, "rb") as stream:
        banner.copy(stream)
    return out.getvalue(), banner.signal


def test_announcement_of_an_exit_code_is_left_out() -> None:
    said = "prterun detected that one or more processes exited with non-zero status,\n  Exit code:    85\n"
    assert filtered("before\n" + RULE + said + RULE + "after\n") == ("before\nafter\n", 0)


def test_signal_is_read_from_the_announcement() -> None:
    text = RULE + "prterun noticed that process rank 1 with PID 7 on node x exited on\nsignal 9 (Killed).\n" + RULE
    assert filtered(text) == ("", 9)


def test_announcement_of_mpich_is_left_out() -> None:
    rule = "=" * 83 + "\n"
    block = "\n" + rule + "=   BAD TERMINATION OF ONE OF YOUR APPLICATION PROCESSES\n=   PID 7 RUNNING AT x\n=   EXIT CODE: 9\n" + rule
    advice = "This typically refers to a problem with your application.\nPlease see the FAQ page for debugging suggestions\n"
    killed = "YOUR APPLICATION TERMINATED WITH THE EXIT STRING: Killed (signal 9)\n" + advice
    assert filtered("before\n" + block + killed + "after\n") == ("before\nafter\n", 9)
    freed = "MPICH: freeing inactive persistent request ac000001 on communicator 44000000.\n"
    assert filtered("before\n" + freed + "after\n") == ("before\nafter\n", 0)
    aborted = "Abort(9) on node 1 (rank 1 in comm 0): application called MPI_Abort(MPI_COMM_WORLD, 9) - process 1\n"
    assert filtered(aborted + block + "after\n") == ("after\n", 0)


def test_a_race_in_the_launcher_is_not_told() -> None:
    """Open MPI 5 under load, when ranks end."""
    race = "[warn] Epoll MOD(4) on fd 20 failed. Old events were 6; read change was 2 (del): Bad file descriptor\n"
    gone = "[vm:00003] PMIX ERROR: PMIX_ERR_UNREACH in file ../../../src/server/pmix_server.c at line 3184\n"
    assert filtered("before\n" + race + gone + "[warn] of ours\n") == ("before\n[warn] of ours\n", 0)


@pytest.mark.parametrize(
    "text",
    [
        RULE + "There are not enough slots available in the system\n" + RULE,
        RULE + "an unfinished block\n",
        "an empty line\n\nand two\n\n\n" + RULE + "\n\nat the end\n" + RULE + "\n\n",
        RULE + "line\n" * 40 + RULE,
        "a progress line without an end",
        "=== tests ===\n",
    ],
)
def test_everything_else_passes(text: str) -> None:
    assert filtered(text) == (text, 0)
