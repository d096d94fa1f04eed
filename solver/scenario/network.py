"""Options of vessels that are lines: a graph file or a generated tree."""

from __future__ import annotations

from typing import Annotated, Literal, Self, Union

from pydantic import Field, model_validator

from .base import InputFile, Length, Options
from .mesh import PlaneShape, SpaceShape
from .wrong import either, wrong

Positive = Annotated[Length, Field(gt=0)]
Point = Union[tuple[Length, Length], tuple[Length, Length, Length]]
Direction = Union[tuple[float, float], tuple[float, float, float]]
Shape = Union[PlaneShape, SpaceShape]


class Tree(Options):
    """A tree that forks in two again and again; radii obey Murray's law, R^3 = R1^3 + R2^3."""

    from_: Point = Field(alias="from", description="where the trunk enters")
    direction: Direction = Field(description="of the trunk")
    radius: Positive = Field(description="of the trunk")
    length: Positive = Field(description="of the trunk")
    generations: int = Field(4, ge=0, le=12, description="how often it forks")
    shortening: float = Field(0.8, gt=0, le=1, description="length of a branch over that of its parent")
    angle: float = Field(35.0, gt=0, lt=90, description="between a branch and its parent, in degrees")
    asymmetry: float = Field(0.3, ge=0, lt=1, description="how different the two branches may be: 0 none")
    within: Annotated[Shape, Field(discriminator="kind")] | None = Field(
        None, description="shape that no branch leaves; branches that would are turned, shortened or left out"
    )
    seed: int = Field(0, ge=0, description="same seed, same tree")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len(self.from_) != len(self.direction):
            what = f"'from' and 'direction' have different numbers of coordinates (given {len(self.from_)} and {len(self.direction)})"
            raise wrong(what, code="wrong-length", remedy="give both as many: 2 in a plane, 3 in space")
        if not any(self.direction):
            raise wrong("the direction has no length", code="out-of-bounds", remedy="give one number that is not 0")
        flat = self.within is not None and self.within.kind in ("rectangle", "disc")
        if self.within is not None and flat != (len(self.from_) == 2):
            what = f"'within' is a {self.within.kind}, but 'from' has {len(self.from_)} coordinates"
            raise wrong(what, code="wrong-length", remedy="choose both for a plane, or both for space")
        return self


class Network(Options):
    """Lines with a radius: from a file (YAML, CSV, VTK, SWC, Amira, GraphML, a picture) or a generated tree."""

    file: InputFile | None = Field(None, description="graph file, relative to the scenario; see docs/vessels.md")
    tree: Tree | None = Field(None, description="generated tree")
    nodes: InputFile | None = Field(None, description="table of nodes (id, x, y, z), where the file is a table of edges between them")
    unit: Positive = Field(1.0, description="length of one unit of the file's coordinates and radii")
    radius: Positive | None = Field(None, description="of segments for which the file gives none")
    radius_from: str | None = Field(None, description="array or column of the file that holds radii (default: one with a usual name)")
    diameter_from: str | None = Field(None, description="array or column of the file that holds diameters")
    ridges: Literal["bright", "dark"] | None = Field(
        None, description="in a picture: vessels are lines that are brighter or darker than what is beside them; none: what is above 0"
    )
    width: Annotated[float, Field(gt=0)] | tuple[Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)]] = Field(
        (2.0, 10.0), description="in a picture with `ridges`: width of the lines in pixels: a number, or [smallest, largest]"
    )
    loose_ends: Literal["refused", "inlet", "outlet", "tip"] = Field("refused", description="what ends are that the file does not mark")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.file is None) == (self.tree is None):
            raise either(self.file is not None, "file", "tree")
        if self.radius_from is not None and self.diameter_from is not None:
            raise either(True, "radius_from", "diameter_from")
        return self
