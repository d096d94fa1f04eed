"""The command line: `invasio COMMAND ...`; each command is a module of solver/commands."""

from __future__ import annotations

import argparse
import gc
import os
import signal
import sys
import traceback
from importlib import import_module
from pathlib import Path

from .errors import InvasioError, MeshError
from .meeting import Meeting, as_error, exit_code, of_one_rank, tell
from .output.screen import outlast
from .parallel import Comm

COMMANDS = {
    "run": "run a scenario",
    "submit": "run a scenario as a Slurm job that resumes until it is finished",
    "warm": "compile beforehand what runs need, so that they (and many jobs at once) compile nothing",
    "sweep": "run all variations that a scenario's sweep states, here or as a Slurm array",
    "arms": "run all arms of a scenario, here or as a Slurm array, and compare their outcomes in a table and a figure",
    "fit": "fit parameters to measured data, and say which of them the data determine",
    "petab": "turn PEtab tables into a scenario's fit, or a fit into PEtab tables",
    "sensitivity": "say which options outcomes depend on, from many runs or a polynomial fitted to fewer",
    "retry": "run again what failed or stopped: a run, or the members of a sweep",
    "status": "report the progress of runs",
    "validate": "check a scenario without running it",
    "explain": "print a scenario's equations with parameters, units and sources",
    "schema": "print the JSON Schema of scenarios, for editors",
    "scenarios": "list the shipped scenarios, or copy one",
    "library": "list and search published values, with their sources, that scenarios use by name",
    "mesh": "inspect, convert or draw a mesh",
    "scaling": "measure time per step and messages on several numbers of ranks, predict larger machines",
    "gallery": "run the shipped scenarios and write a page with their pictures and numbers",
    "report": "write one page of HTML about a run",
    "plot": "draw profiles, maps, kymographs, fronts or columns of the series, of one run or several",
    "movie": "make a movie of a run",
    "cascade": "draw histories of what entered vessels in a run: where and when metastases show",
    "table": "print the series of a run as a table",
    "compare": "say where two runs differ",
    "paraview": "set up the standard views of a run in ParaView, or draw them",
    "docs": "build the documents as pages to browse",
    "doctor": "say what was found on this machine and what is missing for what",
}
LONG = ("run", "sweep", "arms", "fit", "sensitivity", "retry", "scaling", "gallery")  # what they compute is worth more than what they say
READERS = ("status", "report", "plot", "movie", "cascade", "table", "compare", "paraview")  # of run folders, which anybody may have changed


def parser(command: str | None = None) -> argparse.ArgumentParser:
    """The parser of the whole command line; only the chosen command's module is imported."""
    top = argparse.ArgumentParser(prog="invasio", description="Tumour invasion through tissue, in parallel.")
    top.add_argument("--version", action=_Version, nargs=0, help="say which version this is")
    subs = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, line in COMMANDS.items():
        sub = subs.add_parser(name, help=line, description=line[0].upper() + line[1:] + ".")
        if name == command:
            import_module(f".commands.{name}", __package__).add_arguments(sub)
    return top


class _Version(argparse.Action):
    """Print the version, which is looked up only then."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: object, option_string: str | None = None
    ) -> None:
        import invasio

        print("invasio", invasio.__version__)
        parser.exit()


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code; a user's error is printed once, without a traceback."""
    gc.set_threshold(100_000, 20, 50)  # what is made at the start stays: looking through it a thousand times takes .15 s
    argv = list(sys.argv[1:] if argv is None else argv)
    command = next((a for a in argv if not a.startswith("-")), None)
    args = parser(command).parse_args(argv)
    if args.command in LONG:
        outlast()
    try:
        code: int = import_module(f".commands.{args.command}", __package__).main(args)
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # what reads the output has gone (`| head`); as a program that the signal would have ended
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except (InvasioError, ModuleNotFoundError) as caught:
        error = caught if isinstance(caught, InvasioError) else _missing_package(caught)
        return _told(caught, error)
    except (Exception, KeyboardInterrupt) as caught:
        if "INVASIO_TRACEBACK" in os.environ:
            return _told(caught, None)
        foreign = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, OSError)
        if (args.command in READERS or _of_a_folder(args)) and isinstance(caught, foreign):
            return _told(caught, _unlike(caught, args))
        return _told(caught, as_error(caught))


def _told(caught: BaseException, error: InvasioError | None) -> int:
    """Have an error told once, on whichever rank it is; its exit code. Where it is one rank's alone, all ranks end here.

    Without ``error`` it is a fault of the program: on one rank it is raised again, on several its traceback is printed.
    """
    comm = _all_ranks()

    def say() -> None:
        if error is not None or isinstance(caught, KeyboardInterrupt):
            who = f" (rank {comm.rank})" if comm is not None and of_one_rank(caught, comm) else ""
            print(f"invasio{who}: {error or 'interrupted'}", file=sys.stderr, flush=True)
        else:
            traceback.print_exception(caught)

    if comm is not None:
        tell(caught, comm, say)
    elif error is None and not isinstance(caught, KeyboardInterrupt):
        raise caught
    elif _is_first_rank():
        say()
    return exit_code(caught) if error is None else error.exit_code


def _all_ranks() -> Comm | None:
    """All ranks of the program where there are several, and they have agreed where to meet."""
    mpi = sys.modules.get("mpi4py.MPI")
    world: Comm | None = None if mpi is None else mpi.COMM_WORLD  # type: ignore[attr-defined]
    return world if world is not None and world.size > 1 and Meeting.known(world) else None


def _of_a_folder(args: argparse.Namespace) -> bool:
    """Whether a command that else takes a scenario was given a folder, of a sweep, a series or a run."""
    named = getattr(args, "folder", None) or getattr(args, "scenario", None)
    return isinstance(named, (str, Path)) and Path(named).is_dir()


def _unlike(error: Exception, args: argparse.Namespace) -> InvasioError:
    """What to say where the files of a run are well-formed, but not as a run writes them."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    named = getattr(args, "runs", None) or [getattr(args, "run", None) or getattr(args, "folder", None) or args.scenario]
    what = f"its files are not as invasio writes them ({type(error).__name__} in {Path(frame.filename).name}:{frame.lineno})"
    remedy = "run again with --overwrite; if invasio wrote them, INVASIO_TRACEBACK=1 shows what to report"
    return MeshError(what, code="unreadable-file", place=", ".join(map(str, named)), remedy=remedy)


def _missing_package(error: ModuleNotFoundError) -> InvasioError:
    """What to say about a package that only some commands need; raises the error of any other module again."""
    from .installed import SOLVER, refusal

    name = (error.name or "").partition(".")[0]
    if name not in SOLVER:
        raise error
    return refusal([name])


def _is_first_rank() -> bool:
    mpi = sys.modules.get("mpi4py.MPI")
    if mpi is not None:
        return bool(mpi.COMM_WORLD.rank == 0)  # type: ignore[attr-defined]
    ranks = (os.environ.get(k) for k in ("OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"))
    return int(next((r for r in ranks if r), "0")) == 0


if __name__ == "__main__":
    sys.exit(main())
