"""Options of a species that the user writes as formulas, without a biology block."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Union

from pydantic import Field, GetCoreSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, core_schema

from .base import Options
from .biology import AMOUNT, ZERO, Becomes, FibreDirection, Maximum, Mean
from .boundaries import Condition
from .formulas import Amount, Formula, Initial, Motility, Over, State
from .named import Keyed, SpeciesName, within
from .scales import MolarMass, Solubility
from .shorthand import Short
from .taxis import ConstantSensitivity, Drift, LogarithmicSensitivity, ReceptorSensitivity


class Toward:
    """Marks a taxis option: while it is validated, "key" is the species it is directed toward."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_wrap_validator_function(self._validate, handler(source))

    def _validate(self, value: Any, inner: Any, info: ValidationInfo) -> Any:
        toward = value.get("toward", "") if isinstance(value, Mapping) else ""
        with within(info, "key", str(toward)):
            return inner(value)


class ConstantTaxis(ConstantSensitivity):
    """v = chi grad f."""

    toward: SpeciesName = Field(description="species whose gradient guides")


class LogarithmicTaxis(LogarithmicSensitivity):
    """v = chi grad ln f."""

    toward: SpeciesName = Field(description="species whose gradient guides")


class ReceptorTaxis(ReceptorSensitivity):
    """v = chi / (K + f)^2 grad f."""

    toward: SpeciesName = Field(description="species whose gradient guides")


TaxisTerm = Annotated[
    Union[ConstantTaxis, LogarithmicTaxis, ReceptorTaxis],
    Field(discriminator="kind"),
    Short("sensitivity", (("kind", "constant"),)),
    Toward(),
]


class UserSpecies(Options):
    """One balance law: dc/dt + div(v c - D grad c) = P + (g - q c) c - L c."""

    initial: Initial = Field(Formula.everywhere(0.0), description="density at the start, everywhere or by region")
    amount: Amount | None = Field(None, description=AMOUNT)
    diffusion: Motility | None = Field(None, description="D, everywhere or by region; without it, taxis and drift the species is immobile")
    diffusion_mean: Mean = Field(
        "arithmetic", description="of D that depends on other fields, between nodes; harmonic: what is off stays off"
    )
    fibres: FibreDirection | None = Field(None, description="direction in which diffusion is fastest; none: all directions alike")
    molar_mass: MolarMass | None = Field(None, description="such as 72 kg/mol: then masses (ng/ml) are understood where amounts are needed")
    solubility: Solubility | None = Field(None, description="such as 1.3 uM/mmHg: then pressures (mmHg) are understood for densities")
    quasi_steady: bool = Field(False, description="in balance at all times (no time derivative): for what diffuses fast, such as oxygen")
    taxis: list[TaxisTerm] = Field([], description="directed movement, v = sum of chi grad f")
    drift: Drift = Field([])
    production: Annotated[Formula, Over("own/time", State, 0)] = Field(ZERO, description="P >= 0, per volume and time")
    growth: Annotated[Formula, Over("1/time", State)] = Field(ZERO, description="g, per unit density, any sign")
    self_limitation: Annotated[Formula, Over("1/time/own", State, 0)] = Field(
        ZERO, description="q >= 0, growth lost per unit of own density"
    )
    loss: Annotated[Formula, Over("1/time", State, 0)] = Field(ZERO, description="L >= 0, per unit density")
    becomes: Becomes = Field({}, description="rate per unit density of turning into another species, by its name; conserves the amount")
    maximum: Maximum | None = Field(None, description="close packing: exceeded only if the law itself makes more; none: unbounded")
    boundaries: dict[str, Condition] = Field({}, description="condition by boundary name; no flux where not named")
    source: str = Field("", description="literature of the law")


SpeciesMap = Annotated[dict[str, UserSpecies], Keyed("own")]
