"""The gallery page: what is on it, that finished runs are used again, and that its pictures are small."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from invasio.hpc.ranks import is_rank
from invasio.postprocess.expect import Result
from invasio.postprocess.gallery import LARGEST, Entry, _table, shrink, write_gallery
from invasio.solver.cli import main
from invasio.solver.output.layout import FIELDS, RESOLVED
from tests.lib.comm import Comm
from tests.lib.messages import printed

NAME = "verification/ecm_decay"


def gallery(path: Path, *words: str) -> int:
    """The command with its folders in a temporary place."""
    return main(["gallery", NAME, "--out", str(path / "docs"), "--runs", str(path / "runs"), *words])


def test_page_of_a_scenario(comm: Comm, shared_tmp: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Title, picture, command and every expected number are there; the second time nothing is run."""
    assert gallery(shared_tmp) == 0
    page = (shared_tmp / "docs" / "gallery.md").read_text(encoding="utf-8")
    for text in ("## Degradation of ECM", "](gallery/verification-ecm_decay.png)", f"./invasio run scenarios/{NAME}.yaml", "200 steps"):
        assert text in page
    assert page.count("closed form |") == 4 and "missed" not in page
    picture = shared_tmp / "docs" / "gallery" / "verification-ecm_decay.png"
    with Image.open(picture) as image:
        assert image.width > 800
    fields = shared_tmp / "runs" / "verification-ecm_decay" / FIELDS
    before = fields.stat().st_mtime_ns
    path = shared_tmp / "docs" / "gallery.md"
    head, own = page.index("- ["), page.index('<a id="')
    gone, other = '<a id="verification-none"></a>\n## None\n\n', '<a id="verification-dosing"></a>\n## Doses\n\nkept\n\n'
    path.write_text(page[:own] + gone + other + page[own:], encoding="utf-8")  # as a page of more scenarios
    assert gallery(shared_tmp) == 0
    assert fields.stat().st_mtime_ns == before
    assert path.read_text(encoding="utf-8") == page[:head] + "- [Doses](#verification-dosing)\n" + page[head:own] + other + page[own:]
    resolved = fields.with_name(RESOLVED)  # a run of another scenario is not used
    resolved.write_text(resolved.read_text(encoding="utf-8").replace("value: 0.1", "value: 0.2"), encoding="utf-8")
    assert gallery(shared_tmp) == 0
    assert fields.stat().st_mtime_ns > before


@pytest.mark.skipif(is_rank(), reason="starts programs of its own")
def test_sweeps_have_a_picture_of_their_own(tmp_path: Path) -> None:
    """Members run beside the scenario, in its own unit on the axis, and are used again; the command that makes them is told."""
    words = ["gallery", "sweeps/timp2", "--out", str(tmp_path / "docs"), "--runs", str(tmp_path / "runs")]
    assert main(words) == 0
    page = (tmp_path / "docs" / "gallery.md").read_text(encoding="utf-8")
    assert "](gallery/sweeps-timp2-sweep.png)\n\n    ./invasio sweep scenarios/sweeps/timp2.yaml\n" in page
    with Image.open(tmp_path / "docs" / "gallery" / "sweeps-timp2-sweep.png") as image:
        assert image.width > 800
    series = tmp_path / "runs" / "sweeps-timp2-sweep" / "run-008" / "series.csv"
    before = series.stat().st_mtime_ns
    assert main(words) == 0 and series.stat().st_mtime_ns == before


def test_missed_numbers_are_shown(comm: Comm, shared_tmp: Path) -> None:
    """A number that is not met is marked, and counted."""
    assert gallery(shared_tmp) == 0
    run = shared_tmp / "runs" / "verification-ecm_decay"
    text = (run / RESOLVED).read_text(encoding="utf-8")
    assert "0.13397766" in text
    (run / RESOLVED).write_text(text.replace("0.13397766", "0.14"), encoding="utf-8")
    page, missed = write_gallery([Entry(NAME, run)], shared_tmp / "other")
    assert missed == 1
    assert "**0.133977, missed**" in page.read_text(encoding="utf-8")


def test_unknown_names(capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown scenario ends with exit code 2 and what was meant."""
    assert main(["gallery", "verification/ecm_decai"]) == 2
    printed(capsys.readouterr().err, "no-scenario", remedy="did you mean 'verification/ecm_decay'", says=("'verification/ecm_decai'",))


def test_pictures_become_small(tmp_path: Path) -> None:
    """A small picture stays as it is; a large one, here noise on white, fits in the limit, and its ground stays white."""
    rng = np.random.default_rng(3)
    ground = rng.integers(245, 255, (1000, 1000, 3), dtype=np.uint8)  # white is not among the colours that are taken
    ground[:300] = 255
    Image.fromarray(ground).save(tmp_path / "ground.png")
    shrink(tmp_path / "ground.png", tmp_path / "copy-ground.png", 100_000)
    with Image.open(tmp_path / "copy-ground.png") as opened:
        copy = np.asarray(opened.convert("RGB"))
    assert (copy[: len(copy) // 4] == 255).all() and (copy[len(copy) // 2 :] < 255).any()
    for pixels, name in ((40, "small.png"), (1500, "large.png")):
        noise = rng.integers(0, 256, (pixels, pixels, 3), dtype=np.uint8)
        noise[:, : pixels // 10] = 255
        Image.fromarray(noise).save(tmp_path / name)
        shrink(tmp_path / name, tmp_path / f"copy-{name}")
    assert (tmp_path / "copy-small.png").read_bytes() == (tmp_path / "small.png").read_bytes()
    assert (tmp_path / "large.png").stat().st_size > LARGEST >= (tmp_path / "copy-large.png").stat().st_size
    with Image.open(tmp_path / "copy-large.png") as small:
        assert small.convert("RGB").getpixel((2, small.height // 2)) == (255, 255, 255)


def test_numbers_are_shown_in_their_units() -> None:
    """Cells as cells and not in the scenario's scales, in which results are measured; times in the head."""
    item = {"at": 48.0, "what": "integral", "of": "tumour", "value": 2.0, "relative": 0.01, "source": "by hand"}
    good, bad = (Result(item, measured, passed, unit="cells", factor=1000.0) for measured, passed in ((2.001, True), (3.0, False)))
    head, _, *rows, _ = _table([good, bad], "h")
    assert head.startswith("| t (h) | quantity |")
    assert rows[0] == "| 48 | integral of tumour (cells) | 2000 | 2001 | 2.0e+01 | by hand |"
    assert "| **3000, missed** |" in rows[1]
    assert _table([good], "1")[0].startswith("| t | quantity |")
