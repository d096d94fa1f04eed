"""Job scripts of a run, a sweep, and of what comes after: templates filled in from a site profile."""

from __future__ import annotations

import math
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template

from invasio.hpc.sites.limits import minutes
from invasio.hpc.sites.profile import Site, WithContainer, WithLauncher, WithPython
from invasio.solver.errors import InvasioError
from invasio.solver.output.layout import MEMBERS, RESOLVED, STATUS

SOLVER_MARGIN = 120  # seconds before the end of the job at which a run stops by itself (solver/stepping/stop.py)
AFTER_LIMIT = "00:30:00"  # of a job that only collects: a short one starts sooner
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
class Array:
    """The members of a sweep as tasks: their numbers, the digits of a number in a folder's name (0: members have names), how many at once.

    Slurm's number of a task is ``offset`` less than the member's: it has a largest one (see `queue.largest_array`).
    """

    tasks: tuple[int, ...]
    digits: int
    throttle: int | None = None
    offset: int = 0

    @property
    def elsewhere(self) -> bool:
        """Whether the folder of a member is not that of Slurm's number of its task."""
        return self.offset > 0 or not self.digits

    def directive(self) -> str:
        """As sbatch wants it: 1-3,7%2."""
        runs: list[list[int]] = []
        for task in sorted(n - self.offset for n in self.tasks):
            if runs and task == runs[-1][-1] + 1:
                runs[-1] = [runs[-1][0], task]
            else:
                runs.append([task])
        return ",".join("-".join(map(str, run)) for run in runs) + (f"%{self.throttle}" if self.throttle else "")

    def split(self, largest: int) -> list[Array]:
        """Arrays whose tasks have numbers up to ``largest``; they share the throttle."""
        blocks: dict[int, list[int]] = {}
        for task in sorted(self.tasks):
            blocks.setdefault((task - 1) // largest, []).append(task)
        each = self.throttle and max(1, self.throttle // len(blocks))
        return [Array(tuple(tasks), self.digits, each, block * largest) for block, tasks in blocks.items()]


@dataclass(frozen=True)
class Job:
    """One run as a job: its name, its (absolute) folder, the number of ranks, the time limit or none for the site's.

    With an ``array`` it is a sweep: the folder holds one folder per member, ``run-NUMBER`` or its name.
    """

    name: str
    folder: Path
    ranks: int
    time: str | None = None
    array: Array | None = None


def render(site: Site, job: Job, start_in: Path) -> str:
    """The job script.

    It runs ``job.folder/resolved.yaml`` with ``--resume``, so that the same script starts a run and goes on with it;
    ``start_in`` is the working directory. Raises ScriptError.
    """
    folder = shlex.quote(str(_checked(job.folder)))
    arguments = f"run {shlex.quote(str(job.folder / RESOLVED))} --out {folder} --resume"
    redirect = ""
    if job.array:
        number = f"$((SLURM_ARRAY_TASK_ID + {job.array.offset}))" if job.array.offset else '"$SLURM_ARRAY_TASK_ID"'
        if job.array.digits:
            folder += f"/run-$(printf %0{job.array.digits}d {number})"
        else:
            folder += f"/$(awk -F, -v number={number} '$1 == number {{ print $2; exit }}' {folder}/{MEMBERS})"
        arguments = f'run "$folder/{RESOLVED}" --out "$folder" --resume'
        redirect = '\nexec >> "$folder/slurm-$SLURM_ARRAY_JOB_ID.out" 2>&1' if job.array.elsewhere else ""
    return _Script(_template("job.sh.tmpl")).substitute(
        shown_folder=job.folder,
        directives="\n".join(f"#SBATCH {line}" for line in _directives(site, job, start_in)),
        margin=site.margin,
        restarts=site.restarts,
        environment="\n".join(_environment(site)),
        srun=shlex.join(_srun(site)),
        program=_program(site),
        arguments=arguments,
        folder=folder,
        redirect=redirect,
        status=STATUS,
    )


def render_measurement(site: Site, job: Job, start_in: Path, words: Sequence[str], results: Sequence[Path]) -> str:
    """The script of a job that runs `invasio WORDS RESULT` on all its ranks once for each result, in turn. Raises ScriptError."""
    log = str(_checked(job.folder)).replace("%", "%%")
    lines = [f"--job-name={job.name}", f'--chdir="{_checked(start_in)}"', f'--output="{log}/slurm-{job.ranks}-ranks-%j.out"']
    return _Script(_template("measure.sh.tmpl")).substitute(
        directives="\n".join(f"#SBATCH {line}" for line in [*lines, f"--time={job.time or site.time}", *_shape(site, job)]),
        environment="\n".join(_environment(site)),
        srun=shlex.join(_srun(site)),
        program=_program(site),
        arguments=shlex.join(words),
        results=" ".join(shlex.quote(str(result)) for result in results),
    )


def render_after(site: Site, job: Job, start_in: Path, words: Sequence[str]) -> str:
    """The script of a job on one core that runs `invasio WORDS` when another job has ended."""
    log = str(_checked(job.folder)).replace("%", "%%")
    limit = min(job.time or site.time, AFTER_LIMIT, key=minutes)
    lines = [f"--job-name={job.name}", f'--chdir="{_checked(start_in)}"', f'--output="{log}/slurm-after-%j.out"', f"--time={limit}"]
    return _Script(_template("after.sh.tmpl")).substitute(
        directives="\n".join(f"#SBATCH {line}" for line in [*lines, "--ntasks=1", "--cpus-per-task=1", *_account(site)]),
        environment="\n".join(_environment(site)),
        program=_alone(site),
        arguments=shlex.join(words),
    )


def render_here(site: Site, words: Sequence[str]) -> str:
    """A shell script that runs `invasio WORDS` in one process on this machine as a job of the site would."""
    account = [f'export SLURM_JOB_ACCOUNT="${{SLURM_JOB_ACCOUNT-{site.account}}}"'] if site.account else []
    return "\n".join([*account, *_environment(site), f"exec {_alone(site)} {shlex.join(words)}"])


def _template(name: str) -> str:
    return files("invasio.hpc.slurm").joinpath(name).read_text(encoding="utf-8")


def _checked(folder: Path) -> Path:
    # sbatch reads its options from comments, where these cannot be written in any way.
    if any(sign in str(folder) for sign in '\n"\\'):
        raise ScriptError(
            "a folder's name with a quotation mark, a backslash or a line break cannot stand in a job script",
            code="bad-name",
            place=str(folder),
            remedy="rename the folder",
        )
    return folder


def _directives(site: Site, job: Job, start_in: Path) -> list[str]:
    limit = job.time or site.time
    if minutes(limit) * 60 <= site.margin:
        raise ScriptError(
            f"it is not longer than the margin of the site profile ({site.margin} s)",
            code="wrong-time-limit",
            place=f"time limit {limit}",
            remedy="give a longer one, or a smaller margin",
        )
    log = "slurm-%j.out"
    if job.array:  # a shifted number or a name is unknown to sbatch: there the script itself writes to the member's folder
        log = "slurm-%A_%a.out" if job.array.elsewhere else f"run-%{job.array.digits}a/slurm-%A.out"
    lines = [f"--job-name={job.name}", f'--chdir="{_checked(start_in)}"', f'--output="{str(job.folder).replace("%", "%%")}/{log}"']
    lines += [f"--array={job.array.directive()}"] if job.array else []
    lines += ["--open-mode=append", "--requeue", f"--signal=B:USR1@{site.margin}", f"--time={limit}"]
    return [*lines, *_shape(site, job)]


def _shape(site: Site, job: Job) -> list[str]:
    """What the job needs, who pays for it and who is written to."""
    lines = [f"--ntasks={job.ranks}"]
    if site.ranks_per_node:
        lines += [f"--nodes={math.ceil(job.ranks / site.ranks_per_node)}", f"--ntasks-per-node={min(job.ranks, site.ranks_per_node)}"]
    lines += ["--cpus-per-task=1", *_account(site)]
    lines += [f"--mem-per-cpu={site.memory_per_rank}"] if site.memory_per_rank else []
    lines += ["--exclusive"] if site.exclusive else []
    lines += [f"--mail-user={site.mail.to}", f"--mail-type={','.join(site.mail.on)}"] if site.mail else []
    return [*lines, *site.directives]


def _account(site: Site) -> list[str]:
    given = {name: getattr(site, name) for name in ("account", "partition", "qos", "constraint", "reservation")}
    return [f"--{name}={value}" for name, value in given.items() if value]


def _environment(site: Site) -> list[str]:
    lines = ["export OMP_NUM_THREADS=1", 'export SRUN_CPUS_PER_TASK="${SLURM_CPUS_PER_TASK:-1}"', "export PYTHONUNBUFFERED=1"]
    if not site.hdf5_file_locking:
        lines.append("export HDF5_USE_FILE_LOCKING=FALSE")
    if site.jit_cache and isinstance(_start(site), WithLauncher):
        lines.append(f'export INVASIO_JIT_CACHE="{site.jit_cache}"')  # the launcher gives each environment a folder in it
    elif site.jit_cache:
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


def _alone(site: Site) -> str:
    """The command line in one process, without srun."""
    start = _start(site)
    words = ["-m", "invasio.solver.cli"]
    if isinstance(start, WithContainer):
        return f"{start.command} {shlex.join([start.python, *words])}"
    if isinstance(start, WithPython):
        return shlex.join([start.python, *words])
    return shlex.quote(start.path or str(_checkout() / "invasio"))


def _start(site: Site) -> WithLauncher | WithPython | WithContainer:
    if site.start is not None:
        return site.start
    return WithLauncher() if (_checkout() / "invasio").is_file() else WithPython(kind="python", python=sys.executable)


def _checkout() -> Path:
    return Path(__file__).resolve().parents[2]
