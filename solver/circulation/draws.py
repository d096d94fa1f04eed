"""Random numbers as functions of what they are for: the same whatever else is drawn, and in which order.

Philox 4 x 64 with 10 rounds (Salmon et al. 2011, doi:10.1145/2063384.2063405), the same words as numpy.random.Philox: the key is
(seed, identity), the counter (index, purpose, turn, 0). Binomial and Poisson variates with means below 10 are inverted, above they are
drawn by transformed rejection (Hoermann 1993, doi:10.1016/0167-6687(93)90997-4), gamma variates by Marsaglia and Tsang 2000
(doi:10.1145/358407.358414); all are exact, also for 1e15 cells, because differences of logarithms are taken as deviances.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .plan import Floats
from .results import Ints
from .special import gammaln

Words = NDArray[np.uint64]
_MASK, _HALF = np.uint64(0xFFFFFFFF), np.uint64(32)
_FACTORS = 0xD2E7470EE14C6C93, 0xCA5A826395121157
_BUMPS = 0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B
_CHUNK = 8192  # numbers at once: all words of a round fit into the cache


class Purpose(IntEnum):
    """What a random number decides; the second word of the counter."""

    EVENT = 1  # when and how large
    CELL = 2  # phenotype, whether it comes loose
    TRANSIT = 3
    BLOOD = 4  # alive, cause, bed, leaves the vessel
    SETTLE = 5  # soil, dormancy
    WAKE = 6
    LEVEL = 7  # held at a level
    CAVITY = 8
    LINES = 9  # of a colony: how many survive
    BIRTHS = 10
    SIZES = 11
    SWITCH = 12
    SHED = 13
    CHILD = 14
    CANDIDATE = 15
    LEDGER = 16
    PATIENT = 17
    SITE = 18


def _product(factor: int, x: Words, spare: tuple[Words, Words, Words]) -> tuple[Words, Words]:
    """(upper, lower) 64 bits of a product of 64-bit numbers; ``spare`` is written to."""
    a, b = np.uint64(factor >> 32), np.uint64(factor & 0xFFFFFFFF)
    left, right, other = spare
    np.right_shift(x, _HALF, out=left)
    np.bitwise_and(x, _MASK, out=right)
    high = left * a
    left *= b
    np.multiply(right, b, out=other)
    other >>= _HALF
    right *= a
    right += other
    np.bitwise_and(right, _MASK, out=other)
    left += other
    left >>= _HALF
    right >>= _HALF
    high += left
    high += right
    return high, x * np.uint64(factor)


def philox(key: tuple[Words, Words], counter: tuple[Words, Words, Words, Words]) -> Words:
    """(4, n): the words of each key and counter."""
    (k0, k1), (c0, c1, c2, c3) = key, counter
    spare = np.empty_like(c0), np.empty_like(c0), np.empty_like(c0)
    with np.errstate(over="ignore"):
        for turn in range(10):
            high0, low0 = _product(_FACTORS[0], c0, spare)
            high1, low1 = _product(_FACTORS[1], c2, spare)
            for high, word, key_word, bump in ((high1, c1, k0, _BUMPS[0]), (high0, c3, k1, _BUMPS[1])):
                high ^= word
                np.add(key_word, np.uint64(turn * bump & 0xFFFFFFFFFFFFFFFF), out=spare[0])
                high ^= spare[0]
            c0, c1, c2, c3 = high1, low1, high0, low0
    return np.stack([c0, c1, c2, c3])


@dataclass(frozen=True)
class Keys:
    """(n,) seeds of histories and identities in them."""

    seed: Words
    ident: Words

    def __len__(self) -> int:
        return len(self.seed)

    def take(self, which: NDArray[np.int64] | NDArray[np.bool_]) -> Keys:
        return Keys(self.seed[which], self.ident[which])

    def words(self, purpose: int, index: ArrayLike = 0, turn: int = 0) -> Words:
        """(4, n) words for a purpose and an index."""
        n = len(self)
        at = np.broadcast_to(np.asarray(index).astype(np.uint64), (n,))
        out = np.empty((4, n), dtype=np.uint64)
        for low in range(0, n, _CHUNK):
            part = slice(low, min(low + _CHUNK, n))
            fixed = np.zeros(part.stop - low, dtype=np.uint64)
            counter = (at[part], fixed + np.uint64(purpose), fixed + np.uint64(turn), fixed)
            out[:, part] = philox((self.seed[part], self.ident[part]), counter)
        return out

    def uniform(self, purpose: int, index: ArrayLike = 0, turn: int = 0) -> Floats:
        """(4, n) numbers in (0, 1)."""
        return uniform(self.words(purpose, index, turn))

    def exponential(self, purpose: int, index: ArrayLike = 0) -> Floats:
        """(n,) with mean 1."""
        return -np.log(self.uniform(purpose, index)[0])


def uniform(words: Words) -> Floats:
    """Numbers in (0, 1), of 53 bits."""
    return ((words >> np.uint64(11)).astype(float) + 0.5) * 2.0**-53


def _stirling(k: Floats) -> Floats:
    """ln k! - ((k + 1/2) ln k - k + ln(2 pi)/2)."""
    large = np.maximum(k, 10.0)
    small = np.clip(k, 1.0, 10.0)
    series = (1 / 12 - (1 / 360 - 1 / 1260 / large**2) / large**2) / large
    return np.where(k >= 10, series, gammaln(small + 1) - (small + 0.5) * np.log(small) + small - 0.5 * np.log(2 * np.pi))


def _deviance(k: Floats, mean: Floats) -> Floats:
    """k ln(k/mean) + mean - k."""
    x = (k - mean) / mean
    return mean * ((1 + x) * np.log1p(np.maximum(x, -1 + 1e-300)) - x)


def _log_poisson(k: Floats, mean: Floats) -> Floats:
    one = np.maximum(k, 1.0)
    return np.where(k == 0, -mean, -_deviance(one, mean) - 0.5 * np.log(2 * np.pi * one) - _stirling(one))


def _log_binomial(k: Floats, n: Floats, p: Floats) -> Floats:
    """Of 0 < k < n up to what does not depend on k; at the ends exactly the same up to it."""
    q = 1 - p
    inner, rest = np.clip(k, 1.0, n - 1), np.clip(n - k, 1.0, n - 1)
    full = (
        -_deviance(inner, n * p)
        - _deviance(rest, n * q)
        - 0.5 * np.log(2 * np.pi * inner * (rest / n))
        - _stirling(inner)
        - _stirling(rest)
    )
    return np.where(k == 0, n * np.log1p(-p) - _stirling(n), np.where(k == n, n * np.log(p) - _stirling(n), full))


def poisson(keys: Keys, purpose: int, mean: Floats, index: ArrayLike = 0, given: Floats | None = None) -> Floats:
    """(n,) whole numbers as floats, exact below 2^53. given: (2, n) uniform numbers to begin with, else of the purpose."""
    out = np.zeros(len(keys))
    index = np.broadcast_to(np.asarray(index), (len(keys),))
    small = np.flatnonzero((mean > 0) & (mean < 10))
    if len(small):
        out[small] = _search(_pair(keys, purpose, index, small, 0, given)[0], np.exp(-mean[small]), lambda k, on: mean[small][on] / k)
    todo, turn = np.flatnonzero(mean >= 10), 0
    while len(todo):
        turn += 1
        lam, (first, second) = mean[todo], _pair(keys, purpose, index, todo, turn, given)
        b = 0.931 + 2.53 * np.sqrt(lam)
        a = -0.059 + 0.02483 * b
        u = first - 0.5
        us = 0.5 - np.abs(u)
        k = np.floor((2 * a / us + b) * u + lam + 0.43)
        ratio = np.log(second) + np.log(1.1239 + 1.1328 / (b - 3.4)) - np.log(a / us**2 + b)
        quick = (us >= 0.07) & (second <= 0.9277 - 3.6224 / (b - 2))
        good = quick | ((k >= 0) & ((us >= 0.013) | (second <= us)) & (ratio <= _log_poisson(np.maximum(k, 0), lam)))
        out[todo[good]] = k[good]
        todo = todo[~good]
    return out


def binomial(keys: Keys, purpose: int, n: Floats, p: Floats, index: ArrayLike = 0, given: Floats | None = None) -> Floats:
    """(n,) whole numbers as floats: successes of n trials with chance p. given: as in ``poisson``."""
    p = np.clip(np.broadcast_to(p, n.shape), 0.0, 1.0)
    flip = p > 0.5
    chance = np.where(flip, 1 - p, p)
    mean = n * chance
    out = np.zeros(len(keys))
    index = np.broadcast_to(np.asarray(index), (len(keys),))
    small = np.flatnonzero((mean > 0) & (mean < 10))
    if len(small):
        trials, odds = n[small], chance[small] / (1 - chance[small])
        first = np.exp(trials * np.log1p(-chance[small]))
        found = _search(
            _pair(keys, purpose, index, small, 0, given)[0], first, lambda k, on: np.maximum(trials[on] - k + 1, 0) / k * odds[on]
        )
        out[small] = np.minimum(found, trials)
    todo, turn = np.flatnonzero(mean >= 10), 0
    while len(todo):
        turn += 1
        m, q, (first, second) = n[todo], chance[todo], _pair(keys, purpose, index, todo, turn, given)
        width = np.sqrt(m * q * (1 - q))
        b = 1.15 + 2.53 * width
        a = -0.0873 + 0.0248 * b + 0.01 * q
        u = first - 0.5
        us = 0.5 - np.abs(u)
        k = np.floor((2 * a / us + b) * u + m * q + 0.5)
        inside = (k >= 0) & (k <= m)
        mode = np.floor((m + 1) * q)
        ratio = np.log(second * (2.83 + 5.1 / b) * width / (a / us**2 + b))
        good = inside & ((us >= 0.07) & (second <= 0.92 - 4.2 / b))
        good |= inside & (ratio <= _log_binomial(np.clip(k, 0, m), m, q) - _log_binomial(mode, m, q))
        out[todo[good]] = k[good]
        todo = todo[~good]
    return np.where(flip, n - out, out)


def _pair(keys: Keys, purpose: int, index: Ints, on: Ints, turn: int, given: Floats | None) -> Floats:
    """(2, n) uniform numbers of a turn of those that are ``on``."""
    if given is not None and turn < 2:
        return given[:, on]
    return keys.take(on).uniform(purpose, index[on], turn)[:2]


def _search(u: Floats, chance: Floats, ratio: object) -> Floats:
    """Inversion from 0 upwards; ratio(k, which) = P(k)/P(k - 1)."""
    k, left, term = np.zeros(len(u)), u - chance, chance.copy()
    on = np.flatnonzero(left > 0)
    turn = 0
    while len(on) and turn < 1000:
        turn += 1
        term[on] *= ratio(turn, on)  # type: ignore[operator]
        left[on] -= term[on]
        k[on] = turn
        on = on[(left[on] > 0) & (term[on] > 0)]
    return k


def gamma(keys: Keys, purpose: int, shape: Floats, index: ArrayLike = 0) -> Floats:
    """(n,) gamma variates of scale 1; shapes >= 1."""
    out = np.zeros(len(keys))
    index = np.broadcast_to(np.asarray(index), (len(keys),))
    todo, turn = np.flatnonzero(shape > 0), 0
    while len(todo):
        turn += 1
        d = shape[todo] - 1 / 3
        first, second, third, _ = keys.take(todo).uniform(purpose, index[todo], turn)
        x = np.sqrt(-2 * np.log(first)) * np.cos(2 * np.pi * second)
        y = x / np.sqrt(9 * d)
        w = y * (3 + 3 * y + y * y)  # (1 + y)^3 - 1
        inside = w > -1
        good = inside & (np.log(third) < 0.5 * x * x + d * (np.log1p(np.where(inside, w, 0.0)) - w))
        out[todo[good]] = d[good] * (1 + w[good])
        todo = todo[~good]
    return out
