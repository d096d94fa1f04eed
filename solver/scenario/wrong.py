"""What is wrong with a value: the error of a validator with code and remedy, and remedies that list what is allowed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from pydantic_core import PydanticCustomError

_COMPARED = 200  # names that a wrong one is compared with
_LISTED = 60
_LONGEST = 60  # characters that are compared


def wrong(what: str, *, code: str, remedy: str = "") -> PydanticCustomError:
    """The error that a validator raises; faults.py puts what and remedy together with the place."""
    return PydanticCustomError(code, "{text}", {"text": joined(what, remedy), "what": what, "remedy": remedy})


def one_line(name: str) -> str:
    """The name, if it has no line break that a reader of tables could take for the end of a line."""
    if len(name.splitlines()) > 1 or len(name) > 200 or name != "".join(name.splitlines()):
        raise wrong(f"a name with a line break (given {name[:60]!r})", code="bad-name", remedy="write it in one line")
    return name


def joined(*parts: str) -> str:
    """Parts of a message that are not empty, with semicolons between them."""
    return "; ".join(part for part in parts if part)


def meant(given: object, known: Iterable[str]) -> str:
    """``did you mean 'x'?`` where a known name is near, else nothing."""
    near = get_close_matches(str(given)[:_LONGEST], list(known)[:_COMPARED], n=1)
    return f"did you mean {near[0]!r}?" if near else ""


def allowed(given: object, known: Iterable[str]) -> str:
    """The remedy for a name that is none of the known ones: these, and which may be meant."""
    names = list(known)
    return joined(f"allowed: {listed(names)}", meant(given, names))


def listed(names: Sequence[str]) -> str:
    """The names with commas, the first of them where there are very many."""
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return (", ".join(names[:_LISTED]) or "none") + more


def either(both: bool, first: str, second: str) -> PydanticCustomError:
    """The error where exactly one of two options is needed."""
    what = f"both {first!r} and {second!r} are given" if both else f"neither {first!r} nor {second!r} is given"
    return wrong(what, code="either-or", remedy=f"give one of {first!r} and {second!r}")
