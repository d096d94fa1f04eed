"""The environment of wheels: made once, safely, with words a user can act on; here with a stand-in for Python's venv and pip."""

from __future__ import annotations

import re
import signal
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from invasio.hpc.environment import wheels_probe

from .conftest import ROOT, Launcher, wait_for

FOLDER = ROOT / "hpc" / "environment"
# The probe says what the file `probe` holds; venv makes a folder with this Python; pip does what the file `behaviour` says.
PYTHON = """#!/bin/sh
case "$*" in
  *wheels_probe.py) cat {folder}/probe ;;
  *"-m venv"*)
    echo call >> {folder}/calls
    for last; do :; done
    mkdir -p "$last/bin" && ln -s {python} "$last/bin/python3" ;;
  *"-m pip"*)
    sleep 0.3
    echo "Collecting one==1"
    case $(cat {folder}/behaviour 2> /dev/null) in
      fail) echo "ERROR: no such package"; exit 1 ;;
      hang) touch {folder}/hanging; exec sleep 1000.{marker} ;;
    esac ;;
  *) exec {python} "$@" ;;
esac
"""


@pytest.fixture
def wheels(tmp_path: Path) -> Iterator[Launcher]:
    """A launcher with an empty cache that wants wheels."""
    marker = str(uuid.uuid4().int % 10**12)
    (tmp_path / "bin").mkdir()
    python = PYTHON.format(folder=tmp_path, python=sys.executable, marker=marker)
    tools = {"cc": "#!/bin/sh\n"} | {f"python3{minor}": python for minor in ("", ".12", ".13", ".14")}
    for name, text in tools.items():
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    (tmp_path / "probe").write_text(f"{tmp_path}/bin/python3 pip\n")
    yield Launcher(tmp_path, marker, "wheels")


def test_two_at_once_build_once(wheels: Launcher) -> None:
    both = [wheels.start("shell", "-c", 'echo "$INVASIO_WHEELS"') for _ in range(2)]
    outputs = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert {out for out, _ in outputs} == {f"{wheels.trees[0]}\n"} and wheels.trees[0].startswith("wheels-")
    assert wheels.calls == 1
    again = wheels.run("shell", "-c", 'command -v python3; echo "$XDG_CACHE_HOME|$INVASIO_REASON"')
    cache = wheels.folder / "cache"
    kernels = f"{cache}/jit/{wheels.trees[0]}|INVASIO_ENVIRONMENT=wheels\n"
    assert (again.stdout, again.stderr) == (f"{cache}/env/{wheels.trees[0]}/bin/python3\n{kernels}", "")


def test_failed_build_leaves_nothing_but_its_log(wheels: Launcher) -> None:
    wheels.behave("fail")
    failed = wheels.run("shell", "-c", "true")
    assert failed.returncode == 1 and "ERROR: no such package" in failed.stderr
    assert "Where the package index cannot be reached, pip's own settings help" in failed.stderr
    assert wheels.trees == []
    wheels.behave("")
    assert wheels.run("shell", "-c", "true").returncode == 0


def test_interrupted_build_ends_everything_and_can_be_repeated(wheels: Launcher) -> None:
    wheels.behave("hang")
    process = wheels.start("shell", "-c", "true")
    wait_for((wheels.folder / "hanging").exists)
    process.send_signal(signal.SIGTERM)
    _, complaint = process.communicate(timeout=30)
    assert (process.returncode, wheels.trees, wheels.left()) == (130, [], []), complaint
    wheels.behave("")
    assert wheels.run("shell", "-c", "true").returncode == 0


def test_without_its_marker_or_its_python_it_is_made_anew(wheels: Launcher) -> None:
    assert wheels.run("env", "build", "wheels").returncode == 0
    (tree,) = (wheels.folder / "cache" / "env" / name for name in wheels.trees)
    for broken in (".complete", "bin/python3"):
        (tree / broken).unlink()
        assert wheels.run("shell", "-c", "true").returncode == 0
    assert wheels.calls == 3
    assert wheels.run("env", "list").stdout.count("used by this checkout") == 1
    assert wheels.run("env", "remove", tree.name).returncode == 0 and wheels.trees == []


def test_what_is_lacking_is_said(wheels: Launcher) -> None:
    (wheels.folder / "probe").write_text("- glibc 2.34 or newer is needed\n")
    refused = wheels.run("shell", "-c", "true")
    assert (refused.returncode, refused.stderr) == (1, "invasio: INVASIO_ENVIRONMENT=wheels, but here glibc 2.34 or newer is needed\n")
    (wheels.folder / "probe").write_text(f"{wheels.folder}/bin/python3 pip\n")
    (wheels.folder / "bin" / "df").write_text("#!/bin/sh\necho head; echo / 1 1 2048 1% /\n")
    (wheels.folder / "bin" / "df").chmod(0o755)
    full = wheels.run("shell", "-c", "true")
    assert full.returncode == 1 and "too little disk space for the environment of wheels" in full.stderr and "(it has 2)" in full.stderr


def test_the_list_is_pinned_and_hashed_and_names_no_place() -> None:
    lines = [line for line in (FOLDER / "wheels.txt").read_text().splitlines() if not line.startswith("#")]
    for line in lines:
        assert re.fullmatch(r"[a-z0-9.-]+==[\w.]+( --hash=sha256:[0-9a-f]{64})+", line), line
    wanted = [line for line in (FOLDER / "wheels-wanted.txt").read_text().splitlines() if not line.startswith("#")]
    assert {re.split("[=<>]", line)[0] for line in wanted} <= {line.partition("==")[0] for line in lines}
    assert all("://" not in path.read_text() for path in FOLDER.glob("wheels*.txt"))


def test_probe_refuses_what_cannot_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheels_probe.sys, "version_info", (3, 11, 7))
    assert wheels_probe.objection() == f"Python 3.12 to 3.14 is needed ({sys.executable} is 3.11)"
    monkeypatch.setattr(wheels_probe.sys, "version_info", (3, 13, 0))
    monkeypatch.setattr(wheels_probe, "glibc", lambda: (2, 31))
    assert wheels_probe.objection() == "glibc 2.34 or newer is needed (Ubuntu 22.04, Debian 12, RHEL 9)"
