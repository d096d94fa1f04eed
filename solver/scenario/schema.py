"""The whole scenario: all options, as one frozen model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, Union

from pydantic import Field, PrivateAttr

from .arms import Arms, Outcomes
from .base import Options
from .biology import Biology
from .boundaries import Conditions
from .circulation import Circulation
from .drugs import DrugMap
from .expect import Expectation
from .fields import FieldMap
from .fit import FitOptions
from .members import Member
from .mesh import MeshOptions
from .named import Keyed
from .numerics import Numerics
from .organs import Organs
from .output import Output
from .parameters import ParameterMap
from .patients import PatientMap
from .reader import Document, Path_
from .removals import RadiationMap, SurgeryMap
from .scales import ScaleText
from .schedules import ScheduleMap
from .sensitivity import SensitivityOptions
from .species import SpeciesMap
from .start import StartOptions
from .stated import Stated
from .sweep import SweepOptions
from .timing import Timing

Scale = Annotated[Union[str, float], ScaleText()]


class Scenario(Options):
    """A statement of what is computed; everything else has a default."""

    schema_version: Literal[1] = Field(1, description="version of this language")
    extends: str | None = Field(None, description="a scenario this one is laid over; null in this file removes an entry of that one")
    name: str = Field("scenario", max_length=200, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", description="names the run folder")
    title: str = Field("", description="title, one line")
    description: str = Field("", description="what the scenario shows")
    source: str = Field("", description="literature, with DOI")
    cost: str = Field("", description="running time, and on which machine")
    ranks: int = Field(1, ge=1, le=10_000_000, description="number of ranks that suits it")
    scales: Annotated[dict[str, Scale], Keyed("scale")] | None = Field(
        None,
        description="what one unit of length, time, cells and of each species is, and the `depth` of the tissue, which amounts need whose "
        "scale is per volume in fewer than three dimensions (in 1-D the side or the area of its cross-section); "
        "without scales the scenario is non-dimensional",
    )
    parameters: ParameterMap = Field({}, description="numbers with a name, usable in formulas")
    fields: FieldMap = Field({}, description="given fields by name, usable in formulas wherever x, y, z are")
    schedules: ScheduleMap = Field({}, description="functions of time by name, usable in formulas wherever t is: doses, pulses, tables")
    drugs: DrugMap = Field({}, description="what schedules, pools or species do to rates, by name of the drug")
    radiation: RadiationMap = Field({}, description="fractions of radiation by name; what survives follows the linear-quadratic law")
    surgery: SurgeryMap = Field({}, description="what is cut out, where and when, by name")
    mesh: MeshOptions = Field(description="the tissue")
    model: Biology = Field(Biology(), description="biology blocks")
    species: SpeciesMap = Field({}, description="species written as formulas")
    boundaries: dict[str, Conditions] = Field({}, description="boundary: {species: condition}; no flux where not named")
    circulation: Circulation | None = Field(None, description="where cells that enter vessels go: blood, lymph, body cavity")
    organs: Organs | None = Field(None, description="where they are arrested, can live, are dormant and grow")
    patients: PatientMap = Field(
        {},
        description="numbers of circulation and organs that differ between people, by path as for --set, as "
        "{circulation.blood.survival.single: {lognormal: {spread: 3}}}; drawn by `invasio cascade RUN --patients N`, independently",
    )
    time: Timing = Field(description="time span and steps")
    numerics: Numerics = Field(Numerics(), description="numerical scheme")
    start: StartOptions | None = Field(None, description="an earlier run whose state this one starts from; none: `initial`")
    output: Output = Field(Output(), description="what is written, and when")
    expect: list[Expectation] = Field([], description="numbers the run has to reproduce; plain ones are in the scenario's scales")
    sweep: SweepOptions | None = Field(None, description="variations that `invasio sweep` runs; `run` takes the scenario as it stands")
    arms: Arms = Field(
        None,
        description="named variations that `invasio arms` runs and compares with the first: {NAME: {path as for --set: value}}; "
        "`{}` is the scenario as it stands; not together with `sweep`",
    )
    outcomes: Outcomes = Field({}, description="numbers by which arms are compared, by name")
    fit: FitOptions | None = Field(None, description="measured data and what `invasio fit` varies to meet them")
    sensitivity: SensitivityOptions | None = Field(None, description="what `invasio sensitivity` varies to see what `outcomes` depend on")

    _path: Path | None = PrivateAttr(default=None)
    _members: tuple[Member, ...] = PrivateAttr(default=())
    _assumed: tuple[tuple[str, int], ...] = PrivateAttr(default=())
    _stated: Stated | None = PrivateAttr(default=None)
    _written: tuple[Path_, ...] = PrivateAttr(default=())

    @property
    def path(self) -> Path | None:
        """The file the scenario was read from."""
        return self._path

    @property
    def members(self) -> tuple[Member, ...]:
        """The scenarios of the sweep or of the arms, in their order; none without one."""
        return self._members

    @property
    def assumed(self) -> tuple[tuple[str, int], ...]:
        """Amounts as texts whose unit told how many dimensions the mesh has, with that number, where the mesh was not read yet."""
        return self._assumed

    @property
    def stated(self) -> Stated | None:
        """Where its formulas are stated; None where it was not read."""
        return self._stated

    @property
    def document(self) -> Document | None:
        """What was stated, with the units in which it was; None where it was not read, or changed since."""
        return None if self._stated is None else self._stated.source

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy, with other values of some options."""
        copy = super().model_copy(update=update, deep=deep)
        copy._stated = self._stated.of_a_copy() if update and self._stated is not None else self._stated
        return copy

    def resolved(self) -> dict[str, Any]:
        """All options with their defaults as plain data; quantities are numbers in the scenario's scales. What a preset stands for is
        left to it."""
        data = self.model_dump(by_alias=True, exclude_none=True)
        for *groups, name in self._written:
            group = data
            for part in groups:
                group = group[str(part)]
            del group[str(name)]
        return data
