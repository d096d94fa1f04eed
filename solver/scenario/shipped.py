"""The scenarios that come with the program."""

from __future__ import annotations

import io
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from ruamel.yaml import YAML

from ..errors import ScenarioError
from .layers import read_layers
from .wrong import allowed


@dataclass(frozen=True)
class Header:
    """What a shipped scenario says about itself. ``name`` is its path without the ending."""

    name: str
    path: Path
    title: str
    source: str
    cost: str
    ranks: int


def folder() -> Path:
    """Where the shipped scenarios are."""
    return Path(str(files("invasio.scenarios")))


def scenario_files() -> list[Path]:
    """The shipped scenarios; files that start with an underscore are parts of others, those of the library are no scenarios."""
    root = folder()
    return [path for path in sorted(root.rglob("*.yaml")) if not path.name.startswith("_") and root / "library" not in path.parents]


def headers() -> list[Header]:
    """All shipped scenarios by name."""
    root = folder()
    found = []
    for path in scenario_files():
        data = read_layers(path).data
        title, source, cost = (str(data.get(word, "")).strip() for word in ("title", "source", "cost"))
        name = path.relative_to(root).with_suffix("").as_posix()
        found.append(Header(name, path, title, source, cost, int(data.get("ranks", 1))))
    return found


def copy(name: str, destination: Path) -> Path:
    """Copy a shipped scenario to a folder or file; one that extends others becomes one file that stands alone.

    Raises ScenarioError for an unknown name, or if the file is there already.
    """
    known = {header.name: header for header in headers()}
    header = known.get(name.removesuffix(".yaml"))
    if header is None:
        raise ScenarioError(f"unknown scenario {name!r}", code="no-scenario", place="shipped scenarios", remedy=allowed(name, known))
    target = destination / header.path.name if destination.is_dir() else destination
    if target.exists():
        raise ScenarioError("the file exists already", code="file-exists", place=str(target), remedy="name another destination")
    if not target.parent.is_dir():
        raise ScenarioError(
            "no such folder", code="file-not-found", place=str(target.parent), remedy="make it, or name another destination"
        )
    target.write_text(_alone(header.path), encoding="utf-8")
    return target


def _alone(path: Path) -> str:
    text = "".join(line for line in path.read_text(encoding="utf-8").splitlines(keepends=True) if "yaml-language-server" not in line)
    if not any(line.startswith("extends:") for line in text.splitlines()):
        return text
    stream = io.StringIO()
    yaml = YAML()
    yaml.width = 140
    yaml.dump(read_layers(path).data, stream)
    return stream.getvalue()
