"""Options of a mesh made from a picture or a label volume."""

from __future__ import annotations

from typing import Annotated, Literal, Self, Union

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from .base import Length, Options

Size = Annotated[Length, Field(gt=0)]
Pixels = Annotated[float, Field(ge=0)]
Pixel2 = tuple[float, float]
Byte = Annotated[int, Field(ge=0, le=255)]
Pair = tuple[str, str]
InterfacePairs = dict[str, Pair]


class ColourClass(Options):
    """Pixels nearest to a colour (among all classes given by colour), in the CIE Lab space."""

    colour: str | tuple[Byte, Byte, Byte] = Field(description="a colour name (brown, blue, white ...), #rrggbb or [r, g, b]")
    size: Size | None = Field(None, description="cell size in this region; default: that of the mesh")


class StainClass(Options):
    """Pixels where a stain is strong (colour deconvolution, Ruifrok and Johnston 2001)."""

    stain: Literal["dab", "haematoxylin", "eosin"] = Field(description="the stain")
    above: float | Literal["otsu"] = Field("otsu", description="threshold of the smoothed stain channel")
    size: Size | None = Field(None, description="cell size in this region; default: that of the mesh")


class ThresholdClass(Options):
    """Pixels whose brightness (0 to 1) lies in a range."""

    above: float | Literal["otsu"] | None = Field(None, description="lower bound of the brightness")
    below: float | Literal["otsu"] | None = Field(None, description="upper bound of the brightness")
    size: Size | None = Field(None, description="cell size in this region; default: that of the mesh")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.above is None and self.below is None:
            raise PydanticCustomError("mesh", "give 'above', 'below' or both")
        return self


class LabelClass(Options):
    """Pixels or voxels of a label image with the given value or values."""

    label: int | tuple[int, ...] = Field(description="label value, or a list of them")
    size: Size | None = Field(None, description="cell size in this region; default: that of the mesh")


class RestClass(Options):
    """All pixels that no other region and no hole takes."""

    rest: Literal[True] = Field(description="true")
    size: Size | None = Field(None, description="cell size in this region; default: that of the mesh")


Class = Union[str, int, ColourClass, StainClass, ThresholdClass, LabelClass, RestClass]


class Hole(Options):
    """Bright or labelled areas that are cut out; their outlines become named boundaries."""

    inside: str | None = Field(None, description="only areas that lie in this region, or are enclosed by it")
    brighter: float = Field(0.9, gt=0, le=1, description="brightness (0 to 1) above which an area is empty")
    label: int | None = Field(None, description="label value of the hole instead of brightness")
    near: Pixel2 | None = Field(None, description="only the area at or nearest to this picture position [x, y], in pixels")
    smallest: float = Field(400, gt=0, description="area below which a bright spot is no hole, in pixels")


class ImageMesh(Options):
    """A mesh of a picture (PNG, TIFF, JPEG), label image or volume (NIfTI, TIFF stack), one region per class.

    Coordinates are those of the picture: x to the right, y DOWN from the top row (z along slices), times the pixel size.
    """

    kind: Literal["image"]
    image: str = Field(min_length=1, description="a file, or skimage:NAME for a picture that ships with scikit-image")
    pixel: Size | tuple[Size, ...] = Field(1.0, description="edge of a pixel; or its [x, y(, z)] edges")
    regions: dict[str, Class] = Field(min_length=1, description="name: colour, label, stain, threshold or rest")
    interfaces: InterfacePairs = Field({}, description="name: [region, region]; the outline between the two")
    holes: dict[str, Hole] | None = Field(None, description="name: hole; default: empty lumina and lacunae; {} for none")
    crop: tuple[int, int, int, int] | None = Field(None, description="[x0, y0, x1, y1] in pixels; coordinates stay those of the whole picture")
    smooth: Pixels = Field(4.0, description="width of the Gaussian filter before classification, in pixels")
    smallest: Pixels = Field(400, description="islands of fewer pixels join what surrounds them")
    tolerance: Pixels = Field(0.6, description="how far a simplified outline may stray, in pixels")
    size: Size | None = Field(None, description="cell size; default: 3 pixels (one pixel in volumes)")

    @model_validator(mode="after")
    def _interfaces_of_regions(self) -> Self:
        for name, pair in self.interfaces.items():
            for region in pair:
                if region not in self.regions:
                    raise PydanticCustomError(
                        "mesh", "{text}", {"text": f"interface {name!r}: unknown region {region!r} (allowed: {', '.join(self.regions)})"}
                    )
        return self

    def region_names(self) -> tuple[str, ...]:
        """Names of all regions, in the order given."""
        return tuple(self.regions)
