"""Helpers for tests on several ranks."""

from __future__ import annotations

from typing import Any


def parallel_assert(comm: Any, condition: bool, message: str = "") -> None:
    """Assert that the condition holds on every rank; fails on all ranks together, so that none hangs."""
    failed = comm.allgather(None if condition else f"rank {comm.rank}: {message}")
    faults = [text for text in failed if text is not None]
    assert not faults, "; ".join(faults)
