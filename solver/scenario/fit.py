"""Options of a fit: measured data, what of a run they measure, how far off they may be, and which options vary in which range."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from .base import InputFile, Length, Options, Time
from .named import SpeciesName
from .pictures import PictureFile
from .shorthand import Short
from .sweep import Span
from .wrong import allowed, either, one_line, wrong

Point = Annotated[tuple[Length, ...], Field(min_length=1, max_length=3)]
MOST_VARIED, MOST_FILES = 50, 100


class Noise(Options):
    """How measured values scatter about those of the model, and how far.

    normal: about the value, with a standard deviation. log_normal: the logarithm does. poisson: counts about their mean.
    negative_binomial: counts of what comes in groups, with a variance of `overdispersion` times their mean (1 would be Poisson's).
    binomial: successes among `trials`, a column of the data; the model's value is the chance of one.
    events: `value` individuals in which something first happened between `since` (a column; none: the start) and `time`, or, where it is
    censored `above`, had not happened by then; the model's value is the chance that it has, such as that of a metastasis.
    """

    kind: Literal["normal", "log_normal", "poisson", "negative_binomial", "binomial", "events"] = Field(description="the distribution")
    error: Annotated[float, Field(gt=0)] | Literal["estimated"] | None = Field(
        None,
        description="the standard deviation of all values (of their natural logarithm with log_normal), or `estimated` together with the "
        "parameters; none: the column `error` of the data",
    )
    relative: float | None = Field(None, gt=0, description="or the standard deviation as a share of each measured value (normal)")
    overdispersion: Annotated[float, Field(gt=1)] | Literal["estimated"] | None = Field(
        None, description="variance of counts over their mean, or `estimated` together with the parameters (negative_binomial)"
    )
    correlation: Annotated[Length, Field(gt=0)] | Literal["estimated"] | None = Field(
        None,
        description="length over which neighbouring slabs, or values along a line, of one time are off alike: by exp(-distance/length); "
        "or `estimated` together with the parameters; none: they are independent",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.error is not None and self.relative is not None:
            raise either(True, "error", "relative")
        if self.relative is not None and self.kind != "normal":
            raise wrong(f"'relative' has no meaning for '{self.kind}'", code="meaningless-option", remedy="take it out")
        if self.error is not None and self.kind not in ("normal", "log_normal"):
            raise wrong(f"'error' has no meaning for '{self.kind}'", code="meaningless-option", remedy="take it out")
        if self.correlation is not None and self.kind == "events":
            raise wrong("'correlation' has no meaning for 'events'", code="meaningless-option", remedy="take it out")
        if (self.overdispersion is not None) != (self.kind == "negative_binomial"):
            if self.overdispersion is None:
                raise wrong("'negative_binomial' without an 'overdispersion'", code="missing-option", remedy="give one, or 'estimated'")
            raise wrong(f"'overdispersion' has no meaning for '{self.kind}'", code="meaningless-option", remedy="take it out")
        return self

    @property
    def estimated(self) -> bool:
        """Whether how far data scatter is one of the unknowns."""
        return "estimated" in (self.error, self.overdispersion)

    @property
    def correlated(self) -> bool:
        """Whether over which length data are off alike is one of the unknowns."""
        return self.correlation == "estimated"

    @property
    def counts(self) -> bool:
        """Whether values are whole numbers."""
        return self.kind in ("poisson", "negative_binomial")


class Observable(Options):
    """What of a run is measured: a column of series.csv, a density at places, an amount in a part of the tissue, a quantile of places.

    Places are columns of the data: x, y, z of a density; from, to of slabs `along` an axis.
    """

    series: str | None = Field(None, description="column of series.csv, such as tumour.total")
    cascade: str | None = Field(None, description="or a number of the cascade, such as chance of a metastasis in liver")
    value: SpeciesName | None = Field(None, description="or a species, whose density is measured at places: columns x, y, z of the data")
    above: float | None = Field(
        None,
        description="of a picture: its density at the edge of what is segmented; measured is the share of a block that has more (value)",
    )
    integral: SpeciesName | None = Field(None, description="or a species, of which is measured how much there is in a part of the tissue")
    quantile: SpeciesName | None = Field(
        None, description="or a species, of which is measured the place `along` an axis below which a share is"
    )
    level: float = Field(0.5, gt=0, lt=1, description="that share; 0.5: the median (quantile)")
    region: str | None = Field(None, description="region to integrate over; none: everywhere (integral, quantile)")
    from_: Point | None = Field(None, alias="from", description="lower corner of a box to integrate over (integral)")
    to: Point | None = Field(None, description="upper corner of it (integral)")
    along: Literal["x", "y", "z"] | None = Field(
        None,
        description="axis across which slabs are cut, whose ends are columns from, to of the data (integral); or of a quantile",
    )
    share: bool = Field(False, description="whether it is measured as a share of all there is in the tissue (integral)")
    unit: str = Field(
        "", description="unit of the data's values and errors; none: that of series.csv, or the scenario's scale of a density"
    )
    noise: Annotated[Noise, Short("kind")] = Field(Noise(kind="normal"), description="how the data scatter")
    seen_in: str | None = Field(
        None,
        description="observable in whose slabs this amount or quantile of places is seen, so that their noise is its own: for bands of "
        "what would be measured (integral, quantile)",
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = [name for name in ("series", "cascade", "value", "integral", "quantile") if getattr(self, name) is not None]
        if len(given) != 1:
            raise either(len(given) > 1, given[0] if given else "series", given[1] if given else "value")
        options = (
            *(("region", self.region), ("from", self.from_), ("to", self.to), ("along", self.along), ("share", self.share or None)),
            ("seen_in", self.seen_in),
        )
        for name, option in options:
            fits = self.integral is not None or (self.quantile is not None and name in ("region", "along", "seen_in"))
            if option is not None and not fits:
                raise wrong(f"'{name}' has no meaning for '{given[0]}'", code="meaningless-option", remedy="take it out")
        if self.quantile is not None and self.along is None:
            raise wrong("'quantile' without an 'along'", code="missing-option", remedy="give the axis")
        if self.above is not None and self.value is None:
            raise wrong(f"'above' has no meaning for '{given[0]}'", code="meaningless-option", remedy="take it out")
        if (self.from_ is None) != (self.to is None):
            raise wrong("a box has two corners", code="missing-option", remedy="give both 'from' and 'to'")
        return self

    @property
    def species(self) -> str:
        """Whose density it is made of; "" of a column."""
        return self.value or self.integral or self.quantile or ""


class Shown(PictureFile):
    """A picture or volume as data: its brightness, or what is segmented in it, in blocks side by side, where a mesh of it would lie."""

    time: Time = Field(description="when it was taken")
    observable: str = Field(description="which of `observables` it shows, one with `value`: the density's mean in each block")
    blocks: Annotated[list[Annotated[int, Field(ge=1, le=1000)]], Field(min_length=2, max_length=3)] = Field(
        description="number of blocks along each axis"
    )
    error: float = Field(gt=0, description="standard deviation of a block's value")
    black: float = Field(0.0, description="density that black stands for")
    white: float = Field(1.0, description="density that white stands for")
    brighter: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        None,
        description="brightness from which on a pixel is segmented; then the data are shares of blocks, and the observable has an `above`",
    )
    colour: Literal["grey", "red", "green", "blue"] = Field("grey", description="of colour pictures: one channel, or the mean of all")
    shift: list[Length] | None = Field(None, description="where the corner of the first pixel lies, one for each dimension; default: at 0")
    arm: str = Field("", description="which arm it shows; none: the scenario as it stands")


class Varied(Span):
    """The range in which a value is sought."""

    start: float | None = Field(None, description="where the search begins first; none: the scenario's own value, or the middle")

    @model_validator(mode="after")
    def _inside(self) -> Self:
        if self.start is not None and not self.from_ <= self.start <= self.to:
            what = f"'start' lies outside the range (given {self.start:g})"
            raise wrong(what, code="out-of-bounds", remedy=f"allowed: {self.from_:g} to {self.to:g}")
        return self


def _files(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Files = Annotated[list[InputFile], BeforeValidator(_files), Field(max_length=MOST_FILES)]


class Draws(Options):
    """Approximate Bayesian computation: values are kept whose runs, with the data's noise drawn, come near the data."""

    population: int = Field(200, ge=10, le=100_000, description="values that each generation keeps")
    generations: int = Field(20, ge=1, le=100, description="largest number of generations, each nearer to the data than the one before")
    nearest: float = Field(
        1.0, ge=0, description="distance at which it ends: the root mean square of the residuals in units of the data's errors"
    )
    draws: str | None = Field(
        None, description="path of a whole number that is drawn anew for each run, such as the seed of a random field"
    )


class FitOptions(Options):
    """Which values of options measured data allow."""

    data: Files = Field(
        [],
        description="table (CSV), or several: columns time, value, observable, error; x, y, z; from, to; trials; censored; arm. "
        "A unit of times and places stands in the head, as in `time (d)`",
    )
    observables: dict[Annotated[str, AfterValidator(one_line)], Observable] = Field(
        {}, description="what the names in the data's column observable mean; others are columns of series.csv"
    )
    pictures: Annotated[list[Shown], Field(max_length=MOST_FILES)] = Field(
        [], description="pictures or volumes as data, besides tables or alone"
    )
    vary: dict[str, Varied] = Field(
        min_length=1, max_length=MOST_VARIED, description="name of a parameter, or path as for --set: the range in which it is sought"
    )
    starts: int = Field(4, ge=1, le=10_000, description="searches, from different values")
    screened: int = Field(8, ge=1, le=1000, description="values tried for each of them, of which the best begin a search")
    seed: int = Field(0, ge=0, description="seed of the values tried")
    level: float = Field(0.95, gt=0.5, lt=1, description="of the intervals")
    difference: float = Field(1e-3, gt=0, le=0.1, description="share of a range by which a value is changed to see what follows from it")
    sample: int = Field(
        0,
        ge=0,
        le=1_000_000,
        description="runs by which values are drawn from the likelihood, for bands of what would be measured; 0: bands by the curvature",
    )
    abc: Draws = Field(Draws(), description="of `invasio fit --abc`, for models without a likelihood")

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not self.data and not self.pictures:
            raise wrong("there are no data", code="nothing-given", remedy="give 'data' or 'pictures'")
        for name, one in self.observables.items():
            self._check_seen(name, one)
        for number, shown in enumerate(self.pictures):
            observable = self.observables.get(shown.observable)
            if observable is None or observable.value is None:
                what = f"picture {number} shows no observable with 'value' (given {shown.observable!r})"
                raise wrong(
                    what, code="unknown-name", remedy=allowed(shown.observable, [n for n, o in self.observables.items() if o.value])
                )
            if (shown.brighter is None) != (observable.above is None):
                raise wrong(
                    "what is segmented in a picture needs a density at its edge",
                    code="missing-option",
                    remedy="give both 'brighter' and 'above', or neither",
                )
        return self

    def _check_seen(self, name: str, one: Observable) -> None:
        """Whether what an observable is seen in are slabs of the same."""
        if one.seen_in is None:
            return
        slabs = self.observables.get(one.seen_in)
        same = slabs is not None and (slabs.integral, slabs.region) == (one.species, one.region) and not (slabs.share or one.share)
        if slabs is None or not same or slabs.along is None or one.along not in (None, slabs.along) or one.from_ is not None:
            known = [k for k, o in self.observables.items() if o.integral == one.species and o.along is not None and k != name]
            what = f"{name!r} is seen in no slabs of the same (given {one.seen_in!r})"
            raise wrong(what, code="unknown-name", remedy=allowed(one.seen_in, known))
