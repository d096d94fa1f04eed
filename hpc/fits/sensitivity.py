"""On which options outcomes hang: samples and indices by SALib, on runs or on a polynomial that stands for them."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import signal
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from invasio.hpc import processes
from invasio.hpc.sweep.folder import alone
from invasio.hpc.tally import Tally
from invasio.postprocess.outcomes import Outcome
from invasio.solver import extras
from invasio.solver.errors import SolverError
from invasio.solver.output.folder import replace_text, writing
from invasio.solver.scenario.arms import Outcome as Stated
from invasio.solver.scenario.cascade_numbers import named
from invasio.solver.scenario.columns import units_of
from invasio.solver.scenario.loader import dump_resolved
from invasio.solver.scenario.quantities import Units

from .emulator import Polynomial, terms
from .fit import FitError, prepare
from .pool import Here, Workers
from .runs import Runs
from .task import OUTCOMES, Task

Floats = NDArray[np.float64]
LOG, INDICES, SUMMARY, SAMPLE = "workers.txt", "indices", "summary.txt", "outcomes.csv"
LITTLE = 0.01  # of the variance, or of the largest mean step: what has less matters little
_EMULATED = 13  # samples of the emulator: 2^13
_BATCH = 64


@dataclass(frozen=True)
class Index:
    """One option's effect on one outcome: with `sobol` its share of the variance alone (first) and with all others (total), with the
    half-widths of their 95 % intervals; with `morris` the mean of the sizes of single steps (total), and their spread (first)."""

    outcome: str
    option: str
    first: float
    first_width: float
    total: float
    total_width: float


@dataclass(frozen=True)
class Analysis:
    """What `analyse` gives back."""

    folder: Path
    indices: list[Index]
    text: str


def folder_of(task: Task, out: Path | None) -> Path:
    """The folder: ``out``, by default out/NAME-sensitivity."""
    return (out or Path("out") / f"{task.scenario.name}-sensitivity").absolute()


def analyse(task: Task, out: Path | None = None, jobs: int | None = None, overwrite: bool = False) -> Analysis:
    """Sample, run, and compute indices; what ran before in the folder is not run again.

    Raises InvasioError; pool.Stopped when it was asked to stop, with all runs kept.
    """
    if not task.scenario.outcomes:
        raise FitError("there are no outcomes", code="nothing-given", place="outcomes", remedy="name numbers of a run, as for arms")
    extras.need("SALib")
    folder = folder_of(task, out)
    outcomes = {name: [one.of, one.at] for name, one in task.scenario.outcomes.items()}
    prepare(task, folder, overwrite, {"outcomes": json.dumps(outcomes), "vary": list(task.analysis.vary)})
    ranks = task.scenario.ranks
    jobs = jobs or max(1, len(os.sched_getaffinity(0)) // ranks)
    with alone(folder), Here(task) if jobs * ranks == 1 else Workers(task, jobs, ranks, folder / LOG) as pool:
        runs = Runs(folder, list(task.analysis.vary), {"": len(task.scenario.outcomes)}, pool, OUTCOMES)
        handlers = {s: signal.signal(s, lambda *_: pool.stop()) for s in processes.stopping()}
        try:
            return _analysed(task, folder, runs)
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
            pool.stop()
            runs.close()


def head_of(name: str, outcome: Stated, units: Units) -> str:
    """An outcome's name with its unit, for tables of numbers."""
    if outcome.cascade is None:
        return Outcome(name, outcome.of, outcome.at, units.column(outcome.of).text).head
    meant = named(outcome.cascade)
    return Outcome(name, outcome.of, outcome.at, meant.unit if meant else "", cascade=True).head


