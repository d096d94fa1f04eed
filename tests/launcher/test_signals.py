"""Asking a run on two ranks to stop, from outside the launcher: code 85, no banner, no process left."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import ROOT, Launcher, wait_for

PROGRAM = Path(__file__).with_name("rank_program.py")


def command(launcher: Launcher, mode: str, ranks: int = 2) -> str:
    """A shell command that launches the ranks as `invasio run -n` does."""
    launcher.run("env", "build")
    (launcher.folder / "state").mkdir()
    program = (sys.executable, str(PROGRAM), launcher.marker, str(launcher.folder / "state"))
    code = f"import sys; from invasio.hpc.ranks import launch; sys.exit(launch({ranks}, ['{mode}'], {program!r}))"
    return f'exec {sys.executable} -c "{code}"'


def start(launcher: Launcher, mode: str, ranks: int = 2, group: bool = False) -> subprocess.Popen[str]:
    """Start the ranks, as a group of processes of their own or not, and wait until all are there."""
    process = launcher.start("shell", "-c", command(launcher, mode, ranks), group=group)
    wait_for(lambda: process.poll() is not None or len(list((launcher.folder / "state").glob("ready-*"))) == ranks)
    return process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1, signal.SIGINT])
def test_request_reaches_all_ranks(launcher: Launcher, number: signal.Signals) -> None:
    process = start(launcher, "wait")
    process.send_signal(number)
    out, err = process.communicate(timeout=180)
    assert process.returncode == 85, err
    assert sorted(out.splitlines()) == ["rank 0 of 2", "rank 1 of 2"]
    assert "prterun" not in err and "-----" not in err
    asked = sorted(path.name for path in (launcher.folder / "state").glob("asked-*"))
    assert asked == [f"asked-{rank}-{signal.SIGUSR1.value}" for rank in range(2)]
    assert launcher.left() == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_request_to_the_whole_group_is_one(launcher: Launcher, number: signal.Signals) -> None:
    """As from `timeout`, which signals a command and its group, or from a terminal that is closed."""
    process = start(launcher, "wait", group=True)
    process.send_signal(number)
    os.killpg(process.pid, number)
    _, err = process.communicate(timeout=180)
    assert process.returncode == 85, err
    assert len(list((launcher.folder / "state").glob("asked-*"))) == 2 and launcher.left() == []


def test_request_while_the_ranks_start_is_kept(launcher: Launcher) -> None:
    process = launcher.start("shell", "-c", command(launcher, "late"))
    wait_for(lambda: list((launcher.folder / "state").glob("starting-*")))
    process.send_signal(signal.SIGUSR1)
    process.communicate(timeout=180)
    assert process.returncode == 85


def test_second_interrupt_ends_ranks_that_do_not_listen(launcher: Launcher) -> None:
    process = start(launcher, "deaf")
    process.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(2)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=180)
    assert process.returncode == 128 + signal.SIGINT
    assert launcher.left() == []


def test_killed_launcher_leaves_no_process(launcher: Launcher) -> None:
    process = start(launcher, "deaf")
    process.kill()
    process.wait(30)
    assert launcher.left() == []


def test_killed_launcher_of_the_ranks_leaves_no_process(launcher: Launcher) -> None:
    """The same without the sandbox, whose process namespace would end them."""
    process = subprocess.Popen(["bash", "-c", command(launcher, "deaf")], env={**launcher.environment, "PYTHONPATH": f"{ROOT}/src"})
    wait_for(lambda: len(list((launcher.folder / "state").glob("ready-*"))) == 2)
    process.kill()
    process.wait(30)
    assert launcher.left() == []


@pytest.mark.parametrize("code", [0, 2, 3, 4])
def test_exit_code_of_the_ranks(launcher: Launcher, code: int) -> None:
    done = launcher.run("shell", "-c", command(launcher, f"code={code}", 3))
    assert (done.returncode, done.stderr) == (code, "")
    assert len(done.stdout.splitlines()) == 3


def test_rank_that_is_killed_is_reported(launcher: Launcher) -> None:
    done = launcher.run("shell", "-c", command(launcher, "crash"))
    assert done.returncode == 128 + signal.SIGKILL
    assert done.stderr == "invasio: a rank was ended by signal 9 (killed, perhaps for want of memory)\n"
    assert launcher.left() == []


def test_commands_that_go_on_later_get_signals() -> None:
    """What ends with 85 when it is asked to stop must be asked: the launcher stands between."""
    passed = re.search(r"^  (run \|[^)]*)\)$", (ROOT / "invasio").read_text(encoding="utf-8"), re.MULTILINE)
    assert passed is not None
    stopping = {path.stem for path in (ROOT / "solver" / "commands").glob("*.py") if " 85: stopped" in path.read_text(encoding="utf-8")}
    assert {"fit", "sensitivity", "sweep"} <= stopping
    assert stopping - set(passed[1].split(" | ")) == set()
