"""Many patients of a run that is done: numbers behind the walls drawn anew for each, and how much of all differences is between them.

One history is a course of chance for one patient. With p_i the chance of patient i of having a metastasis, the variance of having one is
Var p between patients and the mean of p (1 - p) within, by chance. Of numbers that are drawn (n histories for each patient) the part within
is the mean of their variances, and that between the variance of their means less the part within by n (one-way analysis of variance).
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError
from scipy.special import ndtri

from ..circulation.chances import chances
from ..circulation.draws import Keys, Purpose
from ..circulation.errors import CirculationError
from ..circulation.histories import histories
from ..errors import ScenarioError
from ..output.folder import replace_text
from ..output.layout import OF_PATIENTS, PATIENTS, SPREAD
from ..scenario.check_patients import leaves
from ..scenario.layers import set_values
from ..scenario.patients import Differs
from ..scenario.reader import Document
from ..scenario.schema import Scenario
from ..scenario.treated import treated
from .draw import KINDS, prepared
from .finished import stated, validated

Floats = NDArray[np.float64]
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
TURNS = 1000  # draws of a patient until all numbers are allowed
APART = 1 << 32  # between the seeds of patients


@dataclass(frozen=True)
class Patient:
    """A patient: its number, and what was drawn of it by path."""

    number: int
    values: dict[str, float]  # factors where the scenario states a formula
    scenario: Scenario


class Patients:
    """The patients of a run: the same numbers for the same one, whatever else is drawn. Raises ScenarioError where none differ."""

    def __init__(self, run: Path) -> None:
        self._data, self.table = stated(run)
        base = validated(self._data, self.table)
        if not base.patients:
            raise ScenarioError(
                "the scenario of this run does not say how patients differ",
                code="missing-option",
                place="patients",
                remedy="give patients, as {circulation.blood.survival.single: {lognormal: {spread: 3}}}, and run it again",
            )
        self.differs, self.seed = base.patients, base.circulation.seed if base.circulation is not None else 0
        self._middles = {path: [self._number(path, value) for value in one.middles] for path, one in self.differs.items()}

    def _laid(self, values: Mapping[str, object]) -> dict[str, Any]:
        return dict(set_values(Document(self._data), values, Scenario).data)

    def _number(self, path: str, value: float | str | None) -> float | str:
        """The number in the scenario's scales, or the formula that the scenario states."""
        found = validated(self._data if value is None else self._laid({path: value}), self.table).resolved()
        return next(number for where, number in leaves(found) if where == path)

    def draw(self, number: int) -> Patient:
        """A patient, counted from 0. What the options do not allow is drawn again, all of it. Raises ScenarioError where nothing is."""
        for turn in range(TURNS):
            drawn = {path: self._of(path, one, number, turn) for path, one in self.differs.items()}
            try:
                scenario = treated(validated(self._laid({path: text for path, (_, text) in drawn.items()}), self.table))
            except ValidationError:
                continue
            return Patient(number, {path: value for path, (value, _) in drawn.items()}, scenario)
        raise ScenarioError(
            f"of {TURNS} draws of a patient none has numbers that are allowed",
            code="out-of-bounds",
            place="patients",
            remedy="choose narrower distributions, or logitnormal for chances",
        )

    def _of(self, path: str, one: Differs, number: int, turn: int) -> tuple[float, float | str]:
        """What is drawn, and what it makes of the option."""
        index = int.from_bytes(hashlib.sha256(path.encode()).digest()[:6], "big")
        keys = Keys(np.array([self.seed], dtype=np.uint64), np.array([number], dtype=np.uint64))
        u = float(keys.uniform(Purpose.PATIENT, index, turn)[0, 0])
        z, middle = float(ndtri(u)), self._middles[path][0]
        if one.uniform is not None:
            low, high = (float(end) for end in self._middles[path])
            return (value := low + u * (high - low)), value
        if one.logitnormal is not None:
            if isinstance(middle, str):
                raise ScenarioError(
                    "the scenario states a formula here, which has no odds",
                    code="cannot-vary",
                    place=path,
                    remedy="use lognormal or normal",
                )
            odds = middle * one.logitnormal.spread**z
            return (value := odds / (1.0 - middle + odds)), value
        factor = one.lognormal.spread**z if one.lognormal is not None else 1.0 + z * (one.normal.variation if one.normal is not None else 0)
        if isinstance(middle, str):
            return factor, f"{factor!r}*({middle})"
        return (value := middle * factor), value


