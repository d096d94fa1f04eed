"""PEtab tables in and out: measurements, observables, parameters, and conditions as arms; the model is a scenario.

PEtab 1.0 (Schmiester et al. 2021, doi:10.1371/journal.pcbi.1008646), and for reading 2.0 (``petab_v2.py``). A formula of an observable
names a species, which stands for how much there is of it, or a column of series.csv with __ in place of dots and colons.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from invasio.solver.output.folder import replace_text, writing
from invasio.solver.scenario.check import species_names
from invasio.solver.scenario.columns import columns
from invasio.solver.scenario.fit import Observable
from invasio.solver.scenario.loader import load
from invasio.solver.scenario.schema import Scenario
from invasio.solver.scenario.wrong import allowed

from . import petab_v2
from .data import Data, Datum
from .petab_v2 import PLACE, PetabError
from .task import Task

Row = Mapping[str, str]
_SCALES = {"lin": "linear", "log": "log", "log10": "log", "log2": "log"}
_PLACEHOLDER = re.compile(r"noiseParameter1_\w+")
FILES = ("measurement", "observable", "condition")
_NEEDED = {
    "parameter": ("parameterId", "estimate"),
    "measurement": ("observableId", "time", "measurement"),
    "observable": ("observableId", "observableFormula"),
    "condition": ("conditionId",),
}


def _wrong(what: str, place: object, remedy: str, code: str = "wrong-value") -> PetabError:
    return PetabError(what, code=code, place=str(place), remedy=remedy)


def read(problem: Path, model: Path, out: Path) -> Path:
    """Write what a PEtab problem states as a scenario that extends ``model``, with its data beside it; the scenario's file.

    Raises PetabError, and ScenarioError where the model is none.
    """
    scenario = load(model)
    stated = _yaml(problem)
    tables = _tables(problem, stated, scenario.time.start)
    arms, fixed = _arms(tables["condition"], scenario)
    vary: dict[str, Any] = {}
    estimated: set[str] = set()
    where: dict[str, str] = {}
    for row in tables["parameter"]:
        name, place = row["parameterId"], f"{row[PLACE]}: {row['parameterId']}"
        where[name] = place
        _refuse_priors(row, place)
        if row["estimate"].strip() not in ("1", "1.0"):
            fixed[name] = _number(row.get("nominalValue", ""), place)
            continue
        if name not in scenario.parameters:
            estimated.add(name)  # an error, unless nothing names it
            continue
        vary[name] = _range(row, place)
    observables = {row["observableId"]: _observable(row, scenario, estimated) for row in tables["observable"]}
    data = _data(tables["measurement"], list(arms) if len(arms) > 1 else [])
    target = out / f"{problem.stem.strip('_')}.yaml"
    unknown = sorted(set(fixed) - set(scenario.parameters))
    if unknown:
        remedy = allowed(unknown[0], scenario.parameters)
        raise _wrong(
            f"the scenario has no parameter of this name (given {unknown[0]!r})", where.get(unknown[0], problem), remedy, "unknown-name"
        )
    if not vary:
        raise _wrong("no parameter is estimated", problem, "estimate: 1 for one that the scenario has", "nothing-given")
    text: dict[str, Any] = {"extends": str(model.resolve()), "name": target.stem}
    if fixed:
        text["parameters"] = {name: value for name, value in fixed.items()}
    if len(arms) > 1:
        text["arms"] = arms
    text["fit"] = {"data": f"{target.stem}.csv", "observables": observables, "vary": vary}
    stream = io.StringIO()
    YAML().dump(text, stream)
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
        replace_text(out / f"{target.stem}.csv", data)
        replace_text(target, stream.getvalue())
    load(target)
    return target


def _yaml(path: Path) -> dict[str, Any]:
    try:
        found = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except Exception as error:  # whatever the reader raises, it is no problem file
        raise _wrong(
            f"cannot be read: {str(error).splitlines()[0]}", path, "name the YAML file of a PEtab problem", "unreadable-file"
        ) from None
    version = str(found.get("format_version", "")) if isinstance(found, Mapping) else ""
    first = version.startswith("1") and "parameter_file" in found and isinstance(found.get("problems"), list)
    if not first and not (version.startswith("2") and isinstance(found.get("parameter_files"), list)):
        raise _wrong("no PEtab problem of format version 1 or 2", path, "name the YAML file of one", "unknown-format")
    return dict(found)


def _tables(problem: Path, stated: Mapping[str, Any], start: float) -> dict[str, list[Row]]:
    """All tables of a problem, as version 1.0 has them. start: of the model, in its unit of time."""
    if "parameter_files" in stated:
        names = {kind: [str(name) for name in stated.get(f"{kind}_files") or []] for kind in petab_v2.NEEDED}
        return petab_v2.as_first(_rows(problem, names, petab_v2.NEEDED), start)
    names = {kind: [str(name) for part in stated["problems"] for name in part.get(f"{kind}_files") or []] for kind in FILES}
    names["parameter"] = [str(stated["parameter_file"])]
    return _rows(problem, names, _NEEDED)


def _rows(problem: Path, names: Mapping[str, Sequence[str]], needed: Mapping[str, Sequence[str]]) -> dict[str, list[Row]]:
    return {kind: [row for name in files for row in _table(problem.parent / name, needed[kind])] for kind, files in names.items()}


def _refuse_priors(row: Row, place: str) -> None:
    """A likelihood with a prior is another one; a uniform one says nothing that the bounds do not."""
    for column in ("objectivePriorType", "priorDistribution"):
        given = (row.get(column) or "").strip()
        if given and given not in ("uniform", "parameterScaleUniform"):
            raise _wrong(f"a prior (given {given!r})", place, "leave it out: a fit takes bounds alone", "meaningless-option")


def _table(path: Path, needed: Sequence[str]) -> list[Row]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise _wrong(f"cannot be read: {error}", path, "check the names in the problem's file", "unreadable-file") from None
    reader = csv.DictReader(lines, delimiter="\t")
    rows = [{**row, PLACE: f"{path}, line {reader.line_num}"} for row in reader]
    missing = [name for name in needed if rows and name not in rows[0]]
    if missing:
        there = ", ".join(str(name) for name in reader.fieldnames or ())
        raise _wrong(f"the column {missing[0]!r} is missing", path, f"there are: {there}", "missing-option")
    return [{str(key): value or "" for key, value in row.items() if key is not None} for row in rows]


def _number(text: str, place: object) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise _wrong(f"not a number (given {text[:60]!r})", place, "write one", "not-a-number")
    return value


def _value(text: str) -> float | str:
    """A number, or a formula of parameters."""
    try:
        return float(text)
    except ValueError:
        return text


def _arms(rows: Sequence[Row], scenario: Scenario) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    """The conditions as arms, and what the first of them says, which the scenario takes as it stands; where another says nothing, the
    model's own value stands."""
    names = [key for key in (rows[0] if rows else {}) if key not in ("conditionId", "conditionName") and key]
    values = {row["conditionId"]: {name: _value(row[name]) for name in names if row[name].strip()} for row in rows}
    first = next(iter(values.values()), {})
    own = {name: scenario.parameters[name].value for name in first if name in scenario.parameters}
    arms = {
        arm: {f"parameters.{name}": value for name, value in {**own, **given}.items() if first.get(name) != value}
        for arm, given in values.items()
    }
    return arms, dict(first)


