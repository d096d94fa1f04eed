"""Runs of some steps that call every kernel, so that the cache holds them."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import tempfile
from collections.abc import Iterable, Iterator
from importlib.resources import as_file, files
from pathlib import Path

from numba.core import event

from invasio.hpc.warm import DIMS

# Each case is run once as it stands and once with the other numerical schemes.
OTHER_SCHEMES = (
    "numerics.limiter=local_bounds",
    "numerics.flux=scharfetter_gummel",
    "numerics.scheme=backward_euler",
    "numerics.linear.preconditioner=jacobi",
    "time.step=5e-4",
)


def folder() -> str:
    """Where compiled kernels are kept."""
    return os.environ.get("NUMBA_CACHE_DIR") or "__pycache__ beside the sources"


def compile_all(dims: Iterable[int] = DIMS) -> int:
    """Compile what scenarios in these dimensions need and what is not in the cache yet; how many kernels. In this process, on one rank."""
    from mpi4py import MPI

    from invasio.solver.run import run
    from invasio.solver.scenario.loader import load

    cases = files("invasio.hpc.warm")
    with event.install_recorder("numba:compile") as seen, tempfile.TemporaryDirectory() as scratch, _silence(), as_file(cases) as here:
        for diagonal in ("right", "alternating"):
            run(load(here / "lattice.yaml", (f"mesh.diagonal={diagonal}",)), MPI.COMM_SELF, Path(scratch) / diagonal)
        for dim in dims:
            for number, overrides in enumerate(((), OTHER_SCHEMES)):
                run(load(here / f"{dim}d.yaml", overrides), MPI.COMM_SELF, Path(scratch) / f"{dim}d-{number}")
    return sum(entry[1].is_start for entry in seen.buffer)


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """What these runs say is of no interest."""
    logging.disable(logging.WARNING)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.disable(logging.NOTSET)
