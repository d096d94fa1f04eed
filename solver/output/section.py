"""The picture that a mesh was made from, kept in the run folder: figures do not need the file it came from."""

from __future__ import annotations

import colorsys
import io
import logging
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .folder import replace_bytes

log = logging.getLogger("invasio.output")
_HUE = 0.618  # of a turn from one label's colour to the next


def write(path: Path, pixels: NDArray[np.uint8], extent: tuple[float, ...], labels: bool) -> dict[str, object]:
    """Write the picture as PNG and return what the manifest says of it: file, extent, whether its numbers are labels (region + 1).

    pixels: (rows, columns, 3), or (rows, columns) labels; extent: left, right, bottom, top in the mesh's lengths. Nothing is
    written without Pillow or where there is no room: a figure without its picture is still a figure.
    """
    try:
        from PIL import Image

        picture = Image.fromarray(pixels)
        if labels:
            hues = [colorsys.hsv_to_rgb(_HUE * number % 1.0, 0.3, 1.0) for number in range(255)]
            picture.putpalette(bytes(round(255 * part) for colour in ((1.0, 1.0, 1.0), *hues) for part in colour))
        stream = io.BytesIO()
        picture.save(stream, "PNG")
        replace_bytes(path, stream.getvalue(), lasting=False)
    except ImportError:
        return {}
    except OSError as error:
        log.warning("cannot write %s: %s", path, error.strerror or error)
        return {}
    return {"section": {"file": path.name, "extent": list(extent), "labels": labels}}