def _range(row: Row, place: str) -> dict[str, Any]:
    scale = row.get("parameterScale") or "lin"
    if scale not in _SCALES:
        raise _wrong(f"unknown scale (given {scale!r})", place, allowed(scale, _SCALES), "unknown-choice")
    found: dict[str, Any] = {"from": _number(row.get("lowerBound", ""), place), "to": _number(row.get("upperBound", ""), place)}
    if _SCALES[scale] == "log":
        found["spacing"] = "log"
    nominal = row.get("nominalValue", "")
    if nominal.strip():
        found["start"] = _number(nominal, place)
    return found


def _observable(row: Row, scenario: Scenario, estimated: set[str]) -> dict[str, Any]:
    name, formula = row["observableId"], row["observableFormula"].strip()
    place = f"{row[PLACE]}: {name}"
    known, _ = columns(scenario)
    names = {re.sub(r"[.:]", "__", column): column for column in known} | {s: f"{s}.total" for s in species_names(scenario)}
    if formula not in names:
        raise _wrong(
            f"the formula of an observable is no species and no column of series.csv (given {formula!r})",
            place,
            allowed(formula, names),
            "no-column",
        )
    if (row.get("noiseDistribution") or "normal") != "normal":
        raise _wrong(
            f"another distribution than the normal one (given {row['noiseDistribution']!r})", place, "allowed: normal", "unknown-choice"
        )
    transformation = row.get("observableTransformation") or "lin"
    if transformation not in ("lin", "log"):
        raise _wrong(f"another transformation (given {transformation!r})", place, "allowed: lin, log", "unknown-choice")
    noise: dict[str, Any] = {"kind": "log_normal" if transformation == "log" else "normal"}
    text = (row.get("noiseFormula") or "1").strip()
    if not _PLACEHOLDER.fullmatch(text):
        noise["error"] = "estimated" if text in estimated else _number(text, f"{place}: noiseFormula")
    return {"series": names[formula], "noise": noise}


def _data(rows: Sequence[Row], arms: Sequence[str]) -> str:
    table = [["time", "observable", "value", "error", "arm"]]
    for row in rows:
        place = f"{row[PLACE]}: measurement of {row['observableId']}"
        if row.get("preequilibrationConditionId"):
            raise _wrong("a run that begins in a balance", place, "let the scenario begin so: `start`", "meaningless-option")
        arm = row.get("simulationConditionId", "") if arms else ""
        error = row.get("noiseParameters", "")
        error = repr(_number(error, place)) if error.strip() else ""
        table.append([repr(_number(row["time"], place)), row["observableId"], repr(_number(row["measurement"], place)), error, arm])
    return _text(table, ",")


