"""Machine code of kernels that an earlier process compiled, found and called without Numba, which takes half a second to import.

It lies beside Numba's own cache, in a folder named after everything it hangs on but its source and its arguments: processor, C library,
Python and its headers, NumPy and Numba. ``caller.c``, compiled once into that folder, calls it. Where there is no C compiler, where Numba
is told by its environment variables to compile otherwise, and for arguments or results of other kinds, Numba does all: what cannot be
kept has a file ``.failed`` that says why.

Several processes may make the same file at once, also on several machines that share a home. Each makes its own, and the first gives it its
name: what others have loaded by now is never replaced, which on a network's file system would take it away from them.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sysconfig
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from importlib.machinery import ExtensionFileLoader, PathFinder
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any

import numpy as np

DTYPES = frozenset("dfilILB?")
_LET = frozenset({"NUMBA_CACHE_DIR", "NUMBA_NUM_THREADS"})  # these change no code
_SOURCE = Path(__file__).with_name("caller.c")
_MEMORY = Path(__file__).with_name("memory.c")
_MAKER = Path(__file__).with_name("linking.py")
PATIENCE = 120  # seconds
# What the next attempt may not meet any more, as the C compiler and the tools that it starts say it.
_PASSING = (
    b"No space left",
    b"quota exceeded",
    b"ignal 9",
    b"Killed",
    b"annot allocate",
    b"memory exhausted",
    b"Input/output error",
    b"temporarily",
    b"Stale",
)


@cache
def folder() -> Path | None:
    """Where machine code is kept; None where it is not."""
    root = os.environ.get("NUMBA_CACHE_DIR")
    if not root or any(name.startswith("NUMBA_") and name not in _LET for name in os.environ):
        return None
    total = hashlib.sha256(b"".join(path.read_bytes() for path in (_SOURCE, _MEMORY, _MAKER)))
    total.update(_processor())
    for package in ("numba", "llvmlite", "numpy"):
        found = PathFinder.find_spec(package)
        if found is None or found.origin is None:
            return None
        version = Path(found.origin).with_name("_version.py" if package != "numpy" else "version.py")
        try:
            state = version.stat()
        except OSError:  # of a version that is made otherwise
            return None
        total.update(f"{version} {state.st_size} {state.st_mtime_ns}".encode())
    total.update(f"{sysconfig.get_config_var('EXT_SUFFIX')} {_library_of_c()} {(_headers() / 'Python.h').exists()}".encode())
    total.update(os.environ.get("CC", "").encode())  # what one compiler cannot do another can
    return Path(root) / f"native-{total.hexdigest()[:16]}"


def _headers() -> Path:
    return Path(sysconfig.get_path("include"))


def _library_of_c() -> str | None:
    """What is linked on one machine may ask for more than another has."""
    try:
        return os.confstr("CS_GNU_LIBC_VERSION")
    except (ValueError, OSError):
        return None


def _processor() -> bytes:
    """What tells one kind of processor from another."""
    try:
        with Path("/proc/cpuinfo").open("rb", buffering=0) as file:
            text = file.read(8192).partition(b"\n\n")[0]  # the first of maybe hundreds
    except OSError:
        return repr(os.uname()).encode()
    lines = (line for line in text.splitlines() if line.startswith((b"model", b"vendor", b"flags", b"Features", b"CPU", b"cpu family")))
    return b"\n".join([os.uname().machine.encode(), *lines])


@cache
def caller() -> Any:
    """The module made of ``caller.c``; None where there is none."""
    there = folder()
    if there is None:
        return None
    library = there / "caller.so"
    if not library.exists():
        if library.with_suffix(".failed").exists() or (there / "memory.failed").exists():
            return None
        includes = [f"-I{_headers()}", f"-I{np.get_include()}"]
        # The caller last, since others take it for a sign that both are there. Names of Python are found in the process.
        memory = make(["-c", "-O2", "-fPIC", str(_MEMORY)], there / "memory.o")
        if not memory or not make(["-shared", "-O2", "-fPIC", *includes, str(_SOURCE)], library):
            return None
    loader = ExtensionFileLoader("caller", str(library))
    spec = spec_from_loader("caller", loader)
    assert spec is not None
    try:
        module = module_from_spec(spec)
        loader.exec_module(module)
    except ImportError:
        return None
    return module


def kept() -> tuple[int, dict[str, str]]:
    """How many kernels are kept, and why some of what was tried is not: by name the last line of what was said."""
    there = folder()
    if there is None or not there.exists():
        return 0, {}
    failed = [path for path in sorted(there.glob("*.failed")) if not path.name.startswith("test_")]  # where tests leave some on purpose
    reasons = {path.stem: path.read_text(encoding="utf-8", errors="replace").strip() for path in failed}
    return len(list(there.glob("*.so"))) - (there / "caller.so").exists(), {
        name: text.splitlines()[-1] if text else "no reason was given" for name, text in reasons.items()
    }


def link(objects: Path, library: Path) -> bool:
    """Make the shared library of a kernel; whether it could. What it calls besides Python and C is missed when it is loaded."""
    return make(["-shared", str(objects), str(library.with_name("memory.o")), "-lm"], library)


def make(words: Sequence[str], library: Path) -> bool:
    """Have the C compiler make a file, which is there whole or not at all; whether it is there. Else it is said beside why it cannot be."""
    compiler = os.environ.get("CC") or "cc"
    new = beside(library)
    try:
        library.parent.mkdir(parents=True, exist_ok=True)
        if not os.access(library.parent, os.W_OK):
            return False
        command = [*compiler.split(), *words, "-o", str(new)]
        plain = {**os.environ, "LC_ALL": "C"}
        done = subprocess.run(command, capture_output=True, timeout=PATIENCE, stdin=subprocess.DEVNULL, env=plain)
        if done.returncode == 0:
            _name(new, library)
        elif done.returncode > 0 and not any(word in done.stderr for word in _PASSING):  # nor where a signal ended it
            library.with_suffix(".failed").write_bytes(done.stderr)
        return done.returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
    finally:
        with suppress(OSError):
            new.unlink(missing_ok=True)


def beside(path: Path) -> Path:
    """A name of one's own for what becomes this file: numbers of processes repeat in every sandbox and container."""
    return path.with_name(f".{path.stem}.{os.urandom(8).hex()}{path.suffix}")


