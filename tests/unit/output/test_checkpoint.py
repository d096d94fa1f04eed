"""Checkpoints: what comes back, what a damaged one costs, what is refused."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from mpi4py import MPI

from invasio.solver.output import digest, trial
from invasio.solver.output.checkpoint import load_latest, save
from invasio.solver.output.layout import MANIFEST
from invasio.solver.output.manifest import versions
from tests.lib.messages import refused
from tests.unit.output.synthetic import grid


def state(of: Any, step: int) -> dict[str, np.ndarray]:
    return {"fields/n": np.sin(of.points[:, 0] * step), "previous/n": np.stack([of.points[:, 1], of.points[:, 0] * step], axis=1)}


OLD = (
    Path(__file__).with_name("data") / "checkpoint-0.1.0.h5"
)  # written by that version, of the state of step 3 on the mesh of 4 cells in 1-D


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


def test_every_flipped_bit_is_found_before_hdf5_reads(comm: Any, shared_tmp: Path) -> None:
    """All bits of all bytes that are not zero, and 3000 others; nothing of the file is read before its digest is right."""
    path = put(shared_tmp, grid(comm, 1, 4), 2)
    content, chance = path.read_bytes(), random.Random(1)
    places = [8 * k + bit for k, byte in enumerate(content) if byte for bit in range(8)]
    places += [chance.randrange(8 * len(content)) for _ in range(3000)]
    assert len(places) > 11000
    passed = []
    with path.open("r+b", buffering=0) as stream:
        for place in places:
            at, bit = divmod(place, 8)
            stream.seek(at)
            stream.write(bytes([content[at] ^ (1 << bit)]))
            try:
                if digest.check(path, MPI.COMM_SELF):
                    passed.append(place)
            except digest.NotSealed:
                pass
            stream.seek(at)
            stream.write(content[at : at + 1])
    assert passed == []
    assert digest.check(path, MPI.COMM_SELF)


def test_a_flipped_bit_falls_back(comm: Any, shared_tmp: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The class of a datatype, which makes float64 uint64, and other bits of what HDF5 reads first."""
    of = grid(comm, 1, 4)
    put(shared_tmp, of, 1)
    path = put(shared_tmp, of, 2)
    content = path.read_bytes()
    for at in (content.index(b"\x11\x20\x3f\x00"), digest.ROOM, digest.ROOM + 13, len(content) - 1):
        for bit in range(8):
            path.write_bytes(content[:at] + bytes([content[at] ^ (1 << bit)]) + content[at + 1 :])
            caplog.clear()
            found = load_latest(shared_tmp, of)
            assert found is not None and found.scalars["step"] == 1
            assert "checkpoint-000000002.h5 is damaged" in caplog.text


def test_one_of_version_0_1_0_is_read(comm: Any, shared_tmp: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Without a digest, which the log says; a wrong type, shape or set of arrays is found all the same."""
    of, path = grid(comm, 1, 4), shared_tmp / "checkpoint-000000003.h5"
    shutil.copy(OLD, path)
    with caplog.at_level("INFO"):
        found = load_latest(shared_tmp, of, {"scenario": "s"})
    assert found is not None and found.scalars == {"time": 0.1 * 3, "step": 3, "dt": [0.1, 1 / 3]} and found.beside == {}
    for name, values in state(of, 3).items():
        np.testing.assert_array_equal(found.state[name], values)
    assert "checkpoint-000000003.h5 was written by invasio 0.1.0, without a digest" in caplog.text
    content = OLD.read_bytes()
    at = content.index(b"\x11\x20\x3f\x00")  # a datatype: version and class, byte order, sign bit
    for damaged in (content[:at] + b"\x10" + content[at + 1 :], content[: len(content) // 2]):
        path.write_bytes(damaged)
        with refused("damaged-checkpoint", str(shared_tmp), "--overwrite"):
            load_latest(shared_tmp, of)


@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_hdf5_may_hang_on_one_without_a_digest(comm: Any, shared_tmp: Path, caplog: pytest.LogCaptureFixture, monkeypatch: Any) -> None:
    """A flipped bit with which HDF5 reads for ever: the checkpoint before is taken."""
    of = grid(comm, 1, 4)
    monkeypatch.setattr(trial, "SECONDS", 1.0)
    put(shared_tmp, of, 1)
    content = OLD.read_bytes()
    at, bit = divmod(16577, 8)
    (shared_tmp / "checkpoint-000000003.h5").write_bytes(content[:at] + bytes([content[at] ^ (1 << bit)]) + content[at + 1 :])
    found = load_latest(shared_tmp, of)
    assert found is not None and found.scalars["step"] == 1
    assert "checkpoint-000000003.h5 is damaged (HDF5 " in caplog.text


@pytest.mark.parametrize("deed", ["another type", "another shape", "one more", "one less", "no digest"])
def test_what_a_checkpoint_must_hold(comm: Any, shared_tmp: Path, caplog: pytest.LogCaptureFixture, deed: str) -> None:
    """Also where the digest is right, as of a file that a faulty program wrote."""
    of = grid(comm, 1, 4)
    put(shared_tmp, of, 1)
    path = put(shared_tmp, of, 2)
    with h5py.File(path, "r+") as h5:
        values = h5["state/fields/n"][:]
        if deed != "one more":
            del h5["state/fields/n"]
        if deed in ("another type", "another shape"):
            h5["state/fields/n"] = values.astype("u8") if deed == "another type" else values[:, None]
        if deed == "one more":
            h5["state/fields/m"] = values
    if deed == "no digest":
        path.write_bytes(path.read_bytes()[digest.ROOM :])
    else:
        digest.put(path, MPI.COMM_SELF)
    found = load_latest(shared_tmp, of)
    assert found is not None and found.scalars["step"] == 1
    said = {"another type": "has type uint64", "another shape": "and shape (5, 1)", "no digest": "its digest is missing"}
    assert said.get(deed, "its arrays are not those") in caplog.text


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


def test_a_mesh_of_another_gmsh_is_named(comm: Any, shared_tmp: Path) -> None:
    """As where a run that began with wheels is resumed in the sealed environment."""
    folder = shared_tmp / "checkpoints"
    folder.mkdir(exist_ok=True)
    put(folder, grid(comm, 2, 6), 1)
    for made, says in (("0.1", ("another mesh", "gmsh 0.1 made")), (versions()["gmsh"], ("another mesh",))):
        (shared_tmp / MANIFEST).write_text(json.dumps({"segments": [{"versions": {"gmsh": made}}]}), encoding="utf-8")
        with refused("other-run", "checkpoint-000000001.h5", "use --overwrite or another --out", says) as caught:
            load_latest(folder, grid(comm, 2, 5))
        assert ("INVASIO_ENVIRONMENT" in str(caught.error)) is (made == "0.1")


def test_a_folder_that_cannot_be_written(comm: Any, shared_tmp: Path) -> None:
    with refused("cannot-write", "output", "--resume", ("cannot open", "gone")):
        put(shared_tmp / "gone", grid(comm), 1)
