"""The environment of wheels: made once, safely, with words a user can act on; here with a stand-in for Python's venv and pip."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from invasio.hpc.environment import lock, wheels_probe

from ..run import DIFFERING
from .conftest import ROOT, Launcher, wait_for

FOLDER = ROOT / "hpc" / "environment"


@pytest.fixture
def wheels(tmp_path: Path) -> Iterator[Launcher]:
    """A launcher with an empty cache that wants wheels."""
    marker = str(uuid.uuid4().int % 10**12)
    (tmp_path / "bin").mkdir()
    world = Launcher(tmp_path, marker, "wheels")
    world.plain_python()
    yield world


@pytest.fixture
def auto(wheels: Launcher) -> Launcher:
    """The same where nothing is forced."""
    wheels.wanted = "auto"
    return wheels


def test_nothing_forced_makes_wheels_where_they_fit(auto: Launcher) -> None:
    inside = auto.run("shell", "-c", 'echo "$INVASIO_WHEELS|$INVASIO_REASON"')
    lacks = "the system's Python does not import everything that is needed"
    assert inside.stdout == f"{auto.trees[0]}|{lacks}; {auto.folder}/bin/python3 can have wheels\n", inside.stderr
    (auto.folder / "probe").write_text("- it is too old\n")  # what is there stays in use
    assert auto.run("shell", "-c", 'echo "$INVASIO_WHEELS|$INVASIO_REASON"').stdout == f"{auto.trees[0]}|{lacks}\n"
    assert auto.calls == 1 and auto.run("env", "build").stdout == f"{auto.folder}/cache/env/{auto.trees[0]}\n"


def test_nothing_forced_takes_a_dolfinx_that_is_there(auto: Launcher) -> None:
    (auto.folder / "host").write_text(f"{sys.executable}\n")
    inside = auto.run("shell", "-c", 'echo "$INVASIO_WHEELS|$INVASIO_REASON"')
    assert (inside.stdout, auto.trees) == ("|the system's Python imports everything that is needed\n", []), inside.stderr


@pytest.mark.parametrize("words", ["validate x.yaml", "run --help", "explain x.yaml", "report out/x", "doctor", "schema"])
def test_what_only_reads_builds_nothing(auto: Launcher, words: str) -> None:
    refused = auto.run(*words.split())
    assert (refused.returncode, refused.stdout, auto.trees) == (1, "", [])
    assert "python3 lacks h5py." in refused.stderr and "can have wheels" in refused.stderr
    assert "./invasio env build makes it now; or give this python3 (3.11 or newer) what it lacks:  pip install /" in refused.stderr
    (auto.folder / "reading").write_text(f"{sys.executable}\n")
    done = auto.run(*words.split()[:1], "--help")
    assert (done.returncode, auto.calls) == (0, 0) and done.stdout.startswith(f"usage: invasio {words.split()[0]}"), done.stderr


def test_nothing_forced_seals_where_wheels_cannot_be_had(launcher: Launcher) -> None:
    launcher.wanted = "auto"
    launcher.plain_python("glibc 2.34 or newer is needed")
    inside = launcher.run("shell", "-c", 'echo "$INVASIO_SEALED|$INVASIO_REASON"')
    assert inside.stdout.startswith("run-") and inside.stdout.endswith("and wheels cannot be had: glibc 2.34 or newer is needed\n")
    launcher.plain_python()
    assert launcher.run("shell", "-c", 'echo "$INVASIO_SEALED"').stdout == f"{launcher.trees[0]}\n"
    assert launcher.calls == 1


def test_two_at_once_build_once(wheels: Launcher) -> None:
    both = [wheels.start("shell", "-c", 'echo "$INVASIO_WHEELS"') for _ in range(2)]
    outputs = [process.communicate(timeout=180) for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert {out for out, _ in outputs} == {f"{wheels.trees[0]}\n"} and wheels.trees[0].startswith("wheels-")
    assert wheels.calls == 1
    again = wheels.run("shell", "-c", 'command -v python3; echo "$XDG_CACHE_HOME|$INVASIO_REASON"')
    cache = wheels.folder / "cache"
    kernels = f"{cache}/jit/{wheels.trees[0]}|INVASIO_ENVIRONMENT=wheels\n"
    assert (again.stdout, again.stderr) == (f"{cache}/env/{wheels.trees[0]}/bin/python3\n{kernels}", "")


def test_failed_build_leaves_nothing_but_its_log(wheels: Launcher) -> None:
    wheels.behave("ERROR: no such file")
    failed = wheels.run("shell", "-c", "true")
    assert failed.returncode == 1 and "ERROR: no such file" in failed.stderr
    assert "INVASIO_ENVIRONMENT=sealed builds one" in failed.stderr
    assert wheels.trees == []
    wheels.behave("")
    assert wheels.run("shell", "-c", "true").returncode == 0


# What pip says (of releases 23 to 26), the exit code, and what is said of it.
PIP_SAYS = {
    "no network": ("WARNING: Retrying (Retry(total=2)) after connection broken by 'NewConnectionError'", 69, "index cannot be reached"),
    "dies": ("pip._vendor.urllib3.exceptions.ProtocolError: ('Connection broken: IncompleteRead(9 bytes read)')", 69, "or not to the end"),
    "lacks": ("ERROR: Could not find a version that satisfies one==1 (from versions: none)", 69, "does not hand out a file"),
    "proxy": ("ERROR: HTTP error 407 while getting http://one/one-1.whl", 69, "index cannot be reached"),
    "other file": ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", 1, "is not that of the list"),
    "full disk": ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", 1, "the disk is full, so"),
}


@pytest.mark.parametrize("what", PIP_SAYS)
def test_why_a_build_failed_is_said(wheels: Launcher, what: str) -> None:
    said, code, why = PIP_SAYS[what]
    wheels.behave(said)
    done = wheels.run("env", "build", "wheels")
    assert (done.returncode, wheels.trees) == (code, []) and why in done.stderr, done.stderr
    assert what == "full disk" or said[:100] in done.stderr
    assert [path.suffix for path in (wheels.folder / "cache" / "env").iterdir()].count(".2") == 0


def test_the_half_that_fails_ends_the_other(wheels: Launcher) -> None:
    wheels.behave("half")
    done = wheels.run("env", "build", "wheels")
    assert (done.returncode, wheels.trees, wheels.left()) == (1, [], []), done.stderr


def test_what_was_installed_must_load(wheels: Launcher) -> None:
    (wheels.folder / "made").write_text("#!/bin/sh\n[ $1 != -c ] || { echo 'ImportError: libX.so.1' >&2; exit 1; }\n")
    done = wheels.run("env", "build", "wheels")
    assert (done.returncode, wheels.trees) == (1, []) and "ERROR: what was installed does not load" in done.stderr, done.stderr


def test_tests_have_more_beside_which_is_seen_once_it_is_whole(wheels: Launcher) -> None:
    """A run has no need of it: what fails or is interrupted there leaves the environment as it was."""
    assert wheels.run("env", "build", "wheels").returncode == 0
    (tree,) = (wheels.folder / "cache" / "env" / name for name in wheels.trees)
    seen = tree / "lib" / "python3.12" / "site-packages" / "tests.pth"
    imported = (wheels.folder / "imports").read_text()
    assert "dolfinx" in imported and "skimage" in imported
    wheels.behave("ERROR: no such file")
    failed = wheels.run("test", "--ranks", "1", "--co", "-q", "nowhere")
    assert failed.returncode == 1 and "what tests need was not put in place; the whole log" in failed.stderr, failed.stderr
    assert not (tree / "tests").exists() and not seen.exists() and (tree / ".complete").exists()
    assert wheels.run("shell", "-c", "echo inside").stdout == "inside\n"
    wheels.behave("")
    added = wheels.run("test", "--style", "--help")
    assert (added.returncode, seen.read_text()) == (0, f"{tree}/tests/lib/python3.12/site-packages\n"), added.stderr
    assert "adding what tests need" in added.stderr and "building the environment" not in added.stderr
    assert (wheels.folder / "imports").read_text() == imported
    assert "adding" not in wheels.run("test", "--help").stderr and wheels.calls == 3


def test_files_of_wheels_are_exported_for_a_machine_without_network(wheels: Launcher) -> None:
    target = wheels.folder / "wheels.tar"
    done = wheels.run("env", "export", "--wheels", str(target))
    assert (done.returncode, done.stdout, wheels.trees) == (0, f"{target}\n", []), done.stderr
    names = subprocess.run(["tar", "-tf", target], capture_output=True, text=True, check=True).stdout.split()
    assert len([name for name in names if name.endswith(".whl")]) == 2  # one of each half
    assert "for Python 3.12 on any Linux" in done.stderr
    assert "PIP_NO_INDEX=1 PIP_FIND_LINKS=$PWD/wheels ./invasio env build wheels" in done.stderr
    target.unlink()
    wheels.behave("ERROR: (from versions: none)")
    failed = wheels.run("env", "export", "--wheels", str(target))
    assert failed.returncode == 69 and f"so {target} was not written" in failed.stderr
    assert [path.name for path in wheels.folder.iterdir() if path.name.startswith("wheels")] == []


def test_interrupted_build_ends_everything_and_can_be_repeated(wheels: Launcher) -> None:
    wheels.behave("hang")
    process = wheels.start("shell", "-c", "true")
    wait_for((wheels.folder / "hanging").exists)
    process.send_signal(signal.SIGTERM)
    _, complaint = process.communicate(timeout=180)
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
    assert (refused.returncode, refused.stderr) == (69, "invasio: INVASIO_ENVIRONMENT=wheels, but here glibc 2.34 or newer is needed\n")
    (wheels.folder / "probe").write_text(f"{wheels.folder}/bin/python3 pip\n")
    (wheels.folder / "bin" / "df").write_text("#!/bin/sh\necho head; echo / 1 1 2048 1% /\n")
    (wheels.folder / "bin" / "df").chmod(0o755)
    full = wheels.run("shell", "-c", "true")
    assert full.returncode == 1 and "too little disk space for the environment of wheels" in full.stderr and "(it has 2)" in full.stderr


def test_a_cache_that_cannot_be_written_is_told(wheels: Launcher) -> None:
    (wheels.folder / "cache").write_text("")  # root may write anywhere, but not into a file
    refused = wheels.run("shell", "-c", "true")
    where = f"invasio: environments cannot be kept in {wheels.folder}/cache/env; choose a folder that you may write to"
    assert (refused.returncode, refused.stderr) == (1, f"{where}: INVASIO_CACHE=FOLDER\n")


def test_what_is_compiled_goes_to_the_users_own_folder_where_environments_are_somebody_elses(wheels: Launcher) -> None:
    wheels.run("env", "build")
    (wheels.folder / "cache" / "jit").write_text("")
    own = wheels.folder / "own"
    inside = wheels.run("shell", "-c", 'echo "$NUMBA_CACHE_DIR"', XDG_CACHE_HOME=str(own))
    assert inside.stdout == f"{own}/invasio/jit/{wheels.trees[0]}/numba\n", inside.stderr
    other = wheels.folder / "cache" / "jit"
    refused = wheels.run("shell", "-c", "true", XDG_CACHE_HOME=str(other))
    assert refused.returncode == 1 and refused.stderr.endswith("choose a folder that you may write to: INVASIO_JIT_CACHE=FOLDER\n")


def test_lists_are_pinned_and_hashed_and_name_no_place() -> None:
    versions, hashes, run = {}, {}, set()
    for which in ("wheels", "wheels-test"):
        for line in listed(which):
            assert re.fullmatch(r"[a-z0-9.-]+==[\w.]+( --hash=sha256:[0-9a-f]{64})+", line), line
            name, _, rest = line.partition("==")
            assert name not in versions, name
            versions[name], hashes[name] = rest.split()[0], set(re.findall("sha256:([0-9a-f]+)", rest))
            run |= {name} if which == "wheels" else set()
        assert {re.split("[=<>]", line)[0] for line in listed(f"{which}-wanted")} <= set(versions)
    assert lock.written(versions, hashes, run) == {name: (FOLDER / name).read_text() for name in lock.LISTS}
    assert len(listed("extras-vtk")) == 1 and not {"vtk", "pytest"} & run
    assert all("://" not in path.read_text() for path in FOLDER.glob("wheels*.txt"))


def listed(which: str) -> list[str]:
    """The lines of a list that are no remarks."""
    return [line for line in (FOLDER / f"{which}.txt").read_text().splitlines() if not line.startswith("#")]


def test_probe_refuses_what_cannot_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheels_probe.sys, "version_info", (3, 11, 7))
    assert wheels_probe.objection() == f"Python 3.12 to 3.14 is needed ({sys.executable} is 3.11)"
    monkeypatch.setattr(wheels_probe.sys, "version_info", (3, 13, 0))
    monkeypatch.setattr(wheels_probe, "glibc", lambda: (2, 36))
    monkeypatch.setattr(wheels_probe.os.path, "exists", lambda path: True)
    monkeypatch.setattr(wheels_probe, "SHARED", {"libm.so.6": "libc6", "libnever.so.1": "libnever1"})
    wanted = "gmsh needs libnever.so.1 of the system (Debian, Ubuntu: apt-get install libnever1)"
    assert wheels_probe.objection() == wanted
    monkeypatch.setattr(wheels_probe, "SHARED", {})
    monkeypatch.setattr(wheels_probe, "find_spec", lambda name: name == "venv" or None)
    for pip, will_do in (("22.2.1", False), ("22.3", True), ("26.0.1", True)):
        monkeypatch.setattr(wheels_probe, "version", lambda name, pip=pip: pip)
        assert wheels_probe.has_pip() is will_do and ("neither pip nor ensurepip" in wheels_probe.objection()) is not will_do
    monkeypatch.setattr(wheels_probe, "glibc", lambda: (2, 31))
    assert wheels_probe.objection() == "glibc 2.34 or newer is needed (Ubuntu 22.04, Debian 12, RHEL 9)"


def test_what_differs_between_environments_is_there() -> None:
    for path in DIFFERING:
        name, _, test = path.partition("::")
        assert (ROOT / name).exists() and (not test or f"def {test}(" in (ROOT / name).read_text()), path


@pytest.mark.parametrize("code", [0, 1, 69])
def test_ci_goes_on_without_wheels_and_says_so(tmp_path: Path, code: int) -> None:
    """With a stand-in for `./invasio`: what it was called with, and how `.ci/run` ends where wheels are built, fail, or cannot be had."""
    (tmp_path / ".ci").mkdir()
    (tmp_path / ".ci" / "run").write_text((ROOT / ".ci" / "run").read_text())
    (tmp_path / "invasio").write_text(f'#!/bin/sh\necho "$*" >> calls\necho "called: $*"\n[ $1 != env ] || exit {code}\n')
    (tmp_path / "invasio").chmod(0o755)
    done = subprocess.run(["bash", str(tmp_path / ".ci" / "run")], capture_output=True, text=True, timeout=180, stdin=subprocess.DEVNULL)
    called = [line.partition(": ")[2] for line in done.stdout.splitlines() if line.startswith("called: ")]
    wait_for(lambda: "env build test" in (tmp_path / "calls").read_text())  # beside all else
    wheels = ["test --environment wheels --differing"] if code == 0 else []
    assert called == ["env build wheels", *wheels, "test --environment sealed"]
    assert done.returncode == (1 if code == 1 else 0), done.stderr
    assert ("wheels: not run, they cannot be had here (code 69" in done.stdout) is (code == 69)
