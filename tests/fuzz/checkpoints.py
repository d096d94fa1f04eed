"""Checkpoints with flipped bits, also those without a digest: each is detected, or what it gives is right."""

from __future__ import annotations

import itertools
import logging
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from mpi4py import MPI

from invasio.solver.errors import InvasioError
from invasio.solver.output import trial
from invasio.solver.output.checkpoint import load_latest, save
from tests.fuzz.judge import Answer, apart
from tests.unit.output.synthetic import grid

OLD = Path(__file__).parents[1] / "unit" / "output" / "data" / "checkpoint-0.1.0.h5"
NAME = "checkpoint-000000003.h5"


def made(place: Path) -> dict[str, bytes]:
    """A checkpoint of this version and one of version 0.1.0, of the same state."""
    of = grid(MPI.COMM_SELF, 1, 4)
    state = {"fields/n": np.sin(of.points[:, 0] * 3), "previous/n": np.stack([of.points[:, 1], of.points[:, 0] * 3], axis=1)}
    path = save(place, of, state, {"time": 0.1 * 3, "step": 3, "dt": [0.1, 1 / 3]}, {"scenario": "s"})
    return {"new": path.read_bytes(), "old": OLD.read_bytes()}


def mutants(seed: int, place: Path) -> Iterator[tuple[str, bytes]]:
    """Every bit of the old one's bytes that are not zero, and of every byte of the new one in turn, then two bits at random without end."""
    whole, chance = made(place), random.Random(seed)
    content = whole["old"]
    places = [8 * k + bit for k, byte in enumerate(content) if byte for bit in range(8)]
    chance.shuffle(places)
    for at in places:
        yield f"old, bit {at}", flipped(content, at)
    for number in itertools.count():
        kind = chance.choice(("old", "new"))
        bits = [chance.randrange(8 * len(whole[kind])) for _ in range(chance.choice((1, 2, 8)))]
        changed = whole[kind]
        for at in bits:
            changed = flipped(changed, at)
        yield f"{kind}, bits {bits}, seed {seed}, number {number}", changed


def flipped(content: bytes, at: int) -> bytes:
    """A copy with one bit changed."""
    byte, bit = divmod(at, 8)
    return content[:byte] + bytes([content[byte] ^ (1 << bit)]) + content[byte + 1 :]


def attack(content: bytes, place: Path) -> Answer:
    """What loading it gives, in a process of its own: 0 where it is right, 4 where it is refused, 1 for another result."""
    folder = place / "one"
    folder.mkdir(exist_ok=True)
    (folder / NAME).write_bytes(content)
    return apart(lambda: _load(folder), place)


def _load(folder: Path) -> int:
    logging.getLogger("invasio").setLevel(logging.ERROR)  # of this process
    trial.SECONDS = 2.0
    of = grid(MPI.COMM_SELF, 1, 4)
    try:
        found = load_latest(folder, of, {"scenario": "s"})
    except InvasioError as error:
        print(f"invasio: {error}")
        return error.exit_code
    assert found is not None
    right = found.scalars == {"time": 0.1 * 3, "step": 3, "dt": [0.1, 1 / 3]}
    right &= sorted(found.state) == ["fields/n", "previous/n"]
    right = right and np.array_equal(found.state["fields/n"], np.sin(of.points[:, 0] * 3))
    right = right and np.array_equal(found.state["previous/n"], np.stack([of.points[:, 1], of.points[:, 0] * 3], axis=1))
    return 0 if right else 77
