"""Candidates of a generation on all processes at once, with the same answer on any number of them.

pyABC draws from NumPy's and Python's one state of random numbers. So each candidate has a state of its own, from the seed, the generation
and its number; only one computes at a time, and while it waits for its run others do. What counts is the first n that are near enough
in the order of their numbers, not of their ends, so that short runs are not preferred (Klinger, Rickert & Hasenauer 2018,
doi:10.1093/bioinformatics/bty361).
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np

from invasio.hpc.tally import Tally

R = TypeVar("R")


class Candidates:
    """Turns of candidates, of which ``jobs`` wait for runs at once."""

    def __init__(self, jobs: int, seed: int) -> None:
        self.jobs, self._seed = jobs, seed
        self._turn = threading.Lock()
        self._own = threading.local()

    @property
    def numbers(self) -> np.random.Generator:
        """The random numbers of the candidate whose turn it is, besides those of pyABC."""
        found: np.random.Generator = self._own.numbers
        return found

    def away(self, run: Callable[[], R]) -> R:
        """Wait for a run, and let others take their turn."""
        states = np.random.get_state(), random.getstate()
        self._turn.release()
        try:
            return run()
        finally:
            self._turn.acquire()
            np.random.set_state(states[0])
            random.setstate(states[1])

    @contextmanager
    def _at(self, generation: int, number: int) -> Iterator[None]:
        with self._turn:
            state = np.random.SeedSequence([self._seed, generation + 1, number])  # the first generation has the number -1
            np.random.seed(state.generate_state(8))
            random.seed(int(state.generate_state(1, np.uint64)[0]))
            self._own.numbers = np.random.default_rng(state.spawn(1)[0])
            yield

    def first(self, wanted: int, simulate: Callable[[], Any], generation: int) -> list[Any]:
        """All candidates up to the ``wanted``-th that is accepted; says how far it is."""
        tally = Tally(wanted)
        done: dict[int, Any] = {}

        def one(number: int) -> tuple[int, Any]:
            with self._at(generation, number):
                return number, simulate()

        def note(number: int, found: Any) -> int:
            done[number] = found
            kept = sum(one.accepted for one in done.values())
            tally.at(kept, f"of this generation, {len(done)} runs")
            return kept

        if self.jobs == 1:  # runs in this process are for its main thread alone
            while note(*one(len(done))) < wanted:
                pass
        else:
            self._at_once(wanted, one, note)
        tally.clear()
        found = []
        for number in range(len(done)):
            found.append(done[number])
            wanted -= done[number].accepted
            if wanted == 0:
                break
        return found

    def _at_once(self, wanted: int, one: Callable[[int], tuple[int, Any]], note: Callable[[int, Any], int]) -> None:
        begun, kept = 0, 0
        waiting: set[Future[tuple[int, Any]]] = set()
        with ThreadPoolExecutor(self.jobs) as threads:
            while waiting or kept < wanted:
                while kept < wanted and len(waiting) < self.jobs:
                    waiting.add(threads.submit(one, begun))
                    begun += 1
                ended, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in ended:
                    kept = note(*future.result())


def sampler(candidates: Candidates) -> Any:
    """These as a sampler of pyABC."""
    from pyabc.sampler import Sampler

    class Ours(Sampler):  # type: ignore[misc]
        """Candidates on the pool of a fit."""

        def sample_until_n_accepted(self, n: int, simulate_one: Callable[[], Any], t: int, **_: Any) -> Any:
            found = candidates.first(n, simulate_one, t)
            sample = self._create_empty_sample()
            for particle in found:
                sample.append(particle)
            self.nr_evaluations_ = len(found)
            return sample

    return Ours()
