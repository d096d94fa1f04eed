"""Values without a likelihood: approximate Bayesian computation by pyABC, which keeps those whose runs come near the data.

Sequential Monte Carlo in generations (Toni et al. 2009, doi:10.1098/rsif.2008.0172; Schaelte et al. 2022, doi:10.21105/joss.04304). Each
run is a draw of what would be measured: the noise of the data is drawn with it. The distance is the root mean square of the
differences in units of the data's errors; values are even over the ranges before anything is known.
"""

from __future__ import annotations

import csv
import io
import json
import logging
import math
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from invasio.hpc import processes
from invasio.hpc.sweep.folder import alone
from invasio.solver import extras
from invasio.solver.output.folder import replace_text, writing

from .candidates import Candidates, sampler
from .data import Data
from .fit import FitError, digest, prepare
from .noise import TINY, Likelihood
from .pool import Here, Workers
from .runs import Runs
from .task import DATA, DRAWN, Task

Floats = NDArray[np.float64]
STORE, SAMPLE, SUMMARY = "abc.db", "sample.csv", "summary.txt"
_LARGEST = 1_000_000  # of the numbers that are drawn


def folder_of(task: Task, out: Path | None) -> Path:
    """The folder: ``out``, by default out/NAME-abc."""
    return (out or Path("out") / f"{task.scenario.name}-abc").absolute()


class Measured:
    """What would be measured of a run: its values with the noise of the data, in units of the data's errors."""

    def __init__(self, data: Data) -> None:
        self._likelihood = Likelihood(data)
        kinds, values, trials = self._likelihood.kinds, self._likelihood.values, self._likelihood.trials
        counted = np.sqrt(np.maximum(np.where(kinds == "binomial", values * (1 - values / np.maximum(trials, 1)), values), 1.0))
        counted *= np.where(kinds == "negative_binomial", np.sqrt(self._likelihood.errors), 1.0)
        self.errors = np.where(np.isin(kinds, ("normal", "log_normal")), self._likelihood.errors, counted)

    def data(self) -> Floats:
        """(n,) the data themselves."""
        return self._likelihood.seen(self._likelihood.values) / self.errors

    def draw(self, model: Floats, numbers: np.random.Generator) -> Floats:
        """(n,) one draw."""
        kinds, trials = self._likelihood.kinds, self._likelihood.trials
        found = self._likelihood.seen(model) + self.errors * numbers.standard_normal(len(model))
        counts, shares = kinds == "poisson", kinds == "binomial"
        found[counts] = numbers.poisson(np.maximum(model[counts], 0.0))
        groups = kinds == "negative_binomial"
        phi = self._likelihood.errors[groups]
        found[groups] = numbers.negative_binomial(np.maximum(model[groups], TINY) / (phi - 1.0), 1.0 / phi)
        found[shares] = numbers.binomial(trials[shares].astype(int), np.clip(model[shares], 0.0, 1.0))
        return np.asarray(found / self.errors)


