"""Directed movement: drift with velocity chi(f) grad f, or one that is stated, as factor and potential of the balance law."""

from __future__ import annotations

from collections.abc import Sequence

from ..scenario.expressions import Binary, Call, Expr, Name, Number, Unary
from ..scenario.formulas import Formula
from ..scenario.taxis import ConstantSensitivity, LogarithmicSensitivity, ReceptorSensitivity
from .balance import Taxis
from .citations import ANDERSON_2000, CHEMOTAXIS_1971, KELLER_SEGEL_1971, LAPIDUS_SCHILLER_1976
from .letters import Letters

Law = ConstantSensitivity | LogarithmicSensitivity | ReceptorSensitivity
_SOURCE = {"constant": ANDERSON_2000, "logarithmic": KELLER_SEGEL_1971, "receptor": LAPIDUS_SCHILLER_1976}
_DIMENSION = {"constant": "length^2/time/key", "logarithmic": "length^2/time", "receptor": "length^2*key/time"}


def taxis(name: str, own: str, toward: str, law: Law, letters: Letters, letter: str, source: str | None = None) -> Taxis | None:
    """The drift of a species up the gradient of another; None when the sensitivity is zero.

    ``source``: literature, instead of that of the law.
    constant: G = f. logarithmic: G = ln f. receptor: G = -1/(K + f), so that grad G = grad f / (K + f)^2.
    """
    if law.sensitivity.constant == 0.0:
        return None
    paper = CHEMOTAXIS_1971 if letter == "chi" and law.kind == "constant" else _SOURCE[law.kind]  # Anderson's cells follow the ECM alone
    source = letters.credit(law.sensitivity, paper) if source is None else source
    factor = letters.use(law.sensitivity, letter, _DIMENSION[law.kind], f"sensitivity of {own} to {toward}", own, toward)
    return Taxis(name, toward, _potential(own, toward, law, letters), factor, source)


def drift(own: str, velocity: Sequence[Formula], letters: Letters) -> tuple[Taxis, ...]:
    """The drift of a species with a velocity: of each component that is not zero G = x (y, z) and the factor v_x: v = sum v_x grad x."""
    found = []
    for axis, component in zip("xyz", velocity, strict=False):
        if component.constant != 0.0:
            factor = letters.use(component, f"v_{axis}", "length/time", f"velocity of {own} along {axis}", own)
            found.append(Taxis("drift", axis, Name(axis), factor))
    return tuple(found)


def _potential(own: str, toward: str, law: Law, letters: Letters) -> Expr:
    f = Name(toward)
    if isinstance(law, LogarithmicSensitivity):
        return Call("log", (f,))
    if isinstance(law, ReceptorSensitivity):
        half = letters.use(Formula.number(law.saturation), "K", "key", f"half saturation of {own} by {toward}", own, toward)
        return Unary("-", Binary("/", Number(1.0), Binary("+", half, f)))
    return f
