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
import random
import signal
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from invasio.hpc import extras, processes
from invasio.hpc.sweep.folder import alone
from invasio.solver.output.folder import replace_text, writing

from .data import Data
from .fit import FitError, digest, prepare
from .noise import TINY, Likelihood
from .pool import Here, Workers
from .task import DATA, DRAWN, Task

Floats = NDArray[np.float64]
STORE, SAMPLE, SUMMARY = "abc.db", "sample.csv", "summary.txt"
_LARGEST = 1_000_000  # of the numbers that are drawn


def folder_of(task: Task, out: Path | None) -> Path:
    """The folder: ``out``, by default out/NAME-abc."""
    return (out or Path("out") / f"{task.scenario.name}-abc").absolute()


class Measured:
    """What would be measured of a run: its values with the noise of the data, in units of the data's errors."""

    def __init__(self, data: Data, seed: int) -> None:
        self._likelihood, self._random = Likelihood(data), np.random.default_rng(seed)
        kinds, values, trials = self._likelihood.kinds, self._likelihood.values, self._likelihood.trials
        counted = np.sqrt(np.maximum(np.where(kinds == "binomial", values * (1 - values / np.maximum(trials, 1)), values), 1.0))
        counted *= np.where(kinds == "negative_binomial", np.sqrt(self._likelihood.errors), 1.0)
        self.errors = np.where(np.isin(kinds, ("normal", "log_normal")), self._likelihood.errors, counted)

    def data(self) -> Floats:
        """(n,) the data themselves."""
        return self._likelihood.seen(self._likelihood.values) / self.errors

    def draw(self, model: Floats) -> Floats:
        """(n,) one draw."""
        kinds, trials = self._likelihood.kinds, self._likelihood.trials
        found = self._likelihood.seen(model) + self.errors * self._random.standard_normal(len(model))
        counts, shares = kinds == "poisson", kinds == "binomial"
        found[counts] = self._random.poisson(np.maximum(model[counts], 0.0))
        groups = kinds == "negative_binomial"
        phi = self._likelihood.errors[groups]
        found[groups] = self._random.negative_binomial(np.maximum(model[groups], TINY) / (phi - 1.0), 1.0 / phi)
        found[shares] = self._random.binomial(trials[shares].astype(int), np.clip(model[shares], 0.0, 1.0))
        return np.asarray(found / self.errors)


def draw(task: Task, out: Path | None = None, jobs: int | None = None, overwrite: bool = False) -> tuple[Path, str]:
    """Sample; the folder and the summary. Generations that are there already are kept. Raises InvasioError; pool.Stopped."""
    options, data = task.options, task.data
    if any(row.censored for row in data.rows) or any(one.noise.estimated for one in data.observables.values()):
        what = "draws need the error of each value, and no value censored"
        raise FitError(
            what, code="meaningless-option", place="fit.data", remedy="state errors, leave censored values out, or fit without --abc"
        )
    extras.need("pyabc")
    folder = folder_of(task, out)
    prepare(task, folder, overwrite, {"data": digest(data), "vary": {name: one.model_dump() for name, one in options.vary.items()}})
    ranks = task.scenario.ranks
    jobs = jobs or max(1, len(os.sched_getaffinity(0)) // ranks)
    with alone(folder), Here(task) if jobs * ranks == 1 else Workers(task, jobs, ranks, folder / "workers.txt") as pool:
        handlers = {s: signal.signal(s, lambda *_: pool.stop()) for s in processes.STOPPING}
        try:
            frame, weights, distances = _sampled(task, folder, pool)
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
            pool.stop()
    text = _text(task, frame, weights, distances)
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([*options.vary, "weight"])
    writer.writerows([*(repr(float(x)) for x in frame[k]), repr(float(weights[k]))] for k in range(len(weights)))
    with writing(folder):
        replace_text(folder / SAMPLE, buffer.getvalue())
        replace_text(folder / SUMMARY, text)
        replace_text(folder / "sample.json", json.dumps({"names": list(options.vary), "level": options.level}) + "\n")
    return folder, text


def _sampled(task: Task, folder: Path, pool: Here | Workers) -> tuple[Floats, Floats, list[float]]:
    """(n, unknowns) values of the last generation, their weights, and the distances of all generations."""
    import pyabc
    from pyabc.sampler import SingleCoreSampler

    for name in ("ABC", "ABC.Sampler", "ABC.History", "ABC.Distance", "ABC.Population"):
        logging.getLogger(name).setLevel(logging.WARNING)
    options, data = task.options, task.data
    measured = Measured(data, options.seed)
    np.random.seed(options.seed)
    random.seed(options.seed)
    spans = list(options.vary.values())
    count = math.sqrt(len(data.rows))
    numbers = np.random.default_rng(options.seed + 1)

    def model(shares: Any) -> dict[str, Any]:
        given = [one.at(float(shares[f"u{k}"])) for k, one in enumerate(spans)]
        drawn = [*given, float(numbers.integers(_LARGEST))] if options.abc.draws is not None else given
        kind = DATA if options.abc.draws is None else DRAWN
        answers = [pool.ask(arm, drawn, kind) for arm in data.arms]
        if any(answer.failed for answer in answers):
            return {"y": np.full(len(data.rows), np.inf)}
        return {"y": measured.draw(np.concatenate([np.array(answer.values) for answer in answers]))}

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
        first = quantiles(known.distance.values, known.w.values, [0.5])[0]

    class Median(pyabc.MedianEpsilon):  # type: ignore[misc]
        """Half of a generation is nearer than what the next one must reach; says so."""

        def update(self, t: int, *args: Any, **more: Any) -> None:
            super().update(t, *args, **more)
            print(f"generation {t} of {options.abc.generations}; the next one within {self(t):.4g}", flush=True)

    sampler = SingleCoreSampler(check_max_eval=False)
    abc = pyabc.ABCSMC(model, prior, distance, population_size=options.abc.population, eps=Median(first), sampler=sampler)
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
