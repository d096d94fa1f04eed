"""What shipped scenarios say on meshes of half the size: ``python3 -m tests.verification.halved [NAME ...]`` measures and prints.

The rows are kept in halved.md, from which the verification book takes them: all anew is half an hour of one core.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

import invasio
from invasio.solver.scenario.loader import load
from invasio.solver.scenario.shipped import folder

PIXELS = 2.0  # half of the default of pictures
TABLE = Path(__file__).with_name("halved.md")
MOST = 0.03  # of change

# scenario -> columns of series.csv at the end that are its headline
HEADLINES = {
    "quickstart": ("tumour.in:stroma",),
    "tissue/gland_breakout": ("tumour.in:stroma", "tumour.total"),
    "tissue/organotypic": ("tumour.in:gel", "tumour.front.ymin"),
    "tissue/colon_lymph": ("tumour.lymph:lacuna", "tumour.total"),
    "tissue/dcis_duct": ("tumour.in:stroma", "tumour.total"),
    "tissue/dcis_duct_3d": ("tumour.in:stroma", "tumour.total"),
    "tissue/tissue_block_3d": ("tumour.blood:blood", "tumour.lymph:lymph", "tumour.total"),
    "tissue/along_fibres": ("tumour.max", "tumour.invaded_volume"),
    "tissue/crosslinked_collagen": ("tumour.total", "tumour.front.xmax", "bundles.total"),
    "tissue/hypoxic_cord": ("tumour.total", "oxygen.min"),
    "tissue/hypoxic_gland": ("leader.in:stroma", "epithelial.in:stroma", "basement.first_breach"),
    "tissue/resistance": ("sensitive.total", "resistant.total"),
    "treatment/anti_angiogenic": ("bulk.in:tumour", "bulk.in:host", "invasive.in:host"),
    "treatment/hypoxic_core": ("dividing.total", "resting.total"),
    "treatment/mmp_inhibitor": ("tumour.front.xmax", "ecm.degraded_volume"),
    "treatment/radiation": ("tumour.total", "tumour.radiation:monday"),
    "treatment/two_drugs": ("tumour.total",),
    "cascade/breast": ("circulation.entered",),
    "cascade/colon": ("circulation.entered", "tumour.total"),
    "cascade/inhibitor": ("circulation.entered", "tumour.in:tissue"),
    "cascade/lung": ("circulation.entered", "organ.brain.growing"),
    "cascade/ovary": ("circulation.entered", "tumour.cavity:surface"),
    "cascade/pancreas": ("circulation.entered", "organ.lungs.growing"),
    "cascade/prostate": ("circulation.entered", "organ.lungs.growing"),
    "cascade/melanoma": ("circulation.entered", "organ.liver.arrived"),
    "cascade/oropharynx": ("circulation.entered", "organ.II.growing"),
    "cascade/patients": ("circulation.entered",),
    "cascade/liver_site": ("tumour.in:tissue", "tumour.in:liver", "circulation.entered"),
    "fits/matrigel_height": ("tumour.total", "tumour.front.xmax"),
    "fits/matrigel": ("tumour.total", "tumour.max"),
    "fits/xiao": ("mmp.total", "ecm.total"),
    "sweeps/haptotaxis_mmp": ("tumour.front.xmax", "tumour.max", "ecm.total"),
    "published/anderson_2000/1d_h0.02": ("tumour.front.xmax", "tumour.max", "ecm.total"),
    "published/anderson_2000/1d_h0.01": ("tumour.front.xmax", "tumour.max", "ecm.total"),
    "published/anderson_2000/square": ("tumour.front.distance", "tumour.max", "ecm.total"),
    "published/anderson_2000/ball": ("tumour.max", "ecm.total"),
    "published/chaplain_lolas_2006/three_equations": ("cancer.total", "cancer.front.xmax"),
    "published/franssen_2019/mean_field": ("mesenchymal.front.distance", "ecm.total"),
    "published/franssen_2019/growth": ("epithelial.total", "mesenchymal.total", "ecm.total"),
    "published/franssen_2019/vessels": ("mesenchymal.blood:vessels", "epithelial.blood:vessels"),
    "published/franssen_2019/cascade": ("mesenchymal.blood:vessels", "epithelial.blood:vessels", "organ.first_site.founders"),
    "published/karagiannis_2004/timp2_curve": ("mmp2.total", "mt1.total"),
    "published/xiao_2021/set0": ("mmp.total", "tumour.total"),
}

# others -> why they have no row
EXACT = "they are compared with closed forms and independent codes, within errors that are stated there"
ABSENT = {"verification/": EXACT, "sweeps/timp2": "a point in space: nothing moves, and its mesh is one cell"}


def halved(mesh: dict[str, Any]) -> list[str]:
    """The settings that halve the cells of a mesh, and those of its regions."""
    settings = []
    if mesh.get("cells"):
        counts = mesh["cells"]
        settings.append(f"mesh.cells={2 * counts if isinstance(counts, int) else [2 * count for count in counts]}")
    elif mesh["kind"] == "image":
        settings.append(f"mesh.size={0.5 * mesh['size'] if mesh.get('size') else PIXELS * np.min(mesh['pixel'])}")
    else:
        settings.append(f"mesh.size={0.5 * mesh['size']}")
    settings += [f"mesh.graded.{side}={0.5 * size}" for side, size in mesh.get("graded", {}).items()]
    for name, region in mesh.get("regions", {}).items():
        if isinstance(region, dict) and region.get("size"):
            settings.append(f"mesh.regions.{name}.size={0.5 * region['size']}")
    return settings


def ends(name: str, *settings: str) -> tuple[dict[str, float], dict[str, str]]:
    """The headline of a scenario at its end, and the units."""
    run = invasio.run(load(folder() / f"{name}.yaml", ["expect=[]", *settings]), out=None)
    return {column: float(run.series[column][-1]) for column in HEADLINES[name]}, dict(run.units)


def rows(name: str) -> list[str]:
    """Measured: a row for every headline number, on the mesh as shipped, on half of it, and the change."""
    mesh = load(folder() / f"{name}.yaml").resolved()["mesh"]
    (shipped, units), (fine, _) = ends(name), ends(name, *halved(mesh))
    return [row(name, column, units[column], value, fine[column]) for column, value in shipped.items()]


def row(name: str, column: str, unit: str, shipped: float, fine: float) -> str:
    """One of the table."""
    said = f"{column} ({unit})" if unit != "1" else column
    return f"| {name} | {said} | {shipped:.5g} | {fine:.5g} | {100 * (shipped / fine - 1):+.1f} % |"


def table(found: dict[str, list[str]]) -> str:
    """The rows that are kept, with those of some scenarios anew; in the order of HEADLINES."""
    kept: dict[str, list[str]] = {}
    for line in TABLE.read_text(encoding="utf-8").splitlines()[2:] if TABLE.exists() else ():
        kept.setdefault(line.split(" | ")[0].removeprefix("| "), []).append(line)
    both = kept | found
    head = ["| scenario | number at the end | as shipped | halved | change |", "|---|---|---|---|---|"]
    return "\n".join([*head, *(line for name in HEADLINES for line in both.get(name, ()))])


def absent() -> str:
    """Which scenarios have no row, and why."""
    return "; ".join(f"{f'those of `{name}`' if name.endswith('/') else f'`{name}`'} ({why})" for name, why in ABSENT.items()) + "."


def main(names: list[str]) -> None:
    """Measure, print, and keep."""
    for name in names or HEADLINES:
        found = rows(name)
        print(*found, sep="\n", flush=True)
        TABLE.write_text(table({name: found}) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
