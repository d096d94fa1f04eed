"""Starting a command on several ranks of this machine, passing signals on to them, and checking the launcher.

``launch`` stands between the user and ``mpirun``; ``python -m invasio.hpc.ranks ARGUMENTS`` is what each rank runs.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from invasio.hpc import processes
from invasio.hpc.banner import BannerFilter
from invasio.solver.errors import InvasioError
from invasio.solver.meeting import Meeting, end_together
from invasio.solver.parallel import end_all

ABORT_AFTER = 0.5  # seconds: a second INT or TERM after this is meant as one (`timeout` sends two at once)
GRACE = 5.0  # seconds between asking mpirun to end the ranks and killing them
_SIZES = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS")
_RANKS = ("OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK")
_PR_SET_PDEATHSIG = 1


class LaunchError(InvasioError):
    """The ranks could not be started, or the launcher and MPI do not belong together."""


def is_rank(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether a launcher (mpirun, srun) started this process as one of its ranks."""
    return any(name in environ for name in _RANKS) or int(environ.get("SLURM_STEP_NUM_TASKS") or 1) > 1


def check_launcher(comm: Any, environ: Mapping[str, str] = os.environ) -> None:
    """Refuse to run N independent copies: the launcher's number of ranks must not exceed that of ``comm``.

    Raises LaunchError on every rank that sees the mismatch.
    """
    for name in _SIZES:
        size = int(environ.get(name) or 0)
        if size > comm.size:
            raise LaunchError(
                f"the launcher started {size} ranks but MPI sees {comm.size}: they do not belong together and each would run alone",
                code="launcher-mismatch",
                place=name,
                remedy="use the mpirun of the same installation (./invasio run -n N), or srun --mpi=pmix (pmi2 for MPICH)",
            )


def launch(ranks: int, argv: list[str], program: Sequence[str] = ()) -> int:
    """Run ``invasio ARGV`` on this many ranks of this machine and return the ranks' exit code.

    USR1, HUP, TERM and the first INT ask the ranks to stop (they get USR1, checkpoint, and end with 85); a second INT or TERM ends them.
    ``program`` replaces the command that each rank runs.
    """
    if ranks < 1:
        raise LaunchError(
            f"the number of ranks is too small (given {ranks})", code="out-of-bounds", place="-n", remedy="allowed: at least 1"
        )
    mpirun = find_mpirun()
    if mpirun is None:
        raise LaunchError(
            f"mpirun was not found, which starts the {ranks} ranks",
            code="missing-package",
            place="-n",
            remedy="install openmpi-bin, or run without -n",
        )
    command = [mpirun, "-n", str(ranks), *(program or (sys.executable, "-m", "invasio.hpc.ranks")), *argv]
    asked: list[tuple[int, float]] = []
    handlers = {s: signal.signal(s, lambda number, _: asked.append((number, time.monotonic()))) for s in processes.stopping()}
    try:
        return _supervise(command, ranks, asked)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def find_mpirun() -> str | None:
    """The mpirun of this Python's environment, else that of the system."""
    beside = Path(sys.executable).with_name("mpirun")
    return str(beside) if beside.exists() else shutil.which("mpirun")


