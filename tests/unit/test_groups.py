"""Tests that share fixtures, or start programs, meet on one of pytest-xdist's workers, whatever its release."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

pytest.importorskip("xdist")

from ..groups import Groups

IDS = [
    *(f"tests/unit/test_a.py::test_{i}[x::y]" for i in range(4)),
    *(f"tests/launcher/test_b.py::test_{i}" for i in range(3)),
    *(f"tests/unit/test_c.py::Of::test_{i}" for i in range(3)),
    *(f"tests/unit/hpc/test_d.py::test_{i}" for i in range(3)),
]


class Worker:
    """Does at once what it is sent."""

    def __init__(self) -> None:
        self.done: list[int] = []
        self.gateway = SimpleNamespace(id="w")
        self.shutting_down = False

    def send_runtest_some(self, indices: list[int]) -> None:
        """Keep the tests."""
        self.done += indices

    def shutdown(self) -> None:
        """Take no more."""
        self.shutting_down = True


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_module_and_all_that_starts_programs_stay_together() -> None:
    option = SimpleNamespace(loadscopereorder=True)
    shared = Groups(SimpleNamespace(getvalue=lambda name: ["2*popen"], option=option), None)
    workers = [Worker(), Worker()]
    for worker in workers:
        shared.add_node(worker)
        shared.add_node_collection(worker, IDS)
    shared.schedule()
    for worker in workers:  # all units are out by now, or go out as tests end
        for index in worker.done:
            shared.mark_test_complete(worker, index)
    assert sorted(index for worker in workers for index in worker.done) == list(range(len(IDS)))
    of = [{IDS[index].rpartition("/")[2].partition("::")[0] for index in worker.done} for worker in workers]
    assert not of[0] & of[1] and all(of) and ({"test_b.py", "test_d.py"} <= of[0] or {"test_b.py", "test_d.py"} <= of[1]), of
