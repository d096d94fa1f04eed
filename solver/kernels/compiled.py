"""How functions on arrays are compiled, and under which name the result is kept.

Numba keeps a compiled function as long as the file of that function stays as it is. What was compiled into it from another file may
have changed since, and classes that are named in what it kept may be gone. So everything kept here carries in its name a digest of all
sources of this package and of the function's own file; what a compiled function calls or names stands in one of these.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar, overload

from numba import njit

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
    name = function.__qualname__
    function.__qualname__ = f"{name}-{digest(Path(function.__code__.co_filename))}"  # numba names its files by it, here and only here
    try:
        done: Callable[P, R] = njit(cache=True, inline="always" if inline else "never")(function)
    finally:
        function.__qualname__ = name
    return done


@functools.cache
def digest(own: Path) -> str:
    """Of the sources of this package and of this file."""
    total = hashlib.sha256()
    for path in [*sorted(Path(__file__).parent.glob("*.py")), own]:
        total.update(path.read_bytes())
    return total.hexdigest()[:12]
