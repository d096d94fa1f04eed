"""The library of published values: numbers that were read in a source, by name, for `parameters` of a scenario."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from ..errors import ScenarioError
from .wrong import meant, wrong

_NUMBER = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*")
_OWN = ("value", "unit", "source")  # what the library states itself


@dataclass(frozen=True)
class Entry:
    """A value as its source states it. ``low`` and ``high`` are in its unit, and there where the source gives a range.

    of: the cell line or tissue. doi: "" where what was read shows none. read_in: where the value was actually read.
    """

    name: str
    value: str | float  # a text with its unit, or a number that has none
    low: float | None
    high: float | None
    symbol: str
    meaning: str
    of: str
    source: str
    doi: str
    read_in: str
    subject: str  # the file's name

    @property
    def number(self) -> float:
        """The value in its unit."""
        return float(self.value) if not isinstance(self.value, str) else float(self.value[: self._end])

    @property
    def unit(self) -> str:
        """Its unit; 1 where it is a plain number."""
        return self.value[self._end :].strip() if isinstance(self.value, str) else "1"

    @property
    def range(self) -> str:
        """The range as a text; "" where the source gives none."""
        return "" if self.low is None else f"{self.low:g} to {self.high:g}"

    @property
    def citation(self) -> str:
        """The source with its DOI, and where the value was read."""
        doi = f", doi:{self.doi}" if self.doi else ""
        return f"{self.source}{doi}; read in: {self.read_in}"

    @property
    def _end(self) -> int:
        found = _NUMBER.match(str(self.value))
        return found.end() if found else 0


def folder() -> Path:
    """Where the library's files are."""
    return Path(str(files("invasio.scenarios"))) / "library"


@cache
def entries() -> dict[str, Entry]:
    """All values by name, in the order of their names."""
    found = {}
    for path in folder().glob("*.yaml"):
        for name, stated in YAML(typ="safe").load(path.read_text(encoding="utf-8")).items():
            low, high = stated.get("range", (None, None))
            texts = {word: stated.get(word, "") for word in ("symbol", "meaning", "of", "source", "doi", "read_in")}
            found[name] = Entry(name, stated["value"], low, high, subject=path.stem, **texts)
    return dict(sorted(found.items()))


def search(words: Sequence[str]) -> list[Entry]:
    """The values in whose name or other texts all words stand. Raises ScenarioError where there is none."""
    wanted = [word.casefold() for word in words]
    found = [entry for entry in entries().values() if all(word in _texts(entry) for word in wanted)]
    if not found:
        what = f"no value in which {' and '.join(map(repr, words))} stand{'s' if len(words) == 1 else ''}"
        raise ScenarioError(what, code="unknown-name", place="library", remedy=_near(" ".join(words)))
    return found


def looked_up(data: Any, scales: bool) -> Any:
    """The options of a parameter, with what the library states where they are `{from: library, name: NAME}`; others as they are.

    scales: whether the scenario states any, which a value with a unit needs. Raises PydanticCustomError.
    """
    if not isinstance(data, Mapping) or not (data.get("from") == "library" or ("name" in data and "from" not in data)):
        return data
    name = data.get("name")
    if "from" not in data or name is None:
        option, remedy = ("name", "`invasio library` lists the names") if "from" in data else ("from", "write from: library")
        raise wrong(f"a value of the library needs {option!r} too", code="missing-option", remedy=remedy)
    for word in _OWN:
        if data.get(word) not in (None, ""):
            remedy = f"leave one out, or replace the whole parameter, as in --set parameters.NAME={data[word] if word == 'value' else 3}"
            raise wrong(f"both 'from' and {word!r} are given, which the library states", code="either-or", remedy=remedy)
    entry = entries().get(name) if isinstance(name, str) else None
    if entry is None:
        raise wrong(f"the library has no value of this name (given {str(name)[:60]!r})", code="unknown-name", remedy=_near(str(name)))
    if isinstance(entry.value, str) and not scales:
        what = f"{name} is {entry.value}, and the scenario states no scales to convert it with"
        raise wrong(what, code="no-scales", remedy="state scales, or write a plain number")
    others = {key: value for key, value in data.items() if key not in ("from", "name")}
    return {"meaning": entry.meaning, **others, "value": entry.value, "source": f"{entry.citation} (library: {name})"}


def _near(given: str) -> str:
    """What to do where nothing has this name."""
    known = list(entries())
    last = given.rpartition(".")[2]
    alike = [name for name in known if last and name.rpartition(".")[2] == last][:5]
    tail = meant(given, known) or (f"there are {', '.join(alike)}" if alike else "")
    return f"{tail}; `invasio library WORDS` searches" if tail else "`invasio library` lists the names, `invasio library WORDS` searches"


def _texts(entry: Entry) -> str:
    texts = (entry.name, entry.unit, entry.symbol, entry.meaning, entry.of, entry.source, entry.doi, entry.subject)
    return " ".join(texts).casefold()
