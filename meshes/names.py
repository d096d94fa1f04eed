"""Names of regions, boundaries and interfaces: checking those a scenario uses against those a mesh has."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Literal

from ..solver.errors import MeshError
from .domain import Domain, MeshData

_PLURAL = {"region": "regions", "boundary": "boundaries", "interface": "interfaces"}
_CODES = {"region": "no-region", "boundary": "no-boundary", "interface": "no-interface"}


def check_names(mesh: Domain | MeshData, kind: Literal["region", "boundary", "interface"], names: Iterable[str]) -> None:
    """Raise a MeshError for the first name that the mesh does not have; it lists those it has. Needs no communication."""
    known = list(getattr(mesh, _PLURAL[kind]))
    for name in names:
        if name in known:
            continue
        near = get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        have = ", ".join(sorted(known)) or f"no named {_PLURAL[kind]}"
        raise MeshError(f"unknown {kind} {name!r}", code=_CODES[kind], place=mesh.source or "mesh", remedy=f"the mesh has: {have}{hint}")
