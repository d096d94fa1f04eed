"""Reading and showing what a run wrote; needs neither FEniCS nor MPI."""

from .run import Run, open_run

__all__ = ["Run", "open_run"]
