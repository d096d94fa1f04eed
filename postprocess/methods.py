"""A paragraph on how a run was computed, to be pasted into a paper, and what it cites as BibTeX."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from .style import cells_of, kinds
from .times import time_scale
from .units import scale

if TYPE_CHECKING:
    from .run import Run

_SIMPLICES = ("points", "intervals", "triangles", "tetrahedra")
_SCHEMES = {
    "tr_bdf2": "by TR-BDF2 (Bank et al. 1985), which is L-stable and of second order, with symmetric splitting from what does not move",
    "backward_euler": "by the backward Euler method, with symmetric splitting from what does not move",
}
_FLUXES = {"central": "central fluxes", "scharfetter_gummel": "exponentially fitted fluxes (Xu and Zikatanov 1999)"}
NUMERICS = {  # what the paragraph cites of the numerics, as it is cited
    "Bank et al. 1985": "Bank, Coughran, Fichtner, Grosse, Rose, Smith 1985, IEEE Trans. Electron Devices 32:1992-2007, "
    "doi:10.1109/T-ED.1985.22232",
    "Xu and Zikatanov 1999": "Xu, Zikatanov 1999, Math. Comput. 68:1429-1446, doi:10.1090/S0025-5718-99-01148-5",
    "Kuzmin 2009": "Kuzmin 2009, J. Comput. Phys. 228:2517-2534, doi:10.1016/j.jcp.2008.12.011",
}
_CITED = re.compile(
    r"(?P<authors>[^\d:;]+?) (?P<year>(?:19|20)\d\d), (?P<journal>[^\d]+?) (?P<volume>\d+)(?:\([^)]*\))?:(?P<pages>[\w.-]+)(?P<rest>.*)"
)
_DOI = re.compile(r"doi:(10\.\S+?)(?=[,;.]?(?:\s|$))")


def paragraph(run: Run) -> str:
    """What was solved, on which mesh, by which scheme and software, and how well amounts were kept."""
    part = (run.manifest.get("segments") or [{}])[-1]
    stated, versions = run.scenario, part.get("versions") or {}
    numerics, time = stated.get("numerics") or {}, stated.get("time") or {}
    names = kinds(run)
    cells = cells_of(run)
    others = [name for name in names if name not in cells]
    said = [f"The densities of {_listed(cells or list(names))}" + (f", with {_listed(others)}," if cells and others else "") + _obey(run)]
    said.append(
        f"It was solved with invasio {versions.get('invasio', '')} in {run.dim} dimension{'s' if run.dim > 1 else ''} by linear finite "
        f"elements with lumped mass on {len(run.cells):,} {_SIMPLICES[run.dim]} ({len(run.points):,} nodes, {_edges(run)}), written as "
        f"conservative fluxes along edges ({_FLUXES.get(str(numerics.get('flux')), str(numerics.get('flux')))})"
        + (", limited such that densities stay non-negative (Kuzmin 2009)." if numerics.get("limiter", "positivity") != "none" else ".")
    )
    scheme = str(numerics.get("scheme", "tr_bdf2"))
    said.append(f"In time it was integrated {_SCHEMES.get(scheme, 'by ' + scheme)}; {_steps(run, time)}.")
    said.append(_kept(run))
    software = [f"{shown} {versions[name]}" for name, shown in (("dolfinx", "DOLFINx"), ("petsc", "PETSc")) if versions.get(name)]
    ranks = int(part.get("ranks", 1))
    said.append(f"It ran on {ranks} MPI rank{'s' if ranks != 1 else ''}" + (f", with {_listed(software)}." if software else "."))
    hashes = run.manifest.get("hashes") or {}
    if hashes.get("scenario"):
        said.append(
            f"The scenario's SHA-256 begins with {str(hashes['scenario'])[:12]}, that of the mesh with {str(hashes.get('mesh', ''))[:12]}."
        )
    return " ".join(text for text in said if text)


def _obey(run: Run) -> str:
    """How the sentence on the species goes on."""
    model = run.scenario.get("model") or {}
    surfaces = [
        (f"the basement membrane{'s' if len(model.get('membranes') or {}) > 1 else ''}", model.get("membranes")),
        ("the walls of vessels", model.get("vessels")),
    ]
    named = [f"{what} ({', '.join(given)})" for what, given in surfaces if given]
    end = f"; {_listed(named)} {'are' if len(named) > 1 or 's' in named[0].split(' (')[0][-1:] else 'is'} of no thickness" if named else ""
    return f" obey the balance laws below{end}."


def _edges(run: Run) -> str:
    """The mean length of the edges."""
    corners = run.points[run.cells]
    pairs = [(i, j) for i in range(run.dim + 1) for j in range(i)]
    mean = float(np.mean([np.linalg.norm(corners[:, i] - corners[:, j], axis=1).mean() for i, j in pairs]))
    factor, unit = scale(run, "length")
    return f"edges of {mean * factor:.3g}{' ' + unit if unit else ''} in the mean"


def _steps(run: Run, time: dict[str, Any]) -> str:
    """How steps were chosen, and how many there were."""
    count = int(run.series["step"][-1]) if len(run.series.get("step", ())) else 0
    factor, unit = time_scale(run)
    last = f"{float(run.times[-1]) * factor:.3g}{' ' + unit if unit else ''}"
    if time.get("step"):
        return f"{count} steps of equal length led to t = {last}"
    return f"{count} steps, chosen by estimates of their error (tolerance {float(time.get('tolerance', 1e-3)):g}), led to t = {last}"


def _kept(run: Run) -> str:
    """The largest residual of all ledgers."""
    worst = max((float(column.max()) for name, column in run.series.items() if name.endswith(".ledger") and len(column)), default=None)
    return (
        "" if worst is None else f"Amounts of all species were balanced at every output to a relative residual of {max(worst, 1e-16):.0e}."
    )


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1] if names else ""


def bibtex(run: Run) -> str:
    """Entries for the literature of the manifest, that of the numerics which the paragraph cites, and this program."""
    text = paragraph(run)
    cited = [" ".join(str(entry).split()) for entry in run.manifest.get("cite", [])]
    cited += [entry for name, entry in NUMERICS.items() if name in text and entry not in cited]
    versions = (run.manifest.get("segments") or [{}])[-1].get("versions") or {}
    keys: dict[str, int] = {}
    found = [_entry(entry, keys) for entry in cited]
    program = [
        f"@software{{invasio,\n  title = {{invasio: tumour invasion through tissue}},\n  version = {{{versions.get('invasio', '')}}}\n}}"
    ]
    return "\n\n".join([*found, *program])


def _entry(text: str, keys: dict[str, int]) -> str:
    """An article where the text is one ("Authors year, journal volume:pages, doi:..."), else the text as a note."""
    match, doi = _CITED.fullmatch(text), _DOI.search(text)
    year = re.search(r"\b(?:19|20)\d\d\b", text)
    first = re.match(r"(?:[a-z ]+: )?([^\W\d_]+)", text)
    stem = (first[1].lower() if first else "source") + (year[0] if year else "")
    keys[stem] = keys.get(stem, 0) + 1
    key = stem + ("" if keys[stem] == 1 else chr(ord("a") + keys[stem] - 1))
    if match:
        authors = " and ".join(name.strip() for name in re.split(r", | and ", match["authors"]) if name.strip())
        values = {
            "author": authors,
            "year": match["year"],
            "journal": match["journal"].strip(),
            "volume": match["volume"],
            "pages": match["pages"].replace("-", "--"),
        }
        kind = "article"
    else:
        kind, values = "misc", {"note": text, **({"year": year[0]} if year else {})}
    if doi:
        values["doi"] = doi[1]
    escaped = {name: re.sub(r"([%&#_])", r"\\\1", value) if name != "doi" else value for name, value in values.items()}
    return f"@{kind}{{{key},\n" + ",\n".join(f"  {name} = {{{value}}}" for name, value in escaped.items()) + "\n}"
