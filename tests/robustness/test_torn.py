"""Files of fields that a kill inside one write, or a machine without power, left as a mixture: resumed, they are whole again."""

from __future__ import annotations

import json
import os
import random
import re
import signal
from pathlib import Path
from typing import Any

import pytest

from invasio.solver.output import structure
from invasio.solver.output.fields import FieldsWriter
from tests.robustness import runs

pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")


def killed(path: Path, out: Path, monkeypatch: pytest.MonkeyPatch, output: int) -> None:
    """A run that is killed within an output, when the rows are written and nothing else."""
    usual = FieldsWriter._append

    def append(self: FieldsWriter, *args: Any) -> None:
        if self.n_steps >= output:
            monkeypatch.setattr(self, "_hook", lambda phase: os.kill(os.getpid(), signal.SIGKILL))
        usual(self, *args)

    with monkeypatch.context() as patch:
        patch.setattr(FieldsWriter, "_append", append)
        assert runs.forked(path, out, lambda: None) == -signal.SIGKILL


def pieces(out: Path) -> tuple[list[tuple[int, int]], int]:
    """Where the structure of fields.vtkhdf stands, and its mark, by what the newest checkpoint keeps of it."""
    kept = max((out / "checkpoints").glob("fields-*.structure"))
    about = json.loads(kept.read_bytes().split(b"\n", 2)[1])
    return [(offset, length) for offset, length, _ in about["pieces"]], about["mark"][0]


@pytest.mark.parametrize("deed", ["all of it", "half of the pages"])
def test_a_torn_structure_is_put_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deed: str) -> None:
    """All that HDF5 may rewrite is replaced by noise; the resumed run has the bits of one that nobody killed, and nothing is set aside."""
    path, out, chance = runs.scenario(tmp_path, "fixed"), tmp_path / "torn", random.Random(deed)
    assert runs.forked(path, tmp_path / "whole", lambda: None) == 0
    killed(path, out, monkeypatch, 11)
    places, mark = pieces(out)
    assert sum(length for _, length in places) > 20_000
    with (out / "fields.vtkhdf").open("r+b") as stream:
        for offset, length in places:
            for page in range(offset, offset + length, 4096):
                size = min(4096, offset + length - page)
                if not page - 64 <= mark < page + size and (deed == "all of it" or chance.random() < 0.5):
                    stream.seek(page)
                    stream.write(chance.randbytes(size))
    assert runs.forked(path, out, lambda: None) == 0
    assert runs.same_bits(out, tmp_path / "whole") == ""
    assert not list(out.glob("*-damaged*"))


@pytest.mark.parametrize("deed", ["the structure is damaged", "another file", "too short", "missing"])
def test_what_cannot_be_put_back_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deed: str) -> None:
    """Then the file is used as it is; one that cannot be read is kept aside, and the run ends all the same."""
    path, out = runs.scenario(tmp_path, "fixed"), tmp_path / "torn"
    killed(path, out, monkeypatch, 11)
    fields, kept = out / "fields.vtkhdf", max((out / "checkpoints").glob("fields-*.structure"))
    if deed == "the structure is damaged":
        kept.write_bytes(kept.read_bytes()[:-1] + b"\0\0")
    elif deed == "another file":
        content = fields.read_bytes()
        at = pieces(out)[1]
        fields.write_bytes(content[:at] + b"0" * 32 + content[at + 32 :])
    elif deed == "too short":
        os.truncate(fields, pieces(out)[1] + 100)
    else:
        fields.unlink()
    assert runs.forked(path, out, lambda: None) == 0
    said = out.with_suffix(".said").read_text(encoding="utf-8")
    expected = {
        "the structure is damaged": r"structure of fields.vtkhdf at the checkpoint was not put back \(fields-0+\d+.structure is damaged\)",
        "another file": r"was not put back \(it is another file\)",
        "too short": r"was not put back \(it is too short\)[^~]*fields.vtkhdf is damaged and was renamed to fields-damaged.vtkhdf",
        "missing": r"fields.vtkhdf is missing; the fields start again at the checkpoint",
    }
    assert re.search(expected[deed], said), said
    assert "Traceback" not in said


def test_structures_go_with_their_checkpoints(tmp_path: Path) -> None:
    """Two checkpoints are left, and one structure for each."""
    path, out = runs.scenario(tmp_path, "fixed"), tmp_path / "run"
    assert runs.forked(path, out, lambda: None) == 0
    names = sorted(file.name for file in (out / "checkpoints").iterdir())
    steps = [name[11:20] for name in names if name.endswith(".h5")]
    assert len(steps) == 2
    assert names == ["LATEST", *(f"checkpoint-{s}.h5" for s in steps), *(f"fields-{s}.structure" for s in steps)]
    assert structure.take(out / "fields.vtkhdf", tmp_path / "again") != ""
