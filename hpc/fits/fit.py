"""A fit from its beginning to its tables: searches, profiles, what the data determine; begun again, it goes on where it was."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from invasio.hpc import processes
from invasio.hpc.sweep.folder import alone
from invasio.hpc.tally import Tally
from invasio.solver.errors import InvasioError
from invasio.solver.output.folder import replace_text, writing
from invasio.solver.output.progress import duration
from invasio.solver.scenario.columns import units_of
from invasio.solver.scenario.fitted import path_of
from invasio.solver.scenario.loader import dump_resolved

from . import bands as bands_of
from .bands import Bands, by_sample
from .data import Data
from .noise import Likelihood
from .pool import Here, Stopped, Workers
from .problem import FAILED, Problem
from .profile import Side, Spread, side, spread
from .results import (
    Estimate,
    Quality,
    as_csv,
    as_json,
    as_markdown,
    as_text,
    estimates,
    fitted_csv,
    predictions_csv,
    profiles_csv,
    sample_files,
)
from .runs import Runs
from .sample import Sample, sample
from .search import Found, failed, search, solve, starts
from .task import PREDICTED, Task

Floats = NDArray[np.float64]
LOG, STATED, RESOLVED = "workers.txt", "fit.json", "scenario.yaml"
ESTIMATES, FITTED, PREDICTIONS, PROFILES, BEST, SUMMARY = (
    "estimates",
    "fitted.csv",
    "predictions.csv",
    "profiles.csv",
    "best.yaml",
    "summary.txt",
)
_BETTER = 0.05  # by which a profile must fall below the best sum of squares for the search to go on from there
_SAME = 0.1  # of the sum of squares: searches that end as near to the best have found the same
_AGAIN = 3
_LATER = "the data end before the run does: choose an earlier time.end, or see why the run fails with the best values"


class FitError(InvasioError):
    """The fit cannot be done as asked; the message says what to do instead."""

    exit_code = 2


@dataclass(frozen=True)
class Outcome:
    """What `fit` gives back."""

    folder: Path
    estimates: list[Estimate]
    quality: Quality
    text: str


def folder_of(task: Task, out: Path | None) -> Path:
    """The folder of a fit: ``out``, by default out/NAME-fit."""
    return (out or Path("out") / f"{task.scenario.name}-fit").absolute()


def fit(task: Task, out: Path | None = None, jobs: int | None = None, profiles: bool = True, overwrite: bool = False) -> Outcome:
    """Fit, here over cores. What ran before in the folder is not run again.

    Raises InvasioError; Stopped when it was asked to stop, with all runs kept.
    """
    options, data = task.options, task.data
    if not data.rows:
        raise FitError("there are no data", code="nothing-given", place="fit.data", remedy="name a table with measured values")
    folder = folder_of(task, out)
    prepare(task, folder, overwrite, {"data": digest(data), "vary": list(options.vary)})
    ranks = task.scenario.ranks
    jobs = jobs or max(1, len(os.sched_getaffinity(0)) // ranks)
    sizes = {arm: sum(row.arm == arm for row in data.rows) for arm in data.arms}
    with alone(folder), Here(task) if jobs * ranks == 1 else Workers(task, jobs, ranks, folder / LOG) as pool:
        runs = Runs(folder, list(options.vary), sizes, pool)
        asked = {arm: sum(row.arm == arm for row in task.predicted.rows) for arm in data.arms}
        later = Runs(folder, list(options.vary), asked, pool, PREDICTED, digest(task.predicted)[:12])
        handlers = {s: signal.signal(s, lambda *_: pool.stop()) for s in processes.stopping()}
        try:
            return _Fit(task, folder, runs, later, profiles).run()
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
            pool.stop()
            runs.close()
            later.close()


def prepare(task: Task, folder: Path, overwrite: bool, own: dict[str, object]) -> None:
    """Make the folder, or see whether it holds the same: only how it is searched may have changed. Raises FitError.

    own: what tells it from others besides the scenario's runs.
    """
    meaningless = ("fit", "sensitivity", "output", "outcomes", "expect")
    resolved = {key: value for key, value in task.scenario.resolved().items() if key not in meaningless}
    if "data" in own:
        resolved["time"] = {key: value for key, value in resolved["time"].items() if key != "end"}  # runs end with the data
    stated = hashlib.sha256(json.dumps(resolved, sort_keys=True, default=str).encode()).hexdigest()
    meant: dict[str, object] = {"scenario": stated, **own}
    if folder.exists() and not folder.is_dir():
        raise FitError("it is a file", code="not-a-folder", place=f"--out {folder}", remedy="choose another --out")
    known = folder / STATED
    if known.exists() and not overwrite:
        before = json.loads(known.read_text(encoding="utf-8"))
        changed = [key for key in meant if before.get(key) != meant[key]]
        if changed:
            what = f"it holds another {changed[0]}"
            remedy = "choose another --out, or replace it with --overwrite"
            raise FitError(what, code="other-run", place=str(folder), remedy=remedy)
        return
    if folder.exists() and any(folder.iterdir()) and not known.exists():
        what, remedy = "it holds other files", "choose a new folder with --out"
        raise FitError(what, code="other-files", place=str(folder), remedy=remedy)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("runs*.*") if overwrite else ():
            old.unlink()
        replace_text(folder / RESOLVED, dump_resolved(task.scenario))
        replace_text(known, json.dumps(meant, indent=2) + "\n")


def digest(data: Data) -> str:
    """What tells data, or what is predicted, from others."""
    rows = [
        [row.arm, row.time, row.observable, row.value, row.error, row.at, row.span, row.box, row.trials, row.since, row.censored]
        for row in data.rows
    ]
    measured = {row.observable for row in data.rows}
    stated = {name: one.model_dump(exclude={"noise"}) for name, one in data.observables.items() if name in measured}
    return hashlib.sha256(json.dumps([rows, stated]).encode()).hexdigest()


class _Fit:
    """One fit in its folder."""

    def __init__(self, task: Task, folder: Path, runs: Runs, later: Runs, profiles: bool) -> None:
        self.task, self.folder, self.runs, self.later, self.profiles = task, folder, runs, later, profiles
        self.likelihood = Likelihood(task.data)
        self.problem = Problem(runs, self.likelihood, dict(task.options.vary), task.options.difference)
        self.began = time.monotonic()

    def say(self, text: str) -> None:
        print(f"{text}  ({self.runs.made} runs, {time.monotonic() - self.began:.0f} s)", flush=True)

    def run(self) -> Outcome:
        options, problem = self.task.options, self.problem
        if len(self.runs):
            print(f"{self.folder}: {len(self.runs)} runs are there already", flush=True)
        first = problem.start(self._own())
        if problem.models([first])[0] is None:
            self._refuse(f"the run that the search begins with failed: {self.runs.why(problem.given(first)).failed}")
        if failed(problem.cost(first), len(self.task.data.rows)):
            self._refuse(f"the run that the search begins with misses the data by more than {FAILED:g} errors")
        begins = starts(problem, first, options.starts, options.screened, options.seed)
        found = search(problem, begins, lambda n, one: self.say(f"search {n} of {len(begins)}: {one.began:.6g} -> {one.cost:.6g}"))
        best = min(found, key=lambda one: one.cost)
        best = self._polished(best)
        near = spread(problem, best.shares)
        sides: dict[tuple[int, int], Side] | None = None
        if self.profiles:
            for _ in range(_AGAIN):
                sides = self._sides(best, near)
                lower = min((p for s in sides.values() for p in s.points), key=lambda p: p.rise)
                if lower.rise > -_BETTER:
                    break
                self.say("a profile went below the best values: the search goes on from there")
                best = self._polished(solve(problem, lower.shares, list(range(problem.size))))
                near = spread(problem, best.shares)
        drawn = self._drawn(best, near) if options.sample else None
        return self._written(best, near, sides, found, drawn)

    def _drawn(self, best: Found, near: Spread) -> Sample:
        """Values drawn from the likelihood; says how long it takes."""
        tally = Tally()

        def said(done: int, rounds: int) -> None:
            tally.total = rounds
            tally.at(done, f"rounds of the sample, {self.runs.made} runs")

        with tally:
            return sample(self.problem, best.shares, near.covariance, self.task.options.sample, self.task.options.seed, said)

    def _refuse(self, what: str) -> NoReturn:
        remedy = "check the data and their units, or choose ranges that begin elsewhere"
        raise FitError(what, code="failed-start", place=str(self.folder), remedy=remedy)

    def _polished(self, best: Found) -> Found:
        """The best values; an unknown that a search left just inside the end of its range is set there if that is better."""
        shares = np.where(best.shares < 1e-4, 0.0, np.where(best.shares > 1 - 1e-4, 1.0, best.shares))
        if (shares == best.shares).all() or (cost := self.problem.cost(shares)) > best.cost:
            return best
        return Found(shares, cost, best.steps, best.began)

    def _own(self) -> dict[str, float]:
        """The scenario's own values of what varies, where they are numbers in the unit of the range."""
        from invasio.solver.scenario.loader import Statement

        data: Any = Statement.read(self.task.path).over(self.task.overrides).document.data
        found = {}
        for name, one in self.task.options.vary.items():
            value: Any = data
            for part in path_of(name, data).split("."):
                value = value.get(part) if isinstance(value, dict) else None
            value = value.get("value") if isinstance(value, dict) else value
            if isinstance(value, (int, float)) and not isinstance(value, bool) and not one.unit:
                found[name] = float(value)
            elif isinstance(value, str) and one.unit:
                number, _, unit = value.partition(" ")
                if unit.strip() == one.unit:
                    found[name] = float(number)
        return found

    def _sides(self, best: Found, near: Spread) -> dict[tuple[int, int], Side]:
        """Both sides of all profiles, as many at once as there are processes."""
        problem, level = self.problem, self.task.options.level
        wanted = [(k, sign) for k in range(problem.size) for sign in (-1, 1)]
        found: dict[tuple[int, int], Side] = {}
        began = time.monotonic()

        def one(key: tuple[int, int]) -> None:
            found[key] = side(problem, best.shares, best.cost, *key, level, near)
            rest = (time.monotonic() - began) / len(found) * (len(wanted) - len(found))
            name = problem.unknowns[key[0]].name
            self.say(f"profile {len(found)} of {len(wanted)}, {name}" + (f", about {duration(rest)} to go" if rest else ""))

        if self.runs.jobs == 1:  # runs in this process are for its main thread alone
            for key in wanted:
                one(key)
            return found
        with ThreadPoolExecutor(2 * self.runs.jobs) as threads:
            list(threads.map(one, wanted))
        return found

    def _written(
        self, best: Found, near: Spread, sides: dict[tuple[int, int], Side] | None, searches: list[Found], drawn: Sample | None
    ) -> Outcome:
        task, problem, likelihood, level = self.task, self.problem, self.likelihood, self.task.options.level
        model = problem.models([best.shares])[0]
        assert model is not None
        values = problem.values(best.shares)
        sigmas = values[problem.model_size :]
        residuals = likelihood.residuals(model, sigmas)
        told = not likelihood.estimated and not (likelihood.kinds == "events").any()
        quality = Quality(len(residuals), problem.size, float(np.sum(residuals**2)), likelihood.logarithm(model, sigmas), told)
        found = estimates(problem, best.shares, near, sides, level)
        same = sum(one.cost < best.cost + max(_SAME, 1e-6 * best.cost) for one in searches)
        note = f"{same} of {len(searches)} searches ended at these values; {len(self.runs)} runs, {len(self.runs.failed)} of them failed."
        fitted = self._bands(self.runs, task.data, best.shares, near, drawn)
        predicted = self._bands(self.later, task.predicted, best.shares, near, drawn)
        if drawn is not None:
            note = f"{bands_of.sentence(drawn, fitted, likelihood.values, level)}\n{note}"
        text = as_text(found, quality, level, note)
        count = len(self.runs), len(self.runs.failed)
        files = {
            SUMMARY: text,
            f"{ESTIMATES}.csv": as_csv(found),
            f"{ESTIMATES}.md": as_markdown(found, quality, level),
            f"{ESTIMATES}.json": as_json(found, quality, level, *count, self._units()),
            FITTED: fitted_csv(task.data, fitted, residuals, likelihood.sigmas(sigmas)),
            PREDICTIONS: predictions_csv(task.predicted, predicted),
            PROFILES: profiles_csv(problem, best.shares, sides),
        }
        if drawn is not None:
            files |= sample_files(problem, drawn, level)
        names = [one.name for one in problem.unknowns[: problem.model_size]]
        with writing(self.folder):
            for old in ("sample.csv", "sample.json") if drawn is None else ():
                (self.folder / old).unlink(missing_ok=True)
            for name, content in files.items():
                replace_text(self.folder / name, content)
            replace_text(self.folder / BEST, self._best_scenario(dict(zip(names, values, strict=False))))
        return Outcome(self.folder, found, quality, text)

    def _units(self) -> dict[str, str]:
        """Of lengths and times, for figures."""
        units = units_of(self.task.scenario)
        return {"length": units.length or "1", "time": units.time or "1"}

    def _best_scenario(self, values: dict[str, float]) -> str:
        """The scenario with the best values, to run on its own."""
        from invasio.solver.scenario.loader import Statement

        statement = Statement.read(self.task.path).over(self.task.overrides)
        data = statement.document.data
        stated = self.task.stated([values[name] for name in self.task.options.vary])
        scenario = statement.scenario(values={path_of(name, data): value for name, value in stated.items()})
        return dump_resolved(scenario.model_copy(update={"fit": None, "name": f"{scenario.name}-best"[:200]}))

    def _bands(self, runs: Runs, data: Data, best: Floats, near: Spread, drawn: Sample | None) -> Bands:
        """What the best values say, and the bands about it: by what is drawn, else by the curvature."""
        options, problem = self.task.options, self.problem
        if drawn is None:
            return Bands.without(*self._band(runs, data, best, near, options.level))
        model = self._met(runs, best, runs.model([problem.given(best)])[0])
        return by_sample(problem, runs, data, model, drawn, options.level, options.seed)

    def _met(self, runs: Runs, best: Floats, model: Floats | None) -> Floats:
        if model is None:
            what = f"a run failed: {runs.why(self.problem.given(best)).failed}"
            raise FitError(what, code="failed-start", place=str(self.folder), remedy=_LATER)
        return model

    def _band(self, runs: Runs, data: Data, best: Floats, near: Spread, level: float) -> tuple[Floats, Floats, Floats]:
        """What the best values say, and the ends of the band about it, by the curvature: what the unknowns' errors make of it."""
        problem = self.problem
        points = [best]
        for k in range(problem.model_size):
            moved = best.copy()
            moved[k] += problem.difference if best[k] < 0.5 else -problem.difference
            points.append(moved)
        first, *others = runs.model([problem.given(point) for point in points])
        model = self._met(runs, best, first)
        slopes = np.zeros((len(model), problem.size))
        for k, (point, other) in enumerate(zip(points[1:], others, strict=True)):
            if other is not None:
                slopes[:, k] = (other - model) / (point[k] - best[k])
        wide = float(norm.ppf(0.5 + 0.5 * level)) * np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", slopes, near.covariance, slopes), 0.0))
        amounts = np.array([data.observables[row.observable].species != "" for row in data.rows])  # densities, cells: none is negative
        return model, np.where(amounts, np.maximum(model - wide, np.minimum(model, 0.0)), model - wide), model + wide


__all__ = ["FitError", "Outcome", "Stopped", "fit", "folder_of"]
