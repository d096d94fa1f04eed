"""Messages that tests demand: by code, place and remedy, and by the numbers and names that must be said, not by prose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from invasio.solver.codes import CODES
from invasio.solver.errors import InvasioError


class Refused:
    """What ``refused`` caught; ``error`` is there after the block."""

    error: InvasioError

    def __str__(self) -> str:
        return str(self.error)


def check(error: InvasioError, code: str, place: str = "", remedy: str = "", says: Sequence[str] = ()) -> None:
    """An error has this code, an exit code of it, place and remedy that contain the texts, and says all of ``says``."""
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
    """A command printed one error, on a line that begins with the program and ends with the code, and says place, remedy, texts."""
    first = text.splitlines()[0] if text else ""
    assert first.startswith(f"invasio: {place}"), text
    assert first.endswith(f" [{code}]"), text
    assert code in CODES
    for part in (remedy, *says):
        assert part in text, f"{part!r} is not said in: {text}"
