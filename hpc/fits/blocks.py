"""A picture or volume in blocks: the mean brightness of each, or the share of it that is segmented."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from invasio.solver.given.pictures import prepared
from invasio.solver.scenario.fields import ImageField
from invasio.solver.scenario.fit import Shown

Corner = tuple[float, ...]


def blocks(shown: Shown) -> Iterator[tuple[Corner, Corner, float]]:
    """Lower and upper corner and value of each block, in the scenario's lengths. Raises MeshError.

    Blocks have the same number of pixels but for one, and lie where a mesh of the picture would.
    """
    common = shown.model_dump(include={"image", "pixel", "axes", "channel", "frame", "level", "shrink", "colour", "shift"})
    options = ImageField.model_validate({"kind": "by_image", "smooth": 0.0, **common})
    options._metre = shown._metre
    layers, edges, _, corner, *_ = prepared(shown.observable, options, len(shown.blocks), 0.0)
    values = np.asarray(layers[0], dtype=float)  # the last axis is x
    segmented, black, white = shown.brighter, shown.black, shown.white
    values = (values >= segmented).astype(float) if segmented is not None else black + (white - black) * values
    ends = [np.linspace(0, count, number + 1).round().astype(int) for count, number in zip(values.shape[::-1], shown.blocks, strict=True)]
    for index in itertools.product(*(range(number) for number in shown.blocks)):
        cut = tuple(slice(end[k], end[k + 1]) for end, k in zip(ends, index, strict=True))
        part = values[cut[::-1]]
        if not part.size:  # fewer pixels than blocks
            continue
        lower = tuple(float(c + e * one.start) for c, e, one in zip(corner, edges, cut, strict=True))
        upper = tuple(float(c + e * one.stop) for c, e, one in zip(corner, edges, cut, strict=True))
        yield lower, upper, float(part.mean())
