"""Before jobs are submitted: what they need is compiled where they will look for it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable

from invasio.hpc.sites.profile import Site
from invasio.hpc.slurm.script import render_here
from invasio.hpc.warm import DIMS
from invasio.solver.scenario.mesh import mesh_dimension

PATIENCE = 900  # seconds


def dimensions(kind: object) -> tuple[int, ...]:
    """Of a mesh of this kind; all that it may have where only a file tells."""
    dim = mesh_dimension(kind)
    return DIMS if dim is None else (dim,)


def warm(site: Site, dims: Iterable[int]) -> str:
    """Run `invasio warm` as a job of this site would, but here and in one process; what came of it, in one line.

    A failure is no error: the job then compiles by itself.
    """
    words = ["warm", *(word for dim in dims for word in ("--dim", str(dim)))]
    # In the sealed environment its own Python is the one that the job will have.
    inside = {"INVASIO_ENVIRONMENT": "host"} if "INVASIO_SEALED" in os.environ else {}
    command = ["bash", "-c", render_here(site, words)]
    try:
        done = subprocess.run(
            command, env={**os.environ, **inside}, capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"the kernels could not be compiled here, so the job compiles them: {error}"
    if done.returncode:
        said = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        return f"the kernels could not be compiled here, so the job compiles them: {(said or ['no reason given'])[-1]}"
    return done.stdout.strip().splitlines()[-1]
