"""Errors a user can act on, and the exit code each one ends the program with."""

from __future__ import annotations


class InvasioError(Exception):
    """An error with a message for the user; printed once, on rank 0, without a traceback."""

    exit_code = 1


class ScenarioError(InvasioError):
    """The scenario is wrong; the message holds one ``file:line:column: path: ...`` line per fault."""

    exit_code = 2


class MeshError(InvasioError):
    """The mesh or another input file is wrong or missing."""

    exit_code = 3


class SolverError(InvasioError):
    """The solution could not be continued; the run folder keeps the last good output."""

    exit_code = 4


class StoppedEarly(InvasioError):
    """The run was asked to stop; it left a good checkpoint and can be resumed."""

    exit_code = 85
