"""Folders of sweeps and of scaling series changed at random: what reads them must answer."""

from __future__ import annotations

import itertools
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

from mpi4py import MPI

from invasio.hpc.scaling import jobs
from invasio.hpc.scaling.measure import measure_into
from invasio.hpc.scaling.series import Series
from invasio.hpc.sites.profile import load_site
from invasio.hpc.slurm import queue
from invasio.hpc.sweep.folder import prepare
from invasio.postprocess import scaling, sweep_report  # noqa: F401  (what commands import, once for all children)
from invasio.solver.commands import retry, sweep  # noqa: F401
from invasio.solver.scenario.loader import load
from tests.fuzz.folders import CONTENTS, FILES, TEXT
from tests.fuzz.folders import made as made_run
from tests.fuzz.judge import Answer, ask
from tests.fuzz.values import damaged

SWEEP = "sweep: {kind: grid, vary: {model.cells.tumour.motility: [1e-3, 2e-3]}, observe: [tumour.total]}\n"
ARMS = "arms: {a: {}, b: {model.cells.tumour.motility: 2e-3}}\noutcomes: {o: {series: tumour.total, at: max}}\n"
COMMANDS = (
    *(
        ("arms", "arms", "--collect"),
        ("arms", "arms", "--dry-run"),
        ("report", "arms"),
        ("compare", "arms"),
        ("table", "arms"),
        ("plot", "arms"),
    ),
    *(("status", "sweep"), ("sweep", "sweep", "--collect"), ("sweep", "sweep", "--dry-run"), ("report", "sweep/run-001")),
    *(("retry", "sweep", "--submit"), ("retry", "sweep/run-002", "--submit"), ("scaling", "series", "--collect")),
)


def made(place: Path) -> Path:
    """A sweep and arms whose two members are done, and a series of two measurements, in the folder ``place``/made."""
    whole, out = made_run(place), place / "made"
    for name, block in (("sweep", SWEEP), ("arms", ARMS)):
        (place / f"{name}.yaml").write_text(TEXT.partition("expect:")[0] + block, encoding="utf-8")
    members = [m for name in ("sweep", "arms") for m in prepare(load(place / f"{name}.yaml"), out / name).members]
    for member in members:
        shutil.copytree(whole, member.folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.yaml"))
    series = Series("a", "a", (1, 2), False, 2, 1, ())
    with without_slurm():
        jobs.submit(out / "series", series, {1: TEXT, 2: TEXT}, load_site("generic"), None)  # what its jobs would read
    for ranks in series.ranks:
        measure_into(place / "a.yaml", 2, jobs.result_of(out / "series", ranks, 1), MPI.COMM_SELF)
    return out


def without_slurm() -> Any:
    """In the block, and in its children, nothing is submitted."""
    return patch.object(queue, "installed", lambda: False)


def attack(command: tuple[str, ...], place: Path) -> Answer:
    """What a command answers about the copies."""
    with without_slurm():
        return ask(command, place)


def mutants(seed: int, whole: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Without end: a copy of both beside the original with one to three files damaged; what was done, and a command to try."""
    for number in itertools.count():
        chance = random.Random(f"{seed}/{number}")
        command = chance.choice(COMMANDS)
        kind = command[1].partition("/")[0]
        for name in ("sweep", "arms", "series"):
            shutil.rmtree(whole.parent / name, ignore_errors=True)
        copy = whole.parent / kind
        shutil.copytree(whole / kind, copy)
        files = sorted(path for path in copy.rglob("*") if path.is_file() and path.name not in (".lock", *FILES[-3:-1]))
        done = []
        for path in chance.sample(files, chance.choice((1, 1, 2, 3))):
            deed = chance.random()
            if deed < 0.2:
                path.unlink()
                if deed < 0.1:
                    path.mkdir()
            else:
                path.write_bytes(chance.choice(CONTENTS) if deed < 0.5 else damaged(path.read_bytes(), chance))
            done.append(f"{path.relative_to(whole.parent)} {deed:.2f}")
        yield f"{', '.join(done)}; {' '.join(command)}; seed {seed}, number {number}", command
