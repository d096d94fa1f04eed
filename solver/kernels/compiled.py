"""How functions on arrays are compiled, and under which name the result is kept.

Numba keeps a compiled function as long as the file of that function stays as it is. What was compiled into it from another file may
have changed since, and classes that are named in what it kept may be gone. So everything kept here carries in its name a digest of all
sources of this package and of the function's own file; what a compiled function calls or names stands in one of these.

What is compiled is kept a second time as a shared library that is called without Numba (``native.py``), so that a process whose kernels
are all there does not import it.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast, overload

from . import native

P = ParamSpec("P")
R = TypeVar("R")


@overload
def compiled(function: Callable[P, R]) -> Callable[P, R]: ...
@overload
def compiled(*, inline: bool) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
def compiled(
    function: Callable[P, R] | None = None, *, inline: bool = False
) -> Callable[P, R] | Callable[[Callable[P, R]], Callable[P, R]]:
    """Compile at the first call with arguments of new types, and keep it. inline: into its callers, before they are optimised."""
    if function is not None:
        return _compile(function, inline)

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        return _compile(function, inline)

    return decorate


def _compile(function: Callable[P, R], inline: bool) -> Callable[P, R]:
    kind = kernel_type()
    return _by_numba(function, inline) if kind is None else cast("Callable[P, R]", kind(function, inline))


def _by_numba(function: Callable[P, R], inline: bool) -> Callable[P, R]:
    from numba import njit

    name = function.__qualname__
    function.__qualname__ = _kept_name(function)  # numba names its files by it, here and only here
    try:
        done: Callable[P, R] = njit(cache=True, inline="always" if inline else "never")(function)
    finally:
        function.__qualname__ = name
    return done


def _kept_name(function: Callable[..., object]) -> str:
    return f"{function.__qualname__}-{digest(Path(function.__code__.co_filename))}"


@functools.cache
def kernel_type() -> Any:
    """The class of kernels that are called without Numba once they are compiled; None where all are Numba's own."""
    caller = native.caller()
    if caller is None:
        return None

    class Kernel(caller.Kernel):  # type: ignore[misc, name-defined]
        """A function on arrays that is looked for among what is kept when arguments of new types come, and else compiled by Numba."""

        def __init__(self, function: Callable[..., Any], inline: bool) -> None:
            super().__init__(self._miss, native.failed)
            functools.update_wrapper(self, function)
            self.py_func = function
            self._inline = inline
            self._tried: set[Any] = set()

        @functools.cached_property
        def dispatcher(self) -> Any:
            """Numba's own."""
            return _by_numba(self.py_func, self._inline)

        @property
        def _numba_type_(self) -> Any:
            return self.dispatcher._numba_type_  # what numba takes it for where another kernel calls it

        def __getattr__(self, name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)
            return getattr(self.dispatcher, name)

        def __reduce__(self) -> Any:
            return _found, (self.py_func.__module__, self.py_func.__qualname__)

        def _miss(self, *arguments: Any, **named: Any) -> Any:
            described = None if named else native.describe(arguments)
            if described is None or described in self._tried:
                return self.dispatcher(*arguments, **named)
            self._tried.add(described)
            spec, types = described
            path = native.library(f"{self.py_func.__module__.rpartition('.')[2]}.{_kept_name(self.py_func)}", spec, types)
            form, damaged = (spec.encode(), types, str(path)), path.exists()
            if self.add_form(*form):
                return self(*arguments)
            result = self.dispatcher(*arguments)
            failed = path.with_suffix(".failed")
            if not failed.exists():
                from . import linking

                with suppress(OSError):
                    if damaged:
                        path.unlink()
                    if linking.keep(self.dispatcher, arguments, spec, path):
                        if self.add_form(*form):
                            return result
                        if path.exists():
                            failed.write_text("it calls what is not there")
            self.call_else(self.dispatcher)  # straight away from now on
            return result

    return Kernel


def _found(module: str, name: str) -> Any:
    return getattr(import_module(module), name)


@functools.cache
def digest(own: Path) -> str:
    """Of the sources of this package and of this file, but not of those about files of machine code: their folder is named after them."""
    total = hashlib.sha256()
    for path in [*sorted(Path(__file__).parent.glob("*.py")), own]:
        if path.name not in ("native.py", "linking.py"):
            total.update(path.read_bytes())
    return total.hexdigest()[:12]
