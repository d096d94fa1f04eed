"""PETSc options from the scenario and from behind ``--`` on the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from petsc4py import PETSc

from ..errors import ScenarioError
from ..petsc_names import refusal


def insert(from_scenario: Mapping[str, object], words: Sequence[str]) -> dict[str, str]:
    """Put options into PETSc's database, the command line's last, and return all of them for the manifest.

    Solvers carry the prefixes ``SPECIES_`` and ``SPECIES_low_``: ``-tumour_ksp_monitor``. Raises ScenarioError, on all ranks alike,
    for an option that does more than choose a linear solver.
    """
    options = {name.lstrip("-"): "" if value is True else str(value) for name, value in from_scenario.items()}
    options |= _parse(words)
    for name, value in options.items():
        what, remedy = refusal(name, value)
        if what:
            raise ScenarioError(what, code="petsc-option", place="PETSc options", remedy=remedy)
    database = PETSc.Options()
    for name, value in options.items():
        database.setValue(name, value)
    return options


def _parse(words: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    name = ""
    for word in words:
        number = word.lstrip("-")[:1].isdigit() or word.lstrip("-")[:1] == "."
        if word.startswith("-") and not number:
            name = word.lstrip("-")
            found[name] = ""
        elif name:
            found[name] = word
            name = ""
        else:
            raise ScenarioError(
                f"PETSc option expected after '--' (given {word[:60]!r})", code="petsc-option", place="--", remedy="write -name value"
            )
    return found
