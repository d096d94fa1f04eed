"""How Sphinx builds the pages; `invasio docs` calls it, with warnings as errors."""

from __future__ import annotations

import re
import runpy
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))
project = "invasio"
author = "the invasio authors"
version = release = runpy.run_path(str(ROOT / "src" / "invasio" / "_version.py"))["find"](ROOT).partition("+")[0]
extensions = ["myst_parser", "sphinx.ext.autodoc"]
autodoc_mock_imports = [name for name in ("dolfinx", "gmsh", "mpi4py", "numba", "petsc4py") if find_spec(name) is None]
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
add_module_names = False
toc_object_entries_show_parents = "hide"
source_suffix = {".md": "markdown"}
exclude_patterns = ["README.md"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4
highlight_language = "none"
html_theme = "furo"
html_title = f"invasio {release}"
html_show_sourcelink = False
html_show_copyright = False

ABOVE = {"overview": "README", "contributing": "CONTRIBUTING", "changelog": "CHANGELOG"}  # pages, of files above this folder


def _as_pages(app: object, name: str, source: list[str]) -> None:
    """Anchors and links to files above this folder are written as GitHub shows them; Sphinx has its own for both."""
    text = source[0]
    if name in ABOVE:
        text = (ROOT / f"{ABOVE[name]}.md").read_text(encoding="utf-8").replace("](docs/", "](")
    if name == "decisions/README":
        text += "\n```{toctree}\n:hidden:\n:glob:\n\n[a-z]*\n```\n"
    for page, file in ABOVE.items():
        text = re.sub(rf"\]\((?:\.\./)*{file}\.md", f"](/{page}.md", text)
    text = re.sub(r"\[([^\]]+)\]\((?:\.\./)+([\w./-]+)\)", _beside, text)
    source[0] = re.sub(r'<a id="([\w./-]+)"></a>', r"(\1)=\n", text)


def _beside(found: re.Match[str]) -> str:
    """A link to a file of the repository that is no page: its text, with where the file is."""
    return f"{found[1]} (`{found[2]}`)" if (ROOT / found[2]).exists() else found[0]


SECTIONS = {"Args:": "Parameters", "Attributes:": "Attributes", "Raises:": "Raises", "Returns:": "Returns"}


def _sections(app: object, what: str, name: str, thing: object, options: object, lines: list[str]) -> None:
    """Sections of docstrings become lists: `Args:` with `name: meaning` in lines that are indented, and go on in lines that are more so."""
    found: list[str] = []
    inside = False
    for line in lines:
        inside = line in SECTIONS or (inside and (line.startswith(" ") or not line))
        if line in SECTIONS:
            found += ["", f"**{SECTIONS[line]}**", ""]
        elif inside and line and not line.startswith(" " * 5):
            key, colon, rest = line.strip().partition(": ")
            found.append(f"* ``{key}``: {rest}" if colon else f"* {key}")
        elif inside and line:
            found.append(f"  {line.strip()}")
        else:
            found.append(line)
    lines[:] = found


def setup(app: object) -> None:
    """What Sphinx calls."""
    app.connect("source-read", _as_pages)  # type: ignore[attr-defined]
    app.connect("autodoc-process-docstring", _sections)  # type: ignore[attr-defined]
