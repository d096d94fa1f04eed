"""Meshes that take long to make are kept in the user's cache folder, so that a second run starts at once."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from .domain import MeshData, Section

_TOOLS = ("gmsh", "scikit-image", "numpy", "scipy", "pygalmesh", "pillow", "tifffile", "nibabel", "vtk")


def folder() -> Path:
    """Where meshes are kept: INVASIO_CACHE (or ~/.cache/invasio), sub-folder meshes."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(os.environ.get("INVASIO_CACHE") or Path(base) / "invasio") / "meshes"


def key(options: Any, picture: bytes) -> str:
    """sha256 of everything the mesh depends on: options, picture (its digest), this package's source and the versions of the tools."""
    digest = hashlib.sha256(f"{options.model_dump_json()} {getattr(options, 'metre', None)}".encode())
    digest.update(picture)
    for file in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    digest.update(json.dumps({tool: _version(tool) for tool in _TOOLS}).encode())
    return digest.hexdigest()


def cached(name: str, make: Callable[[], MeshData]) -> MeshData:
    """The mesh kept under a name, or a new one that is kept from now on.

    A damaged file is made again; a folder that cannot be written only costs the time.
    """
    kept = look_up(name)
    if kept is not None:
        return kept
    data = make()
    try:
        _save(data, folder() / f"{name}.npz")
    except OSError:
        return data
    return data


def look_up(name: str) -> MeshData | None:
    """The mesh kept under a name; None where there is none, or a damaged file."""
    try:
        return _load(folder() / f"{name}.npz")
    except (OSError, ValueError, KeyError, BadZipFile):
        return None


def _version(tool: str) -> str:
    try:
        return version(tool)
    except PackageNotFoundError:
        return ""


def _save(data: MeshData, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    head = {
        "regions": data.regions,
        "boundaries": list(data.boundaries),
        "interfaces": list(data.interfaces),
        "source": data.source,
        "notes": data.notes,
        "section": data.section and {"extent": data.section.extent, "labels": data.section.labels},
    }
    arrays: dict[str, Any] = {"head": np.array(json.dumps(head))}
    arrays.update(points=data.points, cells=data.cells, cell_region=data.cell_region)
    for group in ("boundaries", "interfaces"):
        for index, facets in enumerate(getattr(data, group).values()):
            arrays[f"{group}{index}"] = facets
    if data.section is not None:
        arrays["section"] = data.section.pixels
    # Written beside and renamed: two runs at once never read half a file.
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez(file, **arrays)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _load(path: Path) -> MeshData:
    with np.load(path, allow_pickle=False) as file:
        head = json.loads(str(file["head"]))
        groups = {g: {name: file[f"{g}{k}"] for k, name in enumerate(head[g])} for g in ("boundaries", "interfaces")}
        seen = head["section"]
        return MeshData(
            points=file["points"],
            cells=file["cells"],
            cell_region=file["cell_region"],
            regions=tuple(head["regions"]),
            source=head["source"],
            notes=tuple(head["notes"]),
            section=seen and Section(file["section"], tuple(seen["extent"]), seen["labels"]),
            **groups,
        )
