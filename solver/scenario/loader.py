"""From a file to a Scenario: read, lay over, override, validate; and back to a file that runs again."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from ruamel.yaml import YAML

from ..errors import ScenarioError
from .base import Context
from .cascade_numbers import check_numbers
from .check import Finding, check
from .check_bound import check_bound
from .check_cascade import check_cascade
from .check_patients import check_middles, check_patients
from .check_reactions import check_reactions
from .check_removals import check_removals
from .check_scales import check_scales
from .check_size import check_size, check_times
from .check_vessels import check_vessels
from .columns import check_columns
from .ecm import components
from .faults import translate
from .feedback import check_feedback
from .fitted import check_ranges
from .layers import UNTIL, override, read_layers, set_values
from .members import members
from .mesh import mesh_dimension
from .on_mesh import OnMesh, check_on, parts_findings
from .parameters import read_parameters
from .prolong import later
from .proteolysis import write_out
from .reader import MOST_SHOWN, Document, Fault, Faults, Path_
from .removals import Radiation, RadiationMap, Surgery, SurgeryMap
from .scales import read_molar, read_scales, read_solubility
from .schedules import Schedule, ScheduleMap, read_schedules
from .schema import Scenario
from .stated import Stated
from .trains import Train
from .treated import check_drugs
from .variants import variants

PATIENCE = 5.0  # seconds for the members of a sweep, where not all of them are needed
MOST_ENTRIES, MOST_SPECIES = 2000, 500  # in a mapping
_SPECIES = (("species",), ("model", "cells"), ("model", "bound"), ("model", "solubles"))


@dataclass(frozen=True)
class Statement:
    """What a scenario's files state, read once and not validated: it gives a Scenario for any other values laid over it."""

    document: Document
    path: Path | None  # of the file
    label: str  # what messages call it

    @classmethod
    def read(cls, path: str | Path) -> Statement:
        """A file with everything it extends. Raises ScenarioError."""
        with _told(str(path)):
            document = read_layers(Path(path))
        return cls(document, Path(path), str(path))

    @classmethod
    def of(cls, scenario: Scenario) -> Statement:
        """What a valid scenario states: as it was read, so that other scales or depths laid over it find its units; else its numbers."""
        folders = () if scenario.path is None else (scenario.path.resolve().parent,)
        return cls(scenario.document or Document(scenario.resolved(), folders=folders), scenario.path, scenario.name)

    def scenario(
        self,
        overrides: Sequence[str] = (),
        values: Mapping[str, object] | None = None,
        scalars: Iterable[str] = (),
        patience: float = PATIENCE,
        until: object = None,
    ) -> Scenario:
        """The Scenario with other values: texts ``a.b.c=value`` with YAML values, then values of Python by path ``a.b.c``.

        scalars: numbers in time that formulas may name besides. patience: seconds after which further members of a sweep are left
        out. until: another end, that of a run which is prolonged. Raises ScenarioError with one line per fault, all at once.
        """
        with _told(self.label):
            document = override(self.document, list(overrides), Scenario)
            document = set_values(document, values or {}, Scenario)
            if "name" not in document.data:
                document = replace(document, data={**document.data, "name": self._stem()})
            check = partial(validate, scalars=frozenset(scalars))
            scenario = check(document)
            check_middles(document, scenario, check)
            if until is not None:
                document = set_values(document, later(scenario, until), Scenario, UNTIL)
                scenario = check(document)
            if scenario.sweep is not None and scenario.arms is None:
                scenario._members = members(document, scenario.sweep, scenario.name, check, patience)
            elif scenario.arms is not None:
                scenario._members = variants(document, scenario, check, patience)
            if scenario.fit is not None:
                check_ranges(document, "fit", scenario.fit.vary, check)
            if scenario.sensitivity is not None:
                check_ranges(document, "sensitivity", scenario.sensitivity.vary, check)
            for member in scenario.members:
                member.scenario._path = self.path
        scenario._path = self.path
        return scenario

    def over(self, overrides: Sequence[str]) -> Statement:
        """The same with texts ``a.b.c=value`` laid over it. Raises ScenarioError."""
        with _told(self.label):
            return replace(self, document=override(self.document, list(overrides), Scenario))

    def _stem(self) -> str:
        """The file's name as that of a scenario."""
        stem = self.path.stem if self.path else ""
        return re.sub(r"[^A-Za-z0-9_.-]", "_", stem).lstrip("_.-") or "scenario"


