"""Options of a sensitivity analysis: what varies in which range, by which method, and on how many runs."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from .base import Options
from .fit import MOST_VARIED
from .sweep import Span
from .wrong import wrong


class Emulator(Options):
    """A polynomial of what varies, fitted to runs, that stands for further ones."""

    runs: int = Field(ge=10, le=100_000, description="runs it is fitted to")
    degree: int = Field(3, ge=1, le=10, description="highest total degree of its terms")


class SensitivityOptions(Options):
    """Which options the scenario's `outcomes` depend on, each varied over its whole range."""

    method: Literal["morris", "sobol"] = Field(
        "morris", description="morris: mean and spread of single steps, few runs; sobol: shares of the variance, many runs"
    )
    vary: dict[str, Span] = Field(min_length=1, max_length=MOST_VARIED, description="name of a parameter, or path as for --set: its range")
    n: int = Field(
        16,
        ge=2,
        le=1_000_000,
        description="morris: paths, of a run for each option and one more; sobol: samples, a power of two, likewise two more",
    )
    levels: int = Field(4, ge=2, le=100, description="values of each range (morris), an even number")
    seed: int = Field(0, ge=0, description="seed of the sample")
    emulator: Emulator | None = Field(None, description="a polynomial in place of most runs; its error is shown (sobol)")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.method == "sobol" and self.n & (self.n - 1):
            raise wrong(f"not a power of two (given {self.n})", code="wrong-value", remedy="allowed: 64, 128, 256 and so on")
        if self.method == "morris" and self.levels % 2:
            raise wrong(f"not an even number (given {self.levels})", code="wrong-value", remedy="allowed: 4, 6, 8 and so on")
        if self.emulator is not None and self.method == "morris":
            raise wrong("'emulator' has no meaning for 'morris'", code="meaningless-option", remedy="take it out, or choose method: sobol")
        return self
