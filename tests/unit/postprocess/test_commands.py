"""The commands on run folders: what they write, what they refuse, what they import."""

from __future__ import annotations

import csv
import importlib.util
import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pytest

from invasio.postprocess import movie
from invasio.postprocess.fronts import fit, front, sentence
from invasio.postprocess.run import open_run
from invasio.solver.cli import main
from tests.lib.messages import printed
from tests.unit.output.synthetic import cells_at, ecm_at
from tests.unit.postprocess.folders import make

SCENARIO = """name: a
title: A front & its <trail>
scales: {length: 200 um, time: 6 h}
mesh: {kind: rectangle, cells: [20, 20]}
model:
  cells: {tumour: {initial: "exp(-x^2)", motility: 0.01, haptotaxis: {ecm: 0.1}}}
  ecm: {initial: 1, degraded_by: {mmp: 10}}
  solubles: {mmp: {diffusion: 0.01}}
time: {end: 4}
"""
TIMES = [0.0, 1.0, 2.0, 3.0, 4.0]


def state(points: np.ndarray, time: float) -> dict[str, np.ndarray]:
    return {"mmp": 0.5 * cells_at(points, time), "ecm": ecm_at(points, time), "tumour": cells_at(points, time)}


@pytest.fixture(params=[1, 2, 3])
def folder(request: pytest.FixtureRequest, comm: Any, shared_tmp: Path) -> Path:
    return make(shared_tmp / "run", comm, request.param, {1: 40, 2: 12, 3: 4}[request.param], TIMES, state, SCENARIO)


@pytest.fixture
def square(comm: Any, shared_tmp: Path) -> Path:
    return make(shared_tmp / "run", comm, 2, 12, TIMES, state, SCENARIO)


def drawn(path: Path) -> np.ndarray:
    """The picture, which is neither blank nor black."""
    picture = matplotlib.image.imread(path)[..., :3]
    assert min(picture.shape[:2]) > 300 and len(np.unique(picture.reshape(-1, 3), axis=0)) > 50
    return picture


LEVEL = ["--front", "--level", "0.5", "--fit", "1:"]
PLOTS = [
    [],
    ["--along", "x", "--field", "tumour,ecm", "--times", "0,2"],
    ["--kymograph"],
    ["--front"],
    LEVEL,
    ["--series", "tumour.total,dt"],
]