def load(path: str | Path, overrides: Sequence[str] = (), patience: float = PATIENCE, until: object = None) -> Scenario:
    """Read and check a scenario with everything it extends.

    overrides: texts ``a.b.c=value`` with YAML values. patience: seconds after which further members of a sweep are
    left out. until: another end, that of a run which is prolonged. Raises ScenarioError with one line per fault, all at once:
    ``file:line:column: path: what is wrong (what was given); what is allowed; did you mean ...? [code]``.
    """
    return Statement.read(path).scenario(overrides, patience=patience, until=until)


@contextmanager
def _told(label: str) -> Iterator[None]:
    """Faults in the block become one ScenarioError."""
    try:
        yield
    except Faults as caught:
        raise _error(caught, label) from None


def validate(document: Document, scalars: frozenset[str] = frozenset()) -> Scenario:
    """The Scenario that a document states, ``scalars`` being names besides its own; raises Faults."""
    _check_crowds(document)
    source = document
    document, written = write_out(document)
    context = context_of(document)
    others = {*context.species, *context.parameters, *context.fields, *context.scalars}
    taken = sorted(scalars & {*others, "x", "y", "z", "t", "integrity"})
    if taken:
        what = f"a scalar of an extension is called as something else is (given {', '.join(taken)})"
        raise Faults([Fault(document.mark(()), (), what, code="repeated-name", remedy="rename one of them")])
    try:
        scenario = Scenario.model_validate(document.data, context={"context": replace(context, scalars=scalars | context.scalars)})
    except ValidationError as error:
        raise translate(error, document, Scenario) from None
    within = (check_times, check_size, check, check_scales, check_bound, check_reactions)
    behind = (check_cascade, check_feedback, check_patients, check_numbers)
    checks = (*within, check_vessels, check_drugs, check_removals, *behind, check_columns)
    findings = chain.from_iterable(look(scenario) for look in checks)
    _refuse(findings, document)
    scenario._assumed = tuple(context.assumed)
    scenario._stated = Stated(scenario, document, source)
    scenario._written = written
    return scenario


def check_on_mesh(scenario: Scenario, mesh: OnMesh) -> None:
    """Refuse what does not fit the mesh of a scenario that was read, at its place in the file. Raises ScenarioError."""
    with _told(str(scenario.path or scenario.name)):
        _refuse(check_on(scenario, mesh), scenario.document or Document(scenario.resolved()))


def check_parts(scenario: Scenario, parts: Mapping[str, Sequence[str]]) -> None:
    """The same for parts of vessels, once networks are read. Raises ScenarioError."""
    with _told(str(scenario.path or scenario.name)):
        _refuse(parts_findings(scenario, parts), scenario.document or Document(scenario.resolved()))


def _refuse(findings: Iterable[Finding], document: Document) -> None:
    faults = [Fault(document.mark(f.path, key=_is_key(f.what)), f.path, f.what, f.code, f.remedy) for f in islice(findings, MOST_SHOWN)]
    if faults:
        raise Faults(faults)


def _check_crowds(document: Document) -> None:
    """Refuse mappings with more entries than can be checked against each other in seconds. Raises Faults."""
    todo: list[tuple[Path_, Any]] = [((), document.data)]
    while todo:
        path, value = todo.pop()
        most = MOST_SPECIES if path in _SPECIES else MOST_ENTRIES
        if isinstance(value, Mapping):
            if len(value) > most:
                what, remedy = f"a mapping of {len(value)} entries", f"allowed: at most {most}"
                raise Faults([Fault(document.mark(path), path, what, code="too-many", remedy=remedy)])
            todo += [((*path, key), entry) for key, entry in value.items()]
        elif isinstance(value, list):
            todo += [((*path, number), entry) for number, entry in enumerate(value) if isinstance(entry, (Mapping, list))]


