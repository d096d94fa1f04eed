"""What shipped tissues say on meshes of half the size: ``python3 -m tests.verification.halved [NAME ...]`` prints the table."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

import invasio
from invasio.solver.scenario.loader import load
from invasio.solver.scenario.shipped import folder

PIXELS = 2.0  # half of the default of pictures

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
}


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
    for name, region in mesh.get("regions", {}).items():
        if isinstance(region, dict) and region.get("size"):
            settings.append(f"mesh.regions.{name}.size={0.5 * region['size']}")
    return settings


def ends(name: str, *settings: str) -> dict[str, float]:
    """The headline of a scenario at its end."""
    run = invasio.run(load(folder() / f"{name}.yaml", ["expect=[]", *settings]), out=None)
    return {column: float(run.series[column][-1]) for column in HEADLINES[name]}


def main(names: list[str]) -> None:
    """Print a row for every headline: on the mesh as shipped, on half of it, and the change."""
    print("| scenario | number at the end | as shipped | halved | change |\n|---|---|---|---|---|")
    for name in names or HEADLINES:
        mesh = load(folder() / f"{name}.yaml").resolved()["mesh"]
        shipped, fine = ends(name), ends(name, *halved(mesh))
        for column, value in shipped.items():
            print(f"| {name} | {column} | {value:.5g} | {fine[column]:.5g} | {100 * (value / fine[column] - 1):+.1f} % |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
