"""Options of the biology blocks: cells, ECM, solubles, membranes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Union

from pydantic import Field, GetCoreSchemaHandler, model_validator
from pydantic_core import CoreSchema, core_schema

from .base import Options, Quantity
from .bound import BoundSpecies
from .ecm import AgainstEcm, Matrix, Pores
from .formulas import Amount, Formula, Initial, Motility, Over, State
from .membranes import Membrane
from .named import Keyed, SpeciesName
from .phenotypes import Follows, KilledBy, LossWithoutContact, Necroses, Uptakes
from .pools import PoolMap
from .proteolysis import Proteolysis
from .reactions import ReactionMap
from .scales import MolarMass, Solubility
from .shorthand import Short
from .taxis import Drift, Sensitivity
from .vessels import Vessel
from .wrong import either

RateFormula = Annotated[Formula, Over("1/time", State, 0)]
Mean = Literal["arithmetic", "harmonic"]
ZERO = Formula.number(0.0)
AMOUNT = (
    "total amount at the start, all regions together, exact on every mesh: `initial` is then only the shape, c = N f / (integral of f); "
    "none: what `initial` adds up to"
)


class TowardEcm:
    """Marks haptotaxis written as one value: it is then toward ``ecm``."""

    def expand(self, value: Any) -> Any:
        """The mapping meant by a single value."""
        short = isinstance(value, (int, float, str)) or (isinstance(value, Mapping) and "sensitivity" in value)
        return {"ecm": value} if short else value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self.expand, handler(source))


class ExponentialGrowth(Options):
    """g = mu."""

    kind: Literal["exponential"] = Field(description="g = mu")
    rate: Annotated[Formula, Over("1/time", State, 0)] = Field(description="mu")


class LogisticGrowth(Options):
    """g = mu (1 - c / K), or, where the capacity is shared with others, g = mu (1 - (c + sum of these) / K)."""

    kind: Literal["logistic"] = Field(description="g = mu (1 - c / K)")
    rate: Annotated[Formula, Over("1/time", State, 0)] = Field(description="mu")
    capacity: Annotated[Formula, Over("own", State, 0)] = Field(Formula.number(1.0), description="K, the density at which growth stops")
    shared_with: list[SpeciesName] = Field([], description="species whose densities count with its own against K")


class VolumeFillingGrowth(Options):
    """g = mu (1 - (sum of all cells + f) / K): growth needs free space (Chaplain and Lolas 2006, doi:10.3934/nhm.2006.1.399)."""

    kind: Literal["volume_filling"] = Field(description="g = mu (1 - (sum of all cells + f) / K)")
    rate: Annotated[Formula, Over("1/time", State, 0)] = Field(description="mu")
    capacity: Annotated[Formula, Over("own", State, 0)] = Field(
        Formula.number(1.0), description="K, the occupied volume at which growth stops"
    )


class ConstantSecretion(Options):
    """P = alpha c."""

    kind: Literal["constant"] = Field("constant", description="P = alpha c")
    rate: Annotated[Formula, Over("key/time", State, 0)] = Field(description="alpha, per unit of cell density")


class ContactSecretion(Options):
    """P = alpha c f: only where cells touch ECM."""

    kind: Literal["contact"] = Field(description="P = alpha c f")
    rate: Annotated[Formula, Over("key/time", State, 0)] = Field(description="alpha, per unit of cell density and of ECM")
    on: SpeciesName | None = Field(None, description="what must be touched, f; default: all components of the ECM together")


Growth = Annotated[Union[ExponentialGrowth, LogisticGrowth, VolumeFillingGrowth], Field(discriminator="kind")]
Secretion = Annotated[Union[ConstantSecretion, ContactSecretion], Field(discriminator="kind"), Short("rate", (("kind", "constant"),))]


class FibreDirection(Options):
    """Movement along fibres: D (a I + (1 - a) e e^T) with e the unit vector of the direction."""

    direction: Annotated[list[Annotated[Formula, Over("1", ("space",))]], Field(min_length=1, max_length=3)] | None = Field(
        None, description="direction of the fibres, one component per dimension, of any length; 0: no fibres there"
    )
    field: str | None = Field(
        None, description="instead: a given field of directions, `fields: {NAME: {image: FILE, orientation: structure_tensor}}`"
    )
    across: float = Field(ge=0, le=1, description="a, motility across the fibres relative to that along them")
    law: Literal["fickian", "myopic"] = Field(
        "fickian", description="fickian: div(T grad c); myopic: div div(T c), which also drifts to where motility is low; T is the tensor"
    )

    @model_validator(mode="after")
    def _one(self) -> FibreDirection:
        if (self.direction is None) == (self.field is None):
            raise either(self.direction is not None, "direction", "field")
        return self


Becomes = Annotated[dict[str, Annotated[Formula, Over("1/time", State, 0)]], Keyed("key", "cells", "user")]
Maximum = Annotated[float, Quantity("own"), Field(gt=0)]


class Cells(Options):
    """One phenotype of cells: random motility, haptotaxis, chemotaxis, growth, death, secretion."""

    initial: Initial = Field(description="density at the start, everywhere or by region")
    amount: Amount | None = Field(None, description=AMOUNT)
    motility: Motility = Field(Formula.everywhere(0.0), description="random motility d, everywhere or by region")
    motility_mean: Mean = Field(
        "arithmetic", description="of motility that depends on other fields, between nodes; harmonic: what is off stays off"
    )
    pores: Annotated[Pores, AgainstEcm()] | None = Field(None, description="where the matrix is too dense for cells to pass; none: nowhere")
    fibres: FibreDirection | None = Field(None, description="direction in which random motility is largest; none: all directions alike")
    haptotaxis: Annotated[dict[str, Sensitivity], Keyed("key", "ecm", "user"), TowardEcm()] = Field(
        {}, description="movement up the gradient of immobile species; one value means toward ecm"
    )
    chemotaxis: Annotated[dict[str, Sensitivity], Keyed("key", "soluble", "user")] = Field(
        {}, description="movement up the gradient of dissolved species"
    )
    follows: Follows = Field({}, description="movement up the gradient of other cells, such as leaders")
    drift: Drift = Field([])
    secretes: Annotated[dict[str, Secretion], Keyed("key", "soluble")] = Field({}, description="solubles the cells release")
    growth: Growth | None = Field(None, description="net birth per cell")
    death: RateFormula = Field(ZERO, description="loss rate per cell")
    killed_by: KilledBy = Field({}, description="loss rate per unit of other cells that kill; noted in the ledger under their names")
    necrosis: Necroses = Field({}, description="death where a soluble, such as oxygen, is low")
    anoikis: LossWithoutContact | None = Field(None, description="loss of cells that do not touch the matrix; none: no such loss")
    uptake: Uptakes = Field({}, description="solubles the cells take up")
    becomes: Becomes = Field({}, description="rate per cell of turning into another species, by its name (EMT, MET); conserves cells")
    maximum: Maximum | None = Field(None, description="close packing: exceeded only if the law itself makes more; none: unbounded")


class Soluble(Options):
    """A dissolved species: MMP, inhibitor, nutrient."""

    initial: Initial = Field(Formula.everywhere(0.0), description="density at the start, everywhere or by region")
    amount: Amount | None = Field(None, description=AMOUNT)
    diffusion: Motility = Field(description="diffusivity, everywhere or by region")
    fibres: FibreDirection | None = Field(None, description="direction in which diffusion is fastest; none: all directions alike")
    molar_mass: MolarMass | None = Field(None, description="such as 72 kg/mol: then masses (ng/ml) are understood where amounts are needed")
    solubility: Solubility | None = Field(None, description="such as 1.3 uM/mmHg: then pressures (mmHg) are understood for densities")
    quasi_steady: bool = Field(False, description="in balance at all times (no time derivative): for what diffuses fast, such as oxygen")
    decay: RateFormula = Field(ZERO, description="loss rate")
    production: Annotated[Formula, Over("own/time", State, 0)] = Field(ZERO, description="production besides secretion by cells")


class Biology(Options):
    """The blocks of the model; species written out as formulas stand in the top-level `species`."""

    cells: Annotated[dict[str, Cells], Keyed("own")] = Field({}, description="phenotypes by name")
    ecm: Matrix = Field({}, description="extracellular matrix: its options, or components by name")
    solubles: Annotated[dict[str, Soluble], Keyed("own")] = Field({}, description="dissolved species by name")
    bound: Annotated[dict[str, BoundSpecies], Keyed("own")] = Field(
        {}, description="what cells carry, by name: receptors, membrane-bound enzymes, a drug inside cells, any trait"
    )
    reactions: ReactionMap = Field({}, description="reactions between species: binding, enzymes, uptake")
    proteolysis: Proteolysis | None = Field(
        None, description="preset: MT1-MMP, TIMP-2, proMMP-2 and MMP-2; stands for species and reactions"
    )
    pools: PoolMap = Field({}, description="numbers with a law of their own: effects that outlast their cause")
    membranes: dict[str, Membrane] = Field({}, description="basement membranes by the name of the mesh's interface")
    vessels: dict[str, Vessel] = Field({}, description="blood and lymph vessels by name")
