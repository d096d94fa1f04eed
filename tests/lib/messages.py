"""Messages that tests demand: by code, place and remedy, and by the numbers and names that must be said, not by prose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import pytest

from invasio.solver.codes import CODES
from invasio.solver.errors import InvasioError


class Refused:
    """What ``refused`` caught; ``error`` is there after the block."""

    error: InvasioError

    def __str__(self) -> str:
        return str(self.error)


def check(error: InvasioError, code: str, place: str = "", remedy: str = "", says: Sequence[str] = ()) -> None:
    """An error, or the only fault of it, has this code, an exit code of it, place and remedy that contain the texts, and says ``says``."""
    assert len(error.faults) <= 1, f"several faults: {error}"
    error = error.faults[0] if error.faults else error
    assert error.code == code, f"code {error.code!r} instead of {code!r}: {error}"
    assert error.exit_code in CODES[code].exits, f"exit code {error.exit_code} of {code!r}, which has {CODES[code].exits}"
    assert place in error.place, f"place {error.place!r} without {place!r}"
    assert remedy in error.remedy, f"remedy {error.remedy!r} without {remedy!r}"
    assert error.remedy, f"no remedy: {error}"
    for text in says:
        assert text in str(error), f"{text!r} is not said in: {error}"


@contextmanager
def refused(code: str, place: str = "", remedy: str = "", says: Sequence[str] = ()) -> Iterator[Refused]:
    """The block must raise an InvasioError with this code, place, remedy, and texts."""
    caught = Refused()
    with pytest.raises(InvasioError) as info:
        yield caught
    caught.error = info.value
    check(info.value, code, place, remedy, says)


def printed(text: str, code: str, place: str = "", remedy: str = "", says: Sequence[str] = ()) -> None:
    """A command printed one error, on a line that begins with the program and place and ends with the code, and says remedy and texts."""
    assert code in CODES
    lines = [line for line in text.splitlines() if line.startswith("invasio: ") and line.endswith("]")]
    assert len(lines) == 1, text
    assert lines[0].startswith(f"invasio: {place}") and lines[0].endswith(f" [{code}]"), text
    for part in (remedy, *says):
        assert part in text, f"{part!r} is not said in: {text}"


class Said(NamedTuple):
    """One fault as a line that is printed: its place, code and remedy exactly, and texts that are said besides."""

    place: str
    code: str
    remedy: str
    says: tuple[str, ...]


def said(place: str, code: str, remedy: str, *says: str) -> Said:
    """A fault that a table of tests expects."""
    return Said(place, code, remedy, says)


def printed_faults(text: str, heading: str, faults: Sequence[Said], names: Mapping[str, str]) -> None:
    """A command printed the heading and a line per fault, in this order; ``names`` are put in for {texts} in braces."""

    def filled(part: str) -> str:
        for mark, name in names.items():
            part = part.replace(mark, name)
        return part

    first, *lines = text.splitlines()
    assert first == f"invasio: {len(faults)} error{'s' if len(faults) != 1 else ''} in {heading}:", text
    assert len(lines) == len(faults), text
    for line, fault in zip(lines, faults, strict=True):
        assert fault.code in CODES
        assert fault.remedy
        assert line.startswith(f"{filled(fault.place)}: "), f"{line!r} is not at {fault.place!r}"
        assert line.endswith(f"; {filled(fault.remedy)} [{fault.code}]"), f"{line!r} does not end with {fault.remedy!r} [{fault.code}]"
        for part in fault.says:
            assert filled(part) in line, f"{part!r} is not said in: {line}"
