"""The STREAM triad a = b + s c (McCalpin 1995): what the memory of this machine delivers at this moment."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from invasio.solver.kernels.compiled import compiled
from invasio.solver.parallel import Comm

Floats = NDArray[np.float64]
ELEMENTS = 4_000_000  # three arrays of 32 MB: beyond the cache, yet short enough to fall between two interruptions


@compiled
def _triad(a: Floats, b: Floats, c: Floats, s: float) -> None:
    for i in range(len(a)):
        a[i] = b[i] + s * c[i]


def triad(comm: Comm, repetitions: int = 60, elements: int = ELEMENTS) -> float:
    """Bytes per second of one rank in STREAM's count (24 bytes per element), all ranks at once; the best repetition, its slowest rank.

    The processor moves 32: it reads a before it writes it. Collective.
    """
    a, b, c = np.zeros(elements), np.ones(elements), np.ones(elements)
    _triad(a[:8], b[:8], c[:8], 3.0)
    best = 0.0
    for _ in range(repetitions):
        comm.barrier()
        start = time.perf_counter()
        _triad(a, b, c, 3.0)
        seconds = max(comm.allgather(time.perf_counter() - start))
        best = max(best, 24.0 * elements / seconds)
    return best
