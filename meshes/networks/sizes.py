"""Which array or column of a file holds the radius, by its name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ...solver.errors import MeshError
from ...solver.scenario.network import Network as Options

# Letters and digits of usual names. Amira's thickness is the distance to the wall.
RADIUS = (
    *("radius", "radii", "r", "rad", "meanradius", "radiusmean", "averageradius", "avgradius", "radiusavg", "avgradiusavg", "edgeradius"),
    *("segmentradius", "vesselradius", "noderadius", "pointradius", "tuberadius", "maximuminscribedsphereradius", "misr", "thickness"),
)
DIAMETER = (
    *("diameter", "diameters", "diam", "dia", "d", "meandiameter", "diametermean", "averagediameter", "avgdiameter", "diameteravg"),
    *("edgediameter", "segmentdiameter", "vesseldiameter", "nodediameter", "pointdiameter", "tubediameter"),
)


def plain(name: str) -> str:
    """A name without case, spaces, signs and units in brackets: "Mean Radius [um]" is meanradius."""
    return re.sub(r"[^a-z0-9]", "", re.sub(r"[\[(].*?[\])]", "", name).lower())


def size_array(names: Iterable[str], options: Options, place: str) -> tuple[str, float] | None:
    """The name of the array that holds sizes, and what turns them into radii (1 or 1/2); None where no name is known.

    A name that the options state counts; then a radius, then a diameter. Raises MeshError for a stated name that is not
    there, and where several arrays have usual names of a radius.
    """
    there = list(dict.fromkeys(names))
    for stated, option, factor in ((options.radius_from, "radius_from", 1.0), (options.diameter_from, "diameter_from", 0.5)):
        if stated is None:
            continue
        match = [name for name in there if name == stated] or [name for name in there if plain(name) == plain(stated)]
        if len(match) != 1:
            raise MeshError(f"{option}: no array {stated!r}", code="no-array", place=place, remedy=arrays(there))
        return match[0], factor
    for usual, factor in ((RADIUS, 1.0), (DIAMETER, 0.5)):
        known = [name for name in there if plain(name) in usual]
        exact = [name for name in known if plain(name) == usual[0]]
        if len(exact) == 1 or len(known) == 1:
            return (exact or known)[0], factor
        if known:
            raise MeshError(
                f"several arrays could hold the size ({', '.join(known)})",
                code="ambiguous-radius",
                place=place,
                remedy="say which one with `radius_from` or `diameter_from`",
            )
    return None


def arrays(names: Sequence[str]) -> str:
    """What there is, for a message."""
    return f"the file has the arrays: {', '.join(names) or 'none'}"
