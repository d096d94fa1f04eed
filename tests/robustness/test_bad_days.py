"""Full disks, damaged checkpoints, a second run in the same folder, a request to stop that reaches one rank only."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from invasio.postprocess.run import open_run
from invasio.solver.output import checkpoint, room, together
from invasio.solver.output.fields import FieldsWriter
from tests.robustness import runs

pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")


def no_file_beyond(size: int) -> None:
    """What a full disk does: no file of this process can grow beyond so many bytes."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.parametrize("what", ["fields", "checkpoint"])
def test_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """The run ends with code 4 and says which file; nothing that was there is lost; resumed, it ends in the same bits."""
    path, out = runs.scenario(tmp_path, "fixed"), tmp_path / "full"
    assert runs.forked(path, tmp_path / "whole", lambda: None) == 0
    place, name = (FieldsWriter, "hold") if what == "fields" else (checkpoint, "save")
    usual, calls = getattr(place, name), iter(range(1000))

    def filled(*args: Any, **options: Any) -> Any:
        if next(calls) == (13 if what == "fields" else 3):
            no_file_beyond((out / "fields.vtkhdf").stat().st_size + 100 if what == "fields" else 1000)
        return usual(*args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(place, name, filled)
        patch.setattr(together, "OFTEN", -1.0)  # each output is written at once
        patch.setattr(room, "_MARGIN", 0)  # else all outputs of so small a run have room at once
        assert runs.forked(path, out, lambda: None) == 4
    said = out.with_suffix(".said").read_text(encoding="utf-8")
    file = "fields.vtkhdf (is the disk full?); it keeps its 13 earlier steps" if what == "fields" else "000000016.h5 (is the disk full?)"
    assert f"{file}: File too large; free some space" in said and "[cannot-write]" in said and "Traceback" not in said
    assert (out / "STATUS").read_text(encoding="utf-8") == "failed\n"
    run = open_run(out)
    assert len(run.times) == (13 if what == "fields" else 9) and run.field("tumour").max() > 0.0
    assert not list(out.rglob("*.new"))
    assert runs.forked(path, out, lambda: None) == 0
    assert runs.same_bits(out, tmp_path / "whole") == ""


def test_one_rank_is_asked_to_stop(tmp_path: Path) -> None:
    """Both ranks of the command stop, with code 85; the newest checkpoint is then cut, and one rank goes on from the one before."""
    path, out = runs.scenario(tmp_path, "long"), tmp_path / "parts"
    process = runs.start(path, out, "-n", "2")
    _wait(lambda: len(list((out / "checkpoints").glob("*.h5"))) == 2, process)
    assert runs.forked(path, out, lambda: None) == 2
    assert "is in use by another run (process" in out.with_suffix(".said").read_text(encoding="utf-8")
    os.kill(_rank(1, out), signal.SIGTERM)
    said, complaint = process.communicate(timeout=180)
    assert process.returncode == 85 and "stopped early (SIGTERM); go on with: invasio run" in complaint, (said, complaint)
    assert (out / "STATUS").read_text(encoding="utf-8") == "stopped early: SIGTERM\n"
    newest = max((out / "checkpoints").glob("*.h5"))
    os.truncate(newest, newest.stat().st_size // 2)

    assert runs.forked(path, tmp_path / "whole", lambda: None) == 0
    assert runs.forked(path, out, lambda: None) == 0
    assert f"checkpoint {newest.name} is damaged" in out.with_suffix(".said").read_text(encoding="utf-8")
    assert runs.largest_difference(out, tmp_path / "whole") < 1e-6  # with linear solves to 1e-8
    assert [segment["ranks"] for segment in open_run(out).manifest["segments"]] == [2, 1]


def _wait(condition: Any, process: subprocess.Popen[str]) -> None:
    while not condition():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


def _rank(number: int, out: Path) -> int:
    """The process that is this rank of the run into ``out``."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command, environment = (entry / "cmdline").read_bytes(), (entry / "environ").read_bytes()
        except OSError:
            continue
        ranks = (f"{name}={number}\0".encode() for name in ("OMPI_COMM_WORLD_RANK", "PMI_RANK"))
        if str(out).encode() in command and any(rank in environment for rank in ranks):
            return int(entry.name)
    raise AssertionError(f"rank {number} was not found")
