"""The documents as pages to browse, by Sphinx."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

from invasio.solver import extras
from invasio.solver.errors import InvasioError

DOCUMENTS = Path(__file__).resolve().parents[1] / "docs"


class PagesError(InvasioError):
    """The documents cannot be built into pages."""


def build(out: Path) -> Path:
    """Build all pages and return the first one.

    Raises PackageError where Sphinx cannot be had, PagesError where the documents are not there or have faults; each is named.
    """
    if not (DOCUMENTS / "conf.py").is_file():
        what = "the documents are not part of what was installed"
        raise PagesError(what, code="no-documents", place=str(DOCUMENTS), remedy="take a clone of the repository")
    extras.need("sphinx")
    from sphinx.cmd.build import build_main

    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        code = build_main(["-q", "-E", "-W", "--keep-going", "-b", "html", str(DOCUMENTS), str(out)])
    if code:
        faults = [line.replace(f"{DOCUMENTS}/", "") for line in said.getvalue().splitlines() if line.strip()]
        raise PagesError("the documents have faults", code="faulty-documents", place=str(DOCUMENTS), remedy="mend them", details=faults)
    return out / "index.html"