def _name(new: Path, library: Path) -> None:
    """Let a file be what was made, unless another process was first."""
    try:
        os.link(new, library)
    except FileExistsError:
        return
    except OSError:  # a file system without hard links
        new.replace(library)


def describe(arguments: Sequence[Any]) -> tuple[str, tuple[type, ...]] | None:
    """What ``caller.c`` calls the spec of these arguments, and the types of their tuples; None where one is of another kind."""
    words: list[str] = []
    types: list[type] = []
    return ("".join(words), tuple(types)) if all(_describe(value, words, types) for value in arguments) else None


def _describe(value: Any, words: list[str], types: list[type]) -> bool:
    if type(value) is np.ndarray:
        flags, dtype = value.flags, value.dtype
        order = "C" if flags.c_contiguous else "F" if flags.f_contiguous else "A"
        words.append(f"a{dtype.char}{value.ndim}{order}{'w' if flags.writeable else 'r'}")
        return dtype.char in DTYPES and dtype.isnative and flags.aligned and value.ndim < 10
    if isinstance(value, tuple) and (type(value) is tuple or hasattr(value, "_fields")):
        types.append(type(value))
        words.append("(")
        done = all(_describe(part, words, types) for part in value)
        words.append(")")
        return done
    for kind, letter in (((bool, np.bool_), "b"), ((int, np.int64), "i"), ((float, np.float64), "d")):
        if type(value) in kind:
            words.append(letter)
            return True
    return False


def library(name: str, spec: str, types: Sequence[type]) -> Path:
    """Where the machine code of this function for these arguments is kept."""
    there = folder()
    assert there is not None
    key = hashlib.sha256(" ".join([spec, *(f"{t.__module__}.{t.__qualname__}" for t in types)]).encode()).hexdigest()[:16]
    return there / f"{name}-{key}.so"


def failed(status: int, address: int) -> None:
    """Raise what a kernel raised: Numba leaves the address of a pickled error behind."""
    import ctypes
    import pickle

    class Left(ctypes.Structure):
        _fields_ = (("data", ctypes.c_void_p), ("size", ctypes.c_int32))

    if status <= 0 or not address:
        raise SystemError(f"a kernel ended with status {status}")
    left = Left.from_address(address)
    error, arguments, *_ = pickle.loads(ctypes.string_at(left.data, left.size))
    raise error(*(arguments or ()))  # texts that were to be made of numbers are left as they were
