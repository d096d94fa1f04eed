"""Beds of small vessels and how blood flows from one to the next, of a preset or of own beds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from ruamel.yaml import YAML

from .organs import Bed, Organs

PRESETS = ("human_adult",)
SITE = ".site"
MORE = 1e-9  # by which shares may miss 1


@dataclass(frozen=True)
class Anatomy:
    """Beds by name, and the bed that the portal vein leads to ("" for none). A flow is {bed: share}, which adds up to 1."""

    beds: dict[str, Bed]
    portal: str
    sites: dict[str, float] = field(default_factory=dict)  # bed -> the share of it that is a bed of its own, BED.site

    def split(self, flow: Mapping[str, float]) -> dict[str, float]:
        """A flow to beds as one to beds and sites."""
        whole = {bed: share * (1.0 - self.sites.get(bed, 0.0)) for bed, share in flow.items()}
        return whole | {f"{bed}{SITE}": flow[bed] * share for bed, share in self.sites.items() if bed in flow}

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
        return self.veins if into == "veins" else self.arteries if into == "arteries" else self.split({into: 1.0})


def anatomy_of(organs: Organs) -> Anatomy:
    """The beds of a scenario, after them those that are tissue of the mesh."""
    whole = _whole(organs)
    sites = {bed: site.share for bed, site in organs.sites.items() if bed in whole.beds}
    if not sites:
        return whole
    left = {n: bed.model_copy(update={"share": bed.share * (1.0 - sites.get(n, 0.0))}) for n, bed in whole.beds.items()}
    own = {f"{n}{SITE}": whole.beds[n].model_copy(update={"share": whole.beds[n].share * share}) for n, share in sites.items()}
    return Anatomy({**left, **own}, whole.portal, sites)


def _whole(organs: Organs) -> Anatomy:
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
