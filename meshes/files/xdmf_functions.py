"""XDMF: values at the points and on the cells of a mesh, as DOLFINx writes functions (P1, DG0), and meshio and ParaView arrays.

DOLFINx gives each function a collection of grids, one for each time, that refer to the topology and geometry of the mesh.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from .contents import Contents, Unreadable, Wanted
from .meshio_files import blocks_of
from .times import chosen_time
from .xdmf_files import grids_of, part_of, with_points

Element = ElementTree.Element


def read(path: Path, wanted: Wanted) -> Contents:
    """The mesh of a file with all arrays at the time that is wanted, each at its own last one where none is. Raises Unreadable."""
    grids = grids_of(path)
    base = next((grid for grid in grids if grid.find("Topology") is not None and grid.find("Geometry") is not None), None)
    if base is None:
        raise Unreadable("there is no grid with a topology and a geometry in it")
    topology, geometry = base.find("Topology"), base.find("Geometry")
    found: dict[tuple[str, str], list[tuple[float, Element]]] = {}
    for grid in grids:
        own = grid.find("Topology")
        if own is not None and _shown(own) != _shown(topology):
            continue  # tags, on cells of their own
        for attribute in grid.iter("Attribute"):
            key = attribute.get("Name", ""), attribute.get("Center", "Node")
            found.setdefault(key, []).append((_time(grid), attribute))
    times = sorted({time for listed in found.values() for time, _ in listed if np.isfinite(time)})
    chosen = set(chosen_time(wanted, times)) if wanted.time is not None else set()
    taken = []
    for listed in found.values():
        at = [entry for entry in listed if entry[0] in chosen or not np.isfinite(entry[0])] if chosen else listed
        if at:
            taken.append(max(at, key=lambda entry: entry[0])[1])
    mesh = part_of(path, geometry, topology, taken)
    return Contents(with_points(mesh), tuple(blocks_of(mesh, wide=True)), {name: np.asarray(v) for name, v in mesh.point_data.items()})


def _shown(element: Element | None) -> str:
    return "" if element is None else ElementTree.tostring(element, encoding="unicode").strip()


def _time(grid: Element) -> float:
    """Its time; minus infinity for what has none."""
    entry = grid.find("Time")
    try:
        return -np.inf if entry is None else float(entry.get("Value", "0"))
    except ValueError:
        raise Unreadable(f"a time is no number (given {entry.get('Value')!r})") from None  # type: ignore[union-attr]
