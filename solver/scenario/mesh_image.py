"""Options of a mesh made from a picture or a label volume."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self, Union

from pydantic import AfterValidator, Field, model_validator

from .base import Length, Options
from .implied import Implied
from .pictures import PictureFile
from .wrong import allowed, wrong

Size = Annotated[Length, Field(gt=0)]
Pixels = Annotated[float, Field(ge=0)]
Pixel2 = tuple[float, float]
Byte = Annotated[int, Field(ge=0, le=255)]
Pair = tuple[str, str]
InterfacePairs = dict[str, Pair]


COLOURS = {
    "brown": (139, 90, 43),
    "blue": (90, 110, 190),
    "red": (200, 40, 40),
    "pink": (230, 150, 180),
    "purple": (120, 60, 140),
    "magenta": (200, 50, 150),
    "green": (60, 150, 60),
    "yellow": (230, 210, 60),
    "orange": (230, 140, 40),
    "white": (255, 255, 255),
    "grey": (128, 128, 128),
    "black": (0, 0, 0),
}


def colour_value(text: str) -> tuple[int, int, int]:
    """Red, green and blue (0 to 255) of a colour name or of #rrggbb; raises PydanticCustomError for others."""
    if text in COLOURS:
        return COLOURS[text]
    if re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        r, g, b = (int(text[k : k + 2], 16) for k in (1, 3, 5))
        return r, g, b
    raise wrong(f"unknown colour (given {text!r})", code="unknown-choice", remedy=f"allowed: {', '.join(COLOURS)}, #rrggbb")


def _colour(text: str) -> str:
    colour_value(text)
    return text


Colour = Annotated[str, AfterValidator(_colour)]


class ColourClass(Options):
    """Pixels nearest to a colour, among all regions given by colour, in Lab space; the colours adapt to the picture (k-means)."""

    kind: Literal["by_colour"]
    colour: Colour = Field(description="a colour name (brown, blue, white ...) or #rrggbb")
    size: Size | None = Field(None, description="cell size in this region; default: that of the mesh")


class StainClass(Options):
    """Pixels where a stain is strong (colour deconvolution, Ruifrok and Johnston 2001)."""

    kind: Literal["by_stain"]
    stain: Literal["dab", "haematoxylin", "eosin"] = Field(description="the stain")
    above: float | Literal["otsu"] = Field("otsu", description="threshold of the smoothed stain channel")
    size: Size | None = Field(None, description="cell size in this region; default: that of the mesh")


class BrightnessClass(Options):
    """Pixels whose brightness (0 to 1) lies in a range."""

    kind: Literal["by_brightness"]
    above: float | Literal["otsu"] | None = Field(None, description="lower bound of the brightness")
    below: float | Literal["otsu"] | None = Field(None, description="upper bound of the brightness")
    size: Size | None = Field(None, description="cell size in this region; default: that of the mesh")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.above is None and self.below is None:
            raise wrong("neither 'above' nor 'below' is given", code="missing-option", remedy="give 'above', 'below' or both")
        return self


class RidgeClass(Options):
    """Pixels of lines, such as vessels, brighter or darker than what is beside them (Sato et al. 1998).

    The darkness or brightness of the background does not matter.
    """

    kind: Literal["by_ridges"]
    ridges: Literal["bright", "dark"] = Field(description="lines that are brighter, or darker, than their surroundings")
    width: Annotated[float, Field(gt=0)] | tuple[Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)]] = Field(
        (2.0, 10.0), description="width of the lines in pixels: a number, or [smallest, largest]"
    )
    above: float | Literal["otsu"] = Field("otsu", description="threshold of the filter's answer, 0 to 1 (its largest)")
    size: Size | None = Field(None, description="cell size in this region; default: that of the mesh")


class LabelClass(Options):
    """Pixels or voxels of a label image with the given value or values."""

    kind: Literal["by_label"]
    label: int | tuple[int, ...] = Field(description="label value, or a list of them")
    size: Size | None = Field(None, description="cell size in this region; default: that of the mesh")


class RestClass(Options):
    """All pixels that no other region takes."""

    kind: Literal["rest"]
    size: Size | None = Field(None, description="cell size in this region; default: that of the mesh")


class _Class(Implied):
    """Short forms: a colour, a label value, or the word rest."""

    shorts = ("integer", "string")

    def short(self, value: Any) -> Any:
        """The long form."""
        if value == "rest":
            return {"kind": "rest"}
        if isinstance(value, str):
            return {"kind": "by_colour", "colour": value}
        if isinstance(value, int) and not isinstance(value, bool):
            return {"kind": "by_label", "label": value}
        return value


