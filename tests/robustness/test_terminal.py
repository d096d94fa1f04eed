"""A terminal that closes asks a run for a checkpoint, but under nohup; what can no longer be printed stops nothing."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from invasio.solver.output.screen import Lasting

SCENARIO = """\
schema_version: 1
mesh: {kind: disc, size: 0.2}
model: {cells: {tumour: {motility: 1e-3, initial: "exp(-x^2/0.02)"}}}
time: {end: 1000, step: 1e-3}
output: {every: 1000, figures: false}
"""
PATIENCE = 180.0


def on_a_terminal(out: Path, ranks: int, ignored: bool) -> tuple[subprocess.Popen[bytes], int]:
    """A run with a terminal of its own: its process, and our end of the terminal."""
    path = out.with_suffix(".yaml")
    path.write_text(SCENARIO, encoding="utf-8")
    command = [sys.executable, "-m", "invasio.solver.cli", "run", str(path), "--out", str(out), *(["-n", str(ranks)] if ranks > 1 else [])]

    def begin() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN if ignored else signal.SIG_DFL)
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    ours, theirs = pty.openpty()
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True, preexec_fn=begin)
    os.close(theirs)
    log, until = out / "run.log", time.monotonic() + PATIENCE
    while not (log.exists() and "step 1," in log.read_text(encoding="utf-8")):
        assert time.monotonic() < until
        if select.select([ours], [], [], 0.1)[0]:
            os.read(ours, 4096)
    return process, ours


@pytest.mark.parametrize("ranks", [1, 2])
def test_a_terminal_that_closes_asks_for_a_checkpoint(ranks: int, tmp_path: Path) -> None:
    process, terminal = on_a_terminal(tmp_path / "out", ranks, ignored=False)
    os.close(terminal)
    assert process.wait(PATIENCE) == 85
    assert (tmp_path / "out" / "STATUS").read_text(encoding="utf-8").startswith("stopped early")


def test_under_nohup_it_does_not(tmp_path: Path) -> None:
    """MPI and gmsh both take the signal for themselves."""
    process, terminal = on_a_terminal(tmp_path / "out", 1, ignored=True)
    os.close(terminal)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(2.0)
    process.terminate()
    assert process.wait(PATIENCE) == 85


def test_what_cannot_be_printed_is_dropped() -> None:
    lines = "from invasio.solver.output.screen import outlast", "outlast()", "for k in range(9): print(k, flush=True)"
    code = "\n".join(["import sys", *lines, "print('here', file=sys.stderr)"])
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
        assert process.wait(PATIENCE) == 0 and said == b"here\n"


def test_all_else_is_the_streams_own(tmp_path: Path) -> None:
    with (tmp_path / "file").open("w", encoding="utf-8") as file:
        stream = Lasting(file)
        print("word", file=stream, flush=True)  # type: ignore[call-overload]
        assert stream.encoding == "utf-8" and not stream.isatty()
    assert (tmp_path / "file").read_text(encoding="utf-8") == "word\n"
