"""Which run folder is taken, and when a run is refused; exact messages."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from invasio.solver.errors import InvasioError
from invasio.solver.output.compare import differences
from invasio.solver.output.folder import FolderError, RunFolder
from invasio.solver.output.layout import PROLONGED
from invasio.solver.scenario.loader import dump_resolved, load
from invasio.solver.scenario.prolong import free, usual
from invasio.solver.scenario.schema import Scenario
from tests.lib.messages import refused

TEXT = "name: a\ntime: {end: 10.0}\nmodel: {cells: {tumour: {motility: 0.001}}}\n"


def start(comm: Any, out: Path | None, text: str = TEXT, resume: bool = False, overwrite: bool = False) -> RunFolder:
    return RunFolder.open(out, None, "a", text, resume, overwrite, comm)


def refuse(comm: Any, out: Path | None, code: str, place: str, remedy: str, says: tuple[str, ...] = (), **options: Any) -> FolderError:
    with refused(code, remedy=remedy, says=says) as caught:
        start(comm, out, **options)
    assert isinstance(caught.error, FolderError)
    assert caught.error.exit_code == 2
    assert caught.error.place == place
    return caught.error


def test_without_out_the_next_free_folder_is_taken(comm: Any, shared_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shared_tmp)
    paths = []
    for _ in range(3):
        folder = start(comm, None)
        paths.append(str(folder.path))
        folder.close("done")
    assert paths == ["out/a", "out/a-002", "out/a-003"]
    again = start(comm, None, resume=True)
    assert (str(again.path), again.resuming, again.previous_status) == ("out/a-003", True, "done")
    again.close("done")


def test_what_a_new_folder_holds(comm: Any, shared_tmp: Path) -> None:
    given = shared_tmp / "my.yaml"
    given.write_text("# mine\nname: a\n", encoding="utf-8")
    folder = RunFolder.open(shared_tmp / "x" / "y", given, "a", TEXT, False, False, comm)
    assert not folder.resuming
    assert (folder.path / "scenario.yaml").read_text(encoding="utf-8") == "# mine\nname: a\n"
    assert (folder.path / "resolved.yaml").read_text(encoding="utf-8") == TEXT
    assert (folder.path / "STATUS").read_text(encoding="utf-8") == "running\n"
    assert (folder.path / "checkpoints").is_dir() and (folder.path / "figures").is_dir()
    assert not (folder.path / "cascade").exists()  # made where there is one
    folder.close("stopped early: asked to")
    assert (folder.path / "STATUS").read_text(encoding="utf-8") == "stopped early: asked to\n"


def test_an_explicit_folder_with_a_run_needs_a_word(comm: Any, shared_tmp: Path) -> None:
    out = shared_tmp / "run"
    start(comm, out).close("done")
    refuse(comm, out, "holds-run", str(out), "go on with --resume, replace it with --overwrite, or choose another --out")
    (out / "series.csv").write_text("old", encoding="utf-8")
    (out / "checkpoints" / "checkpoint-1.h5").write_text("old", encoding="utf-8")
    folder = start(comm, out, resume=True)
    assert folder.resuming and (out / "series.csv").exists()
    folder.close("done")
    folder = start(comm, out, text="name: a\ntime: {end: 5.0}\n", overwrite=True)
    assert not folder.resuming and not (out / "series.csv").exists() and not list((out / "checkpoints").iterdir())
    folder.close("done")


def test_resume_with_nothing_there_starts_fresh(comm: Any, shared_tmp: Path) -> None:
    folder = start(comm, shared_tmp / "new", resume=True)
    assert not folder.resuming
    folder.close("done")


def test_a_changed_scenario_is_not_resumed(comm: Any, shared_tmp: Path) -> None:
    out = shared_tmp / "run"
    start(comm, out).close("done")
    changed = "name: a\ntime: {end: 20.0, step: 0.1}\nmodel: {cells: {}}\n"
    error = refuse(comm, out, "other-run", str(out), "use --overwrite or another --out", text=changed, resume=True)
    assert error.details == (
        "  time.end: was 10.0, is 20.0",
        "  model.cells.tumour.motility: was 0.001, is not there",
        "  time.step: was not there, is 0.1",
        "  model.cells: was not there, is {}",
    )
    assert (out / "resolved.yaml").read_text(encoding="utf-8") == TEXT


@pytest.mark.parametrize("name", ["STATUS", "resolved.yaml"])
@pytest.mark.parametrize("content", [b"\xff\xfe\0", b"", b"\0" * 5000, None])
def test_damaged_texts_of_a_folder(comm: Any, shared_tmp: Path, caplog: pytest.LogCaptureFixture, name: str, content: bytes | None) -> None:
    """STATUS is written anew; without resolved.yaml it is not known what ran, and the run is replaced; a folder in their place is left."""
    out = shared_tmp / "run"
    start(comm, out).close("done")
    if content is None:
        (out / name).unlink()
        (out / name).mkdir()
    else:
        (out / name).write_bytes(content)
    if name == "resolved.yaml" or content is None:
        with pytest.raises(InvasioError) as caught:
            start(comm, out, resume=True)
        assert caught.value.exit_code in (2, 3) and caught.value.code in ("other-run", "unreadable-file", "cannot-write")
    else:
        folder = start(comm, out, resume=True)
        assert folder.resuming and ("STATUS" in caplog.text) == (content == b"\xff\xfe\0")
        folder.close("done")
    if content is None:
        refuse(comm, out, "cannot-write", str(out / name), "choose another --out, or make room", overwrite=True)
        return
    folder = start(comm, out, overwrite=True)
    assert not folder.resuming and folder.previous_status == ""
    folder.close("done")
    assert (out / "STATUS").read_text(encoding="utf-8") == "done\n"


def test_other_files_are_never_touched(comm: Any, shared_tmp: Path) -> None:
    (shared_tmp / "thesis.tex").write_text("x", encoding="utf-8")
    for overwrite in (False, True):
        remedy = "choose a new folder with --out"
        refuse(comm, shared_tmp, "other-files", str(shared_tmp), remedy, ("(thesis.tex)",), overwrite=overwrite)
    assert os.listdir(shared_tmp) == ["thesis.tex"]


def test_a_folder_in_use_is_refused(comm: Any, shared_tmp: Path) -> None:
    out = shared_tmp / "run"
    first = start(comm, out)
    says = (f"(process {os.environ.get('INVASIO_PROCESS') or os.getpid()} on ",)
    refuse(comm, out, "folder-in-use", str(out), "wait for it or choose another --out", says, resume=True)
    first.close("done")
    start(comm, out, resume=True).close("done")


def test_words_that_exclude_each_other(comm: Any, shared_tmp: Path) -> None:
    refuse(comm, shared_tmp, "wrong-arguments", "--resume, --overwrite", "give one of them", resume=True, overwrite=True)
    refuse(comm, None, "wrong-arguments", "--overwrite", "give --out DIR", overwrite=True)
    (shared_tmp / "file").write_text("x", encoding="utf-8")
    refuse(comm, shared_tmp / "file", "not-a-folder", f"--out {shared_tmp / 'file'}", "choose another --out")


def test_differences_are_counted_when_there_are_many() -> None:
    before = "".join(f"a{i}: 1\n" for i in range(25))
    lines = differences(before, before.replace("1\n", "2\n"))
    assert len(lines) == 21 and lines[-1].startswith("  and ")
    assert differences(before, before) == []
    assert differences("list: [{a: 1}, {a: 2}]", "list: [{a: 1}, {a: 3}]") == ["  list[1].a: was 2, is 3"]


def test_the_process_is_named_as_the_user_sees_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a process namespace the number of the command that was started, elsewhere the process's own."""
    from mpi4py import MPI

    for number, name in ((str(os.getpid()), None), ("4711", "4711")):
        monkeypatch.delenv("INVASIO_PROCESS", raising=False)
        if name:
            monkeypatch.setenv("INVASIO_PROCESS", name)
        folder = RunFolder.open(tmp_path / number, None, "a", "name: a\n", False, False, MPI.COMM_SELF)
        with refused("folder-in-use", str(tmp_path / number), "another --out", says=[f"(process {number} on "]):
            RunFolder.open(tmp_path / number, None, "a", "name: a\n", True, False, MPI.COMM_SELF)
        folder.close("done")


