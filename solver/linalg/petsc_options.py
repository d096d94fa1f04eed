"""PETSc options from the scenario and from behind ``--`` on the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from petsc4py import PETSc

from ..errors import ScenarioError
from ..petsc_names import refusal


class PetscOptions:
    """Options in PETSc's database, the command line's last, until they are removed; ``given`` holds all of them, for the manifest.

    Solvers carry the prefixes ``SPECIES_`` and ``SPECIES_low_``: ``-tumour_ksp_monitor``. Raises ScenarioError, on all ranks alike,
    for an option that does more than choose a linear solver.
    """

    def __init__(self, from_scenario: Mapping[str, object], words: Sequence[str] = ()) -> None:
        self.given = {name.lstrip("-"): "" if value is True else str(value) for name, value in from_scenario.items()} | _parse(words)
        for name, value in self.given.items():
            what, remedy = refusal(name, value)
            if what:
                raise ScenarioError(what, code="petsc-option", place="PETSc options", remedy=remedy)
        database = PETSc.Options()
        self._before = {name: database.getString(name) if database.hasName(name) else None for name in self.given}
        for name, value in self.given.items():
            database.setValue(name, value)

    def remove(self) -> None:
        """Leave the database as it was: the options of one run are not those of the next."""
        database = PETSc.Options()
        while self._before:
            name, value = self._before.popitem()
            database.delValue(name) if value is None else database.setValue(name, value)

    def __enter__(self) -> PetscOptions:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


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
