"""The job script of one run: the template filled in from a site profile."""

from __future__ import annotations

import math
import shlex
import sys
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template

from invasio.hpc.sites.limits import minutes
from invasio.hpc.sites.profile import Site, WithContainer, WithLauncher, WithPython
from invasio.solver.errors import InvasioError
from invasio.solver.output.layout import RESOLVED

SOLVER_MARGIN = 120  # seconds before the end of the job at which a run stops by itself (solver/stepping/stop.py)
ALONE = 60  # seconds that the other ranks may go on when one has ended

# The ranks' signals go to every process of a step: those around the solver (a shell, the sandbox) must outlive them.
_SHIELD = 'trap "" USR1 TERM; {}exec "$@"'
# By this variable a run stops SOLVER_MARGIN before the end of the job, which is too early where the site wants less.
_UNTIL_SIGNALLED = "unset SLURM_JOB_END_TIME; "


class ScriptError(InvasioError):
    """The job cannot be described as asked."""

    exit_code = 2


class _Script(Template):
    delimiter = "%%"


@dataclass(frozen=True)
class Job:
    """One run as a job: its name, its (absolute) folder, the number of ranks, the time limit or none for the site's."""

    name: str
    folder: Path
    ranks: int
    time: str | None = None


def render(site: Site, job: Job, start_in: Path) -> str:
    """The job script.

    It runs ``job.folder/resolved.yaml`` with ``--resume``, so that the same script starts a run and goes on with it;
    ``start_in`` is the working directory. Raises ScriptError.
    """
    if "\n" in str(job.folder) or '"' in str(job.folder):
        raise ScriptError(f"the run folder's name cannot stand in a job script: {job.folder}")
    words = ["run", str(job.folder / RESOLVED), "--out", str(job.folder), "--resume"]
    template = files("invasio.hpc.slurm").joinpath("job.sh.tmpl").read_text(encoding="utf-8")
    return _Script(template).substitute(
        shown_folder=job.folder,
        directives="\n".join(f"#SBATCH {line}" for line in _directives(site, job, start_in)),
        margin=site.margin,
        restarts=site.restarts,
        environment="\n".join(_environment(site)),
        srun=shlex.join(_srun(site)),
        program=_program(site),
        arguments=shlex.join(words),
    )


def _directives(site: Site, job: Job, start_in: Path) -> list[str]:
    limit = job.time or site.time
    if minutes(limit) * 60 <= site.margin:
        raise ScriptError(f"the time limit {limit} must be longer than the margin of the site profile ({site.margin} s)")
    lines = [f"--job-name={job.name}", f'--chdir="{start_in}"', f'--output="{str(job.folder).replace("%", "%%")}/slurm-%j.out"']
    lines += ["--open-mode=append", "--requeue", f"--signal=B:USR1@{site.margin}", f"--time={limit}", f"--ntasks={job.ranks}"]
    if site.ranks_per_node:
        lines += [f"--nodes={math.ceil(job.ranks / site.ranks_per_node)}", f"--ntasks-per-node={min(job.ranks, site.ranks_per_node)}"]
    lines.append("--cpus-per-task=1")
    for name in ("account", "partition", "qos", "constraint", "reservation"):
        value = getattr(site, name)
        lines += [f"--{name}={value}"] if value else []
    lines += [f"--mem-per-cpu={site.memory_per_rank}"] if site.memory_per_rank else []
    lines += ["--exclusive"] if site.exclusive else []
    lines += [f"--mail-user={site.mail.to}", f"--mail-type={','.join(site.mail.on)}"] if site.mail else []
    return [*lines, *site.directives]


def _environment(site: Site) -> list[str]:
    lines = ["export OMP_NUM_THREADS=1", 'export SRUN_CPUS_PER_TASK="${SLURM_CPUS_PER_TASK:-1}"', "export PYTHONUNBUFFERED=1"]
    if not site.hdf5_file_locking:
        lines.append("export HDF5_USE_FILE_LOCKING=FALSE")
    if site.jit_cache:
        lines += [f'export XDG_CACHE_HOME="{site.jit_cache}" NUMBA_CACHE_DIR="{site.jit_cache}/numba"', 'mkdir -p "$NUMBA_CACHE_DIR"']
    lines += [f"export {name}={shlex.quote(value)}" for name, value in site.environment.items()]
    source = _checkout() / "src"
    if isinstance(_start(site), WithPython) and source.is_dir():
        lines.append(f'export PYTHONPATH={shlex.quote(str(source))}"${{PYTHONPATH:+:$PYTHONPATH}}"')
    return [*lines, *site.setup.splitlines()]


def _srun(site: Site) -> list[str]:
    # A rank that fails alone would leave the others waiting for it until the time is up.
    words = ["srun", *([f"--mpi={site.mpi}"] if site.mpi else []), "--kill-on-bad-exit=0", f"--wait={ALONE}"]
    return [*words, *site.srun]


def _program(site: Site) -> str:
    start = _start(site)
    shell = ["bash", "-c", _SHIELD.format(_UNTIL_SIGNALLED if site.margin < SOLVER_MARGIN else ""), "invasio"]
    ranks = ["-m", "invasio.hpc.ranks"]
    if isinstance(start, WithContainer):
        return f"{shlex.join(shell)} {start.command} {shlex.join([start.python, *ranks])}"
    if isinstance(start, WithPython):
        return shlex.join([*shell, start.python, *ranks])
    return shlex.join([*shell, start.path or str(_checkout() / "invasio")])


def _start(site: Site) -> WithLauncher | WithPython | WithContainer:
    if site.start is not None:
        return site.start
    return WithLauncher() if (_checkout() / "invasio").is_file() else WithPython(kind="python", python=sys.executable)


def _checkout() -> Path:
    return Path(__file__).resolve().parents[2]