def _supervise(command: list[str], ranks: int, asked: list[tuple[int, float]]) -> int:
    mpich = Path(command[0]).with_name("mpiexec.hydra").exists()  # it announces on its output, not on the error stream
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if mpich else None,
        stderr=subprocess.PIPE,
        env={**mpi_environment(crowded=ranks > len(os.sched_getaffinity(0))), "INVASIO_LAUNCHED": "1"},
        start_new_session=True,
        # OpenMPI's launcher ends its ranks when asked to; MPICH's only asks them, and they end when it is gone.
        preexec_fn=lambda: die_with_parent(signal.SIGKILL if mpich else signal.SIGTERM),
    )
    streams = [(BannerFilter(sys.stderr), process.stderr)] + ([(BannerFilter(sys.stdout), process.stdout)] if mpich else [])
    readers = [threading.Thread(target=banner.copy, args=(stream,), daemon=True) for banner, stream in streams]
    for reader in readers:
        reader.start()
    told: set[int] = set()
    aborted = 0
    deadline = 0.0
    while process.poll() is None:
        ends = [(number, at) for number, at in asked if number not in processes.GENTLE]
        if not aborted and any(at - ends[0][1] > ABORT_AFTER for _, at in ends):
            aborted, deadline = ends[-1][0], time.monotonic() + GRACE
            process.terminate()
        elif asked and not aborted:
            told |= processes.ask_to_stop(process.pid, _RANKS, told)
        if aborted and time.monotonic() > deadline:
            processes.kill_session(process.pid)
        time.sleep(0.05)
    processes.kill_session(process.pid)
    for reader in readers:
        reader.join(timeout=2.0)
    if aborted:
        return 128 + aborted
    code = process.returncode if process.returncode >= 0 else 128 - process.returncode
    if number := max(banner.signal for banner, _ in streams):
        code = 128 + number  # MPICH's launcher ends with the number of the signal itself
        print(f"invasio: a rank was ended by signal {number}{_reason(number)}", file=sys.stderr, flush=True)
    return code


def _reason(number: int) -> str:
    reasons: dict[int, str] = {signal.SIGKILL: " (killed, perhaps for want of memory)", signal.SIGSEGV: " (a crash in a library)"}
    return reasons.get(number, "")


def mpi_environment(crowded: bool = False) -> dict[str, str]:
    """This environment for mpirun on one machine: messages through shared memory, one thread a rank.

    More ranks than cores are allowed (the first two names are OpenMPI 5's and 4's); MPICH's launcher shall ask no batch system.
    crowded: ranks that wait leave the core to those that work. MPICH does so by itself; its "heavy" yield would sleep at each poll (a
    reduction over 3 ranks on 2 cores takes 260 us instead of 16), so that it only sleeps after many.
    """
    extra = {
        "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
        "OMPI_MCA_rmaps_base_oversubscribe": "1",
        "OMPI_MCA_pml": "ob1",
        "OMPI_MCA_btl": "self,sm",
        "HYDRA_LAUNCHER": "fork",
        "HYDRA_RMK": "user",
        "OMP_NUM_THREADS": "1",
    }
    if crowded:
        extra |= {"OMPI_MCA_mpi_yield_when_idle": "1", "MPIR_CVAR_CH4_PROGRESS_THROTTLE": "1"}
        extra["MPIR_CVAR_CH4_PROGRESS_THROTTLE_NO_PROGRESS_COUNT"] = "100"
    if os.geteuid() == 0:
        extra |= {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    return {**extra, **os.environ}


def die_with_parent(number: int = signal.SIGKILL) -> None:
    """Have the kernel send this process a signal when its parent ends, however that happens."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(number))


def main(argv: list[str]) -> int:
    """Run the command line on this rank; what goes wrong on one rank alone ends all of them."""
    if "INVASIO_LAUNCHED" in os.environ:
        die_with_parent()
    with processes.while_mpi_starts():
        from mpi4py import MPI

    comm = MPI.COMM_WORLD
    try:
        from invasio.solver.cli import main as command_line

        check_launcher(comm)
        end_together(comm)
        code = command_line(argv)
    except LaunchError as error:
        print(f"invasio: {error}", file=sys.stderr, flush=True)
        return error.exit_code
    except SystemExit as stop:  # argparse: the same on every rank
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except BaseException:
        traceback.print_exc()
        end_all(comm, 1)
    _leave_together(comm, code)
    return code


def _leave_together(comm: Any, code: int, patience: float = 20.0) -> None:
    """Wait for the other ranks; if they do not come, this one failed alone and they would wait for it forever."""
    if comm.size > 1 and Meeting.of(comm).faults(code not in (0, 85), patience) is None:
        print(f"invasio: rank {comm.rank} ended alone with code {code}; ending the others", file=sys.stderr, flush=True)
        end_all(comm, code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
