"""Which library reads which file, in a process of its own: `python3 -m ... isolated` calls ``read`` here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ...files.contents import Unreadable
from . import arrays, bodies, metaimage, nrrd, plain, tiff
from .settle import settle
from .stored import Picture, Refused, Request, Stored, declared


@dataclass(frozen=True)
class Format:
    """What is read: endings, its name, and the function that reads it."""

    endings: tuple[str, ...]
    name: str
    read: Callable[[Path, Request], Stored]


# docs/meshes.md has a row for each, and a test that writes such files and reads them.
FORMATS = (
    Format((".png",), "PNG", plain.read),
    Format((".jpg", ".jpeg"), "JPEG", plain.read),
    Format((".bmp", ".gif", ".webp", ".ppm", ".pgm", ".pbm"), "others of Pillow", plain.read),
    Format((".tif", ".tiff"), "TIFF", tiff.read),
    Format((".svs", ".ndpi", ".scn", ".qptiff", ".lsm", ".stk"), "TIFF of microscopes", tiff.read),
    Format((".nii", ".nii.gz", ".hdr", ".img"), "NIfTI, Analyze", bodies.read),
    Format((".mgz", ".mgh"), "FreeSurfer", bodies.read),
    Format((".nrrd", ".nhdr"), "NRRD", nrrd.read),
    Format((".mha", ".mhd"), "MetaImage", metaimage.read),
    Format((".npy",), "numpy", arrays.read),
)
KNOWN = "PNG, JPEG, TIFF (also ImageJ, OME), NIfTI, MGZ, NRRD, MetaImage and .npy"


def read(path: Path, request: Request) -> Picture:
    """The picture or volume that a file holds; raises Unreadable."""
    name = path.name.lower()
    reader = next((each.read for each in FORMATS if name.endswith(each.endings)), plain.read)
    if request.series and reader is not tiff.read:
        raise Refused(
            f"`series: {request.series}`, but a file of this format holds one", code="ambiguous-picture", remedy="leave out `series`"
        )
    try:
        stored = reader(path, request)
    except (Unreadable, ImportError, MemoryError):
        raise
    except Exception as error:  # a damaged header leads libraries to whatever error
        raise Unreadable(f"{type(error).__name__}: {str(error).splitlines()[0]}" if str(error) else type(error).__name__) from None
    declared(stored.values.shape, 1)
    return settle(stored, request)
