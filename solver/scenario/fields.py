"""Options of given fields: from a table of cells, an earlier run or a picture to a name that stands in formulas wherever x, y, z may."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Union

from pydantic import AfterValidator, Field, ValidationInfo, model_validator

from ..output.layout import FIELDS
from .base import Context, InputFile, Length, Options, Time
from .implied import Implied
from .parameters import FreeName
from .pictures import PictureFile
from .wrong import wrong

Positive = Annotated[Length, Field(gt=0)]


def _run_folder(value: str, info: ValidationInfo) -> str:
    """The absolute path of a run folder, relative to the scenario's folder or to the one that the program runs in."""
    folders = [*(Context.of(info).folders or ()), Path.cwd()]
    for folder in folders:
        try:
            path = (folder / Path(value).expanduser()).resolve()
            if (path / FIELDS).is_file():
                return str(path)
        except (OSError, ValueError, RuntimeError):
            continue
    what = f"no folder of a run, with {FIELDS} in it (given {value[:60]!r}, looked for in {folders[0]})"
    raise wrong(what, code="file-not-found", remedy="name the folder that a run was written to, relative to the scenario's folder")


RunPath = Annotated[str, AfterValidator(_run_folder)]


class CellsField(Options):
    """Density of single cells at stated places: each a kernel whose integral over the mesh is one cell."""

    kind: Literal["by_cells"]
    cells: InputFile = Field(description="table (CSV) with a row per cell: columns x, y, z, or x_um, y_um, z_um")
    kernel: Annotated[Length, Field(ge=0)] = Field(
        0.0, description="standard deviation of a cell's kernel, that of diffusion within the tissue; 0: the cell of the mesh it lies in"
    )
    unit: Positive | None = Field(None, description="length of one unit of the table, where the names of its columns do not say it")
    columns: list[str] | None = Field(None, description="names of the columns of coordinates, one for each dimension of the mesh")
    shift: list[Length] | None = Field(None, description="added to the coordinates, one for each dimension of the mesh")
    outside: Literal["refused", "left_out"] = Field("refused", description="what becomes of cells outside the tissue")

    @property
    def words(self) -> str:
        """Where it comes from, for people."""
        return f"single cells of {Path(self.cells).name}, " + (
            f"each spread by {self.kernel:g}" if self.kernel else "each in its cell of the mesh"
        )


class RunField(Options):
    """A species of an earlier run at one of its output times, on any mesh of the same tissue."""

    kind: Literal["by_run"]
    run: RunPath = Field(description="run folder, relative to the scenario's folder or to the working directory")
    of: str = Field(description="species of that run")
    at: Time | Literal["last"] = Field("last", description="time of that run; must be an output time")
    keep: Literal["amount", "values"] | None = Field(
        None, description="what is the same on another mesh: the amount, or values at points; none: amounts of cells and solubles"
    )
    outside: Literal["refused", "zero", "nearest"] = Field("refused", description="what holds where that run had no tissue")

    @property
    def tissue(self) -> str:
        """What has the values, for people."""
        return f"the run {self.run}"

    @property
    def words(self) -> str:
        """Where it comes from, for people."""
        return f"{self.of} of {self.tissue}, " + ("its last output" if self.at == "last" else f"t = {self.at:g}")


