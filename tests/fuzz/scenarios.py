"""Scenarios changed at random: `validate` must answer, whatever they have become."""

from __future__ import annotations

import io
import itertools
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import scipy.special
import scipy.stats  # noqa: F401
from ruamel.yaml import YAML

from invasio.solver.commands import validate  # noqa: F401
from invasio.solver.scenario.shipped import scenario_files
from tests.fuzz.judge import Answer, ask
from tests.fuzz.values import changed, damaged


def mutants(seed: int) -> Iterator[tuple[str, bytes]]:
    """Without end: what a scenario was made of, and its bytes."""
    files = scenario_files()
    data = {path: YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")) for path in files}
    for number in itertools.count():
        chance = random.Random(f"{seed}/{number}")
        path = chance.choice(files)
        tree: Any = data[path]
        raw = damaged(path.read_bytes(), chance) if chance.random() < 0.4 else b""
        for _ in range(0 if raw else chance.choice((1, 1, 2, 4))):
            tree = changed(tree, chance)
        yield f"{path.name}, seed {seed}, number {number}", raw or written(tree)


def written(tree: Any) -> bytes:
    """A tree as YAML; JSON is YAML too, and holds what a YAML writer would refuse."""
    if random.Random(repr(tree)).random() < 0.5:
        return json.dumps(tree, ensure_ascii=True).encode()
    stream = io.StringIO()
    try:
        YAML(typ="safe", pure=True).dump(tree, stream)
        return stream.getvalue().encode("utf-8")
    except (UnicodeEncodeError, ValueError):
        return json.dumps(tree, ensure_ascii=True).encode()


def attack(raw: bytes, place: Path) -> Answer:
    """What `validate` answers to a file of these bytes."""
    (place / "a.yaml").write_bytes(raw)
    return ask(["validate", "a.yaml"], place)
