"""Runs killed with SIGKILL at any moment and resumed: the same bits as the run that nobody killed."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from mpi4py import MPI

from invasio.solver import run as recipe
from invasio.solver.output import checkpoint, folder, together
from invasio.solver.output.hdf import SharedFile
from invasio.solver.output.series import Series
from invasio.solver.scenario.loader import dump_resolved, load
from invasio.solver.scenario.shipped import folder as scenarios
from tests.robustness import runs

pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")  # the children never come back


class Executioner:
    """Counts what a run does to its files, and kills the process just before a chosen deed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, pooled: bool = False) -> None:
        self.count, self.deadline, self.last = 0, -1, ""
        monkeypatch.setattr(together, "OFTEN", float("inf") if pooled else -1.0)  # outputs wait for the checkpoint, or never
        monkeypatch.setattr(together, "LATE", float("inf"))
        for place, name in (
            (checkpoint.os, "replace"),
            (checkpoint.os, "fsync"),
            (SharedFile, "_write"),
            (SharedFile, "flush"),
            (SharedFile, "resize"),
            (SharedFile, "set_number"),
            (Series, "_write"),
            (checkpoint, "replace_text"),
            (folder.Path, "unlink"),
        ):
            monkeypatch.setattr(place, name, self._watched(name, getattr(place, name)))

    def _watched(self, name: str, action: Any) -> Any:
        def watched(*args: Any, **options: Any) -> Any:
            self.count += 1
            if self.count == self.deadline:
                os.kill(os.getpid(), signal.SIGKILL)
            return action(*args, **options)

        return watched


def attempt(path: Path, out: Path, executioner: Executioner, deadline: int) -> bool:
    """Run or resume in a process of its own; whether it came to its end before deed number ``deadline``."""

    def armed() -> None:
        executioner.count, executioner.deadline = 0, deadline

    code = runs.forked(path, out, armed)
    assert code in (0, -signal.SIGKILL), f"the run ended with code {code}"
    return code == 0


def deeds(path: Path, out: Path, executioner: Executioner) -> int:
    """Run to the end here; how much it did to its files."""
    executioner.count, executioner.deadline = 0, -1
    recipe.run(load(path), MPI.COMM_SELF, out)
    return executioner.count


@pytest.mark.parametrize(("steps", "pooled"), [("fixed", False), ("adaptive", False), ("fixed", True)])
def test_killed_between_any_two_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: str, pooled: bool) -> None:
    """Within outputs, one by one or several in one go, checkpoints, while the folder is prepared and while a resumption cuts the files."""
    path, executioner = runs.scenario(tmp_path, steps), Executioner(monkeypatch, pooled)
    total = deeds(path, tmp_path / "whole", executioner)
    chance = random.Random(steps)
    moments = [2, 5, *(chance.randrange(5, total // 2) for _ in range(8))]
    for moment in moments:
        attempt(path, tmp_path / "parts", executioner, moment)
    assert attempt(path, tmp_path / "parts", executioner, -1)
    assert runs.same_bits(tmp_path / "parts", tmp_path / "whole") == ""
    left = sorted(p.name for p in (tmp_path / "parts").rglob("*.new"))
    assert not left, "files of writes that a kill cut off"


@pytest.mark.parametrize("name", ["membrane_opening", pytest.param("intravasation", marks=pytest.mark.slow)])
def test_killed_with_membranes_and_vessels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Their files and states are cut and resumed as those of the tissue are."""
    shipped, settings = scenarios() / f"verification/{name}.yaml", ["expect=[]", "output.figures=false"]
    times = load(shipped).time
    settings += [f"output.every={(times.end - times.start) / 24}", f"output.checkpoint_every={(times.end - times.start) / 12}"]
    path, executioner = tmp_path / "scenario.yaml", Executioner(monkeypatch)
    path.write_text(dump_resolved(load(shipped, settings)), encoding="utf-8")
    assert attempt(path, tmp_path / "whole", executioner, -1)
    kills = [not attempt(path, tmp_path / "parts", executioner, moment) for moment in (150, 250, 200)]
    assert attempt(path, tmp_path / "parts", executioner, -1) and all(kills)
    assert len(list((tmp_path / "parts").glob("*.vtkhdf"))) == 2
    assert runs.same_bits(tmp_path / "parts", tmp_path / "whole") == ""


@pytest.mark.slow
@pytest.mark.parametrize("steps", ["fixed", "adaptive"])
def test_killed_once_at_many_moments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: str) -> None:
    """Before each of the first writes, and at 40 moments up to the last; each kill is followed by a resumption to the end."""
    path, executioner = runs.scenario(tmp_path, steps), Executioner(monkeypatch)
    total = deeds(path, tmp_path / "whole", executioner)
    for moment in [*range(1, 20), *range(20, total + 1, total // 40)]:
        out = tmp_path / f"parts-{moment}"
        assert not attempt(path, out, executioner, moment)
        assert attempt(path, out, executioner, -1)
        assert runs.same_bits(out, tmp_path / "whole") == "", f"killed before deed {moment} of {total}"


@pytest.mark.slow
@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize("steps", ["fixed", "adaptive"])
def test_killed_at_random_times(tmp_path: Path, steps: str, ranks: int) -> None:
    """The whole command on one and two ranks, killed a random time after it took the folder, until it gets through."""
    path, out = runs.scenario(tmp_path, steps), tmp_path / "parts"
    options = ["-n", "2"] if ranks == 2 else []
    assert runs.finish(path, tmp_path / "whole", *options)[0] == 0
    chance = random.Random(f"{steps} {ranks}")
    for _ in range(12):
        process = runs.start(path, out, "--resume", *options)
        began = time.time()
        while process.poll() is None and not _taken(out, began):
            time.sleep(0.005)
        time.sleep(0.8 * chance.random())
        process.kill()
        process.communicate()
    for _ in range(20):  # the ranks of a killed launcher end a moment later; until then the folder is theirs
        code, _, complaint = runs.finish(path, out, "--resume", *options)
        if code != 2:
            break
        time.sleep(0.5)
    assert code == 0, complaint
    assert runs.same_bits(out, tmp_path / "whole") == ""


def _taken(out: Path, began: float) -> bool:
    status = out / "STATUS"
    return status.exists() and status.stat().st_mtime > began
