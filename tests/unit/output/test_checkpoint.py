"""Checkpoints: what comes back, what a damaged one costs, what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from invasio.solver.output.checkpoint import load_latest, save
from tests.lib.messages import refused
from tests.unit.output.synthetic import grid


def state(of: Any, step: int) -> dict[str, np.ndarray]:
    return {"fields/n": np.sin(of.points[:, 0] * step), "previous/n": np.stack([of.points[:, 1], of.points[:, 0] * step], axis=1)}


def put(folder: Path, of: Any, step: int) -> Path:
    return save(
        folder,
        of,
        state(of, step),
        {"time": 0.1 * step, "step": step, "dt": [0.1, 1 / 3], "ledger/n": np.nextafter(1, 2)},
        {"scenario": "s"},
    )


def test_everything_comes_back_bit_by_bit(comm: Any, shared_tmp: Path) -> None:
    of = grid(comm, 2, 10)
    path = put(shared_tmp, of, 3)
    assert (shared_tmp / "LATEST").read_text(encoding="utf-8") == "checkpoint-000000003.h5\n"
    dealt = grid(comm, 2, 10, seed=5)
    found = load_latest(shared_tmp, dealt, {"scenario": "s"})
    assert found is not None and found.path == path
    assert found.scalars == {"time": 0.1 * 3, "step": 3, "dt": [0.1, 1 / 3], "ledger/n": np.nextafter(1, 2)}
    for name, values in state(dealt, 3).items():
        np.testing.assert_array_equal(found.state[name], values)


def test_the_last_two_are_kept_and_nothing_temporary(comm: Any, shared_tmp: Path) -> None:
    of = grid(comm)
    for step in (1, 2, 3):
        put(shared_tmp, of, step)
    assert sorted(p.name for p in shared_tmp.iterdir()) == ["LATEST", "checkpoint-000000002.h5", "checkpoint-000000003.h5"]


@pytest.mark.parametrize("damage", ["cut", "data", "header", "empty"])
def test_a_damaged_one_falls_back_to_the_one_before(comm: Any, shared_tmp: Path, caplog: pytest.LogCaptureFixture, damage: str) -> None:
    of = grid(comm, 2, 10)
    put(shared_tmp, of, 1)
    path = put(shared_tmp, of, 2)
    content = bytearray(path.read_bytes())
    if damage in ("data", "header"):
        mark = state(of, 2)["fields/n"][np.argsort(of.nodes)][20:30].tobytes() if damage == "data" else b'"scalars"'
        content[content.index(mark)] ^= 1
    path.write_bytes({"cut": content[: len(content) // 2], "empty": b""}.get(damage, content))
    found = load_latest(shared_tmp, of)
    assert found is not None and found.scalars["step"] == 1
    np.testing.assert_array_equal(found.state["fields/n"], state(of, 1)["fields/n"])
    assert "checkpoint-000000002.h5 is damaged" in caplog.text


def test_none_and_only_damaged_ones(comm: Any, shared_tmp: Path) -> None:
    of = grid(comm)
    assert load_latest(shared_tmp, of) is None
    (shared_tmp / "checkpoint-000000001.h5").write_bytes(b"x")
    with refused("damaged-checkpoint", str(shared_tmp), "start again with --overwrite"):
        load_latest(shared_tmp, of)


def test_another_scenario_or_mesh_is_refused(comm: Any, shared_tmp: Path) -> None:
    of = grid(comm, 2, 6)
    put(shared_tmp, of, 1)
    with refused("other-run", "checkpoint-000000001.h5", "use --overwrite or another --out", ("another scenario",)):
        load_latest(shared_tmp, of, {"scenario": "t"})
    with refused("other-run", "checkpoint-000000001.h5", "use --overwrite or another --out", ("another mesh",)):
        load_latest(shared_tmp, grid(comm, 2, 5))


def test_a_folder_that_cannot_be_written(comm: Any, shared_tmp: Path) -> None:
    with refused("cannot-write", "output", "--resume", ("cannot open", "gone")):
        put(shared_tmp / "gone", grid(comm), 1)
