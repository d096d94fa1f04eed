"""The examples of the option reference: every option has one, and all are valid in their place."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from invasio.solver.scenario.base import Options
from invasio.solver.scenario.exemplified import FOLDER, example, examples
from invasio.solver.scenario.loader import load
from invasio.solver.scenario.outline import hints
from invasio.solver.scenario.reference import _groups, markdown
from invasio.solver.scenario.schema import Scenario

FILES = sorted(path.name for path in FOLDER.glob("*.yaml"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The examples beside the run folder that two of them name."""
    top = tmp_path_factory.mktemp("examples")
    shutil.copytree(FOLDER, top / "examples")
    (top / "earlier").mkdir()
    (top / "earlier" / "fields.vtkhdf").touch()
    return top / "examples"


def groups(model: type[Options], seen: list[type[Options]]) -> Iterator[type[Options]]:
    """All groups of options, each once."""
    if model in seen:
        return
    seen.append(model)
    yield model
    for annotation in hints(model).values():
        for below, _ in _groups(annotation):
            yield from groups(below, seen)


@pytest.mark.parametrize("name", FILES)
def test_examples_are_valid(name: str, folder: Path) -> None:
    assert load(folder / name).name == name.removesuffix(".yaml")


def test_every_option_has_an_example() -> None:
    every = [(model, key) for model in groups(Scenario, []) for key in hints(model) if key != "kind"]
    assert len(every) > 600
    assert [f"{model.__name__}.{key}" for model, key in every if not examples().get((model, key))] == []
    # What does not fit into the table is made of options, which have their own.
    bare = [(model, key) for model, key in every if not example(model, key)]
    assert [f"{model.__name__}.{key}" for model, key in bare if not list(_groups(hints(model)[key]))] == []


def test_the_page_shows_them() -> None:
    page = markdown()
    assert "<br>`motility: 36*(1 - 0.5*stain)` |" in page and "<br>`width: [2, 8]` |" in page