_KINDS = {
    "colour": "by_colour",
    "stain": "by_stain",
    "label": "by_label",
    "ridges": "by_ridges",
    "above": "by_brightness",
    "below": "by_brightness",
}
Class = Annotated[
    Annotated[Union[ColourClass, StainClass, LabelClass, RidgeClass, BrightnessClass, RestClass], Field(discriminator="kind")],
    _Class(_KINDS, "by_colour"),
]


class Hole(Options):
    """Areas that are cut out of the tissue; their outlines become a boundary of that name."""

    enclosed_by: str | None = Field(None, description="areas of other regions that only this region (or the picture's edge) surrounds")
    inside: str | None = Field(None, description="areas that lie in this region")
    brighter: Annotated[float, Field(gt=0, le=1)] | None = Field(None, description="areas whose darkest channel (0 to 1) is above this")
    label: int | None = Field(None, description="areas with this value in a label image")
    near: Pixel2 | None = Field(None, description="only the area at, or nearest to, this picture position [x, y], in pixels")
    smallest: float = Field(400, gt=0, description="areas of fewer pixels are no holes")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.enclosed_by is None and self.brighter is None and self.label is None:
            what = "nothing says where the hole is"
            raise wrong(what, code="missing-option", remedy="give 'enclosed_by', 'brighter' or 'label'")
        return self


class ImageMesh(PictureFile):
    """A mesh of a picture, label image or volume, one region per class.

    Coordinates are those of the picture: x to the right, y DOWN from the top row (z along slices), times the pixel size;
    those of a volume with a place in the body: x to the right, y anterior, z superior.
    Boundaries: left, right, top (first row), bottom, front and back in volumes, the names of the holes, and outside
    around pixels that belong to no region.
    """

    kind: Literal["image"]
    regions: dict[str, Class] = Field(min_length=1, description="name: colour, label, stain, threshold or rest")
    interfaces: InterfacePairs = Field({}, description="name: [region, region]; the outline between the two")
    holes: dict[str, Hole] | None = Field(
        None,
        description="name: what to cut out; without it, if there are two colours, what looks empty: "
        "lumen (enclosed by the first region) and lacuna (bright)",
    )
    crop: tuple[int, int, int, int] | tuple[int, int, int, int, int, int] | None = Field(
        None, description="[x0, y0, x1, y1] in pixels, [x0, y0, z0, x1, y1, z1] in voxels; coordinates stay as they were"
    )
    smooth: Pixels = Field(4.0, description="width of the Gaussian filter before classification, in pixels")
    flatten: Annotated[float, Field(gt=0)] | None = Field(
        None, description="divide the picture by its background, the Gaussian mean of this width in pixels, against uneven illumination"
    )
    smallest: Pixels | None = Field(
        None, description="islands of fewer pixels join what is around them; default 400 (volumes: 64), less where a label would lose 1 %"
    )
    outline: Pixels | None = Field(
        None, description="width of the smoothing of outlines, in pixels; default 4 (volumes: 1), less where a label would change by 1 %"
    )
    tolerance: Annotated[float, Field(gt=0)] = Field(1.0, description="how far the mesh may stray from the smoothed outlines, in pixels")
    size: Size | None = Field(None, description="cell size; default: 4 pixels (in volumes: one voxel)")

    surfaces: Literal["smooth", "lattice", "conforming"] = Field(
        "smooth",
        description="of volumes: nodes of a lattice moved onto smooth surfaces that keep the volumes; a lattice, with areas too large "
        "by 30 to 100 %; a Delaunay mesh (conforming needs pygalmesh, CGAL)",
    )

    @model_validator(mode="after")
    def _known_regions(self) -> Self:
        used = [(f"interface {name!r}", region) for name, pair in self.interfaces.items() for region in pair]
        holes = (self.holes or {}).items()
        used += [(f"hole {name!r}", region) for name, hole in holes for region in (hole.inside, hole.enclosed_by) if region]
        for what, region in used:
            if region not in self.regions:
                raise wrong(f"{what}: unknown region {region!r}", code="no-region", remedy=allowed(region, self.regions))
        for name, (a, b) in self.interfaces.items():
            if a == b:
                what = f"interface {name!r} between a region and itself (given {a!r} twice)"
                raise wrong(what, code="same-region", remedy="name two different regions")
        return self

    def region_names(self) -> tuple[str, ...]:
        """Names of all regions, in the order given."""
        return tuple(self.regions)

    def boundary_names(self) -> tuple[str, ...]:
        """Names that boundaries can have; which of them there are depends on the picture."""
        holes = ("lumen", "lacuna") if self.holes is None else tuple(self.holes)
        return ("left", "right", "top", "bottom", "front", "back", *holes, "outside")
