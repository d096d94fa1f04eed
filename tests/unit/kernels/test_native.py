"""Kernels that are called without Numba give what Numba gives, bit for bit, and whatever they cannot take goes to Numba."""

from __future__ import annotations

import math
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from invasio.hpc import doctor
from invasio.solver.kernels import native, stages
from invasio.solver.kernels.compiled import compiled, kernel_type

pytestmark = pytest.mark.skipif(native.caller() is None, reason="no C compiler: Numba does all")
ROOT = Path(__file__).parents[3]


class Pair(NamedTuple):
    values: Any
    scale: float


@compiled
def weigh(pair: Pair, more: Any, count: int, wanted: bool, out: Any) -> tuple[float, int, bool]:
    """Arrays of all kinds, tuples, numbers; work arrays of its own; several results."""
    work = np.zeros(count)
    total = 0.0
    for i in range(count):
        work[i] = pair.scale * pair.values[i] + more[0][i] + (1.0 if more[1][i] and wanted else 0.0)
        total += math.exp(-work[i])
    for i in range(count):
        out[0, i] = work[count - 1 - i]
    return total, count + 1, wanted


@compiled
def quotient(a: float, b: float) -> float:
    return a / b


@compiled
def refused(values: Any) -> float:
    if values[0] < 0.0:
        raise ValueError("below zero")
    return values[0]


@compiled
def doubled(values: Any) -> Any:
    """One array twice, its half, one of its own, the one that was given."""
    made = 2.0 * values
    return made, made[::2], values.reshape((1, len(values))), (values, 3)


@compiled
def listed(values: Any) -> Any:
    return [value for value in values]


@compiled
def assigned(values: Any, other: Any) -> None:
    values[:] = other


def cases() -> list[tuple[Any, ...]]:
    rng = np.random.default_rng(1)
    values = rng.normal(size=(7, 10))
    read_only = values[0].copy()
    read_only.flags.writeable = False
    whole, flags = rng.integers(0, 9, 10), rng.random(10) < 0.5
    found = []
    for given in (values[0], values[:, 0], values[0, ::-1], read_only):
        for more in (whole.astype(np.uint32), whole.astype(np.int32), whole):
            for out in (np.zeros((2, 10)), np.zeros((2, 10), order="F"), np.zeros((4, 20))[::2, ::2]):
                found.append((Pair(given, 0.3), (more, flags), 7, True, out))
    return [*found, (Pair(values[1], 0.3), (whole, flags), np.int64(7), np.bool_(True), np.zeros((1, 7)))]


def test_kernels_take_every_kind_of_argument_as_numba_does() -> None:
    for given in cases():
        theirs, ours = ((*given[:-1], given[-1].copy(order="K")) for _ in range(2))
        first = weigh(*ours)
        assert first == weigh(*ours) == weigh.dispatcher(*theirs)  # type: ignore[attr-defined]
        assert [type(value) for value in first] == [float, int, bool]
        assert ours[-1].tobytes() == theirs[-1].tobytes()
    for given in cases():
        spec, types = native.describe(given) or ("", ())
        assert native.library("x", spec, types).parent == native.folder()


def kept(function: Any) -> list[Path]:
    folder = native.folder()
    assert folder is not None
    return list(folder.glob(f"{function.py_func.__module__.rpartition('.')[2]}.{function.py_func.__name__}-*"))


def test_what_a_kernel_raises_is_raised() -> None:
    for _ in range(3):  # by Numba, then by what is kept
        assert quotient(1.0, 4.0) == 0.25
        with pytest.raises(ZeroDivisionError, match="division by zero"):
            quotient(1.0, 0.0)
        assert refused(np.ones(1)) == 1.0
        with pytest.raises(ValueError, match="below zero"):
            refused(-np.ones(1))
    assert any(path.suffix == ".so" for path in kept(quotient))
    assert any(path.suffix == ".so" for path in kept(refused))