def test_an_option_that_an_earlier_version_did_not_know_is_no_difference_while_it_is_empty() -> None:
    """A run of before is resumed although its resolved.yaml lacks what is empty by default; what was taken out, or given, differs."""
    assert differences("a: 1\n", "a: 1\nfields: {}\noutput: {parts: []}\n") == []
    assert differences("a: 1\nfields: {f: 2}\n", "a: 1\nfields: {}\n")
    assert differences("a: 1\n", "a: 1\nfields: {f: 2}\n")
    # a default that is not written any more
    given = "numerics: {linear: {rtol: 1.0e-9, solver: auto}}\n"
    assert differences(given.replace("9", "8"), "numerics: {linear: {solver: auto}}\n") == []
    assert differences(given, "numerics: {linear: {solver: auto}}\n") == ["  numerics.linear.rtol: was 1e-09, is not there"]
    assert differences("numerics: {linear: {solver: auto}}\n", given)


def test_an_option_that_an_earlier_version_did_not_know_is_no_difference_at_its_default(tmp_path: Path) -> None:
    """Whatever its default is, and in whatever list it is; given otherwise, or at its default where it was not before, it differs."""
    path = tmp_path / "a.yaml"
    path.write_text(
        "name: a\nmesh: {kind: rectangle, cells: [2, 2], regions: {r: {kind: rectangle, from: [0, 0], to: [1, .5]}}}\n"
        "species: {c: {initial: 1}}\ntime: {end: 1, step: 1}\nexpect: [{what: series, of: c.total, at: 1, value: 1, tolerance: 1}]\n",
        encoding="utf-8",
    )
    scenario = load(path)
    now, new = dump_resolved(scenario), usual(scenario)
    before = "".join(line + "\n" for line in now.splitlines() if "outlines:" not in line and "diagonal:" not in line)
    assert before != now and not differences(before, now, usual=new)
    fitted = dump_resolved(load(path, ["mesh.outlines=fitted"]))
    assert differences(before, fitted, usual=new - {"mesh.outlines"}) == ["  mesh.outlines: was not there, is fitted"]
    assert differences(fitted, now, usual=new) == ["  mesh.outlines: was fitted, is stepped"]
    assert "mesh.cells" not in new and "expect[0].of" not in new and "expect[0].at" not in new


@pytest.mark.parametrize(("image", "goes_on"), [("skimage:immunohistochemistry", True), ("skimage:cells3d", False)])
def test_how_surfaces_of_volumes_are_made_is_nothing_to_a_picture(image: str, goes_on: bool) -> None:
    """A run of 0.1.0 on a picture has the default of then in its resolved.yaml."""
    mesh = {"kind": "image", "image": image, "regions": {"a": {"label": 1}, "b": "rest"}}
    scenario = Scenario.model_validate({"mesh": mesh, "time": {"end": 1}})
    assert free(scenario, False) == (("mesh.surfaces",) if goes_on else ())
    assert free(scenario, True)[:3] == PROLONGED


def test_a_run_that_lacks_only_what_was_not_known_then_is_not_taken_for_one_with_another_end(tmp_path: Path, comm: Any) -> None:
    RunFolder.open(tmp_path / "a", None, "a", "a: 1\n", False, False, comm).close("done")
    for resolved, earlier in (("a: 1\nfields: {}\n", ""), ("a: 2\n", "a: 1\n")):
        folder = RunFolder.open(tmp_path / "a", None, "a", resolved, True, False, comm, ("a",))
        assert folder.earlier == earlier
        folder.close("done")
