"""Reading what lies in a run folder, which anybody may have changed: whatever a file holds ends in its content or in a message."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from ..errors import MeshError

MOST = 400_000_000  # bytes
_REMEDY = "restore it, or run again with --overwrite"


class Damaged(MeshError):
    """A file of a run folder is not as a run writes it."""


def damaged(path: Path, what: str, line: int = 0) -> Damaged:
    """The error for a file, at a line of it."""
    return Damaged(what, code="unreadable-file", place=f"{path}:{line}" if line else str(path), remedy=_REMEDY)


def text_of(path: Path) -> str:
    """A text; "" where the file is not there. Raises Damaged."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(MOST + 1)
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        raise damaged(path, f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(raw) > MOST:
        raise damaged(path, f"more than {MOST / 1e6:g} MB")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise damaged(path, "this is no text in UTF-8", raw[: error.start].count(b"\n") + 1) from None


def line_of(path: Path) -> str:
    """The first line of a text that is one line long, such as STATUS; "" where the file is not there. Raises Damaged."""
    return next(iter(text_of(path).split("\n")), "").strip()[:200]


def mapping_of(path: Path) -> dict[str, Any]:
    """The content of a YAML file that holds a mapping; empty where the file is not there. Raises Damaged."""
    text = text_of(path)
    if not text and not path.exists():
        return {}
    try:
        found = YAML(typ="safe", pure=True).load(text)
    except Exception as error:  # the reader of YAML fails in many ways
        raise damaged(path, f"this is not YAML ({type(error).__name__})") from None
    if not isinstance(found, dict):
        raise damaged(path, "this is no mapping of options")
    return found


def facts_of(path: Path) -> dict[str, Any]:
    """The content of a JSON file that holds a mapping; empty where the file is not there. Raises Damaged."""
    text = text_of(path)
    if not text and not path.exists():
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise damaged(path, "this is not JSON") from None
    if not isinstance(found, dict):
        raise damaged(path, "this is no mapping")
    return found


def segments_of(facts: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The segments of a manifest, as far as they are mappings."""
    found = facts.get("segments")
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []


def rows_of(path: Path) -> tuple[list[str], list[list[str]]]:
    """Head and whole rows of a table as texts; a row that is being written is left out, both are empty where there is no table.

    Lines end where the table ends them, not at a form feed or U+2028 within a name. Raises Damaged.
    """
    lines = text_of(path).split("\n")[:-1]
    if not lines:
        return [], []
    try:
        head, *rows = csv.reader(iter(f"{line}\n" for line in lines))
    except (csv.Error, ValueError) as error:
        raise damaged(path, f"this is no table ({error})") from None
    return head, [row for row in rows if len(row) == len(head)]


def numbers_of(path: Path) -> dict[str, list[float]]:
    """Columns of a table of numbers by name; an empty cell is not a number. Raises Damaged."""
    head, rows = rows_of(path)
    try:
        return {name: [float(row[k] or "nan") for row in rows] for k, name in enumerate(head)}
    except ValueError:
        bad = next(cell for row in rows for cell in row if not _is_number(cell))
        raise damaged(path, f"a number is needed (given {bad[:40]!r})") from None


def _is_number(text: str) -> bool:
    try:
        float(text or "nan")
    except ValueError:
        return False
    return True
