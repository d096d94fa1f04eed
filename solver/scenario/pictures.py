"""Options of a file of a picture or volume: what it is, how long its pixels are, and what it leaves open."""

from __future__ import annotations

from typing import Annotated, Any, Union

from pydantic import AfterValidator, Discriminator, Field, PrivateAttr, Tag

from .base import Context, InputFile, Length, Options
from .wrong import allowed, wrong

Size = Annotated[Length, Field(gt=0)]
Axes = Annotated[str, Field(pattern=r"^[xyzcts]{2,6}$")]
Count = Annotated[int, Field(ge=0)]

# what scikit-image.data holds as pictures; its other functions read files, download, or are no pictures
PICTURES = (
    *("astronaut", "brick", "camera", "cat", "cell", "cells3d", "checkerboard", "chelsea", "clock", "coffee", "coins", "colorwheel"),
    *("eagle", "grass", "gravel", "horse", "hubble_deep_field", "human_mitosis", "immunohistochemistry", "kidney", "lfw_subset", "lily"),
    *("logo", "microaneurysms", "moon", "nickel_solidification", "page", "protein_transport", "retina", "rocket", "shepp_logan_phantom"),
    *("skin", "text"),
)


def _picture(text: str) -> str:
    name = text.partition(":")[2]
    if name not in PICTURES:
        raise wrong(f"scikit-image ships no picture of this name (given {text[:60]!r})", code="no-picture", remedy=allowed(name, PICTURES))
    return text


Shipped = Annotated[str, Field(pattern=r"^skimage:"), AfterValidator(_picture)]


def _picture_tag(value: Any) -> str:
    return "shipped" if isinstance(value, str) and value.startswith("skimage:") else "file"


Picture = Annotated[Union[Annotated[Shipped, Tag("shipped")], Annotated[InputFile, Tag("file")]], Discriminator(_picture_tag)]


class PictureFile(Options):
    """A picture or volume and what decides how it is read."""

    image: Picture = Field(description="a file, or skimage:NAME for a picture that ships with scikit-image")
    pixel: Size | tuple[Size, Size] | tuple[Size, Size, Size] | None = Field(
        None, description="edge of a pixel; or its [x, y] or [x, y, z] edges; default: what the file says, else 1"
    )
    axes: Axes | None = Field(
        None,
        description="a letter for each axis of the file, x, y, z, c (channel), t (time), s (colour), where it does not say them itself",
    )
    channel: Count | None = Field(None, description="which channel, from 0, where there are several")
    frame: Count | None = Field(None, description="which time, from 0, where there are several")
    series: Count | None = Field(
        None, description="which picture of a TIFF that holds several of different shapes, such as slide, label and overview, from 0"
    )
    level: Count | None = Field(None, description="which level of a pyramid; default 0, the full one")
    shrink: Annotated[int, Field(ge=1)] | None = Field(
        None,
        description="take one pixel of so many in each direction (their mean; the middle one of labels); "
        "default 1, more for pictures of over 16 million pixels",
    )

    _metre: float | None = PrivateAttr(None)

    def model_post_init(self, context: Any, /) -> None:
        """Keep how long a metre is in the scenario's lengths; None where it has no units."""
        known = context["context"] if context else Context()
        if known.scales is not None:
            self._metre = known.convert("1 m", "length")

    @property
    def metre(self) -> float | None:
        """A metre in the scenario's lengths; None in a scenario without units."""
        return self._metre
