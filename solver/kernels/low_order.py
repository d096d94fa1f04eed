r"""The flux of first order that keeps densities non-negative: as much diffusion as turns u and l non-negative, and no more.

    F^L_ij = (u + d) c_j - (l + d) c_i,      d = max(0, -u, -l)

Source: Kuzmin, doi:10.1016/j.jcp.2008.12.011.
"""

from __future__ import annotations

from .compiled import compiled


@compiled(inline=True)
def artificial_diffusion(u: float, lower: float) -> float:
    """d = max(0, -u, -l)."""
    return max(0.0, max(-u, -lower))


@compiled(inline=True)
def low_order_flux(u: float, lower: float, here: float, there: float) -> float:
    """F^L_ij into the node with density ``here`` from the one with density ``there``."""
    d = artificial_diffusion(u, lower)
    return (u + d) * there - (lower + d) * here


@compiled(inline=True)
def let_pass(available: float, wanted: float) -> float:
    """min(1, available/wanted), compared as products: a quotient by a denormal number overflows."""
    return 1.0 if available >= wanted else max(0.0, min(1.0, available / wanted))
