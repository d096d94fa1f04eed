"""Options of directed movement: drift with velocity chi(f) grad f, or with a velocity that is stated."""

from __future__ import annotations

from typing import Annotated, Literal, Union

from pydantic import Field

from .base import Options, Quantity
from .formulas import Formula, Over, State
from .shorthand import Short


class ConstantSensitivity(Options):
    """v = chi grad f."""

    kind: Literal["constant"] = Field("constant", description="v = chi grad f")
    sensitivity: Annotated[Formula, Over("length^2/time/key", State)] = Field(description="chi; negative: away from it")


class LogarithmicSensitivity(Options):
    """v = (chi / f) grad f = chi grad ln f: cells respond to relative differences."""

    kind: Literal["logarithmic"] = Field(description="v = chi grad ln f")
    sensitivity: Annotated[Formula, Over("length^2/time", State)] = Field(description="chi; negative: away from it")


class ReceptorSensitivity(Options):
    """v = chi / (K + f)^2 grad f: receptors saturate (Lapidus and Schiller 1976, Biophys. J. 16:779-789)."""

    kind: Literal["receptor"] = Field(description="v = chi / (K + f)^2 grad f")
    sensitivity: Annotated[Formula, Over("length^2*key/time", State)] = Field(description="chi; negative: away from it")
    saturation: Annotated[float, Quantity("key")] = Field(gt=0, description="K, the value of f at which half of the receptors are bound")


Sensitivity = Annotated[
    Union[ConstantSensitivity, LogarithmicSensitivity, ReceptorSensitivity],
    Field(discriminator="kind"),
    Short("sensitivity", (("kind", "constant"),)),
]

Drift = Annotated[
    list[Annotated[Formula, Over("length/time", State)]],
    Field(
        max_length=3,
        description="velocity of a drift that nothing guides, one component per dimension of the mesh: sinking by weight, flow. "
        "Only a boundary with `outflow` lets it through, and no membrane; []: none",
    ),
]
