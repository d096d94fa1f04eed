"""Tables of PEtab 2.0 as those of 1.0: experiments of one period are its conditions.

What 2.0 has and a scenario has not is refused: periods after the first, a start in balance, priors.
Format: https://petab.readthedocs.io/en/latest/v2/documentation_data_format.html
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from invasio.solver.errors import InvasioError

Row = Mapping[str, str]
NEEDED = {
    "parameter": ("parameterId", "estimate"),
    "measurement": ("observableId", "experimentId", "time", "measurement"),
    "observable": ("observableId", "observableFormula"),
    "condition": ("conditionId", "targetId", "targetValue"),
    "experiment": ("experimentId", "time", "conditionId"),
}
PLACE = ""  # of a row: file and line
_DISTRIBUTIONS = {"log-normal": ("normal", "log"), "log-laplace": ("laplace", "log")}
_WIDE = 100.0  # a range of positive values this wide is searched by its logarithm: 2.0 leaves that to the program


class PetabError(InvasioError):
    """A PEtab problem cannot be read, or a fit cannot be written as one."""

    exit_code = 2


def as_first(tables: Mapping[str, Sequence[Row]], start: float) -> dict[str, list[Row]]:
    """The tables of version 1.0 that say the same of a model that begins at ``start``. Raises PetabError."""
    return {
        "parameter": [_parameter(row) for row in tables["parameter"]],
        "measurement": [{**row, "simulationConditionId": row["experimentId"]} for row in tables["measurement"]],
        "observable": [_observable(row) for row in tables["observable"]],
        "condition": _conditions(tables, start),
    }


def _parameter(row: Row) -> Row:
    estimated = row["estimate"].strip().lower() in ("true", "1")
    try:
        low, high = float(row.get("lowerBound") or "nan"), float(row.get("upperBound") or "nan")
    except ValueError:
        low = high = math.nan  # whoever reads the row says so
    return {**row, "estimate": "1" if estimated else "0", "parameterScale": "log" if low > 0.0 and high >= _WIDE * low else "lin"}


def _observable(row: Row) -> Row:
    given = (row.get("noiseDistribution") or "normal").strip()
    distribution, transformation = _DISTRIBUTIONS.get(given, (given, "lin"))
    formula = (row.get("noiseFormula") or "").strip()
    if formula and formula in (row.get("noisePlaceholders") or "").split(";"):
        formula = f"noiseParameter1_{row['observableId']}"
    return {**row, "noiseDistribution": distribution, "observableTransformation": transformation, "noiseFormula": formula}


def _conditions(tables: Mapping[str, Sequence[Row]], start: float) -> list[Row]:
    """A row for each experiment that was measured, with a column for each parameter that any of them sets."""
    starts: dict[str, str] = {}
    for row in tables["experiment"]:
        name, time = row["experimentId"], row["time"].strip()
        place = f"{row[PLACE]}: experiment {name}"
        if name in starts or time in ("-inf", "inf"):
            what = "a start in balance" if "inf" in time else "a condition that changes during an experiment"
            remedy = "let the scenario have it: `start`" if "inf" in time else "let the scenario have it: `schedules`, `drugs`"
            raise PetabError(what, code="meaningless-option", place=place, remedy=remedy)
        if not _is(time, start):
            raise PetabError(
                f"it begins at another time than the model, at {start:g} (given {time!r})",
                code="meaningless-option",
                place=place,
                remedy="let both begin at the same time: `time.start`",
            )
        starts[name] = row["conditionId"].strip()
    measured = list(dict.fromkeys(row["experimentId"] for row in tables["measurement"]))
    targets = list(dict.fromkeys(row["targetId"] for row in tables["condition"]))
    found: list[Row] = []
    for name in measured:
        if name and name not in starts:
            raise PetabError(
                f"no experiment of this name (given {name!r})",
                code="unknown-name",
                place="measurements",
                remedy=f"there are: {', '.join(starts) or 'none'}",
            )
        chosen = starts.get(name, "")
        own = {row["targetId"]: row["targetValue"] for row in tables["condition"] if chosen and row["conditionId"] == chosen}
        if chosen and not own:
            raise PetabError(
                f"no condition of this name (given {chosen!r})", code="unknown-name", place=f"experiment {name}", remedy="check the tables"
            )
        found.append({"conditionId": name, **{target: own.get(target, "") for target in targets}})
    return found


def _is(text: str, value: float) -> bool:
    try:
        return float(text) == value
    except ValueError:
        return False
