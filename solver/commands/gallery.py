"""`invasio gallery`: run the shipped scenarios and write a page with their pictures and numbers."""

from __future__ import annotations

import argparse
import math
import shutil
import sys
from pathlib import Path

from ..cascade import finished
from ..errors import ScenarioError, StoppedEarly
from ..installed import need_solver
from ..output.layout import CASCADE, ENTRIES
from ..parallel import Comm
from ..scenario.loader import dump_resolved, load
from ..scenario.schema import Scenario
from ..scenario.shipped import Header, headers
from ..scenario.wrong import allowed

HISTORIES = 100  # of a cascade, for its picture


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    words = "scenarios as `invasio scenarios list` names them, whose sections are made anew (default: all)"
    parser.add_argument("names", nargs="*", metavar="NAME", help=words)
    parser.add_argument("--out", type=Path, default=Path("docs"), metavar="DIR", help="folder of gallery.md and gallery/ (default: docs)")
    parser.add_argument("--runs", type=Path, default=Path("out/gallery"), metavar="DIR", help="run folders (default: out/gallery)")
    parser.add_argument("--again", action="store_true", help="run all anew; otherwise finished runs of the same scenario are used")


def main(args: argparse.Namespace) -> int:
    """Run what has no finished run, then write the page; exit code 1 if an expected number was missed."""
    chosen = _chosen(args.names)
    need_solver()
    members = {header.name: folder for header in chosen if (folder := _members(header, args.runs, args.again))}
    from mpi4py import MPI  # after the members, which start programs of their own

    comm = MPI.COMM_WORLD
    folders = {header.name: args.runs / header.name.replace("/", "-") for header in chosen}
    for header in chosen:
        scenario = load(header.path)
        finished = comm.rank == 0 and not args.again and _is_finished(folders[header.name], scenario)
        if not comm.bcast(finished):
            if comm.rank == 0:
                print(f"--- {header.name} ({header.cost})", flush=True)
            _run(scenario, comm, folders[header.name])
    missed = _page(folders, members, args.out, bool(args.names)) if comm.rank == 0 else 0
    return 1 if comm.bcast(missed) else 0


def _chosen(names: list[str]) -> list[Header]:
    known = {header.name: header for header in headers()}
    for name in names:
        if name.removesuffix(".yaml") not in known:
            raise ScenarioError(f"unknown scenario {name!r}", code="no-scenario", place="shipped scenarios", remedy=allowed(name, known))
    return [known[name.removesuffix(".yaml")] for name in names] or _all()


def _all() -> list[Header]:
    return sorted(headers(), key=lambda header: "/" in header.name)  # the quick start before the collections


def _is_finished(folder: Path, scenario: Scenario) -> bool:
    """Whether the folder holds a finished run of exactly this scenario."""
    from ..output.layout import RESOLVED, STATUS

    files = {folder / STATUS: "done", folder / RESOLVED: dump_resolved(scenario).strip()}
    return all(path.is_file() and path.read_text(encoding="utf-8").strip() == text for path, text in files.items())


def _run(scenario: Scenario, comm: Comm, folder: Path) -> None:
    from ..output.log import on_screen
    from ..run import run

    with on_screen(comm):
        outcome = run(scenario, comm, folder, overwrite=True)
    if outcome.reason != "done":
        raise StoppedEarly(
            f"stopped early ({outcome.reason})",
            code="stopped-early",
            place="gallery",
            remedy="the same command goes on with the other scenarios",
        )


def _members(header: Header, runs: Path, again: bool) -> Path | None:
    """The folder of a scenario's arms or of its sweep, which are run where they have not been; None where it has neither.

    Under mpirun they are left out: they start programs of their own.
    """
    from ...hpc.ranks import is_rank
    from ...hpc.sweep.folder import prepare
    from ...postprocess.sweep import is_sweep
    from . import sweep

    scenario = load(header.path, (), math.inf)
    if not scenario.members or is_rank():
        return None
    kind = "arms" if scenario.arms is not None else "sweep"
    folder = runs / f"{header.name.replace('/', '-')}-{kind}"
    if again and is_sweep(folder):
        shutil.rmtree(folder)
    print(f"--- {kind} of {header.name}", flush=True)
    options = argparse.Namespace(collect=False, retry=False, dry_run=False, ranks=None, jobs=None)
    code = sweep.proceed(options, prepare(scenario, folder), None)
    if code:
        raise StoppedEarly(
            f"{kind} stopped early or failed (exit code {code})",
            code="stopped-early",
            place="gallery",
            remedy=f"see {folder}; the same command goes on",
        )
    return folder


def _page(folders: dict[str, Path], members: dict[str, Path], out: Path, some: bool) -> int:
    """Write the page on this rank, of some with the sections of the others kept; returns how many expected numbers were missed."""
    from ...postprocess.gallery import Entry, write_gallery
    from ...postprocess.run import open_run

    for folder in folders.values():
        if open_run(folder).dim == 1 and (folder / ENTRIES).is_file():  # where the picture is that of the cascade
            finished.write(folder / CASCADE, *finished.read(folder), HISTORIES)
    others = [header.name for header in _all()] if some else []
    page, missed = write_gallery([Entry(name, folder, members.get(name)) for name, folder in folders.items()], out, others)
    print(page, flush=True)
    if missed:
        print(f"invasio: {missed} expected numbers were missed", file=sys.stderr)
    return missed
