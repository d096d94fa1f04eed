"""Beds of small vessels and how blood flows from one to the next, of a preset or of own beds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ruamel.yaml import YAML

from .organs import Bed, Organs

PRESETS = ("human_adult",)
MORE = 1e-9  # by which shares may miss 1


@dataclass(frozen=True)
class Anatomy:
    """Beds by name, and the bed that the portal vein leads to ("" for none). A flow is {bed: share}, which adds up to 1."""

    beds: dict[str, Bed]
    portal: str

    def _flow(self, into: str) -> dict[str, float]:
        return {name: bed.share for name, bed in self.beds.items() if (bed.into == "arteries") == (into == "veins") and bed.share > 0.0}

    @property
    def arteries(self) -> dict[str, float]:
        """Where arterial blood goes: by shares of cardiac output."""
        return self._flow("arteries")

    @property
    def veins(self) -> dict[str, float]:
        """Where blood of the systemic veins goes: to the beds that lead into the arteries."""
        return self._flow("veins")

    def after(self, bed: str) -> dict[str, float]:
        """Where the blood of a bed goes."""
        into = self.beds[bed].into
        return self.veins if into == "veins" else self.arteries if into == "arteries" else {into: 1.0}


def anatomy_of(organs: Organs) -> Anatomy:
    """The beds of a scenario."""
    if organs.anatomy is not None:
        return preset(organs.anatomy)
    beds = organs.beds or {}
    fed = dict.fromkeys(bed.into for bed in beds.values() if bed.into in beds)
    return Anatomy(beds, organs.portal or (next(iter(fed)) if len(fed) == 1 else ""))


@cache
def preset(name: str) -> Anatomy:
    """The beds of a preset, with their sources."""
    data = YAML(typ="safe", pure=True).load((Path(__file__).parent / f"{name}.yaml").read_text(encoding="utf-8"))
    return Anatomy({bed: Bed.model_validate(options) for bed, options in data["beds"].items()}, data["portal"])
