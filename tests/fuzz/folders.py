"""Run folders and sweeps changed at random: every command that reads them must answer."""

from __future__ import annotations

import itertools
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import matplotlib.pyplot  # noqa: F401  (what all commands import, once for all children)
from mpi4py import MPI

from invasio.postprocess import compare, figures, plot, report, table  # noqa: F401
from invasio.postprocess.paraview import script  # noqa: F401
from invasio.solver.run import run
from invasio.solver.scenario.loader import load
from tests.fuzz.judge import Answer, ask
from tests.fuzz.values import damaged

TEXT = """\
mesh: {kind: rectangle, cells: [4, 4]}
model:
  cells: {tumour: {initial: "exp(-x^2/0.1)", motility: 1e-3, haptotaxis: 5e-3, secretes: {mmp: 0.1}}}
  ecm: {initial: 1, degraded_by: {mmp: 10}}
  solubles: {mmp: {diffusion: 1e-3}}
time: {end: 1, step: 0.25}
output: {every: 0.5, figures: false}
expect: [{at: 1, what: integral, of: ecm, value: 1, relative: 0.5}]
"""
FILES = ("STATUS", "resolved.yaml", "manifest.json", "series.csv", "run.log", "fields.vtkhdf", "scenario.yaml")
COMMANDS = (
    ("status", "run"),
    ("status", ".", "--json"),
    ("table", "run"),
    ("table", "run", "--tidy"),
    ("report", "run"),
    ("plot", "run"),
    ("plot", "run", "--front"),
    ("plot", "run", "--series", "tumour.total"),
    ("paraview", "run"),
    ("compare", "run", "whole"),
)
CONTENTS = (
    *(b"", b"\n", b"\0" * 300, b"\xff\xfe\x00", b"[]", b"{}", b"null", b"- 1\n- 2\n", b"a,b\n", b"time\n1\n", b"1e999"),
    *(b"x" * 5000, b"{" * 3000, b"a: &a [*a]\n", b"time: {start: 1, end: 0}\n", b'time,step\n"\n', b"time: 3\nscales: 4\n"),
)


def made(place: Path) -> Path:
    """A run of a small scenario in the folder ``place``/whole."""
    (place / "a.yaml").write_text(TEXT, encoding="utf-8")
    run(load(place / "a.yaml"), MPI.COMM_SELF, place / "whole")
    return place / "whole"


def mutants(seed: int, whole: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Without end: a copy of the run beside it with one to three files of it damaged; what was done, and a command to try."""
    for number in itertools.count():
        chance = random.Random(f"{seed}/{number}")
        copy = whole.with_name("run")
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(whole, copy)
        done = []
        for name in chance.sample(FILES, chance.choice((1, 1, 2, 3))):
            path, deed = copy / name, chance.random()
            if deed < 0.1:
                path.unlink()
                done.append(f"{name} removed")
            elif deed < 0.2:
                path.unlink()
                path.mkdir()
                done.append(f"{name} a folder")
            elif deed < 0.5:
                content = chance.choice(CONTENTS)
                path.write_bytes(content)
                done.append(f"{name} holds {content[:20]!r}")
            else:
                path.write_bytes(damaged(path.read_bytes(), chance))
                done.append(f"{name} damaged")
        command = chance.choice(COMMANDS)
        yield f"{', '.join(done)}; {' '.join(command)}; seed {seed}, number {number}", command


def attack(command: tuple[str, ...], place: Path) -> Answer:
    """What a command answers about the copy."""
    return ask(command, place)
