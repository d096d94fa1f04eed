"""What is wrong with a text that is no YAML, in words of those who write it."""

from __future__ import annotations

from typing import NamedTuple

from ruamel.yaml.error import MarkedYAMLError

from .hints import hint


class Found(NamedTuple):
    """Line and column (0: no place), what is wrong, its code, and what to do."""

    line: int
    column: int
    what: str
    code: str
    remedy: str


# what ruamel.yaml says, and what has happened
_MEANT = (
    ("expected <block end>", "wrong indentation: this line begins in a column in which no group above it begins"),
    ("mapping values are not allowed", "a second ': ' in one line, or a line indented further than the group it belongs to"),
    ("could not find expected ':'", "a key without ': ' (a colon and a blank) after it"),
    ("unexpected end of stream", "a quote that is never closed"),
    ("expected ',' or '}'", "a '{' that is never closed, or a comma missing after an entry"),
    ("expected ',' or ']'", "a '[' that is never closed, or a comma missing after an entry"),
    ("found another document", "a second document ('---') where a scenario is one"),
    ("found undefined alias", "an alias (*name) without its anchor (&name)"),
)
_LOOK = "look at this line and the one above it"
# where it began says more than where it was noticed
_AT_START = ("could not find expected ':'", "unexpected end of stream", "expected ',' or")


def of_yaml(error: MarkedYAMLError, text: str) -> Found:
    """Tabs, indentation, brackets, quotes, colons; else what the parser says."""
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line, mark.column) if mark is not None else (0, 0)
    lines = text.splitlines()
    row = lines[line] if line < len(lines) else ""
    if "\t" in row[: len(row) - len(row.lstrip())] or row[column : column + 1] == "\t":
        return Found(line + 1, row.index("\t") + 1, "a tab", code="not-yaml", remedy="YAML is indented with spaces")
    problem = str(error.problem)
    meant = next((words for said, words in _MEANT if said in problem), "")
    if not meant:
        context = f"{error.context}: " if error.context else ""
        return Found(line + 1, column + 1, f"not YAML: {context}{problem}", code="not-yaml", remedy=_LOOK)
    if error.context_mark is not None and any(said in problem for said in _AT_START):
        line, column = error.context_mark.line, error.context_mark.column
    slip = hint(row) if "never closed" in meant else ""
    return Found(line + 1, column + 1, f"not YAML: {meant}", code="not-yaml", remedy=slip or _LOOK)


def of_encoding(error: UnicodeDecodeError) -> Found:
    """A file that is no text, or one in another encoding."""
    raw = bytes(error.object)
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return Found(1, 1, "the text is UTF-16", code="not-text", remedy="save it as UTF-8")
    if b"\0" in raw:
        return Found(0, 0, "this is no text", code="not-text", remedy="a scenario is a YAML file")
    remedy = "save it as UTF-8 (some editors call the other one Latin-1, ANSI or Windows-1252)"
    return Found(*_after(raw[: error.start].decode("utf-8")), "the text is not in UTF-8", code="not-text", remedy=remedy)


def of_character(position: int, text: str) -> Found:
    """A character that YAML does not allow."""
    return Found(*_after(text[:position]), f"a control character (U+{ord(text[position]):04X})", code="not-text", remedy="delete it")


def unprintable(text: str) -> str:
    """The first character that no text of a scenario can hold: a control character other than line breaks and tabs, half a character."""
    return next((c for c in text if (c < " " and c not in "\n\t\r") or "\x7f" <= c <= "\x84" or "\x86" <= c <= "\x9f" or _half(c)), "")


def _half(character: str) -> bool:
    return "\ud800" <= character <= "\udfff"


def _after(before: str) -> tuple[int, int]:
    return before.count("\n") + 1, len(before) - before.rfind("\n")
