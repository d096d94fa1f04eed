"""The graph of a lattice by counting has the bits of the one by the list of its cells, whatever the partition."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from invasio.meshes.build import build_domain
from invasio.solver.discretise.forms import Forms
from invasio.solver.discretise.graph import build_graph, conducting
from invasio.solver.discretise.lattice_graph import LatticeForms, lattice_graph
from tests.lib.comm import Comm
from tests.lib.everywhere import parallel_assert
from tests.unit.meshes.build import options

pytestmark = pytest.mark.mpi

# odd origins and sizes, so that widths differ in their last bits; graded; and too small for every rank to have some
LATTICES: list[tuple[str, dict[str, Any]]] = [
    ("interval", {"cells": 9, "from": 0.1, "to": 1.3}),
    ("interval", {"cells": 1}),
    ("rectangle", {"from": [0.1, -0.3], "to": [1.37, 0.9], "cells": [7, 5]}),
    ("rectangle", {"cells": [1, 3]}),
    ("rectangle", {"cells": [9, 8], "graded": {"left": 0.03, "top": 0.05}}),
    ("box", {"from": [0.1, 0.2, 0.3], "to": [3, 4.7, 2], "cells": [8, 7, 9]}),
    ("box", {"cells": [1, 1, 1]}),
    ("rectangle", {"cells": [7, 5], "regions": {"bed": {"kind": "rectangle", "from": [0, 0], "to": [0.5, 1]}}}),
    ("box", {"cells": [5, 4, 3], "regions": {"bed": {"kind": "box", "from": [0, 0, 0], "to": [0.5, 1, 1]}}}),
    ("box", {"cells": [6, 5, 7], "graded": {"left": 0.05, "front": 0.1}}),
]


@pytest.mark.parametrize(("kind", "changes"), LATTICES)
def test_counting_finds_what_cells_tell(comm: Comm, kind: str, changes: dict[str, Any]) -> None:
    """All arrays of the graph, the other edges, and integrals with a weight by cell."""
    mesh = build_domain(options(kind, **changes), comm).mesh
    assert mesh.boxes is not None
    forms, ours = Forms(mesh), LatticeForms(mesh, mesh.boxes)
    graph, others = conducting(build_graph(forms, comm), forms)
    counted, silent = lattice_graph(mesh, mesh.boxes, comm)
    for name in ("indptr", "indices", "diagonal", "n_own_columns", "stiffness", "mass", "points", "nodes", "ghosts"):
        parallel_assert(comm, same(getattr(graph, name), getattr(counted, name)), name)
    parallel_assert(comm, (others is None) == (silent is None) == (mesh.dim == 1), "other edges")
    if others is not None and silent is not None:
        parallel_assert(comm, same(others.indptr, silent.indptr) and same(others.indices, silent.indices), "other edges")
    weight = np.random.default_rng(3).random(mesh.n_cells)[mesh.numbers]
    parallel_assert(comm, same(graph.conductances(forms, weight), counted.conductances(forms, weight)), "weighted stiffness")
    parallel_assert(comm, same(forms.mass(weight), ours.mass(weight)), "weighted mass")
    for each in (graph, counted):
        each.halo.free()


def same(one: np.ndarray, other: np.ndarray) -> bool:
    """Type and bits."""
    return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()


@pytest.mark.parametrize(("kind", "changes"), LATTICES)
def test_cells_by_their_numbers_are_those_that_ranks_have(comm: Comm, kind: str, changes: dict[str, Any]) -> None:
    """From any number up to any other, not only whole boxes."""
    domain = build_domain(options(kind, **changes), comm)
    mesh, listed = domain.mesh, domain.listed
    assert listed is not None
    nodes, regions = listed(0, mesh.n_cells)
    own = mesh.numbers[: mesh.n_owned_cells]
    parallel_assert(comm, same(nodes[own], mesh.corners(slice(None))), "nodes")
    parallel_assert(comm, same(regions[own], domain.cell_region[: mesh.n_owned_cells]), "regions")
    last = max(1, mesh.n_cells - 1)
    some = listed(1, last)
    parallel_assert(comm, same(some[0], nodes[1:last]) and same(some[1], regions[1:last]), "some of them")
