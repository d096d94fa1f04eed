"""Options of what a run writes, and when."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .base import Options, Time
from .named import SpeciesName


class Figures(Options):
    """Pictures made at the end of a run."""

    times: int = Field(6, ge=1, le=100, description="number of output times drawn, at most")
    formats: list[Literal["png", "pdf", "svg"]] = Field(["png"], min_length=1, description="files made of each picture")
    width: float | None = Field(None, ge=30, le=1000, description="width of each picture in mm, as a journal asks; none: chosen for each")
    font: str | None = Field(None, min_length=1, description="family of the type; none: DejaVu Sans")
    section: bool = Field(True, description="whether the picture that a mesh was made from lies beneath the cells")


class Output(Options):
    """Fields, series, figures, checkpoints."""

    every: Time | None = Field(None, gt=0, description="time between outputs; none: ten outputs, or those of `at`")
    at: list[Time] = Field([], description="further output times")
    fields: Literal["all"] | list[SpeciesName] = Field("all", description="species written to fields.vtkhdf")
    regions: Literal["all"] | list[str] = Field("all", description="regions written to fields.vtkhdf; series.csv always covers all")
    parts: Literal["all"] | list[str] = Field(
        [],
        description="parts of vessels (VESSEL/PART, as blood/12) with columns in series.csv; all of a vessel with up to 40 have them, "
        "and vessels.vtkhdf has a table of all",
    )
    precision: Literal["double", "single"] = Field("double", description="of the fields; checkpoints are always double")
    compression: int = Field(0, ge=0, le=9, description="gzip level; 0: none. 1 saves a tenth to a half, at three times the cost")
    figures: bool | Figures = Field(True, description="whether pictures are made, or of how many times")
    checkpoint_every: Time | None = Field(None, gt=0, description="time between checkpoints; none: one at the end")