@pytest.mark.parametrize("options", PLOTS, ids=" ".join)
def test_plots_of_one_run_and_of_two(folder: Path, options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    out = folder.parent / "plot.png"
    assert main(["plot", str(folder), *options, "-o", str(out)]) == 0
    one, said = drawn(out), capsys.readouterr().out.splitlines()
    assert said[-1] == str(out)
    run = open_run(folder)
    if options == LEVEL:
        line = fit(front(run, level=0.5), 6.0)
        assert said[0] == sentence(front(run, level=0.5), line) and line.speed == pytest.approx(20 / 6, rel=0.5 if run.dim == 3 else 0.05)
    if run.dim == 2:
        other = shutil.copytree(folder, folder.parent / "other")
        assert main(["plot", str(folder), str(other), *options, "-o", str(out)]) == 0
        two = drawn(out)
        assert two.shape != one.shape or (two != one).any()


def test_a_body_in_3d_at_two_times(comm: Any, shared_tmp: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A panel per output above, cut open below; the front has moved to the right, so the second body is larger."""
    cube, out = make(shared_tmp / "run", comm, 3, 6, TIMES, state, SCENARIO), shared_tmp / "body.png"
    common = ["plot", str(cube), "--surface", "--times", "0,4", "--level", "0.5", "--width", "90"]
    assert main([*common, "-o", str(out)]) == 0
    assert capsys.readouterr().out == f"{out}\n"
    picture = drawn(out)
    assert abs(picture.shape[1] - 90 / 25.4 * 300) <= 1
    upper = np.ptp(picture[: picture.shape[0] // 2, : int(0.78 * picture.shape[1])], axis=2) > 0.2
    half = upper.shape[1] // 2
    assert upper[:, half:].sum() > 1.3 * upper[:, :half].sum() > 1000
    assert main([*common, "--cut", "none", "-o", str(out)]) == 0
    assert drawn(out).shape[0] < 0.65 * picture.shape[0]
    assert main([*common, "--view", "20,95"]) == 2 and "--view" in capsys.readouterr().err
    assert main(["plot", str(cube), "--view", "20,30"]) == 2 and "--surface" in capsys.readouterr().err


def test_a_body_that_turns(comm: Any, shared_tmp: Path, square: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Frames go through a turn while the outputs go by; at a fixed time only the turn is left."""
    from PIL import Image

    cube, out = make(shared_tmp / "cube", comm, 3, 4, [0.0, 4.0], state, SCENARIO), shared_tmp / "orbit.gif"

    def frames(*options: str) -> list[np.ndarray]:
        assert main(["movie", str(cube), "--orbit", "--frames", "3", "-o", str(out), *options]) == 0
        assert capsys.readouterr().out == f"{out} (3 frames)\n"
        with Image.open(out) as movie:
            assert movie.n_frames == 3
            return [np.asarray(movie.convert("RGB")) for k in range(3) if movie.seek(k) is None]

    moving, still = frames(), frames("--time", "4")
    tinted = [[int((np.ptp(frame, axis=2) > 60).sum()) for frame in each] for each in (moving, still)]
    assert 0 < tinted[0][0] < 0.9 * tinted[0][2] and min(tinted[1]) > 0.5 * max(tinted[1])
    assert all((a != b).any() for a, b in pairwise(still)) and (moving[2] == still[2]).all()
    for wrong, place in ((["--orbit", str(square)], "--orbit"), (["--time", "4", str(cube)], "--frames, --time")):
        assert main(["movie", *wrong]) == 2 and place in capsys.readouterr().err


def test_formats_and_the_default_name(square: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plot", str(square), "--front"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == str(square / "figures" / "plot-front.png")
    for ending, start in ((".pdf", b"%PDF"), (".svg", b"<?xml")):
        assert main(["plot", str(square), "-o", str(square / f"x{ending}")]) == 0
        assert (square / f"x{ending}").read_bytes().startswith(start)


def test_the_table_wide_and_tidy(square: Path, capsys: pytest.CaptureFixture[str]) -> None:
    series = open_run(square).series
    assert main(["table", str(square)]) == 0
    assert capsys.readouterr().out == (square / "series.csv").read_text()
    assert main(["table", str(square), "--columns", "step,tumour.total"]) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert list(rows[0]) == ["time", "step", "tumour.total"] and [r["step"] for r in rows] == ["0", "1", "2", "3", "4"]
    assert [float(r["tumour.total"]) for r in rows] == series["tumour.total"].tolist()
    assert main(["table", str(square), "--tidy", "-o", str(square / "tidy.csv")]) == 0
    rows = list(csv.DictReader((square / "tidy.csv").open()))
    assert len(rows) == 5 * (len(series) - 1)
    assert {r["region"] for r in rows if r["species"] == "tumour" and r["observable"] == "in"} == {"left", "right"}
    found = [float(r["value"]) for r in rows if (r["species"], r["observable"]) == ("tumour", "front.xmax")]
    assert found == series["tumour.front.xmax"].tolist()


def test_netcdf_where_xarray_is_there(square: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["table", str(square), "-o", str(square / "run.nc")])
    if importlib.util.find_spec("xarray") is None:
        assert code == 1
        printed(capsys.readouterr().err, "missing-package", "NetCDF", "pip install xarray scipy", ("xarray",))
    else:
        import xarray

        data = xarray.open_dataset(square / "run.nc", engine="scipy")
        np.testing.assert_array_equal(data.tumour.sel(time=3.0), open_run(square).field("tumour", 3.0))


def test_movies(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["movie", str(folder), "-o", str(folder / "m.gif")]) == 0
    assert capsys.readouterr().out == f"{folder / 'm.gif'} (5 frames)\n" and (folder / "m.gif").read_bytes()[:3] == b"GIF"
    if shutil.which("ffmpeg"):
        assert main(["movie", str(folder), "--field", "ecm", "--rate", "4"]) == 0
        made = folder / "figures" / "ecm.mp4"
        probe = [
            "ffprobe",
            "-v",
            "error",
            "-count_frames",
            "-show_entries",
            "stream=codec_name,nb_read_frames,avg_frame_rate",
            "-of",
            "json",
        ]
        stream = json.loads(subprocess.run([*probe, str(made)], capture_output=True, text=True, check=True).stdout)["streams"][0]
        assert (stream["codec_name"], stream["nb_read_frames"], stream["avg_frame_rate"]) == ("h264", "5", "4/1")
    monkeypatch.setattr(movie.shutil, "which", lambda name: None)
    assert main(["movie", str(folder)]) == 1
    printed(capsys.readouterr().err, "missing-package", remedy="on Debian: apt install ffmpeg;", says=("ffmpeg", ".gif needs none"))


class Page(HTMLParser):
    """Collects what a page refers to, its headings, and whether every element is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.headings: list[str] = []
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for key, value in attrs if key in ("src", "href", "data", "srcset", "action")]
        if tag not in ("meta", "link", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.open and self.open[-1] == "h2":
            self.headings.append(data)


def test_the_report_holds_everything_itself(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "resolved.yaml").write_text(SCENARIO + "expect: [{at: 4, what: maximum, of: ecm, value: 1, tolerance: 0.01}]\n")
    part = {"start": "2026-01-01T00:00:00+00:00", "stop": "2026-01-01T00:00:20+00:00", "ranks": 2, "last_output_step": 4}
    (folder / "manifest.json").write_text(json.dumps({"cite": ["Somebody 2000"], "segments": [part]}))
    assert main(["report", str(folder)]) == 0
    assert capsys.readouterr().out == f"{folder / 'report.html'}\n"
    text = (folder / "report.html").read_text()
    page = Page()
    page.feed(text)
    assert page.open == []
    assert all(link.startswith(("data:", "#")) for link in page.links) and not re.search(r"@import|url\(", text)
    assert sum(link.startswith("data:image/png;base64,") for link in page.links) >= (2 if open_run(folder).dim == 1 else 3)
    assert page.headings == ["Pictures", "Front and amounts", "Ledger", "Expected numbers", "Equations", "Methods", "Timings", "Provenance"]
    assert "A front & its <trail>" in page.text and "∂n/∂t = ∇·(d_n ∇n) − ∇·(γ n ∇f)" in page.text
    assert "20 s on 2 ranks" in page.text and "Somebody 2000" in page.text and "met" in page.text and "haptotaxis: {ecm: 0.1}" in page.text


def test_a_model_that_cannot_be_written_out_costs_one_section_only(square: Path) -> None:
    (square / "resolved.yaml").write_text("name: a\nmodel: {cells: {tumour: {speed: 3}}}\n")
    assert main(["report", str(square)]) == 0
    text = (square / "report.html").read_text()
    assert "The model cannot be written out here" in text and "resolved.yaml:2" in text and "Provenance" in text


@pytest.mark.parametrize("command", ["report", "plot", "movie", "table", "paraview"])
def test_what_is_no_run(command: str, comm: Any, shared_tmp: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shared_tmp / "empty").mkdir()
    assert main([command, str(shared_tmp / "empty")]) == 3
    printed(capsys.readouterr().err, "no-run", f"{shared_tmp / 'empty'}: ", "check the name", ("fields.vtkhdf nor resolved.yaml",))
    (shared_tmp / "empty" / "resolved.yaml").write_text("name: a\n")
    assert main([command, str(shared_tmp / "empty")]) == 3
    printed(capsys.readouterr().err, "no-output", f"{shared_tmp / 'empty'}: ", "wait for", ("fields.vtkhdf",))


@pytest.mark.parametrize("command", ["report", "plot", "movie", "table", "paraview", "cascade", "status", "retry"])
def test_a_scenario_is_no_run(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.yaml").write_text("name: mine\n")
    assert main([command, str(tmp_path / "mine.yaml")]) in (2, 3)
    said = capsys.readouterr().err
    assert f"; this is a scenario: name the folder of its run, which `invasio run {tmp_path / 'mine.yaml'}` makes [" in said


@pytest.mark.parametrize(
    ("words", "code", "place", "remedy", "says"),
    [
        (["plot", "RUN", "--field", "tumor"], "no-field", "RUN: ", "did you mean 'tumour'? there are: ecm, mmp, tumour [", ("'tumor'",)),
        (["plot", "RUN", "--times", "1.5"], "no-time", "RUN: ", "nearest: 1 [", ("t = 1.5",)),
        (["plot", "RUN", "--series", "tumour.totl"], "no-column", "RUN: ", "'tumour.total'? there are: step, dt, ", ("'tumour.totl'",)),
        (["plot", "RUN", "-o", "x.jpeg"], "unknown-format", "x.jpeg: ", "must end in .png, .pdf or .svg [", ("'.jpeg'",)),
        (["plot", "RUN", "--fit", "1:2"], "wrong-arguments", "--fit, --level: ", "--front", ()),
        (["plot", "RUN", "--front", "--fit", "1"], "wrong-arguments", "--fit 1: ", "such as 10:20 (one of them may be left out) [", ()),
        (["plot", "RUN", "--kymograph", "--times", "1"], "wrong-arguments", "--times: ", "leave it out", ("profiles and maps",)),
        (["plot", "RUN", "--surface"], "wrong-dimension", "--surface: ", "name one run in 3-D", ("RUN is a run in 2-D",)),
        (["table", "RUN", "--columns", "tme"], "no-column", "RUN: ", "there are: ", ("'tme'",)),
        (["table", "RUN", "-o", "x.nc", "--tidy"], "wrong-arguments", "--tidy, --columns, --units, --v", "leave them out", ("CSV",)),
        (["table", "RUN", "--units"], "no-units", "RUN: ", "leave --units out", ("version 0.1.0",)),
        (["table", "RUN", "--units", "--tidy"], "wrong-arguments", "--units: ", "leave one out", ("--tidy",)),
        (["movie", "RUN", "--field", "ECM"], "no-field", "RUN: ", "there are: ecm, mmp, tumour [", ("'ECM'",)),
        (["movie", "RUN", "--rate", "0"], "out-of-bounds", "frames per second: ", "greater than 0", ("(given 0)",)),
        (["movie", "RUN", "-o", "x.avi"], "unknown-format", "x.avi: ", "must end in .mp4 or .gif [", ("'.avi'",)),
        (["paraview", "RUN", "--times", "0.5"], "no-time", "RUN: ", "nearest: 0 [", ("t = 0.5",)),
        (["report", "RUN", "-o", "x.pdf"], "unknown-format", "x.pdf: ", "must end in .html or .htm [", ("'.pdf'",)),
    ],
)  # fmt: skip
def test_requests_that_make_no_sense(
    words: list[str], code: str, place: str, remedy: str, says: tuple[str, ...], square: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([word.replace("RUN", str(square)) for word in words]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    printed(said, code, place.replace("RUN", str(square)), remedy, [text.replace("RUN", str(square)) for text in says])


def test_the_commands_start_without_fenics(square: Path) -> None:
    code = "import sys; from invasio.solver.cli import main; main(sys.argv[1:]); "
    code += "print(sorted({m.partition('.')[0] for m in sys.modules}), file=sys.stderr)"
    for words in (
        ["table", str(square)],
        ["plot", str(square), "-o", str(square / "x.png")],
        ["report", str(square)],
        ["compare", str(square), str(square)],
    ):
        done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
        assert not {"dolfinx", "petsc4py", "basix", "ufl", "gmsh", "numba"} & set(re.findall(r"'(\w+)'", done.stderr.splitlines()[-1]))
    for command in ("table", "plot", "report", "compare", "movie", "paraview"):
        done = subprocess.run(
            [sys.executable, "-X", "importtime", "-m", "invasio.solver.cli", command, "--help"], capture_output=True, text=True, check=True
        )
        assert "numpy" not in done.stderr and "matplotlib" not in done.stderr