def _analysed(task: Task, folder: Path, runs: Runs) -> Analysis:
    options = task.analysis
    names, outcomes = list(options.vary), list(task.scenario.outcomes)
    problem = {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}
    errors: dict[str, float] = {}
    if options.emulator is not None:
        least = len(terms(len(names), options.emulator.degree))
        if options.emulator.runs < 2 * least:
            what = f"a polynomial of {least} terms on {options.emulator.runs} runs"
            remedy = f"allowed: at least {2 * least} runs, or a lower degree"
            raise FitError(what, code="out-of-bounds", place="sensitivity.emulator", remedy=remedy)
        trained = qmc.Sobol(len(names), seed=options.seed + 1).random_base2(math.ceil(math.log2(options.emulator.runs)))[
            : options.emulator.runs
        ]
        known = _values(task, runs, trained)
        sample = _sample("sobol", problem, 2**_EMULATED, options.levels, options.seed)
        columns = []
        for k, name in enumerate(outcomes):
            polynomial = Polynomial(trained, known[:, k], options.emulator.degree)
            errors[name] = polynomial.error
            columns.append(polynomial(sample))
        values = np.stack(columns, axis=1)
    else:
        sample = _sample(options.method, problem, options.n, options.levels, options.seed)
        values = _values(task, runs, sample)
    indices = [one for k, name in enumerate(outcomes) for one in _indices(options.method, problem, sample, values[:, k], name, options)]
    units = units_of(task.scenario)
    heads = {name: head_of(name, one, units) for name, one in task.scenario.outcomes.items()}
    text = _text(task, indices, errors, len(runs), heads)
    given = [[one.at(float(x)) for one, x in zip(options.vary.values(), row, strict=True)] for row in sample]
    files = {
        SUMMARY: text,
        f"{INDICES}.csv": _csv(indices, options.method),
        f"{INDICES}.json": _json(indices, options.method, errors, len(runs), heads),
        SAMPLE: _rows(
            [[*names, *heads.values()], *([*map(repr, row), *(repr(float(x)) for x in values[k])] for k, row in enumerate(given))]
        ),
    }
    with writing(folder):
        for name, content in files.items():
            replace_text(folder / name, content)
        replace_text(folder / "scenario.yaml", dump_resolved(task.scenario))
    return Analysis(folder, indices, text)


# SALib takes the seed 0 for none, so its seeds are one higher.
def _sample(method: str, problem: dict[str, Any], n: int, levels: int, seed: int) -> Floats:
    """(runs, options) shares of the ranges."""
    if method == "sobol":
        from SALib.sample import sobol

        found: Floats = sobol.sample(problem, n, calc_second_order=False, seed=seed + 1)
    else:
        from SALib.sample import morris

        found = morris.sample(problem, n, num_levels=levels, seed=seed + 1)
    return found


def _values(task: Task, runs: Runs, sample: Floats) -> Floats:
    """(runs, outcomes); raises SolverError where a run fails or an outcome has no number."""
    spans = list(task.analysis.vary.values())
    points = [[float(f"{one.at(float(x)):.12g}") for one, x in zip(spans, row, strict=True)] for row in sample]
    found: list[Floats] = []
    tally = Tally(len(points))
    for k in range(0, len(points), _BATCH):
        batch = points[k : k + _BATCH]
        for point, values in zip(batch, runs.model(batch), strict=True):
            place = ", ".join(f"{name} = {value:g}" for name, value in zip(task.analysis.vary, point, strict=True))
            if values is None:
                what, remedy = f"a run failed: {runs.why(point).failed}", "choose narrower ranges"
                raise SolverError(what, code="failed-run", place=place, remedy=remedy)
            if not np.isfinite(values).all():
                raise SolverError(
                    "an outcome has no number", code="failed-run", place=place, remedy="choose other outcomes, or narrower ranges"
                )
            found.append(values)
        tally.at(len(found), "runs")
    tally.clear()
    return np.stack(found)


