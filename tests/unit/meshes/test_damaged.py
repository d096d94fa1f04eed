"""Files cut off, with bits turned or parts left out: a mesh that is sound, or one message with the file; never anything else."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from invasio.meshes.build import build_data
from invasio.meshes.files.contents import Missing, Unreadable
from invasio.meshes.files.isolated import isolated
from invasio.meshes.network import read_network
from invasio.solver import extras
from invasio.solver.codes import CODES
from invasio.solver.errors import InvasioError, MeshError, ScenarioError
from invasio.solver.given.meshes import read_values
from invasio.solver.scenario.fields import MeshField
from invasio.solver.scenario.network import Network as Options
from tests.unit.meshes import network_writers, writers
from tests.unit.meshes.build import check, options

ENDINGS = (".msh", ".vtu", ".vtk", ".pvd", ".xdmf", ".mesh", ".meshb", ".ele", ".inp", ".med", ".cdb")
MESHES = [(e, next(iter(writers.FORMATS[e]))) for e in ENDINGS]


def damaged(raw: bytes, seed: str, times: int) -> Iterator[bytes]:
    """The bytes cut off, with three bits turned, with a gap, in turn."""
    chance = random.Random(seed)
    for k in range(times):
        data = bytearray(raw)
        where = chance.randrange(len(data))
        if k % 3 == 0:
            del data[where:]
        elif k % 3 == 1:
            for _ in range(3):
                data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        else:
            del data[where : where + chance.randrange(1, 40)]
        yield bytes(data)


def _refused(error: InvasioError, path: Path) -> None:
    assert error.code in CODES and error.remedy, error
    assert str(path.parent) in str(error) or path.name in str(error), error
    assert len(str(error).splitlines()) == 1, error


@pytest.mark.parametrize(("ending", "mode"), MESHES)
def test_meshes(tmp_path: Path, ending: str, mode: str) -> None:
    file = writers.FORMATS[ending][mode](tmp_path)
    for data in damaged(file.path.read_bytes(), ending + mode, 2):
        file.path.write_bytes(data)
        try:
            found = build_data(options("file", path=str(file.path), **file.options))
        except MeshError as error:
            _refused(error, file.path)
        else:
            check(found, covered=False)


@pytest.mark.parametrize("ending", [".vtu", ".xdmf"])
def test_values_on_meshes(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"m{ending}"
    writers.by_meshio(path.name, "material")(tmp_path)
    for data in damaged(path.read_bytes(), ending, 3):
        path.write_bytes(data)
        try:
            found = read_values("given", MeshField(kind="by_mesh", mesh=str(path)), 3)
        except (MeshError, ScenarioError) as error:
            _refused(error, path)
        else:
            assert np.isfinite(found.carrier.values).all()


@pytest.mark.parametrize(("ending", "mode"), network_writers.CASES)
def test_networks(tmp_path: Path, ending: str, mode: str) -> None:
    path, given = network_writers.FORMATS[ending][mode](tmp_path)
    for data in damaged(path.read_bytes(), ending + mode, 2 if ending.startswith(".vt") else 20):
        path.write_bytes(data)
        try:
            network = read_network(Options.model_validate({"file": str(path), "loose_ends": "tip", **given}), 3)
        except MeshError as error:
            _refused(error, path)
        else:
            assert (network.lengths > 0).all() and (network.radius > 0).all()


def test_a_reader_that_breaks_down_or_does_not_end_is_a_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Readers of our own that crash and that loop, in place of those of the package."""
    for name, body, said in (
        ("crash", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "broke down with SIGSEGV"),
        ("loop", "import signal, os; os.kill(os.getpid(), signal.SIGXCPU)", "came to no end"),
        ("memory", "bytearray(1 << 44)", "more than its size allows"),
        ("absent", "import no_such_library_of_meshes", "no_such_library_of_meshes is not installed"),
    ):
        (tmp_path / f"{name}.py").write_text(f"def read(path):\n    {body}\n")
        monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
        (tmp_path / "m.txt").write_text("a file")
        with pytest.raises(Unreadable, match=said):
            isolated(name, tmp_path / "m.txt", package="")


def test_a_library_that_few_need_is_fetched_when_a_reader_lacks_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a package of our own in place of an index; where that cannot be had, the reader's message says why."""
    (tmp_path / "lacks.py").write_text(
        "import numpy as np\nfrom invasio.meshes.files.contents import Contents\n"
        "def read(path):\n    import seldom.part\n    return Contents(np.zeros((1, 3)), (), {})\n"
    )
    (tmp_path / "m.txt").write_text("a file")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("INVASIO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(extras, "LISTS", {"seldom": "nowhere.txt"})
    monkeypatch.setattr(extras, "_beside", [])
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(extras, "_FOLDER", tmp_path)
    (tmp_path / "nowhere.txt").write_text("seldom")
    commands: list[list[str]] = []

    def run(command: list[str]) -> None:
        commands.append(command)
        if "install" in command:
            if len(commands) < 5:
                extras._place("seldom").mkdir(parents=True)
                raise subprocess.CalledProcessError(1, command, stderr="no way to the index\n")
            packages = extras._place("seldom") / "lib" / "python3" / "site-packages"
            (packages / "seldom").mkdir(parents=True)
            (packages / "seldom" / "part.py").write_text("")

    monkeypatch.setattr(extras, "_run", run)
    with pytest.raises(Missing, match=r"seldom is needed, which cannot be fetched from the package index \(no way to the index\)"):
        isolated("lacks", tmp_path / "m.txt", package="")
    assert not extras.have("seldom") and not extras._place("seldom").exists()
    assert isolated("lacks", tmp_path / "m.txt", package="").points.shape == (1, 3)
    assert extras.have("seldom") and [str(path) for path in (tmp_path / "cache").glob("*/lib/python3/site-packages")] == extras.beside()
