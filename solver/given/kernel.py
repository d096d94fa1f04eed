r"""Point masses on a mesh, each spread by a kernel whose discrete integral is exactly one.

A point mass N at x goes to the nodes of the cell around it with barycentric weights, which add up to 1. The masses then diffuse
for the time sigma^2/2 at unit diffusivity, in STEPS implicit steps of

    (m_i + tau sum_j k_ij) c_i - tau sum_j k_ij c_j = m_i c_i^old,    k_ij = max(K_ij, 0),    tau = sigma^2 / (2 STEPS),

so that the kernel has the variance sigma^2 in each direction, besides that of the mesh, which is of order h^2. The matrix is an
M-matrix: c >= 0. No edge leads across a boundary, a membrane or a hole, so nothing leaks there; and all kernels cost one diffusion.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...meshes.locate import Located
from ..discretise.graph import Graph
from ..errors import SolverError

Floats = NDArray[np.float64]

STEPS = 8  # kurtosis 3 + 3/STEPS in place of a Gaussian's 3
TOLERANCE, MOST = 1e-13, 2000


def deposited(graph: Graph, canonical: NDArray[np.int64], found: Located) -> Floats:
    """Amounts (n_owned) at nodes of one at each point; the same bits on any number of ranks. Collective."""
    k = found.nodes.shape[1]
    mine = (np.repeat(found.mine, k), found.nodes.ravel(), found.share.ravel())
    parts = graph.comm.allgather(mine)
    point, node, share = (np.concatenate([part[n] for part in parts]) for n in range(3))
    order = np.argsort(point, kind="stable")
    node, share = node[order], share[order]
    sorter = np.argsort(canonical, kind="stable")
    at = np.searchsorted(canonical[sorter], node)
    here = at < len(canonical)
    here[here] = canonical[sorter][at[here]] == node[here]
    amounts = np.zeros(graph.n_owned)
    np.add.at(amounts, sorter[at[here]], share[here])
    return amounts


def diffused(graph: Graph, amounts: Floats, sigma: float) -> Floats:
    """Densities (n_owned) of amounts at nodes that have spread by sigma [length], with the same total to rounding. Collective."""
    from scipy.sparse import csr_matrix

    n = graph.n_owned
    mass = graph.mass[:n]
    density = amounts / mass
    total = float(graph.sum(amounts)[0])
    if sigma > 0.0:
        row_of = np.repeat(np.arange(n), np.diff(graph.indptr))
        coupling = np.where(graph.indices == row_of, 0.0, np.maximum(graph.stiffness, 0.0)) * (sigma**2 / (2.0 * STEPS))
        matrix = csr_matrix((coupling, graph.indices.astype(np.int64), graph.indptr.astype(np.int64)), shape=(n, graph.n_local))
        diagonal = mass + np.bincount(row_of, coupling, minlength=n)
        for _ in range(STEPS):
            density = _solved(graph, matrix, diagonal, mass * density, density)
        density = np.maximum(density, 0.0)
    integral = float(graph.sum(mass * density)[0])
    return density * (total / integral) if integral > 0.0 else density


def _solved(graph: Graph, matrix: Any, diagonal: Floats, right: Floats, guess: Floats) -> Floats:
    """The solution of (D - K) x = right by conjugate gradients with Jacobi's preconditioner. Collective."""
    x = guess.copy()
    r = right - (diagonal * x - matrix @ graph.extended(x))
    z = r / diagonal
    p, rz = z.copy(), float(graph.sum(r * z)[0])
    aim = TOLERANCE**2 * float(graph.sum(right * right / diagonal)[0])
    for _ in range(MOST):
        if rz <= aim:
            return x
        q = diagonal * p - matrix @ graph.extended(p)
        alpha = rz / float(graph.sum(p * q)[0])
        x += alpha * p
        r -= alpha * q
        z = r / diagonal
        before, rz = rz, float(graph.sum(r * z)[0])
        p = z + (rz / before) * p
    raise SolverError(
        f"kernels could not be spread in {MOST} iterations", code="linear-solver", place="fields", remedy="choose a smaller `kernel`"
    )
