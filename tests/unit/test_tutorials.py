"""Every tutorial, word for word: its files are written, its commands typed, its Python run, in the order of the page."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from invasio.solver.cli import main

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs" / "tutorials").glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_tutorial_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has read so far can type a command: its files are there, its exit code is 0, and what it draws is written."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    blocks = re.findall(r"^```(\w+)\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    for kind, text in blocks:
        if kind == "yaml":
            Path(text.splitlines()[0].removeprefix("# ")).write_text(text, encoding="utf-8")
        elif kind == "python":
            exec(compile(text, str(page), "exec"), names)
        elif kind == "sh":
            for line in text.splitlines():
                command, *words = shlex.split(line)
                assert command == "./invasio" and main(words) == 0, line
                assert "-o" not in words or Path(words[words.index("-o") + 1]).stat().st_size > 0, line
    assert {kind for kind, _ in blocks} & {"sh", "python"}
    said = re.findall(r"`(out/[\w/.-]+)`", page.read_text(encoding="utf-8"))
    assert [path for path in said if not Path(path).exists()] == []
