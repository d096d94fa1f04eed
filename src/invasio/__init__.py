"""Tumour invasion through tissue, in parallel: what a program of yours imports. Nothing heavy is imported before it is used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from invasio.postprocess.run import open_run as open_run
    from invasio.solver.api import run as run
    from invasio.solver.simulation import Simulation as Simulation

    __version__: str
__all__ = ["Simulation", "__version__", "open_run", "run"]

_PLACES = {"Simulation": "solver.simulation", "open_run": "postprocess.run", "run": "solver.api"}


def __getattr__(name: str) -> object:
    """Import what is asked for."""
    found: object
    if name == "__version__":
        found = import_module("invasio._version").find()
    elif name in _PLACES:
        found = getattr(import_module(f"invasio.{_PLACES[name]}"), name)
    else:
        raise AttributeError(f"module 'invasio' has no attribute {name!r}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
