"""The preset of proteolysis: MT1-MMP on cells activates proMMP-2 through TIMP-2; it stands for species and reactions.

    mt1 + timp2 <-> c,  c + prommp2 <-> d,  d + mt1 <-> q,  q -> mt1 + c + mmp2,  mmp2 + timp2 <-> x <-> y

Constants as of Karagiannis and Popel 2004; mt1 lets go of timp2 at 2.2e-4 /s (why: docs/theory.md). It is written out before anything is
checked, so that all that formulas, reactions and options may do with other species they may do with these.
Source: Karagiannis, Popel 2004, J. Biol. Chem. 279:39105-39114.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Union

from pydantic import Field

from .base import Options
from .reader import Document, Fault, Faults, Path_
from .wrong import allowed

SOURCE = "Karagiannis, Popel 2004, J. Biol. Chem. 279:39105-39114"
SOURCES = {"receptor": f"{SOURCE}, but TIMP-2 is let go at 2.2e-4 /s"}
PLACE: Path_ = ("model", "proteolysis")
SCALE = "1 nM"
ON_CELLS = {  # role: what it is called
    "mt1": "mt1",
    "complex": "mt1_timp2",
    "ternary": "mt1_timp2_prommp2",
    "dimer": "mt1_timp2_prommp2_mt1",
}
SOLUBLE = {"timp2": "timp2", "prommp2": "prommp2", "mmp2": "mmp2", "inhibited": "mmp2_timp2", "tight": "mmp2_timp2_tight"}
INHIBITOR = {"inhibitor": "inhibitor", "bound_inhibitor": "mmp2_inhibitor"}
RATES: dict[str, tuple[str, dict[str, str]]] = {
    "receptor": ("{mt1} + {timp2} <-> {complex}", {"forward": "3.54e6 /M/s", "backward": "2.2e-4 /s"}),
    "ternary": ("{complex} + {prommp2} <-> {ternary}", {"forward": "1.4e5 /M/s", "backward": "4.7e-3 /s"}),
    "dimer": ("{ternary} + {mt1} <-> {dimer}", {"forward": "3e3 /M/s", "backward": "9e-4 /s"}),
    "activation": ("{dimer} -> {mt1} + {complex} + {mmp2}", {"rate": "0.02 /s"}),
    "inhibition": ("{mmp2} + {timp2} <-> {inhibited}", {"forward": "5.9e6 /M/s", "backward": "6.3 /s"}),
    "tightening": ("{inhibited} <-> {tight}", {"forward": "33 /s", "backward": "2e-8 /s"}),
}
BINDING = "{inhibitor} + {mmp2} <-> {bound_inhibitor}"

Value = Union[float, str]
Values = Union[float, str, dict[str, Union[float, str]]]


class Inhibitor(Options):
    """A drug that binds active MMP-2."""

    initial: Values = Field(0.0, description="density at the start, as of a soluble")
    forward: Value = Field(description="rate of binding, such as 1e6 /M/s")
    backward: Value = Field(description="rate of letting go, such as 1e-3 /s")
    source: str = Field("", description="literature of the rates")


class Proteolysis(Options):
    """MT1-MMP, TIMP-2, proMMP-2 and MMP-2 with their complexes: species and reactions that are written out before all is checked.

    Species of these names that the scenario states itself are taken as they stand there, and their `initial` is not given here.
    """

    on: str | None = Field(None, description="cells that carry MT1-MMP and its complexes; none: they stay where they are")
    mt1: Values | None = Field(None, description="MT1-MMP at the start: per cell where it is on cells, else its density")
    timp2: Values | None = Field(None, description="TIMP-2 at the start")
    prommp2: Values | None = Field(None, description="proMMP-2 at the start")
    mmp2: Values | None = Field(None, description="active MMP-2 at the start")
    diffusion: Values | None = Field(None, description="of what is dissolved and not stated elsewhere")
    inhibitor: Inhibitor | None = Field(None, description="a drug that binds MMP-2; none: there is none")
    names: dict[str, str] = Field({}, description=f"other names of species, by {', '.join({**ON_CELLS, **SOLUBLE, **INHIBITOR})}")
    rates: dict[str, dict[str, Value]] = Field(
        {}, description=f"other constants of {', '.join(RATES)}, such as {{receptor: {{backward: 1e-3 /s}}}}"
    )
    source: str = Field("", description="literature of other constants")


@dataclass
class _Page:
    """The raw scenario while the preset is written into it, with the place that each new entry comes from."""

    document: Document
    given: Mapping[str, Any]
    written: dict[Path_, None] = field(default_factory=dict)  # entries that were not there

    def __post_init__(self) -> None:
        self.data = {**self.document.data, "model": {**self.document.data["model"]}}
        self.keys, self.values = dict(self.document.keys), dict(self.document.values)

    def put(self, path: Path_, value: object, origin: str = "") -> None:
        """Write a value; what is wrong with it is said at an option of the preset."""
        self.written[path[:2] if path[0] in ("scales", "species") else path[:3]] = None
        group: dict[str, Any] = self.data
        for part in path[:-1]:
            group[str(part)] = dict(group.get(str(part)) or {})
            group = group[str(part)]
        group[str(path[-1])] = value
        mark = self.document.mark((*PLACE, origin) if origin else PLACE)
        self.keys[path] = self.values[path] = mark

    def group(self, *path: str) -> Mapping[str, Any]:
        """A mapping of the raw scenario; an empty one where there is none."""
        found: Any = self.data
        for part in path:
            found = found.get(part) if isinstance(found, Mapping) else None
        return found if isinstance(found, Mapping) else {}

    def fault(self, origin: str, what: str, code: str, remedy: str) -> Faults:
        """What is wrong with an option of the preset, or with all of it."""
        path = (*PLACE, origin) if origin else PLACE
        return Faults([Fault(self.document.mark(path), path, what, code=code, remedy=remedy)])


def write_out(document: Document) -> tuple[Document, tuple[Path_, ...]]:
    """The document with the preset's species and reactions in it, and where these stand; as it is where there is none. Raises Faults."""
    model = document.data.get("model") if isinstance(document.data, Mapping) else None
    given = model.get("proteolysis") if isinstance(model, Mapping) else None
    if not isinstance(given, Mapping):
        return document, ()
    page = _Page(document, given)
    drug = given.get("inhibitor")
    roles = {**ON_CELLS, **SOLUBLE, **(INHIBITOR if isinstance(drug, Mapping) else {})}
    others = page.given.get("names")
    for role in others if isinstance(others, Mapping) else ():
        if role not in roles:
            raise page.fault("names", f"nothing of the preset is called {role!r}", "unknown-key", f"allowed: {', '.join(roles)}")
    names = {**roles, **({k: str(v) for k, v in others.items()} if isinstance(others, Mapping) else {})}
    if not isinstance(page.data.get("scales"), Mapping):
        raise page.fault(
            "",
            "its constants are per M and s, and the scenario states no scales",
            "no-scales",
            "state them, as in scales: {length: 1 um, time: 1 h}",
        )
    cells, phenotypes = page.given.get("on"), page.group("model", "cells")
    if isinstance(cells, str) and cells not in phenotypes:  # else each of what cells carry would be told
        raise page.fault("on", f"unknown species (given {cells!r})", "no-species", allowed(cells, phenotypes))
    _species(page, names, drug if isinstance(drug, Mapping) else {})
    _reactions(page, names, drug if isinstance(drug, Mapping) else {})
    return replace(document, data=page.data, keys=page.keys, values=page.values), tuple(page.written)


