"""Writing figures to files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from invasio.solver.errors import InvasioError

from .faults import WrongRequest
from .style import page

ENDINGS = (".png", ".pdf", ".svg")


def check_ending(path: Path | None, endings: tuple[str, ...] = ENDINGS) -> None:
    """Nothing, or a WrongRequest if the name's ending is none of these; before any work is done."""
    if path is not None and path.suffix.lower() not in endings:
        raise WrongRequest(
            f"no picture is written as {path.suffix or 'a file without ending'!r}",
            code="unknown-format",
            place=str(path),
            remedy=f"the name must end in {', '.join(endings[:-1])} or {endings[-1]}",
        )


def save(figure: Any, path: Path) -> Path:
    """Write a figure; the ending of the name says the format.

    Raises:
        InvasioError: the file cannot be written.
    """
    options = {"pil_kwargs": {"compress_level": 3}} if path.suffix.lower() == ".png" else {}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=300 if page().width else 150, **options)
    except OSError as error:
        raise InvasioError(
            f"cannot be written: {error.strerror}", code="cannot-write", place=str(path), remedy="choose another file"
        ) from error
    return path