class ImageField(PictureFile):
    """The brightness of a picture or volume, or the numbers in it, between its pixels linear."""

    kind: Literal["by_image"]
    take: Literal["brightness", "stored"] = Field(
        "brightness",
        description="0 (black) to 1 (white) of whole numbers of up to 16 bits; of others, their own range; or the numbers themselves",
    )
    colour: Literal["grey", "red", "green", "blue"] = Field("grey", description="of colour pictures: one channel, or the mean of all")
    smooth: Annotated[float, Field(ge=0)] | None = Field(
        None,
        description="width of a Gaussian filter, in pixels; default: half of what lies between nodes of the mesh, so that none is missed",
    )
    orientation: Literal["structure_tensor", "angle"] | None = Field(
        None,
        description="directions of fibres in it, for `fibres: {field: NAME}`: along the lines in a picture, or grey values that are "
        "angles; the name stands for their coherence, 0 to 1, in formulas",
    )
    window: Positive | None = Field(
        None,
        description="structure tensor: width of the Gaussian window that a direction is one of; default: 3 times `smooth`, or 3 pixels",
    )
    full: Annotated[float, Field(gt=0, le=1)] | None = Field(
        None, description="structure tensor: coherence from which on fibres count fully; default 1: in proportion to the coherence"
    )
    angles: tuple[float, float] | None = Field(
        None,
        description="angle: degrees of black and of white, from x toward y (down in the picture); [180, 0] where they are counted "
        "upward; with `take: stored` the numbers themselves are degrees",
    )
    shift: list[Length] | None = Field(None, description="where the corner of the first pixel lies, one for each dimension; default: at 0")
    outside: Literal["refused", "zero", "nearest"] = Field("refused", description="what holds where the picture has no pixels")

    @model_validator(mode="after")
    def _of_one_orientation(self) -> ImageField:
        tensor = self.orientation == "structure_tensor"
        for name, fits, needs in (
            ("window", tensor, "structure_tensor"),
            ("full", tensor, "structure_tensor"),
            ("angles", self.turns, "angle"),
        ):
            if getattr(self, name) is not None and not fits:
                what, remedy = f"{name!r} without `orientation: {needs}`", f"take it out, or state `orientation: {needs}`"
                raise wrong(what, code="meaningless-option", remedy=remedy)
        if self.turns and (self.angles is None) == (self.take == "brightness"):
            what = "angles of grey values need their range" if self.angles is None else "stored numbers are degrees themselves"
            remedy = "give `angles`, degrees of black and white such as [0, 180]" if self.angles is None else "take `angles` out"
            raise wrong(what, code="missing-option" if self.angles is None else "meaningless-option", remedy=remedy + ", or change `take`")
        if tensor and self.smooth is not None and self.smooth < 0.5:
            what = f"value out of bounds: 'smooth' of a structure tensor (given {self.smooth:g})"
            raise wrong(what, code="out-of-bounds", remedy="allowed: at least 0.5, as derivatives are taken of what is smooth")
        return self

    @property
    def turns(self) -> bool:
        """Whether its numbers are angles."""
        return self.orientation == "angle"

    @property
    def words(self) -> str:
        """Where it comes from, for people."""
        if self.orientation is not None:
            how = "angles of" if self.turns else "structure tensor of"
            return f"directions of fibres, {how} the picture {Path(self.image).name}; in formulas their coherence, 0 to 1"
        return f"{'brightness' if self.take == 'brightness' else 'numbers'} of the picture {Path(self.image).name}"


class RegionField(Options):
    """A number for each region, 0 elsewhere; at nodes between regions its mean over the volume around them."""

    kind: Literal["by_regions"]
    regions: dict[str, float] = Field(min_length=1, description="region: number, in the scenario's scales")

    @property
    def words(self) -> str:
        """Where it comes from, for people."""
        return ", ".join(f"{value:g} in {region}" for region, value in self.regions.items()) + ", 0 elsewhere"


class MeshField(Options):
    """An array on the points or cells of a mesh file, on another mesh or the same."""

    kind: Literal["by_mesh"]
    mesh: InputFile = Field(description="file of a mesh with arrays: VTK's, XDMF with functions, others of docs/meshes.md")
    array: str | None = Field(None, description="name of the array; not needed where there is only one")
    on: Literal["points", "cells"] | None = Field(None, description="where it stands, if there are two of the name")
    component: Annotated[int, Field(ge=0)] | None = Field(None, description="which of several numbers at each place, from 0")
    at: float | Literal["last"] = Field("last", description="of several times in the file, as it counts them")
    unit: Positive = Field(1.0, description="length of one unit of the file's coordinates")
    shift: list[Length] | None = Field(None, description="added to the coordinates, one for each dimension of the mesh")
    keep: Literal["amount", "values"] = Field("values", description="what is the same on another mesh: values at points, or the amount")
    outside: Literal["refused", "zero", "nearest"] = Field("refused", description="what holds where the file has no cells")

    @property
    def words(self) -> str:
        """Where it comes from, for people."""
        return f"{self.array or 'the array'} of {self.tissue}"

    @property
    def tissue(self) -> str:
        """What has the values, for people."""
        return f"the mesh file {Path(self.mesh).name}"


SOURCES = ("cells", "run", "image", "mesh", "regions")
Source = Annotated[
    Union[CellsField, RunField, ImageField, MeshField, RegionField],
    Field(discriminator="kind"),
    Implied({key: f"by_{key}" for key in SOURCES}),
]
FieldMap = dict[FreeName, Source]
