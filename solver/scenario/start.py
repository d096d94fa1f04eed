"""Options of a run that starts from the state of another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from .base import Options, Time
from .fields import RunPath
from .named import known_species
from .shorthand import Short

Known = Annotated[str, AfterValidator(known_species)]


class Start(Options):
    """State of an earlier run that this one starts from; its time begins at time.start, accounts at 0; pools of both keep their levels."""

    run: RunPath = Field(description="run folder, relative to the scenario's folder or to the working directory")
    at: Time | Literal["last"] = Field("last", description="time of that run: an output time, or the last state")
    species: list[Known] | None = Field(None, min_length=1, description="which are taken; none: all of the same names")
    outside: Literal["refused", "zero", "nearest"] = Field("refused", description="what holds where that run had no tissue")

    @property
    def tissue(self) -> str:
        """What has the values, for people."""
        return f"the run {self.run}"

    @property
    def words(self) -> str:
        """For people: which state of which run."""
        which = "species of the same names" if self.species is None else ", ".join(self.species)
        return f"{'the last state' if self.at == 'last' else f't = {self.at:g}'} of the run {Path(self.run)}: {which}"


StartOptions = Annotated[Start, Short("run")]
