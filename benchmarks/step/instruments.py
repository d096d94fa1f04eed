"""Exclusive processor times, calls and bytes of the parts of a step, by wrapping functions while a block runs."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Protocol

from mpi4py import MPI

from invasio.solver.components import immobile
from invasio.solver.components.transport import Transport
from invasio.solver.discretise.halo import Halo
from invasio.solver.discretise.species import NodalSpecies
from invasio.solver.kernels import edges, factors, krylov, limiter, own_law, own_stages, plain, stages, surfaces
from invasio.solver.linalg.linear import LinearSystem
from invasio.solver.stepping.stepper import Stepper

from .traffic import kernel_bytes

MODULES: tuple[ModuleType, ...] = (edges, factors, krylov, limiter, own_law, own_stages, plain, stages, immobile, surfaces)
METHODS: tuple[tuple[type, str, str], ...] = (
    (LinearSystem, "solve", "linear solver, rest"),
    (LinearSystem, "changed", "linear solver: values changed"),
    (Halo, "update", "ghost exchange"),
    (NodalSpecies, "flux_law", "NumPy: motility, potentials"),
    (NodalSpecies, "sources", "NumPy: sources"),
    (NodalSpecies, "nodal_rates", "NumPy: rates of the ECM"),
    (Transport, "advance", "transport, rest"),
    (immobile.Immobile, "advance", "what does not move, rest"),
    (Stepper, "attempt", "stepper, rest"),
    (Stepper, "accept", "stepper, rest"),
)


class Kernel(Protocol):
    """A compiled function, and what it was made of."""

    py_func: Callable[..., Any]

    def __call__(self, *args: Any) -> Any:
        """Compute."""


class Instruments:
    """Processor seconds (exclusive of wrapped parts inside), calls and bytes by part; others on the machine do not count."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.calls: dict[str, int] = defaultdict(int)
        self.bytes: dict[str, float] = defaultdict(float)
        self.counting = False  # bytes are counted in steps of their own: the count itself takes time
        self._inside: list[float] = []

    def clear(self) -> None:
        """Start anew."""
        for table in (self.seconds, self.calls, self.bytes):
            table.clear()

    @contextmanager
    def attached(self) -> Iterator[None]:
        """Wrap all kernels that Python calls, and the METHODS, while the block runs."""
        undo: list[tuple[Any, str, Any]] = []
        try:
            for module in MODULES:
                for name, kernel in kernels(module).items():
                    undo.append((module, name, kernel))
                    setattr(module, name, self._kernel(name, kernel))
            for owner, name, label in METHODS:
                undo.append((owner, name, owner.__dict__[name]))
                setattr(owner, name, self._timed(label, owner.__dict__[name]))
            yield
        finally:
            for owner, name, original in undo:
                setattr(owner, name, original)

    def _timed(self, label: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            self._inside.append(0.0)
            start = time.process_time()
            try:
                return function(*args, **kwargs)
            finally:
                spent = time.process_time() - start
                self.seconds[label] += spent - self._inside.pop()
                self.calls[label] += 1
                if self._inside:
                    self._inside[-1] += spent

        return wrapper

    def _kernel(self, name: str, kernel: Kernel) -> Callable[..., Any]:
        timed = self._timed(name, kernel)

        def wrapper(*args: Any) -> Any:
            if self.counting:
                self.bytes[name] += kernel_bytes(kernel.py_func, args)
            return timed(*args)

        return wrapper


def kernels(module: ModuleType) -> dict[str, Kernel]:
    """Compiled functions of a module, without those that only other compiled functions call."""
    found = {name: thing for name, thing in vars(module).items() if hasattr(thing, "py_func")}
    inner = {name for kernel in found.values() for name in kernel.py_func.__code__.co_names}
    return {name: kernel for name, kernel in found.items() if name not in inner}


class CountingComm(MPI.Intracomm):
    """A communicator that counts what the step reduces."""

    def __init__(self, *_: object) -> None:
        self.reductions = 0

    def allreduce(self, *args: Any, **kwargs: Any) -> Any:
        """As MPI's, counted."""
        self.reductions += 1
        return super().allreduce(*args, **kwargs)

    def Allreduce(self, *args: Any, **kwargs: Any) -> Any:
        """As MPI's, counted."""
        self.reductions += 1
        return super().Allreduce(*args, **kwargs)
