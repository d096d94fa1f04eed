"""A scenario with reactions and bound species is of order two in space and time, beside cells that drift."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from invasio.solver.components import transport
from tests.lib.comm import Comm
from tests.verification import reacting


@pytest.mark.parametrize(("dim", "kind", "counts"), [(1, "regular", (16, 32)), (2, "regular", (8, 16))])
def test_order_two_in_space(comm: Comm, dim: int, kind: str, counts: tuple[int, ...]) -> None:
    """Cells, what they carry, what is dissolved and an ECM that reacts, dt proportional to the size of cells."""
    found = reacting.in_space(comm, dim, kind, counts, end=0.5)
    for name, orders in found.orders.items():
        assert orders[-1] >= 1.85, (name, found)


@pytest.mark.parametrize("looks", [0.0, np.inf])
def test_order_two_in_time(comm: Comm, monkeypatch: pytest.MonkeyPatch, looks: float) -> None:
    """Whether or not sources are looked at twice. Cells that follow an ECM that reacts were of order 1.2: they saw it as it was before."""
    monkeypatch.setattr(transport, "WORTH_A_LOOK", looks)
    found = reacting.in_time(comm, (40, 80), 16, finer=4)
    for name, orders in found.orders.items():
        assert 1.85 <= orders[-1] <= 2.3, (name, found)


def test_what_is_left_over_is_that_of_the_statement() -> None:
    """Without one of the reactions something else is left over, of all that it changes and of nothing else."""
    model, solution = reacting.stated(1), reacting.exact(1)
    laws = {law.name: law for law in model.species}
    at = {"x": 0.3, "t": 0.7}
    for r in model.reactions:
        fewer = replace(model, reactions=tuple(other for other in model.reactions if other is not r))
        for name, law in laws.items():
            whole, without = (float(reacting.left_over(law, laws, m, solution, 1).subs(at)) for m in (model, fewer))
            assert (abs(whole - without) > 1e-3) == (name in r.change), (r.name, name)
