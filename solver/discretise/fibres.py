r"""Edge weights K^D of one species: motility that differs between regions, and movement along fibres.

    K^D_ij = -int (T grad phi_j) . grad phi_i,   T = D_region (a I + (1 - a) e e^T) on each cell

with e the unit vector of the fibres at the cell's centre, or T = D ((1 - (1 - a) tr Q) I + (1 - a) Q) with a given mean Q of k e e^T,
which is linear in Q: it is the mean of the tensors, and has no eigenvalue below a D. Where K^D_ij < 0 (fibres oblique to the mesh) the
flux is limited as on obtuse cells. Source: Painter 2009, J. Math. Biol. 58:511-543, doi:10.1007/s00285-008-0217-8.

Myopic diffusion div div (T c) = div(T grad c + c div T) takes the tensor at the nodes and the gradient of all of T c:

    F_ij = C_ij c_j - C_ji c_i,   C_ij = -int (T_j grad phi_j) . grad phi_i,   so a_ij = (C_ij + C_ji)/2, v_ij = C_ji - C_ij

which rests exactly where D c is constant if T = D I. Source: Hillen and Painter 2013, doi:10.1007/978-3-642-35497-7_7.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...meshes.domain import Domain
from ..errors import ScenarioError
from ..model.balance import Fibres, Species
from ..parallel import agreed
from ..scenario.expressions import Expr, Number
from ..scenario.tree import evaluate, names
from .evaluate import Evaluator
from .forms import Forms
from .graph import Graph, symmetrise
from .site_values import Known

Floats = NDArray[np.float64]


def edge_weight(law: Species, graph: Graph, forms: Forms, domain: Domain, known: Known) -> Floats:
    """K^D on the graph (nnz): its stiffness itself where motility is the same in all regions and directions. Collective."""
    by_region = isinstance(law.diffusion, Mapping)
    if not by_region and law.fibres is None:
        return graph.stiffness
    scale = region_motility(law, domain, known.parameters)[domain.cell_region] if by_region else np.ones(len(domain.cell_region))
    if law.fibres is None:
        return graph.conductances(forms, scale)
    centres = {name: forms.at_midpoints(values) for name, values in known.places.items()}
    tensors = _tensors(law.fibres, forms.midpoints(), domain.dim, known.parameters, centres)
    values = graph.values_of(forms.directed_stiffness(scale[:, None, None] * tensors))
    symmetrise(graph, values)
    return values


def myopic_weights(law: Species, graph: Graph, forms: Forms, dim: int, known: Known) -> tuple[Floats, Floats]:
    """a_ij and v_ij (nnz) of myopic diffusion; symmetric and antisymmetric to the last bit. Collective."""
    assert law.fibres is not None
    with agreed(graph.comm):
        motility = nodal_motility(law, graph.points, known)
    tensors = motility[:, None, None] * _tensors(law.fibres, graph.points, dim, known.parameters, known.places)
    row_of = np.repeat(np.arange(graph.n_owned), np.diff(graph.indptr))
    out, back = np.zeros(len(graph.indices)), np.zeros(len(graph.indices))  # C_ij and C_ji
    for a in range(dim):
        for b in range(a, dim):
            unit = np.zeros((dim, dim))
            unit[a, b] = unit[b, a] = 1.0
            part = graph.values_of(forms.directed_stiffness(np.broadcast_to(unit, (len(forms.mesh.cells), dim, dim))))
            symmetrise(graph, part)
            out += tensors[graph.indices, a, b] * part
            back += tensors[row_of, a, b] * part
    return 0.5 * (out + back), back - out


def nodal_motility(law: Species, points: Floats, known: Known) -> Floats:
    """D at the nodes; raises ScenarioError unless it is a number >= 0 at each of them that depends on nothing but the place."""
    value = np.zeros(len(points))
    usable = {"x", "y", "z", *known.parameters, *known.places}
    if law.diffusion is None or isinstance(law.diffusion, Mapping) or not names(law.diffusion) <= usable:
        raise ScenarioError(
            "the motility of myopic diffusion depends on more than the place",
            code="myopic-diffusion",
            place=f"species {law.name}",
            remedy="it may depend on x, y, z, given fields and parameters only",
        )
    Evaluator(points, {}, known.parameters, places=known.places).compile(law.diffusion)(value)
    bad = ~(value >= 0.0) | ~np.isfinite(value)
    if bad.any():
        at = ", ".join(f"{x:g}" for x in points[np.argmax(bad)])
        raise ScenarioError(
            f"species {law.name}: its motility is {value[np.argmax(bad)]:g} at x = {at}",
            code="bad-rate",
            place=f"species {law.name}",
            remedy="it must be a number >= 0",
        )
    return value


def _tensors(fibres: Fibres, points: Floats, dim: int, parameters: Mapping[str, float], places: Mapping[str, Floats]) -> Floats:
    """a I + (1 - a) e e^T at each point (n, d, d); I where there is no direction."""
    if fibres.field is not None:
        q = np.empty((len(points), dim, dim))
        for a in range(dim):
            for b in range(a, dim):
                q[:, a, b] = q[:, b, a] = places[f"{fibres.field}.{'xyz'[a]}{'xyz'[b]}"]
        most = 1.0 - fibres.across
        return np.asarray((1.0 - most * np.einsum("cii->c", q))[:, None, None] * np.eye(dim) + most * q)
    evaluator = Evaluator(points, {}, parameters, places=places)
    e = np.zeros((dim, evaluator.n))
    for component, expr in zip(e, fibres.direction, strict=True):
        evaluator.compile(expr)(component)
    length = np.linalg.norm(e, axis=0)
    np.divide(e, length, out=e, where=length > 0.0)
    share = np.where(length > 0.0, 1.0 - fibres.across, 0.0)
    return np.asarray((1.0 - share)[:, None, None] * np.eye(dim) + share[:, None, None] * np.einsum("ic,jc->cij", e, e))


def main_axes(law: Species, points: Floats, dim: int, known: Known, n: int) -> Floats:
    """Along the fibres at the first n points (n, dim), as long as they count, 0 to 1; the sign means nothing."""
    assert law.fibres is not None
    most = 1.0 - law.fibres.across
    if most <= 0.0:
        return np.zeros((n, dim))
    size, vectors = np.linalg.eigh(_tensors(law.fibres, points, dim, known.parameters, known.places)[:n])
    return np.asarray(((size[:, -1] - size[:, -2]) / most)[:, None] * vectors[:, :, -1])


def region_motility(law: Species, domain: Domain, parameters: Mapping[str, float]) -> Floats:
    """D of each region, in the order of the domain; raises ScenarioError if one is not a number."""
    diffusion: Any = law.diffusion
    default = diffusion.get("", Number(0.0))
    return np.array([_constant(law, region, diffusion.get(region, default), parameters) for region in domain.regions])


def _constant(law: Species, region: str, expr: Expr, parameters: Mapping[str, float]) -> float:
    used = sorted(names(expr) - set(parameters))
    if used:
        raise ScenarioError(
            f"species {law.name}: the motility in region '{region}' must be a number, but it uses '{used[0]}'",
            code="formula-by-region",
            place=f"species {law.name}",
            remedy="a formula counts in all regions: write it without",
        )
    return float(evaluate(expr, parameters))