def _species(page: _Page, names: Mapping[str, str], drug: Mapping[str, Any]) -> None:
    cells = page.given.get("on")
    stated = [page.group("species"), *(page.group("model", part) for part in ("solubles", "bound", "cells"))]
    for role, name in names.items():
        if name not in page.group("scales"):
            page.put(("scales", name), SCALE)
        initial = drug.get("initial") if role == "inhibitor" else page.given.get(role) if role in (*ON_CELLS, *SOLUBLE) else None
        origin = role if initial is not None else ""
        if any(name in group for group in stated):
            if initial is not None:
                raise page.fault(role, f"{name} is stated in the scenario itself", "stated-twice", "give what there is of it there")
        elif role not in ON_CELLS:
            if page.given.get("diffusion") is None:
                raise page.fault("", f"how fast {name} diffuses is not known", "missing-option", "give `diffusion`")
            page.put(("model", "solubles", name, "initial"), 0.0 if initial is None else initial, origin)
            page.put(("model", "solubles", name, "diffusion"), page.given["diffusion"], "diffusion")
        elif cells is None:
            page.put(("species", name, "initial"), 0.0 if initial is None else initial, origin)
        else:
            page.put(("model", "bound", name, "on"), cells, "on")
            page.put(("model", "bound", name, "per_cell"), 0.0 if initial is None else initial, origin)


def _reactions(page: _Page, names: Mapping[str, str], drug: Mapping[str, Any]) -> None:
    own, others = page.group("model", "reactions"), page.group("model", "proteolysis", "rates")
    wanted = {**RATES, **({"drug_binding": (BINDING, {k: drug[k] for k in ("forward", "backward") if k in drug})} if drug else {})}
    for name in others:
        if name not in RATES:
            raise page.fault("rates", f"no reaction of the preset is called {name!r}", "unknown-key", f"allowed: {', '.join(RATES)}")
    for name, (equation, rates) in wanted.items():
        if name in own:
            path: Path_ = ("model", "reactions", name)
            what, remedy = "a reaction of model.proteolysis has this name", "rename this one, or give other constants as `rates` there"
            raise Faults([Fault(page.document.mark(path, key=True), path, what, code="repeated-name", remedy=remedy)])
        mine = others.get(name)
        source = drug.get("source") if name == "drug_binding" else page.given.get("source") if mine else SOURCES.get(name, SOURCE)
        changed = mine if isinstance(mine, Mapping) else {}
        options = {"equation": equation.format(**names), **rates, **changed, "source": source or ""}
        for key, value in options.items():
            origin = "rates" if key in changed else "inhibitor" if name == "drug_binding" else ""
            page.put(("model", "reactions", name, key), value, origin)
