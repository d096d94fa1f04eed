r"""Edge weights K^D of one species: motility that differs between regions, and movement along fibres.

    K^D_ij = -int (T grad phi_j) . grad phi_i,   T = D_region (a I + (1 - a) e e^T) on each cell

with e the unit vector of the fibres at the cell's centre. Where K^D_ij < 0 (fibres oblique to the mesh) the
flux is limited as on obtuse cells. Source: Painter 2009, J. Math. Biol. 58:511-543, doi:10.1007/s00285-008-0217-8.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ScenarioError
from ..model.balance import Fibres, Species
from ..scenario.expressions import Expr, Number
from ..scenario.tree import evaluate, names
from .evaluate import Evaluator
from .forms import Forms
from .graph import Graph, symmetrise

Floats = NDArray[np.float64]


def edge_weight(law: Species, graph: Graph, forms: Forms, domain: Any, parameters: Mapping[str, float]) -> Floats:
    """K^D on the graph (nnz): its stiffness itself where motility is the same in all regions and directions. Collective."""
    by_region = isinstance(law.diffusion, Mapping)
    if not by_region and law.fibres is None:
        return graph.stiffness
    scale = region_motility(law, domain, parameters)[domain.cell_region] if by_region else np.ones(len(domain.cell_region))
    if law.fibres is None:
        matrix = forms.stiffness(scale)
    else:
        matrix = forms.directed_stiffness(scale[:, None, None] * _tensors(law.fibres, forms, domain.dim, parameters))
    values = graph.values_of(matrix)
    symmetrise(graph, values)
    return values


def _tensors(fibres: Fibres, forms: Forms, dim: int, parameters: Mapping[str, float]) -> Floats:
    """a I + (1 - a) e e^T on each cell (n_cells, d, d); I where there is no direction."""
    evaluator = Evaluator(forms.midpoints(), {}, parameters)
    e = np.zeros((dim, evaluator.n))
    for component, expr in zip(e, fibres.direction, strict=True):
        evaluator.compile(expr)(component)
    length = np.linalg.norm(e, axis=0)
    np.divide(e, length, out=e, where=length > 0.0)
    share = np.where(length > 0.0, 1.0 - fibres.across, 0.0)
    return np.asarray((1.0 - share)[:, None, None] * np.eye(dim) + share[:, None, None] * np.einsum("ic,jc->cij", e, e))


def region_motility(law: Species, domain: Any, parameters: Mapping[str, float]) -> Floats:
    """D of each region, in the order of the domain; raises ScenarioError if one is not a number."""
    diffusion: Any = law.diffusion
    default = diffusion.get("", Number(0.0))
    return np.array([_constant(law, region, diffusion.get(region, default), parameters) for region in domain.regions])


def _constant(law: Species, region: str, expr: Expr, parameters: Mapping[str, float]) -> float:
    used = sorted(names(expr) - set(parameters))
    if used:
        raise ScenarioError(f"species {law.name}: the motility in region '{region}' must be a number, but it uses '{used[0]}'")
    return float(evaluate(expr, parameters))
