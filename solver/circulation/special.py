"""Functions of SciPy that are loaded when they are first needed: most runs have no cascade, and loading takes a tenth of a second."""

from __future__ import annotations

from typing import Any


def gammaln(x: Any) -> Any:
    """ln Gamma(x)."""
    from scipy.special import gammaln as found

    return found(x)


def comb(n: Any, k: Any) -> Any:
    """The number of ways to choose k of n."""
    from scipy.special import comb as found

    return found(n, k)


def betaincc(a: Any, b: Any, x: Any) -> Any:
    """The complement of the regularised incomplete beta function."""
    from scipy.special import betaincc as found

    return found(a, b, x)
