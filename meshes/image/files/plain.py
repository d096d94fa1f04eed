"""PNG, JPEG, BMP, GIF, WebP and the like, by Pillow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ...files.contents import Unreadable
from .stored import Request, Stored, Values, declared

_LOSSY = ("JPEG", "WEBP", "MPO")
_BYTES = {"1": 1, "L": 1, "P": 1, "RGB": 3, "RGBA": 4, "CMYK": 4, "I": 4, "F": 4}


def read(path: Path, request: Request) -> Stored:
    """The first picture of a file, turned as its EXIF tag says; several of one size become pages."""
    from PIL import GifImagePlugin, Image, ImageOps, ImageSequence, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = None  # the limits are ours, with a message that says what to do
    GifImagePlugin.LOADING_STRATEGY = GifImagePlugin.LoadingStrategy.RGB_AFTER_DIFFERENT_PALETTE_ONLY
    try:
        with Image.open(path) as file:
            declared((file.height, file.width, getattr(file, "n_frames", 1)), _BYTES.get(file.mode, 8))
            notes = [f"{file.format}, {_mode(file)}"]
            if request.labels and file.format in _LOSSY:
                notes.append(f"{file.format} changes values: labels from it are not exact")
            turned = file.getexif().get(0x0112, 1) != 1
            frames = [
                values(ImageOps.exif_transpose(frame) if turned else frame, request.labels, notes) for frame in ImageSequence.Iterator(file)
            ]
    except UnidentifiedImageError:
        raise Unreadable("no known format of pictures") from None
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, OverflowError, TypeError) as error:
        raise Unreadable(str(error).splitlines()[0] if str(error) else "damaged") from None
    notes += ["turned as its EXIF tag says"] * turned
    axes = "yxs" if frames[0].ndim == 3 else "yx"
    if len(frames) == 1:
        return Stored(frames[0], axes, notes=tuple(notes))
    if len({frame.ndim for frame in frames}) > 1:
        frames = [np.repeat(frame[..., None], 3, axis=-1) if frame.ndim == 2 else frame[..., :3] for frame in frames]
        axes = "yxs"
    if len({frame.shape for frame in frames}) > 1:
        raise Unreadable(f"its {len(frames)} pictures have different sizes")
    return Stored(np.stack(frames), "q" + axes, notes=tuple(notes))


def _mode(file: Any) -> str:
    kinds = {"1": "black and white", "L": "grey", "LA": "grey with alpha", "P": "palette", "RGB": "RGB", "RGBA": "RGB with alpha"}
    return f"{kinds.get(file.mode, file.mode)}, {file.width} x {file.height} pixels"


def values(image: Any, labels: bool, notes: list[str]) -> Values:
    """The pixels of a Pillow image: grey (rows, columns), or with samples grey + alpha, RGB or RGBA; palettes as numbers if labels."""
    mode = image.mode
    if mode in ("P", "PA"):
        if labels:
            note = "numbers of its palette are the labels"
            notes += [note] * (note not in notes)
            return np.asarray(image if mode == "P" else image.getchannel("P"))
        image = image.convert("RGBA" if mode == "PA" or "transparency" in image.info else "RGB")
    elif mode in ("CMYK", "YCbCr", "HSV", "RGBX"):
        image = image.convert("RGB")
    elif mode in ("La", "RGBa"):
        image = image.convert(mode[:-1] + "A")
    elif mode == "LAB":
        from skimage.color import lab2rgb

        lab = np.asarray(image).astype(np.float64)
        lab[..., 0] *= 100 / 255
        lab[..., 1:] = np.asarray(image)[..., 1:].view(np.int8)
        return np.asarray(np.rint(255 * lab2rgb(lab)).astype(np.uint8))
    return np.asarray(image)