def _indices(method: str, problem: dict[str, Any], sample: Floats, values: Floats, outcome: str, options: Any) -> list[Index]:
    if not values.std() > 0.0:  # nothing varies: nothing matters
        return [Index(outcome, name, 0.0, 0.0, 0.0, 0.0) for name in problem["names"]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if method == "sobol":
            from SALib.analyze import sobol

            found = sobol.analyze(problem, values, calc_second_order=False, seed=options.seed + 1)
            columns = [found[key] for key in ("S1", "S1_conf", "ST", "ST_conf")]
        else:
            from SALib.analyze import morris

            found = morris.analyze(problem, sample, values, num_levels=options.levels, seed=options.seed + 1)
            columns = [found["sigma"], np.full(len(values), np.nan), found["mu_star"], found["mu_star_conf"]]
    return [Index(outcome, name, *(float(column[k]) for column in columns)) for k, name in enumerate(problem["names"])]


def matters_little(indices: Sequence[Index], method: str) -> list[str]:
    """The options on which no outcome hangs: they may be fixed anywhere in their ranges."""
    largest = {one.outcome: max(abs(other.total) for other in indices if other.outcome == one.outcome) for one in indices}
    names = list(dict.fromkeys(one.option for one in indices))
    level = {name: 1.0 if method == "sobol" else most for name, most in largest.items()}
    return [n for n in names if all(one.total <= LITTLE * level[one.outcome] for one in indices if one.option == n)]


def _text(task: Task, indices: Sequence[Index], errors: dict[str, float], runs: int, heads: dict[str, str]) -> str:
    method = task.analysis.method
    head = ["outcome", "option", "first", "±", "total", "±"] if method == "sobol" else ["outcome", "option", "mean step", "±", "spread"]
    rows = []
    for one in sorted(indices, key=lambda one: (list(task.scenario.outcomes).index(one.outcome), -one.total)):
        sobol = (one.first, one.first_width, one.total, one.total_width)
        numbers = sobol if method == "sobol" else (one.total, one.total_width, one.first)
        rows.append([one.outcome if method == "sobol" else heads[one.outcome], one.option, *(f"{x:.3g}" for x in numbers)])
    widths = [max(len(line[k]) for line in [head, *rows]) for k in range(len(head))]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip() for line in [head, *rows]]
    said = [
        "Shares of an outcome's variance: first, by the option alone; total, with all that it does together with others."
        if method == "sobol"
        else "Sizes of the outcome's change per whole range of the option: their mean, and their spread (interactions, curvature)."
    ]
    for name, error in errors.items():
        judged = "" if error < 0.1 else ": too much to trust these shares; take more runs or a higher degree"
        said.append(f"{name}: the polynomial misses runs left out by {100 * error:.2g} % of the outcome's standard deviation{judged}.")
    little = matters_little(indices, method)
    if little:
        said.append(f"No outcome depends on {', '.join(little)}: they may be fixed anywhere in their ranges.")
    return "\n".join([*lines, "", *said, f"{runs} runs."]) + "\n"


def _csv(indices: Sequence[Index], method: str) -> str:
    head = ["first", "first_width", "total", "total_width"] if method == "sobol" else ["spread", "", "mean_step", "mean_step_width"]
    keep = [k for k, name in enumerate(head) if name]
    rows = [["outcome", "option", *(head[k] for k in keep)]]
    for one in indices:
        numbers = (one.first, one.first_width, one.total, one.total_width)
        rows.append([one.outcome, one.option, *(repr(numbers[k]) for k in keep)])
    return _rows(rows)


def _json(indices: Sequence[Index], method: str, errors: dict[str, float], runs: int, heads: dict[str, str]) -> str:
    names = ("first", "first_width", "total", "total_width") if method == "sobol" else ("spread", "", "mean_step", "mean_step_width")
    found: dict[str, dict[str, dict[str, float]]] = {}
    for one in indices:
        numbers = zip(names, (one.first, one.first_width, one.total, one.total_width), strict=True)
        found.setdefault(one.outcome, {})[one.option] = {name: value for name, value in numbers if name}
    content = {"method": method, "indices": found, "heads": heads, "emulator_error": errors, "runs": runs}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _rows(rows: Sequence[Sequence[str]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue()
