"""Tumour invasion through tissue, in parallel: what a program of yours imports. Nothing heavy is imported before it is used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from invasio.postprocess.run import open_run as open_run
    from invasio.solver.api import run as run
    from invasio.solver.simulation import Simulation as Simulation

__version__ = "0.1.0"
__all__ = ["Simulation", "__version__", "open_run", "run"]

_PLACES = {"Simulation": "solver.simulation", "open_run": "postprocess.run", "run": "solver.api"}


def __getattr__(name: str) -> object:
    """Import what is asked for."""
    if name not in _PLACES:
        raise AttributeError(f"module 'invasio' has no attribute {name!r}")
    found = getattr(import_module(f"invasio.{_PLACES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