def draw(task: Task, out: Path | None = None, jobs: int | None = None, overwrite: bool = False) -> tuple[Path, str]:
    """Sample; the folder and the summary. Generations that are there already are kept. Raises InvasioError; pool.Stopped."""
    options, data = task.options, task.data
    noises = [one.noise for one in data.observables.values()]
    if any(row.censored for row in data.rows) or any(one.estimated or one.correlation is not None for one in noises):
        what = "draws need the error of each value, none censored, and all independent"
        remedy = "state errors, leave censored values and 'correlation' out, or fit without --abc"
        raise FitError(what, code="meaningless-option", place="fit.data", remedy=remedy)
    extras.need("pyabc")
    folder = folder_of(task, out)
    prepare(task, folder, overwrite, {"data": digest(data), "vary": {name: one.model_dump() for name, one in options.vary.items()}})
    if overwrite:
        (folder / STORE).unlink(missing_ok=True)
    ranks = task.scenario.ranks
    jobs = jobs or max(1, len(os.sched_getaffinity(0)) // ranks)
    with alone(folder), Here(task) if jobs * ranks == 1 else Workers(task, jobs, ranks, folder / "workers.txt") as pool:
        sizes = {arm: sum(row.arm == arm for row in data.rows) for arm in data.arms}
        drawn = options.abc.draws is not None
        runs = Runs(folder, [*options.vary, *(["draw"] if drawn else [])], sizes, pool, DRAWN if drawn else DATA)
        handlers = {s: signal.signal(s, lambda *_: pool.stop()) for s in processes.stopping()}
        try:
            frame, weights, distances = _sampled(task, folder, runs)
            failed = runs.failed
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
            pool.stop()
            runs.close()
    text = _text(task, frame, weights, distances) + (f"{len(failed)} runs failed; the last one: {failed[-1][2]}\n" if failed else "")
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([*options.vary, "weight"])
    writer.writerows([*(repr(float(x)) for x in frame[k]), repr(float(weights[k]))] for k in range(len(weights)))
    with writing(folder):
        replace_text(folder / SAMPLE, buffer.getvalue())
        replace_text(folder / SUMMARY, text)
        replace_text(folder / "sample.json", json.dumps({"names": list(options.vary), "level": options.level}) + "\n")
    return folder, text


def _sampled(task: Task, folder: Path, runs: Runs) -> tuple[Floats, Floats, list[float]]:
    """(n, unknowns) values of the last generation, their weights, and the distances of all generations."""
    import pyabc
    from pyabc.weighted_statistics import weighted_quantile

    for name in ("ABC", "ABC.Sampler", "ABC.History", "ABC.Distance", "ABC.Population"):
        logging.getLogger(name).setLevel(logging.WARNING)
    options, data = task.options, task.data
    measured, candidates = Measured(data), Candidates(runs.jobs, options.seed)
    spans = list(options.vary.values())
    count = math.sqrt(len(data.rows))
    if len(runs):
        print(f"{folder}: {len(runs)} runs are there already", flush=True)

    def model(shares: Any) -> dict[str, Any]:
        given = [float(f"{one.at(float(shares[f'u{k}'])):.12g}") for k, one in enumerate(spans)]
        if options.abc.draws is not None:
            given.append(float(candidates.numbers.integers(_LARGEST)))
        found = candidates.away(lambda: runs.model([given])[0])
        return {"y": np.full(len(data.rows), np.inf) if found is None else measured.draw(found, candidates.numbers)}

    def distance(x: Any, y: Any) -> float:
        return float(np.linalg.norm(x["y"] - y["y"])) / count

    prior = pyabc.Distribution(**{f"u{k}": pyabc.RV("uniform", 0.0, 1.0) for k in range(len(spans))})
    address = f"sqlite:///{folder / STORE}"
    begun = pyabc.History(address) if (folder / STORE).exists() else None
    done = begun.n_populations if begun is not None else 0
    first: float | str = "from_sample"
    if begun is not None and done:
        print(f"{folder}: {done} generations are there already", flush=True)
        known = begun.get_weighted_distances(done - 1)
        first = float(weighted_quantile(points=known.distance.values, weights=known.w.values, alpha=0.5))  # as pyABC does

    class Median(pyabc.MedianEpsilon):  # type: ignore[misc]
        """Half of a generation is nearer than what the next one must reach; says so."""

        def update(self, t: int, *args: Any, **more: Any) -> None:
            super().update(t, *args, **more)
            print(f"generation {t} of {options.abc.generations}; the next one within {self(t):.4g}", flush=True)

    eps, size = Median(first), options.abc.population
    abc = pyabc.ABCSMC(model, prior, distance, population_size=size, eps=eps, sampler=sampler(candidates))
    if begun is not None and done:
        abc.load(address, begun.id, {"y": measured.data()})
    else:
        abc.new(address, {"y": measured.data()})
    history = abc.history
    if done < options.abc.generations and (not done or _epsilon(history)[-1] > options.abc.nearest):
        history = abc.run(minimum_epsilon=options.abc.nearest, max_nr_populations=options.abc.generations - done)
    frame, weights = history.get_distribution()
    values = np.array(
        [[one.at(float(x)) for one, x in zip(spans, row, strict=True)] for row in frame[[f"u{k}" for k in range(len(spans))]].values]
    )
    return values, np.asarray(weights, dtype=float), _epsilon(history)


def _epsilon(history: Any) -> list[float]:
    table = history.get_all_populations()
    return [float(x) for x in table[table.t >= 0].epsilon]


def quantiles(values: Floats, weights: Floats, shares: list[float]) -> list[float]:
    """Weighted quantiles."""
    order = np.argsort(values, kind="stable")
    along = (np.cumsum(weights[order]) - 0.5 * weights[order]) / weights.sum()
    return [float(np.interp(share, along, values[order])) for share in shares]


def _text(task: Task, values: Floats, weights: Floats, distances: list[float]) -> str:
    level = task.options.level
    rows = [["", "median", f"{100 * level:g} % interval", "unit"]]
    said = []
    for k, (name, one) in enumerate(task.options.vary.items()):
        low, middle, high = quantiles(values[:, k], weights, [0.5 - 0.5 * level, 0.5, 0.5 + 0.5 * level])
        rows.append([name, f"{middle:.4g}", f"{low:.4g} to {high:.4g}", one.unit or "1"])
        if one.share(high) - one.share(low) > 0.9 * level:
            said.append(f"{name} is not determined by these data: what is kept fills its range.")
    widths = [max(len(row[k]) for row in rows) for k in range(4)]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]
    effective = weights.sum() ** 2 / (weights**2).sum()
    said.append(
        f"{len(weights)} values (worth {effective:.0f}) whose draws differ from the data by at most {distances[-1]:.3g} errors in the root "
        f"mean square, after {len(distances)} generations; two sets of data of one model differ by about 1.4."
    )
    return "\n".join([*lines, "", *said]) + "\n"