def context_of(document: Document) -> Context:
    """The scales, names and folders that validation needs, as far as they can be read from raw data."""
    data = document.data if isinstance(document.data, Mapping) else {}
    model = _mapping(data.get("model"))
    species = {
        **dict.fromkeys(_mapping(data.get("species")), "user"),
        **dict.fromkeys(_mapping(model.get("bound")), "bound"),
        **dict.fromkeys(_mapping(model.get("solubles")), "soluble"),
        **dict.fromkeys(_mapping(model.get("cells")), "cells"),
        **dict.fromkeys(map(str, components(model.get("ecm"))), "ecm"),
    }
    scales = data.get("scales")
    start = Context(read_scales(scales), species, folders=document.folders, texts=_mapping(scales))
    mesh = _mapping(data.get("mesh"))
    dim = mesh_dimension(mesh.get("kind"), mesh.get("image"), mesh.get("pixel"))
    fields = frozenset(map(str, _mapping(data.get("fields"))))
    molar = {**read_molar(data.get("species")), **read_molar(model.get("solubles"))}
    soluble = {**read_solubility(data.get("species")), **read_solubility(model.get("solubles"))}
    pools = frozenset(map(str, _mapping(_mapping(data.get("circulation")).get("pools"))))
    numbers = frozenset(map(str, {**_mapping(model.get("pools")), **_mapping(_mapping(data.get("circulation")).get("feedback"))}))
    known = replace(read_parameters(data.get("parameters"), start), scalars=numbers)
    return replace(read_schedules(data.get("schedules"), known), dim=dim, fields=fields, molar=molar, solubility=soluble, pools=pools)


def schedules_of(data: Mapping[str, Any]) -> dict[str, Schedule]:
    """The schedules that a scenario states as plain data, such as a resolved one; none where they cannot be read."""
    try:
        schedules: TypeAdapter[dict[str, Schedule]] = TypeAdapter(ScheduleMap)
        return schedules.validate_python(data.get("schedules") or {}, context={"context": context_of(Document(data))})
    except ValidationError:
        return {}


def instants_of(data: Mapping[str, Any]) -> dict[str, Train]:
    """When there is radiation and surgery, of such a scenario."""
    found: dict[str, Train] = {}
    context = {"context": context_of(Document(data))}
    try:
        for kind, of in (("radiation", RadiationMap), ("surgery", SurgeryMap)):
            adapter: TypeAdapter[Mapping[str, Radiation | Surgery]] = TypeAdapter(of)
            stated = adapter.validate_python(data.get(kind) or {}, context=context)
            found |= {name: one.train for name, one in stated.items()}
    except ValidationError:
        return {}
    return found


def dump_resolved(scenario: Scenario) -> str:
    """The scenario with all defaults as YAML text; reading it back gives the same scenario."""
    yaml = YAML()
    yaml.width = 140
    stream = io.StringIO()
    stream.write("# All options with their defaults. Quantities are plain numbers in the scales stated here.\n")
    yaml.dump(scenario.resolved(), stream)
    return stream.getvalue()


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _is_key(what: str) -> bool:
    return what.startswith(("unknown", "the name"))


def _error(caught: Faults, path: str) -> ScenarioError:
    faults = caught.faults
    order = {fault: (fault.mark.file != path, fault.mark.line, fault.mark.column, number) for number, fault in enumerate(faults)}
    found = [fault.error(ScenarioError) for fault in sorted(dict.fromkeys(faults), key=order.__getitem__)]
    count = len(found) + caught.more
    only = f", of which {MOST_SHOWN} are shown" if count > MOST_SHOWN else ""
    return ScenarioError.together(found[:MOST_SHOWN], f"{count} error{'s' if count != 1 else ''} in {path}{only}")
