"""Random numbers keyed by what they are for: the words of numpy's Philox; laws of variates, also of 1e15 cells."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from invasio.solver.circulation.draws import Keys, Purpose, binomial, gamma, poisson

N = 20_000
KEYS = Keys(np.full(N, 5, dtype=np.uint64), np.arange(N, dtype=np.uint64))


def test_words_are_those_of_numpy() -> None:
    keys = Keys(np.array([7, 2**63 + 1, 0], dtype=np.uint64), np.array([3, 2**64 - 1, 12345], dtype=np.uint64))
    words = keys.words(Purpose.BLOOD, np.array([2**40, 1, 2]), turn=9)
    for column, (seed, ident, index) in enumerate(zip(keys.seed, keys.ident, (2**40, 1, 2), strict=True)):
        counter = index + (int(Purpose.BLOOD) << 64) + (9 << 128) - 1  # numpy counts before it draws
        numpys = np.random.Philox(counter=counter, key=int(seed) + (int(ident) << 64)).random_raw(4)
        assert words[:, column].tolist() == numpys.tolist()


def test_numbers_do_not_hang_on_what_else_is_drawn() -> None:
    which = np.array([17, 9000, 3])
    assert (KEYS.take(which).words(1, 4) == KEYS.words(1, 4)[:, which]).all()
    means = np.where(np.arange(N) % 2, 3.0, 500.0)
    assert (poisson(KEYS.take(which), 1, means[which]) == poisson(KEYS, 1, means)[which]).all()


def fits(x: np.ndarray, mean: float, variance: float, fourth: float) -> bool:
    """Mean and variance within 4 standard errors; ``fourth``: excess kurtosis."""
    good = abs(x.mean() - mean) < 4 * np.sqrt(variance / len(x))
    return bool(good and abs(x.var() / variance - 1) < 4 * np.sqrt((2 + fourth) / len(x)))


@pytest.mark.parametrize("mean", [0.3, 5, 12, 300, 1e6, 1e12, 1e15])
def test_poisson(mean: float) -> None:
    x = poisson(KEYS, 1, np.full(N, mean))
    assert (x == np.floor(x)).all()
    assert fits(x - np.floor(mean), mean - np.floor(mean), mean, 1 / mean)
    if mean < 20:
        expected = N * stats.poisson.pmf(np.arange(60), mean)
        seen = np.bincount(x.astype(int), minlength=60)
        keep = expected > 10
        assert stats.chisquare(seen[keep], expected[keep] * seen[keep].sum() / expected[keep].sum()).pvalue > 1e-4


@pytest.mark.parametrize(("trials", "chance"), [(1, 0.3), (3, 0.2), (40, 0.5), (1000, 0.999), (1e6, 0.2), (1e12, 0.7), (1e15, 0.9)])
def test_binomial(trials: float, chance: float) -> None:
    x = binomial(KEYS, 1, np.full(N, float(trials)), np.array(chance))
    mean, variance = trials * chance, trials * chance * (1 - chance)
    assert ((x >= 0) & (x <= trials)).all()
    assert fits(x - np.floor(mean), mean - np.floor(mean), variance, (1 - 6 * chance * (1 - chance)) / variance)


@pytest.mark.parametrize("shape", [1, 2, 50, 1e6, 1e15])
def test_gamma(shape: float) -> None:
    assert fits(gamma(KEYS, 1, np.full(N, float(shape))) - shape, 0, shape, 6 / shape)


def test_impossible_and_certain() -> None:
    none, all_of = np.zeros(N), np.full(N, 12.0)
    assert not poisson(KEYS, 1, none).any() and not binomial(KEYS, 1, all_of, np.array(0.0)).any() and not gamma(KEYS, 1, none).any()
    assert (binomial(KEYS, 1, all_of, np.array(1.0)) == 12).all()
