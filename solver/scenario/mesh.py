"""Options of meshes: one model per ``kind``, lengths in the scenario's length scale."""

from __future__ import annotations

from typing import Annotated, Literal, Self, Union

from pydantic import AfterValidator, Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from .base import InputFile, Length, Options
from .graded import check_graded
from .mesh_image import ImageMesh, InterfacePairs
from .wrong import allowed, either, one_line, wrong

Size = Annotated[Length, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
Point1 = tuple[Length]
Point2 = tuple[Length, Length]
Point3 = tuple[Length, Length, Length]

_SIZE = "edge length aimed at; instead of cells"
_REGION = "name of everything that lies in no other region"
_REGIONS = "named parts; where two overlap the later one counts"
_OUTLINES = "of discs and balls on a lattice: in steps, too long by a third (area: by 60 %), or nodes moved onto them (fitted)"
_GRADED = "side: edge length of the cells there, which change by the same factor each from that side to the other; with cells"
_STRUCTURED = "lattice split into simplices; false: unstructured, by gmsh, regions with exact outlines"


_DIMENSIONS = {"interval": 1, "rectangle": 2, "disc": 2, "box": 3, "ball": 3}
_STACKS = ("cells3d", "kidney", "lfw_subset", "lily", "nickel_solidification", "protein_transport")  # of scikit-image


def mesh_dimension(kind: object, image: object = "", pixel: object = None) -> int | None:
    """The number of dimensions of a mesh, as far as its options tell; None: known only when it is read."""
    if kind == "image":
        name = image.lower() if isinstance(image, str) else ""
        flat = name.endswith((".png", ".jpg", ".jpeg")) or (name.startswith("skimage:") and name[8:] not in _STACKS)
        return len(pixel) if isinstance(pixel, (list, tuple)) else 2 if flat else None
    return _DIMENSIONS.get(kind) if isinstance(kind, str) else None


class IntervalShape(Options):
    """A part of an interval."""

    kind: Literal["interval"]
    from_: Length = Field(alias="from", description="lower end")
    to: Length = Field(description="upper end")
    size: Size | None = Field(None, description="cell size inside (gmsh meshes)")


class RectangleShape(Options):
    """A rectangle parallel to the axes."""

    kind: Literal["rectangle"]
    from_: Point2 = Field(alias="from", description="lower corner")
    to: Point2 = Field(description="upper corner")
    size: Size | None = Field(None, description="cell size inside (gmsh meshes)")


class BoxShape(Options):
    """A box parallel to the axes."""

    kind: Literal["box"]
    from_: Point3 = Field(alias="from", description="lower corner")
    to: Point3 = Field(description="upper corner")
    size: Size | None = Field(None, description="cell size inside (gmsh meshes)")


class DiscShape(Options):
    """A disc."""

    kind: Literal["disc"]
    centre: Point2 = Field((0.0, 0.0), description="centre")
    radius: Size = Field(description="radius")
    size: Size | None = Field(None, description="cell size inside (gmsh meshes)")


class BallShape(Options):
    """A ball."""

    kind: Literal["ball"]
    centre: Point3 = Field((0.0, 0.0, 0.0), description="centre")
    radius: Size = Field(description="radius")
    size: Size | None = Field(None, description="cell size inside (gmsh meshes)")


class Tube(Options):
    """A straight tube with round ends."""

    from_: Point3 = Field(alias="from", description="middle of one end")
    to: Point3 = Field(description="middle of the other end")
    radius: Size = Field(description="radius")

    @model_validator(mode="after")
    def _long(self) -> Self:
        if self.from_ == self.to:
            raise wrong("a tube without length", code="wrong-order", remedy="give two different ends, or a ball")
        return self


class TubesShape(Options):
    """Tubes that together are one part, as the branches of a duct: all points that lie near a line from end to end."""

    kind: Literal["tubes"]
    tubes: list[Tube] = Field(min_length=1, description="the tubes, each with its ends and radius")
    size: Size | None = Field(None, description="cell size inside (gmsh meshes)")


PlaneShape = Annotated[Union[RectangleShape, DiscShape], Field(discriminator="kind")]
SpaceShape = Annotated[Union[BoxShape, BallShape], Field(discriminator="kind")]
SpaceRegion = Annotated[Union[BoxShape, BallShape, TubesShape], Field(discriminator="kind")]


class Named(Options):
    """What all generated meshes have: the name of the main region and of interfaces."""

    region: Annotated[str, AfterValidator(one_line)] = Field("tissue", min_length=1, description=_REGION)
    interfaces: InterfacePairs = Field({}, description="name: [region, region]; the facets between the two")

    def boundary_names(self) -> tuple[str, ...]:
        """Names of the outer sides."""
        return ()

    def region_names(self) -> tuple[str, ...]:
        """Names of all regions, the main one first."""
        return (self.region, *getattr(self, "regions", {}))

    @model_validator(mode="after")
    def _interfaces_of_regions(self) -> Self:
        check_interfaces(self.interfaces, self.region_names())
        return self


def _at(place: tuple[str, ...], error: PydanticCustomError) -> ValidationError:
    """The error of a mesh at one of its options."""
    return ValidationError.from_exception_data("mesh", [{"type": error, "loc": place, "input": {}}])


def check_interfaces(interfaces: InterfacePairs, regions: tuple[str, ...]) -> None:
    """Refuse an interface between regions that are not there."""
    for name, pair in interfaces.items():
        for region in pair:
            if region not in regions:
                error = wrong(f"unknown region {region!r}", code="no-region", remedy=allowed(region, regions))
                raise _at(("interfaces", name), error)
        if pair[0] == pair[1]:
            what = f"an interface between a region and itself (given {pair[0]!r} twice)"
            raise _at(("interfaces", name), wrong(what, code="same-region", remedy="name two different regions"))


def _check_extent(lower: tuple[float, ...], upper: tuple[float, ...]) -> None:
    if any(a >= b for a, b in zip(lower, upper, strict=True)):
        what = f"'to' does not lie above 'from' (given {list(lower)} and {list(upper)})"
        raise _at(("to",), wrong(what, code="wrong-order", remedy="every number of 'from' must be below the one of 'to'"))


def _check_resolution(cells: object, size: float | None) -> None:
    if (cells is None) == (size is None):
        raise either(cells is not None, "cells", "size")


def _check_outlines(outlines: str, structured: bool, diagonal: str) -> None:
    if outlines == "fitted" and not structured:
        raise wrong("'outlines' has no meaning for an unstructured mesh", code="meaningless-option", remedy="it follows them anyway")
    if outlines == "fitted" and diagonal != "right":
        what = f"'outlines: fitted' with 'diagonal: {diagonal}'"
        raise wrong(what, code="meaningless-option", remedy="take one of them out: fitted lattices have their own diagonals at outlines")


class IntervalMesh(Named):
    """An interval; boundaries left and right."""

    kind: Literal["interval"]
    from_: Length = Field(0.0, alias="from", description="lower end")
    to: Length = Field(1.0, description="upper end")
    cells: Count | None = Field(None, description="number of cells")
    size: Size | None = Field(None, description=_SIZE)
    graded: dict[str, Size] = Field({}, description=_GRADED)
    regions: dict[str, IntervalShape] = Field({}, description=_REGIONS)

    def boundary_names(self) -> tuple[str, ...]:
        return ("left", "right")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _check_extent((self.from_,), (self.to,))
        _check_resolution(self.cells, self.size)
        check_graded(self)
        return self


class RectangleMesh(Named):
    """A rectangle; boundaries left, right (x) and bottom, top (y)."""

    kind: Literal["rectangle"]
    from_: Point2 = Field((0.0, 0.0), alias="from", description="lower corner")
    to: Point2 = Field((1.0, 1.0), description="upper corner")
    cells: tuple[Count, Count] | None = Field(None, description="squares of the lattice along x and y (structured only)")
    size: Size | None = Field(None, description=_SIZE)
    graded: dict[str, Size] = Field({}, description=_GRADED)
    structured: bool = Field(True, description=_STRUCTURED)
    diagonal: Literal["right", "alternating", "crossed"] = Field("right", description="how a lattice square is split (structured only)")
    outlines: Literal["stepped", "fitted"] = Field("stepped", description=_OUTLINES)
    regions: dict[str, PlaneShape] = Field({}, description=_REGIONS)

    def boundary_names(self) -> tuple[str, ...]:
        return ("left", "right", "bottom", "top")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _check_extent(self.from_, self.to)
        _check_resolution(self.cells, self.size)
        check_graded(self)
        _check_outlines(self.outlines, self.structured, getattr(self, "diagonal", "right"))
        if not self.structured and self.cells is not None:
            raise wrong("'cells' has no meaning for an unstructured mesh", code="meaningless-option", remedy="give 'size' instead")
        return self


class BoxMesh(Named):
    """A box; boundaries left, right (x), bottom, top (y) and front, back (z)."""

    kind: Literal["box"]
    from_: Point3 = Field((0.0, 0.0, 0.0), alias="from", description="lower corner")
    to: Point3 = Field((1.0, 1.0, 1.0), description="upper corner")
    cells: tuple[Count, Count, Count] | None = Field(None, description="cubes of the lattice along x, y and z (structured only)")
    size: Size | None = Field(None, description=_SIZE)
    graded: dict[str, Size] = Field({}, description=_GRADED)
    structured: bool = Field(True, description=_STRUCTURED)
    outlines: Literal["stepped", "fitted"] = Field("stepped", description=_OUTLINES)
    regions: dict[str, SpaceRegion] = Field({}, description=_REGIONS)

    def boundary_names(self) -> tuple[str, ...]:
        return ("left", "right", "bottom", "top", "front", "back")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _check_extent(self.from_, self.to)
        _check_resolution(self.cells, self.size)
        check_graded(self)
        _check_outlines(self.outlines, self.structured, getattr(self, "diagonal", "right"))
        tubes = next((name for name, shape in self.regions.items() if isinstance(shape, TubesShape)), None)
        if tubes is not None and self.outlines == "fitted":
            what = f"'outlines: fitted' with tubes (region {tubes!r})"
            raise wrong(what, code="meaningless-option", remedy="give 'structured: false': gmsh follows their outlines")
        if not self.structured and self.cells is not None:
            raise wrong("'cells' has no meaning for an unstructured mesh", code="meaningless-option", remedy="give 'size' instead")
        return self


class DiscMesh(Named):
    """A disc meshed by gmsh; boundary outer."""

    kind: Literal["disc"]
    centre: Point2 = Field((0.0, 0.0), description="centre")
    radius: Size = Field(1.0, description="radius")
    size: Size = Field(description="edge length aimed at")
    regions: dict[str, PlaneShape] = Field({}, description=_REGIONS)

    def boundary_names(self) -> tuple[str, ...]:
        return ("outer",)


class BallMesh(Named):
    """A ball meshed by gmsh; boundary outer."""

    kind: Literal["ball"]
    centre: Point3 = Field((0.0, 0.0, 0.0), description="centre")
    radius: Size = Field(1.0, description="radius")
    size: Size = Field(description="edge length aimed at")
    regions: dict[str, SpaceRegion] = Field({}, description=_REGIONS)

    def boundary_names(self) -> tuple[str, ...]:
        return ("outer",)


class FileMesh(Options):
    """A mesh file: gmsh, VTK, DOLFINx, Medit, TetGen, Abaqus and others; see docs/meshes.md.

    Names in the file are kept. ``regions`` and ``boundaries`` give names to integer tags (or new names to named
    groups); a facet group that lies inside the tissue becomes an interface of the same name.
    """

    kind: Literal["file"]
    path: InputFile = Field(description="file, relative to the scenario")
    unit: Size = Field(1.0, description="length of one unit of the file's coordinates")
    facets: InputFile | None = Field(None, description="file with the facets of the same mesh and their tags, where these are apart")
    regions: dict[str, int | str] = Field({}, description="name: tag or group of the file; 0 names cells in no group as well")
    boundaries: dict[str, int | str] = Field({}, description="name: tag or group of the file, for facets")
    interfaces: InterfacePairs = Field({}, description="name: [region, region]; the facets between the two")
    tags: str | None = Field(None, description='cell array of whole numbers that holds the tags, if there are several; "": none does')
    facet_tags: str | None = Field(None, description="the same for facets (default: the array of the cells, or the only one)")

    @field_validator("regions", "boundaries")
    @classmethod
    def _once(cls, value: dict[str, int | str]) -> dict[str, int | str]:
        if len(set(value.values())) < len(value):
            raise wrong("the same tag is given two names", code="repeated-name", remedy="give each tag one name")
        return value


MeshOptions = Annotated[
    Union[IntervalMesh, RectangleMesh, BoxMesh, DiscMesh, BallMesh, FileMesh, ImageMesh],
    Field(discriminator="kind"),
]