def test_arrays_that_a_kernel_makes_belong_to_who_has_them() -> None:
    given = np.arange(5.0)
    for _ in range(3):
        made, half, wide, (same, three) = doubled(given)
        assert made.tolist() == [0.0, 2.0, 4.0, 6.0, 8.0] and half.tolist() == [0.0, 4.0, 8.0] and three == 3
        assert wide.tolist() == [given.tolist()] and same.tolist() == given.tolist()
        made[0] = 9.0
        assert half[0] == 9.0
        del made
        assert half.tolist() == [9.0, 4.0, 8.0]
        assert doubled(np.zeros(0))[0].shape == (0,)
    assert any(path.suffix == ".so" for path in kept(doubled))
    size = 100_000
    many = np.ones(size)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(500):
        doubled(many)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * size * 8 / 1024  # of 500


def test_doctor_says_which_kernels_are_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "folder", lambda: tmp_path)
    assert native.kept() == (0, {})
    for name in ("caller.so", "edges.fill-a-b.so", "test_native.listed-a-b.failed"):
        (tmp_path / name).touch()
    (tmp_path / "kinetics.advance-a-b.failed").write_text("in function x:\nundefined reference to `f'\n", encoding="utf-8")
    assert native.kept() == (1, {"kinetics.advance-a-b": "undefined reference to `f'"})
    assert doctor._kernels().startswith("1 kernels; 1 not, and compiled anew in every run (kinetics.advance-a-b: undefined")
    monkeypatch.setattr(native, "caller", lambda: None)
    assert doctor._kernels() == ""


def test_what_cannot_be_kept_is_left_to_numba_and_says_why() -> None:
    for _ in range(2):
        assert listed(np.ones(2)) == [1.0, 1.0]
        assigned(np.zeros(3), np.ones(3))
        with pytest.raises(ValueError):
            assigned(np.zeros(3), np.ones(2))
    assert "returns" in next(path for path in kept(listed) if path.suffix == ".failed").read_text()
    assert any(path.suffix == ".so" for path in kept(assigned))
    assert quotient(np.float32(1.0), 2.0) == 0.5  # type: ignore[arg-type]
    assert quotient(a=1.0, b=2.0) == 0.5
    with pytest.raises(TypeError):
        quotient(1.0)  # type: ignore[call-arg]


def test_a_reference_is_neither_kept_nor_lost() -> None:
    values = np.ones(5)
    stages.largest(values)
    before = sys.getrefcount(values)
    for _ in range(100):
        stages.largest(values)
    assert sys.getrefcount(values) == before


SCRIPT = """
import sys, hashlib
import numpy as np
from invasio.solver.kernels import stages
a, out = np.linspace(0, 1, 1001), np.zeros(1001)
stages.predict(a, np.sin(a), np.exp(a), 0.1, 0.3, out)
print(hashlib.sha256(out.tobytes()).hexdigest(), "numba" in sys.modules)
"""


def test_the_second_process_does_without_numba_and_finds_the_same_bits(tmp_path: Path) -> None:
    """Without a C compiler, and with a library that is cut off, Numba does it; the bits are the same."""

    def said(**more: str) -> list[str]:
        environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "numba"), **more}
        done = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, timeout=180, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    digest, imported = said()
    assert imported == "True"
    assert said() == [digest, "False"]
    assert said(NUMBA_OPT="3") == [digest, "True"]  # told how to compile: what was compiled otherwise is not taken
    assert said(NUMBA_CACHE_DIR=str(tmp_path / "other"), CC="false") == [digest, "True"]
    (library,) = (tmp_path / "numba").glob("native-*/stages.predict-*.so")
    library.write_bytes(b"")
    assert said() == [digest, "True"]
    assert said() == [digest, "False"]


