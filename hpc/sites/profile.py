"""A site profile: the options of a cluster, read from a small YAML file and checked like a scenario."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal, Union

from pydantic import AfterValidator, Field, ValidationError

from invasio.solver.errors import ScenarioError
from invasio.solver.scenario.base import Options
from invasio.solver.scenario.faults import translate
from invasio.solver.scenario.layers import over
from invasio.solver.scenario.reader import Document, Fault, Faults, Mark, read_file
from invasio.solver.scenario.wrong import wrong

from .limits import minutes

_WORD = r"^[^\s\"']+$"
Word = Annotated[str, Field(pattern=_WORD)]


class SiteError(ScenarioError):
    """The site profile is wrong; one line per fault, as for scenarios."""


def _limit(text: str) -> str:
    minutes(text)
    return text


def _option(text: str) -> str:
    if not text.startswith("-") or "\n" in text:
        raise wrong("not an option of Slurm", code="wrong-pattern", remedy="write it on one line, beginning with -")
    return text


TimeLimit = Annotated[str, AfterValidator(_limit)]
SlurmOption = Annotated[str, AfterValidator(_option)]


class Mail(Options):
    """Who is written to, and when."""

    to: Word = Field(description="address")
    on: list[Literal["BEGIN", "END", "FAIL", "REQUEUE", "TIME_LIMIT", "TIME_LIMIT_90", "ALL"]] = Field(
        ["END", "FAIL"], description="events"
    )


class WithLauncher(Options):
    """Each rank is `./invasio run`: in the host's Python or in the sealed environment, whichever the launcher finds."""

    kind: Literal["launcher"] = "launcher"
    path: str | None = Field(None, description="the launcher; none: that of the checkout which submits")


class WithPython(Options):
    """Each rank is a Python that has invasio, DOLFINx and the site's MPI (from modules, Spack or conda; see `setup`)."""

    kind: Literal["python"]
    python: str = Field("python3", description="the interpreter")


class WithContainer(Options):
    """Each rank is a Python in a container."""

    kind: Literal["container"]
    command: str = Field(description='shell text before the program, e.g. apptainer exec --bind "$PWD" invasio.sif')
    python: str = Field("python3", description="the interpreter inside")


Start = Annotated[Union[WithLauncher, WithPython, WithContainer], Field(discriminator="kind")]


class Site(Options):
    """What a cluster wants; everything has a default."""

    extends: str | None = Field(None, description="a shipped profile or a file that this one is laid over")
    description: str = Field("", description="title, one line")
    account: Word | None = Field(None, description="project that pays")
    partition: Word | None = Field(None, description="partition")
    qos: Word | None = Field(None, description="quality of service")
    constraint: Word | None = Field(None, description="kind of node")
    reservation: Word | None = Field(None, description="reservation")
    time: TimeLimit = Field("01:00:00", description="time limit of a job: MINUTES, HH:MM:SS or D-HH:MM:SS")
    ranks_per_node: int | None = Field(None, ge=1, description="most ranks on a node; none: Slurm decides")
    memory_per_rank: Annotated[str, Field(pattern=r"^\d+[KMGT]?$")] | None = Field(None, description="for example 2G")
    exclusive: bool = Field(False, description="whole nodes")
    mail: Mail | None = Field(None, description="who is written to")
    margin: int = Field(300, ge=10, description="seconds before the time limit at which the run is asked for a checkpoint")
    restarts: int = Field(20, ge=0, description="how often a job that did not finish is put back into the queue")
    throttle: int | None = Field(None, ge=1, description="most members of a sweep that run at once; none: Slurm decides")
    directives: list[SlurmOption] = Field([], description="further options of sbatch")
    mpi: Word | None = Field("pmix", description="srun --mpi: pmix for Open MPI, pmi2 or cray_shasta for MPICH; none: Slurm's default")
    srun: list[SlurmOption] = Field(["--hint=nomultithread", "--distribution=block:block"], description="further options of srun")
    setup: str = Field("", description="shell lines before the run, e.g. module load")
    environment: dict[Annotated[str, Field(pattern=r"^[A-Za-z_]\w*$")], str] = Field({}, description="variables for the run")
    hdf5_file_locking: bool = Field(True, description="false where the file system cannot lock files (some Lustre and NFS)")
    jit_cache: str | None = Field(None, description="shared folder for compiled kernels (variables like $SCRATCH may be used)")
    start: Start | None = Field(None, description="how a rank starts; none: launcher from a checkout, else this Python")


def shipped() -> list[str]:
    """Names of the profiles that come with the program."""
    return sorted(path.stem for path in Path(str(files("invasio.hpc.sites"))).glob("*.yaml"))


def load_site(name: str) -> Site:
    """Read a profile: a file, or the name of a shipped one. Raises SiteError with one line per fault."""
    try:
        document = _layers(_path(name, Path()), ())
        try:
            return Site.model_validate(document.data)
        except ValidationError as error:
            raise translate(error, document, Site) from None
    except Faults as caught:
        found = [fault.error(SiteError) for fault in caught.faults]
        raise SiteError.together(found, f"{len(found)} error{'s' if len(found) != 1 else ''} in the site profile {name}") from None


def _path(name: str, folder: Path) -> Path:
    if name in shipped():
        return Path(str(files("invasio.hpc.sites"))) / f"{name}.yaml"
    path = folder / Path(name).expanduser()
    if path.suffix not in (".yaml", ".yml") and not path.exists():
        what, remedy = "neither a file nor a shipped profile", f"shipped: {', '.join(shipped())}"
        raise Faults([Fault(Mark(name, 0, 0), (), what, code="no-profile", remedy=remedy)])
    return path


def _layers(path: Path, above: tuple[Path, ...]) -> Document:
    document = read_file(path)
    if document.data is None:
        document = replace(document, data={})
    if not isinstance(document.data, dict):
        what, remedy = "a profile is a mapping of options", "write lines `name: value`"
        raise Faults([Fault(Mark(str(path), 1, 1), (), what, code="wrong-type", remedy=remedy)])
    base = document.data.get("extends")
    if base is None:
        return document
    mark = document.mark(("extends",))
    if not isinstance(base, str):
        what, remedy = f"wrong type (given {base!r})", "allowed: the name of a profile"
        raise Faults([Fault(mark, ("extends",), what, code="wrong-type", remedy=remedy)])
    if path.resolve() in above:
        what, remedy = "the profile extends itself", "take `extends` out of one"
        raise Faults([Fault(mark, ("extends",), what, code="wrong-extends", remedy=remedy)])
    return over(document, _layers(_path(base, path.parent), (*above, path.resolve())))