def write(task: Task, out: Path) -> Path:
    """Write the fit of a scenario as a PEtab problem whose model is the scenario; the problem's file. Raises PetabError."""
    scenario, data, options = task.scenario, task.data, task.options
    ids = _ids(data)
    formulas = {key: _formula(data.observables[key[0]], number) for key, number in ids.items()}
    observables = [["observableId", "observableName", "observableFormula", "observableTransformation", "noiseFormula", "noiseDistribution"]]
    errors: list[str] = []
    for (name, at, span), number in ids.items():
        noise = data.observables[name].noise
        if noise.kind not in ("normal", "log_normal") or noise.correlation is not None:
            raise _wrong(
                f"PEtab knows no such noise (given {noise.kind}{'' if noise.correlation is None else ' with a correlation'})",
                f"fit.observables.{name}",
                "allowed: normal, log_normal",
                "unknown-choice",
            )
        formula = f"noiseParameter1_{number}"
        if noise.estimated:
            formula = f"error_of_{_id(name)}"
            errors.append(formula)
        where = ", ".join(f"{x:g}" for x in at) or " to ".join(f"{x:g}" for x in span or ())
        transformation = "log" if noise.kind == "log_normal" else "lin"
        observables.append([number, f"{name} at {where}" if where else name, formulas[name, at, span], transformation, formula, "normal"])
    arms = data.arms
    measurements = [["observableId", "simulationConditionId", "time", "measurement", "noiseParameters"]]
    for row in data.rows:
        if row.censored:
            raise _wrong("PEtab knows no censored values", f"fit.data: {row.observable}", "leave them out", "meaningless-option")
        noise = data.observables[row.observable].noise
        error = "" if noise.estimated else repr(row.error or noise.error or (noise.relative or 0.0) * abs(row.value))
        measurements.append([ids[row.observable, row.at, row.span], row.arm or "as_it_stands", repr(row.time), repr(row.value), error])
    changed = list(dict.fromkeys(path for arm in arms for path in (scenario.arms or {}).get(arm, {})))
    conditions = [["conditionId", *map(_id, changed)]]
    for arm in arms:
        own = (scenario.arms or {}).get(arm, {})
        conditions.append([arm or "as_it_stands", *(str(own.get(path, "")) for path in changed)])
    parameters = [["parameterId", "parameterName", "parameterScale", "lowerBound", "upperBound", "nominalValue", "estimate"]]
    for name, one in options.vary.items():
        start = one.start if one.start is not None else one.at(0.5)
        scale = "log10" if one.spacing == "log" else "lin"
        parameters.append([_id(name), f"{name} ({one.unit})" if one.unit else name, scale, repr(one.from_), repr(one.to), repr(start), "1"])
    parameters += [[name, name, "log10", "1e-12", "1e12", "1", "1"] for name in dict.fromkeys(errors)]
    files = {"measurements": measurements, "observables": observables, "parameters": parameters, "conditions": conditions}
    problem = {
        "format_version": 1,
        "parameter_file": "parameters.tsv",
        "problems": [
            {
                "sbml_files": [],
                "measurement_files": ["measurements.tsv"],
                "observable_files": ["observables.tsv"],
                "condition_files": ["conditions.tsv"],
            }
        ],
    }
    stream = io.StringIO()
    stream.write(f"# The model is the scenario {task.path.name} of invasio, not SBML.\n")
    YAML().dump(problem, stream)
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
        for name, rows in files.items():
            replace_text(out / f"{name}.tsv", _text(rows, "\t"))
        replace_text(out / "problem.yaml", stream.getvalue())
    return out / "problem.yaml"


def _ids(data: Data) -> dict[tuple[str, tuple[float, ...], tuple[float, float] | None], str]:
    """An identifier for each place at which an observable was measured."""
    found: dict[tuple[str, tuple[float, ...], tuple[float, float] | None], str] = {}
    for row in data.rows:
        key = _key(row)
        if key not in found:
            found[key] = _id(row.observable) + (f"__{len(found) + 1}" if row.at or row.span else "")
    return found


def _key(row: Datum) -> tuple[str, tuple[float, ...], tuple[float, float] | None]:
    return row.observable, row.at, row.span


def _formula(observable: Observable, number: str) -> str:
    """The column of series.csv; of places, which PEtab has no word for, the observable itself."""
    return _id(observable.series) if observable.series is not None else number


def _id(name: str) -> str:
    """A name as PEtab allows it: letters, digits and _."""
    return re.sub(r"\W", "__", name)


def _text(rows: Sequence[Sequence[str]], delimiter: str) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return buffer.getvalue()
