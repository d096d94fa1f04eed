"""Data whose neighbours are off alike, what would be measured, and values drawn from the likelihood."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from invasio.hpc.fits.data import Data, Datum, read_data
from invasio.hpc.fits.draws import Draws
from invasio.hpc.fits.fit import fit
from invasio.hpc.fits.noise import Likelihood
from invasio.hpc.fits.sample import worth
from invasio.solver.scenario.fit import Noise, Observable
from invasio.solver.scenario.loader import load
from tests.lib.measured import decaying
from tests.lib.messages import refused

PLACES = np.array([0.0, 1.0, 1.5, 4.0, 4.2])


def along(noise: Noise, values: np.ndarray, places: np.ndarray = PLACES) -> Data:
    """The same places at two times, stated in an order that is not theirs."""
    order = [2, 0, 4, 1, 3] if len(places) == 5 else list(range(len(places)))
    rows = [Datum(t, "y", float(values[i, k]), None, (float(places[k]),)) for i, t in enumerate((1.0, 2.0)) for k in order]
    return Data(tuple(rows), {"y": Observable(value="n", noise=noise)}, {"y": "1"}, "um")


def test_the_likelihood_is_that_of_a_normal_distribution_with_these_correlations() -> None:
    """As SciPy has it, with the length stated and estimated; the two times are independent."""
    values = np.random.default_rng(1).normal(size=(2, 5))
    order = [2, 0, 4, 1, 3]

    def wanted(length: float, error: float) -> float:
        covariance = error**2 * np.exp(-np.abs(PLACES[:, None] - PLACES) / length)
        return float(sum(multivariate_normal.logpdf(row, np.full(5, 0.3), covariance) for row in values))

    stated = Likelihood(along(Noise(kind="normal", error=0.7, correlation=2.0), values))
    model = np.full(10, 0.3)
    assert np.array_equal(stated.values, np.concatenate([values[0, order], values[1, order]]))
    assert stated.logarithm(model) == pytest.approx(wanted(2.0, 0.7), rel=1e-12)
    free = Likelihood(along(Noise(kind="normal", error="estimated", correlation="estimated"), values))
    assert [one.name for one in free.estimated] == ["error of y", "correlation of y"]
    assert (free.estimated[1].lower, free.estimated[1].upper, free.estimated[1].unit) == (pytest.approx(0.02), pytest.approx(42), "um")
    tried = [(0.7, 0.5), (0.7, 9.0), (1.3, 2.0)]
    assert [free.logarithm(model, one) for one in tried] == pytest.approx([wanted(length, error) for error, length in tried], rel=1e-12)
    cost = [float((free.residuals(model, one) ** 2).sum() + (free.scatter(one) ** 2).sum()) for one in tried]
    assert np.diff(cost) == pytest.approx(np.diff([-2 * wanted(length, error) for error, length in tried]), rel=1e-9)


def slabs(noise: Noise) -> Data:
    """Three slabs of 10 um beside each other, and what is seen in them: how many there are, and where their median lies."""
    observables = {
        "cells": Observable(integral="n", along="z", noise=noise),
        "count": Observable(integral="n", seen_in="cells"),
        "median": Observable(quantile="n", along="z", seen_in="cells"),
    }
    rows = [Datum(1.0, "cells", math.nan, None, span=(10.0 * k, 10.0 * k + 10.0)) for k in (1, 0, 2)]
    rows += [Datum(1.0, name, math.nan, None) for name in ("count", "median")]
    return Data(tuple(rows), observables, dict.fromkeys(observables, "1"), "um")


def test_draws_scatter_and_are_alike_as_stated() -> None:
    """Counts: their mean, variance and correlation; their sum with the variance of all; the median where half of them lie."""
    numbers = np.random.default_rng(2)
    draws = Draws(slabs(Noise(kind="negative_binomial", overdispersion="estimated", correlation="estimated")))
    model = np.array([900.0, 400.0, 600.0, 0.0, 0.0])
    told = {"overdispersion of cells": 9.0, "correlation of cells": 10.0 / math.log(2.0)}
    found = np.array([draws(model, told, numbers) for _ in range(4000)])
    assert found[:, :3].mean(axis=0) == pytest.approx(model[:3], rel=0.01)
    assert found[:, :3].var(axis=0) == pytest.approx(9 * model[:3], rel=0.1)
    shares = np.corrcoef(found[:, [1, 0, 2]].T)
    assert [shares[0, 1], shares[1, 2], shares[0, 2]] == pytest.approx([0.5, 0.5, 0.25], abs=0.05)
    assert np.array_equal(found[:, 3], found[:, :3].sum(axis=1))
    sizes = np.sqrt(9 * model[[1, 0, 2]])
    assert found[:, 3].var() == pytest.approx(sizes @ np.array([[1, 0.5, 0.25], [0.5, 1, 0.5], [0.25, 0.5, 1]]) @ sizes, rel=0.1)
    assert np.median(found[:, 4]) == pytest.approx(10 + 10 * (950 - 400) / 900, abs=0.2)
    known = Draws(slabs(Noise(kind="poisson")))(model, {}, numbers)
    assert np.isfinite(known).all()
    assert np.isnan(Draws(slabs(Noise(kind="normal")))(model, {}, numbers)).all(), "nothing is known of the noise"


def test_values_drawn_from_the_likelihood(tmp_path: Path) -> None:
    """Of an amplitude alone they are normal with the error in closed form; bands of new measurements hold its error and theirs."""
    task = decaying(tmp_path, "vary: {c: {from: 0, to: 10}}, sample: 240")
    found = fit(task, tmp_path / "fit", jobs=1, profiles=False)
    with (tmp_path / "fit" / "sample.csv").open() as file:
        drawn = np.array([float(row["c"]) for row in csv.DictReader(file)])
    times = np.array([0, 0.5, 1, 2, 3])
    error = 0.02 / math.sqrt((np.exp(-0.5 * times) ** 2).sum())
    assert drawn.mean() == pytest.approx(found.estimates[0].value, abs=0.4 * error)
    assert drawn.std() == pytest.approx(error, rel=0.25)
    with (tmp_path / "fit" / "fitted.csv").open() as file:
        rows = list(csv.DictReader(file))
    wide = np.array([float(row["seen_upper"]) - float(row["seen_lower"]) for row in rows])
    exact = 2 * norm.ppf(0.975) * np.sqrt(0.02**2 + (error * np.exp(-0.5 * times)) ** 2)
    assert wide == pytest.approx(exact, rel=0.15)
    assert "5 of 5 data lie within the 95 % bands of a new measurement" in found.text
    runs = (tmp_path / "fit" / "runs.csv").read_bytes()
    again = fit(task, tmp_path / "fit", jobs=1, profiles=False)
    assert (again.text, (tmp_path / "fit" / "runs.csv").read_bytes()) == (found.text, runs)


def test_how_many_draws_chains_are_worth() -> None:
    """Independent ones all of them; of x_k+1 = rho x_k + e a share of (1 - rho)/(1 + rho)."""
    numbers = np.random.default_rng(3)
    noise = numbers.normal(size=(4000, 10, 2))
    assert worth(noise) == pytest.approx(40000, rel=0.1)
    chains = noise.copy()
    for k in range(1, len(chains)):
        chains[k, :, 1] = 0.8 * chains[k - 1, :, 1] + 0.6 * noise[k, :, 1]
    assert worth(chains) == pytest.approx(40000 / 9, rel=0.15)


def test_what_cannot_be_alike_is_refused(tmp_path: Path) -> None:
    """Values that lie on no line, two at one place, and what is seen in slabs of something else."""
    noise = "noise: {kind: normal, error: 1, correlation: 0.1}"
    task = decaying(tmp_path, f"observables: {{tumour.total: {{series: tumour.total, {noise}}}}}, vary: {{c: {{from: 0, to: 10}}}}")
    with refused("meaningless-option", place="decay.csv:2", says=["'correlation'"], remedy="slabs"):
        read_data(task.scenario, task.options)
    with refused("repeated-name", place="fit.observables.y.noise", says=["place 1"]):
        Likelihood(along(Noise(kind="normal", error=1, correlation=1.0), np.zeros((2, 2)), np.array([1.0, 1.0])))
    for wrong in ("along: x, noise: poisson", "noise: poisson"):
        slabs_of = f"a: {{integral: tumour, {wrong}}}, b: {{quantile: tumour, along: y, seen_in: a}}"
        text = f"observables: {{{slabs_of}}}, vary: {{c: {{from: 0, to: 10}}}}"
        with refused("unknown-name", place="decay.yaml", says=["'b' is seen in no slabs"]):
            load(decaying(tmp_path, text).path)
    with refused("meaningless-option", place="decay.yaml", says=["'correlation' has no meaning for 'events'"]):
        text = "observables: {a: {series: tumour.total, noise: {kind: events, correlation: 1}}}, vary: {c: {from: 0, to: 10}}"
        load(decaying(tmp_path, text).path)
