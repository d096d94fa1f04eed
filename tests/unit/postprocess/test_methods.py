"""The paragraph of methods says what the run did; the literature is BibTeX that can be parsed back."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from invasio.postprocess.methods import bibtex, paragraph
from invasio.postprocess.run import open_run
from tests.unit.postprocess.folders import make
from tests.unit.postprocess.test_figures import SCENARIO, TIMES, state

CITED = [
    "Anderson, Chaplain 2000, J. Theor. Med. 2:129-154, doi:10.1080/10273660008833042",
    "Anderson 2000, Math. & Med. 17:1-2",
    "model: Someone et al. 2011, with 50 % of the rates\n",
]


def test_the_paragraph_and_its_literature(comm: Any, shared_tmp: Path) -> None:
    stated = SCENARIO + "numerics: {flux: scharfetter_gummel, scheme: backward_euler}\ntime: {end: 8, step: 0.5}\n"
    run = open_run(make(shared_tmp / "run", comm, 2, 8, TIMES, state, stated))
    manifest = {"cite": CITED}
    (run.path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    said = paragraph(run)
    for words in ("81 nodes", "128 triangles", "2 dimensions", "The densities of tumour, with ecm and mmp", "backward Euler"):
        assert words in said, (words, said)
    assert "8 steps of equal length led to t = 48 h" in said and "Xu and Zikatanov 1999" in said and "TR-BDF2" not in said
    entries = {m[2]: (m[1], m[3]) for m in re.finditer(r"@(\w+)\{(\w+),\n(.*?)\n\}", bibtex(run), re.DOTALL)}
    assert list(entries) == ["anderson2000", "anderson2000b", "someone2011", "xu1999", "kuzmin2009", "invasio"]
    kind, fields = entries["anderson2000"]
    values = dict(re.findall(r"  (\w+) = \{(.*)\}", fields))
    assert (kind, values) == (
        "article",
        {
            "author": "Anderson and Chaplain",
            "year": "2000",
            "journal": "J. Theor. Med.",
            "volume": "2",
            "pages": "129--154",
            "doi": "10.1080/10273660008833042",
        },
    )
    assert "Math. \\& Med." in entries["anderson2000b"][1] and "50 \\% of" in entries["someone2011"][1]
