"""Bytes that must pass between memory and core: compiled kernels, PETSc's vector and matrix operations, NumPy passes.

Counted as the hardware moves them, each array once per pass (perfect reuse of gathered values): a load or store of a
double is 8 bytes, and an array written without being read is loaded too (write-allocate). The triad that belongs to
this count is 32 bytes per element. Vectors that stay in cache between passes make the true traffic smaller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest import mock

import numpy as np
from numba.core.registry import cpu_target

from .access import arrays

# PETSc 3.22, real doubles, 4-byte indices: bytes per row and per stored entry of one event.
PETSC_EVENTS: dict[str, tuple[float, float]] = {
    "MatMult": (28.0, 12.0),  # x, y and its write-allocate, row pointer; value and column
    "MatSolve": (44.0, 12.0),  # triangular solves with an incomplete factor
    "MatLUFactorNum": (36.0, 36.0),  # ILU(0): read the matrix, write the factor
    "MatCholFctrNum": (36.0, 18.0),
    "MatGetDiagonal": (0.0, 0.0),
    "VecDot": (16.0, 0.0),
    "VecTDot": (16.0, 0.0),
    "VecDotNorm2": (16.0, 0.0),
    "VecNorm": (8.0, 0.0),
    "VecAXPY": (24.0, 0.0),
    "VecAYPX": (24.0, 0.0),
    "VecAXPBYCZ": (32.0, 0.0),
    "VecWAXPY": (32.0, 0.0),
    "VecPointwiseMult": (32.0, 0.0),
    "VecCopy": (24.0, 0.0),
    "VecSet": (16.0, 0.0),
    "VecScale": (16.0, 0.0),
}
JACOBI_SETUP = 100.0  # per row: a cache line with the diagonal entry, its pointer, the vector written and inverted


def kernel_bytes(function: Callable[..., Any], arguments: Sequence[Any]) -> int:
    """Bytes of one call of a kernel with these arguments."""
    return sum(array.nbytes * (1 + written if read else 2) for _, array, read, written in arrays(function, arguments))


def petsc_counts() -> dict[str, dict[str, float]]:
    """Counters of PETSc's log so far: count, time, numMessages, messageLength, numReductions per event."""
    from petsc4py import PETSc

    names = [*PETSC_EVENTS, "KSPSolve", "PCSetUp", "PCApply"]
    return {name: dict(PETSc.Log.Event(name).getPerfInfo()) for name in names}


def petsc_bytes(counts: dict[str, dict[str, float]], rows: int, entries: int, jacobi: bool) -> float:
    """Bytes of the logged events on a matrix of this size."""
    total = sum(counts[name]["count"] * (a * rows + b * entries) for name, (a, b) in PETSC_EVENTS.items())
    return total + (counts["PCSetUp"]["count"] * JACOBI_SETUP * rows if jacobi else 0.0)


class NumpyCount:
    """Bytes of NumPy's passes over arrays that were made inside ``watch``."""

    def __init__(self) -> None:
        self.bytes = 0.0
        self.passes = 0

    def note(self, inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
        """One pass that reads ``inputs`` and writes ``outputs``."""
        read = [np.asarray(a) for a in inputs if isinstance(a, np.ndarray) and a.size > 1]
        written = [np.asarray(a) for a in outputs if isinstance(a, np.ndarray) and a.size > 1]
        if not read and not written:
            return
        distinct = {a.__array_interface__["data"][0]: a for a in read}
        self.passes += 1
        self.bytes += sum(a.nbytes for a in distinct.values())
        self.bytes += sum(a.nbytes * (1 if a.__array_interface__["data"][0] in distinct else 2) for a in written)

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Arrays from np.zeros and np.empty made inside the block are counted, wherever they are used later."""
        count = self
        cpu_target.typing_context.refresh()  # numba learns what np.zeros is when it first compiles: that of now, not of this block
        cpu_target.target_context.refresh()

        class Counted(np.ndarray):
            def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **kwargs: Any) -> Any:
                plain = [np.asarray(a) if isinstance(a, Counted) else a for a in inputs]
                if out is not None:
                    kwargs["out"] = tuple(np.asarray(a) if isinstance(a, Counted) else a for a in out)
                result = getattr(ufunc, method)(*plain, **kwargs)
                count.note(inputs, out or (result,))
                return out[0] if out is not None else result.view(Counted) if isinstance(result, np.ndarray) else result

            def __setitem__(self, key: Any, value: Any) -> None:
                super().__setitem__(key, value)
                count.note((value,), (np.asarray(self)[key],))

            def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
                result = super().__array_function__(function, types, args, kwargs)
                if function is np.copyto:
                    count.note(args[1:2], args[:1])
                elif function in (np.take, np.sum):
                    count.note(args[:1], (result,))
                return result

        def counted(make: Callable[..., Any]) -> Any:
            return lambda *args, **kwargs: make(*args, **kwargs).view(Counted)

        with mock.patch.object(np, "zeros", counted(np.zeros)), mock.patch.object(np, "empty", counted(np.empty)):
            yield