@dataclass
class Spread:
    """What N patients came to at Q times in O places and anywhere (the last).

    chance: kind -> (N, Q, O + 1), in closed form (nan where growth leaves none). mean, variance: kind -> (N, Q, O + 1) of the number of
    colonies in the ``count`` histories of each, having: share of them with at least one; none without histories.
    """

    patients: list[Patient]
    times: Floats
    places: tuple[str, ...]
    count: int
    chance: dict[str, Floats]
    mean: dict[str, Floats]
    variance: dict[str, Floats]
    having: dict[str, Floats]


def spread(patients: Patients, number: int, count: int = 0) -> Spread:
    """Draw patients, and ``count`` histories of each. Raises CirculationError and ScenarioError for what cannot be drawn."""
    drawn: list[Patient] = []
    found: dict[str, dict[str, list[Floats]]] = {name: {kind: [] for kind in KINDS} for name in ("chance", "mean", "variance", "having")}
    for k in range(number):
        patient = patients.draw(k)
        plan, entries = prepared(patient.scenario, patients.table)
        plan = replace(plan, report=sorted({*plan.report[:: max(1, len(plan.report) // 20)], plan.report[-1]}))
        closed = chances(plan, entries, KINDS)
        for kind in KINDS:
            found["chance"][kind].append(np.column_stack([getattr(closed, kind), getattr(closed, f"{kind}_anywhere")]))
        if count:
            seeds = plan.seed + (k + 1) * APART + np.arange(count, dtype=np.int64)
            batches = list(histories(plan, entries, seeds))
            for kind in KINDS:
                numbers = np.concatenate([getattr(batch, kind) for batch in batches])
                numbers = np.concatenate([numbers, numbers.sum(axis=2, keepdims=True)], axis=2)
                found["mean"][kind].append(numbers.mean(axis=0))
                found["variance"][kind].append(numbers.var(axis=0, ddof=1) if count > 1 else np.full(numbers.shape[1:], np.nan))
                found["having"][kind].append((numbers > 0).mean(axis=0))
        elif not np.isfinite(found["chance"]["macro"][-1]).all():
            raise CirculationError(
                "growth leaves no chance in closed form",
                code="missing-option",
                place="organs.colony",
                remedy="draw histories too: --seeds 50",
            )
        drawn.append(patient)
    stacked = {name: {kind: np.array(values) for kind, values in kinds.items() if values} for name, kinds in found.items()}
    return Spread(drawn, plan.times[list(plan.report)], (*plan.places, "anywhere"), count, **stacked)


def parts(chance: Floats) -> tuple[Floats, Floats]:
    """Variance of having one: between patients, and within, of chances (N, ...)."""
    n = max(len(chance) - 1, 1)
    return chance.var(axis=0) * len(chance) / n, (chance * (1 - chance)).mean(axis=0)


def of_draws(mean: Floats, variance: Floats, count: int) -> tuple[Floats, Floats]:
    """The same of numbers that were drawn, ``count`` times for each patient; not below 0."""
    within = variance.mean(axis=0)
    return np.maximum(mean.var(axis=0, ddof=1) - within / count if len(mean) > 1 else np.zeros_like(within), 0.0), within


def chances_of(found: Spread, kind: str) -> Floats:
    """(N, Q, O + 1) in closed form, or where there is none the shares of histories."""
    closed = found.chance[kind]
    return closed if np.isfinite(closed).all() or not found.count else found.having[kind]


def write(folder: Path, found: Spread, facts: Mapping[str, object]) -> None:
    """Tables of patients and of how they differ, and the unit of every column. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = {PATIENTS: _patients(found), SPREAD: _spread(found)}
    units: dict[str, dict[str, str]] = {}
    for name, (head, rows) in tables.items():
        with (folder / name).open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(head)
            writer.writerows([["" if isinstance(v, float) and not np.isfinite(v) else v for v in row] for row in rows])
        units[name] = {column: "1" if column.partition("_")[0] in ("chance", "drawn", "share") else "" for column in head}
    time = str(facts.get("time", ""))
    units[SPREAD] |= {"time": time} | dict.fromkeys(("mean", "between", "within", *map(_quantile, QUANTILES)), "1")
    told = {"patients": len(found.patients), "histories": found.count, "horizon": float(found.times[-1]), **facts, "units": units}
    replace_text(folder / OF_PATIENTS, json.dumps(told, indent=1, ensure_ascii=False) + "\n")


def _quantile(q: float) -> str:
    return f"q{round(100 * q):02d}"


def _patients(found: Spread) -> tuple[list[str], list[list[object]]]:
    paths = list(found.patients[0].values)
    head = ["patient", *paths, *(f"chance_{kind}:{place}" for kind in KINDS for place in ("anywhere", *found.places[:-1]))]
    head += [f"drawn_{kind}" for kind in KINDS] + [f"number_{kind}" for kind in KINDS] if found.count else []
    rows: list[list[object]] = []
    for k, patient in enumerate(found.patients):
        row: list[object] = [patient.number, *patient.values.values()]
        for kind in KINDS:
            *places, anywhere = map(float, found.chance[kind][k, -1])
            row += [anywhere, *places]
        if found.count:
            row += [float(table[kind][k, -1, -1]) for table in (found.having, found.mean) for kind in KINDS]
        rows.append(row)
    return head, rows


def _spread(found: Spread) -> tuple[list[str], list[list[object]]]:
    head = ["time", "place", "quantity", "mean", "between", "within", "share_between", *map(_quantile, QUANTILES)]
    rows: list[list[object]] = []
    for what, values, (between, within) in quantities(found):
        for q, time in enumerate(found.times):
            for o, place in enumerate(found.places):
                each, b, w = values[:, q, o], float(between[q, o]), float(within[q, o])
                share = b / (b + w) if b + w > 0 else float("nan")
                rows.append([float(time), place, what, float(each.mean()), b, w, share, *map(float, np.quantile(each, QUANTILES))])
    return head, rows


def quantities(found: Spread) -> Iterator[tuple[str, Floats, tuple[Floats, Floats]]]:
    """What patients differ in: the chance of each kind, and the numbers that were drawn; with the two parts of their variance."""
    for kind in KINDS:
        values = chances_of(found, kind)
        yield f"has a {kind}metastasis", values, parts(values)
    for kind in KINDS if found.count > 1 else ():
        yield f"number of {kind}metastases", found.mean[kind], of_draws(found.mean[kind], found.variance[kind], found.count)


def words(found: Spread) -> Sequence[str]:
    """What was drawn, for people."""
    said = [f"{len(found.patients)} patients" + (f", {found.count} histories of each" if found.count else "")]
    for what, values, (between, within) in quantities(found):
        low, middle, high = np.quantile(values[:, -1, -1], (0.05, 0.5, 0.95))
        total = float(between[-1, -1] + within[-1, -1])
        share = f"{between[-1, -1] / total:.0%}" if total > 0 else "none"
        kind = "chance that a patient " + what if what.startswith("has") else what
        mean = float(values[:, -1, -1].mean())
        among = f"mean {mean:.3g}, median {middle:.3g}, 5 to 95 % of patients {low:.3g} to {high:.3g}"
        said.append(f"{kind}: {among}; of the variance {share} is between patients")
    return said