def test_several_processes_make_the_same_at_once(tmp_path: Path) -> None:
    """All find the same bits, nothing is left behind, and who comes later finds it there."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "numba")}
    command = [sys.executable, "-c", SCRIPT]
    started = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, cwd=tmp_path) for _ in range(3)]
    try:
        said = {process.communicate(timeout=180)[0].split()[0] for process in started}
    finally:
        for process in started:
            process.kill()
    later = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180, cwd=tmp_path, check=True)
    assert later.stdout.split() == [*said, "False"]
    (folder,) = (tmp_path / "numba").glob("native-*")
    names = sorted(path.name for path in folder.iterdir())
    assert names[0] == "caller.so" and names[1] == "memory.o" and all(name.startswith("stages.predict-") for name in names[2:]), names
    assert len(names) == 3


def compiler(folder: Path, text: str, code: int = 0) -> str:
    """A C compiler that says something and ends with a code, after it has made a file with its own process's number in it."""
    script = folder / "cc"
    script.write_text(f'#!/bin/sh\nfor last; do :; done\necho $$ > "$last"\necho "{text}" >&2\nexit {code}\n')
    script.chmod(0o755)
    return str(script)


def test_two_sandboxes_write_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Process numbers are the same in each: one would give the half-written file of the other its name."""
    script = Path(compiler(tmp_path, ""))
    script.write_text(script.read_text().replace("exit", f'echo "$last" >> {tmp_path / "names"}\nexit'))
    monkeypatch.setenv("CC", str(script))
    monkeypatch.setattr(os, "getpid", lambda: 7)
    assert all(native.make(["-shared"], tmp_path / "x.so") for _ in range(2))
    one, other = (tmp_path / "names").read_text().split()
    assert one != other and Path(one).parent == Path(other).parent == tmp_path


def test_what_is_there_is_not_replaced_by_who_comes_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others have it loaded: on a network's file system its pages would be gone."""
    monkeypatch.setenv("CC", compiler(tmp_path, ""))
    library = tmp_path / "made" / "x.so"
    assert native.make(["-shared"], library)
    first = library.stat().st_ino, library.read_text()
    assert native.make(["-shared"], library)
    assert (library.stat().st_ino, library.read_text()) == first
    assert [path.name for path in library.parent.iterdir()] == ["x.so"]

    def without(*_: object) -> None:  # hard links
        raise PermissionError

    monkeypatch.setattr(os, "link", without)
    assert native.make(["-shared"], library) and library.read_text() != first[1]


@pytest.mark.parametrize(
    ("said", "again"),
    [
        ("fatal error: Python.h: No such file or directory", False),
        ("x.o: No space left on device", True),
        ("ld terminated with signal 9", True),
    ],
)
def test_only_what_stays_wrong_is_not_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, again: bool) -> None:
    monkeypatch.setenv("CC", compiler(tmp_path, said, 1))
    library = tmp_path / "made" / "x.so"
    assert not native.make(["-shared"], library)
    assert [path.name for path in library.parent.iterdir()] == ([] if again else ["x.failed"])


def test_the_folder_hangs_on_machine_and_headers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home that machines of two kinds share; headers that are installed after a first attempt; a Numba that is made otherwise."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    find = native.folder.__wrapped__
    here = find()
    assert find() == here is not None
    others = []
    for name, other in (("_processor", lambda: b"flags: other"), ("_library_of_c", lambda: "glibc 9"), ("_headers", lambda: tmp_path)):
        with monkeypatch.context() as patch:
            patch.setattr(native, name, other)
            others.append(find())
    assert len({here, *others}) == 4
    (tmp_path / "numba").mkdir()
    (tmp_path / "numba" / "__init__.py").touch()
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert find() is None


def test_a_run_has_the_same_bits_by_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    import invasio

    kind = kernel_type()
    short = {"model.cells.tumour.growth": {"kind": "logistic", "rate": 0.5}, "time.end": 0.05, "output.every": 0.01, "expect": []}

    def final() -> list[bytes]:
        found = invasio.run(ROOT / "scenarios/published/anderson_2000/1d_h0.02.yaml", set=short)
        return [found.series[name].tobytes() for name in sorted(found.series)]

    once = final()
    swapped = 0
    for module in [module for name, module in sys.modules.items() if name.startswith("invasio.solver.")]:
        for name, thing in list(vars(module).items()):
            if isinstance(thing, kind):
                monkeypatch.setattr(module, name, thing.dispatcher)
                swapped += 1
    assert swapped > 50 and final() == once
