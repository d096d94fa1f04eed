"""The integrals of linear elements, which are ours, against those that DOLFINx assembles on the same cells; whatever the ranks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from mpi4py import MPI
from numpy.typing import NDArray

from invasio.meshes.build import build_domain
from invasio.solver.discretise.forms import Forms
from tests.lib.by_dolfinx import ByDolfinx
from tests.lib.comm import Comm
from tests.unit.meshes.build import options

pytestmark = pytest.mark.mpi

Floats = NDArray[np.float64]

MESHES: list[tuple[str, dict[str, Any], str]] = [
    ("interval", {"from": 1.1, "to": 3.7, "cells": 9}, "right"),
    ("rectangle", {"from": [0.1, -0.3], "to": [1.37, 0.9], "cells": [5, 4]}, "top"),
    ("rectangle", {"cells": [3, 4], "diagonal": "crossed"}, "left"),
    ("box", {"cells": [3, 2, 4], "to": [1.3, 0.7, 2]}, "back"),
    ("disc", {"size": 0.4}, "outer"),
    ("ball", {"size": 0.7}, "outer"),
]


def whole(forms: Forms, values: Floats) -> Floats:
    """A matrix on the stencil, in canonical numbers, on every rank; each row comes from one rank only."""
    mesh, (indptr, indices) = forms.mesh, forms.stencil
    rows = np.repeat(np.arange(mesh.n_owned), np.diff(indptr))
    found = np.zeros((mesh.n_nodes, mesh.n_nodes))
    found[mesh.nodes[rows], mesh.nodes[indices]] = values
    mesh.comm.Allreduce(MPI.IN_PLACE, found, MPI.SUM)
    return found


def at_nodes(forms: Forms, values: Floats) -> Floats:
    """Values at the owned nodes, in canonical numbers, on every rank."""
    mesh, found = forms.mesh, np.zeros(forms.mesh.n_nodes)
    found[mesh.nodes[: mesh.n_owned]] = values
    mesh.comm.Allreduce(MPI.IN_PLACE, found, MPI.SUM)
    return found


@pytest.mark.parametrize(("kind", "given", "side"), MESHES, ids=[f"{k}{n}" for n, (k, _, _) in enumerate(MESHES)])
def test_every_integral_is_that_of_dolfinx(comm: Comm, kind: str, given: dict[str, Any], side: str) -> None:
    import ufl

    domain = build_domain(options(kind, **given), comm)
    forms, other, mesh, dim = Forms(domain.mesh), ByDolfinx(comm, domain), domain.mesh, domain.dim
    u, v, grad, dx = other.u, other.v, ufl.grad, ufl.dx
    weight = 1.0 + np.modf(mesh.numbers * 0.6180339887)[0]
    along = np.cos(0.1 * mesh.numbers[:, None] + np.arange(dim))
    tensors = along[:, :, None] * along[:, None] + 0.1 * np.eye(dim)
    mine = slice(mesh.n_owned_cells)
    w, t = other.weigh(weight[mine]), other.tensor(tensors[mine])
    ds, normal, facets = other.measure(domain.boundaries[side]), ufl.FacetNormal(other.mesh), domain.boundaries[side]
    pairs = (
        ("stiffness", whole(forms, forms.stiffness()), other.matrix(-ufl.inner(grad(u), grad(v)) * dx)),
        ("weighted stiffness", whole(forms, forms.stiffness(weight)), other.matrix(-w * ufl.inner(grad(u), grad(v)) * dx)),
        ("directed", whole(forms, forms.directed_stiffness(tensors)), other.matrix(-ufl.inner(ufl.dot(t, grad(u)), grad(v)) * dx)),
        ("mass", at_nodes(forms, forms.mass()), other.vector(v * dx)),
        ("weighted mass", at_nodes(forms, forms.mass(weight)), other.vector(w * v * dx)),
        ("side", at_nodes(forms, forms.boundary_mass(facets)), other.vector(v * ds)),
        ("outward", whole(forms, forms.boundary_gradient(facets)), other.matrix(v * ufl.inner(grad(u), normal) * ds)),
    )
    for name, ours, theirs in pairs:
        assert np.abs(theirs).max() > 1e-3, name
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-13, err_msg=name)


def test_means_over_cells_and_sums_at_their_corners(comm: Comm) -> None:
    """Of a function that is linear: its value at the centres. What cells give to their corners comes to the owners of these, once."""
    domain = build_domain(options("box", cells=[3, 4, 2]), comm)
    forms, mesh = Forms(domain.mesh), domain.mesh
    slope = np.array([1.0, -2.0, 0.5])
    np.testing.assert_allclose(forms.at_midpoints(mesh.points[: mesh.n_owned] @ slope), forms.midpoints() @ slope, rtol=0, atol=1e-14)
    sixth = np.repeat((mesh.sizes() / 6.0 / 4.0)[:, None], 4, axis=1)
    np.testing.assert_allclose(forms.gathered(sixth), forms.mass(), rtol=1e-13)
    assert comm.allreduce(forms.gathered(sixth).sum()) == pytest.approx(1.0, rel=1e-13)
