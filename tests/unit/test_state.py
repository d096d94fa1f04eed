"""The state against what a step does with it: begun, refused, guessed, accepted, and after a jump."""

from __future__ import annotations

import numpy as np
import pytest

from invasio.solver.accounts import Account, Accounts
from invasio.solver.state import State, Variable


def state() -> State:
    """A density on four nodes, one of them a ghost, a logarithm and a scalar."""
    new = State()
    new.add(Variable("n/state", np.array([1.0, 2.0, 3.0, 4.0]), 3, lambda values: None, mid=np.zeros(4)))
    new.add(Variable("n/log", np.zeros(4), 3, lambda values: None, differs=False))
    new.add_scalar("plasma", 0.5)
    new.keep_accounts(Accounts([Account("n", "born", 1, "made")]))
    return new


def test_a_refused_step_leaves_nothing() -> None:
    """Values, rates and bookings are as before."""
    s = state()
    s.begin()
    for v in (*s.variables, *s.scalars.values()):
        v.new += 1.0
    s.accounts.page("n").add("born", 3.0)
    s.rollback()
    assert list(s.variables[0].new) == [1.0, 2.0, 3.0, 4.0]
    assert list(s.variables[1].new) == [0.0] * 4
    assert s.scalars["plasma"].new[0] == 0.5
    s.commit(1.0)
    assert list(s.accounts.totals()) == [0.0]
    assert list(s.variables[0].rate) == [0.0] * 4


def test_an_accepted_step_is_differenced_and_booked() -> None:
    """Rates are difference quotients of the last two steps; bookings add up."""
    s = state()
    for step, dt in ((1.0, 0.5), (3.0, 1.0)):
        s.begin()
        s.variables[0].new += step
        s.scalars["plasma"].new += step
        s.accounts.page("n").add("born", step)
        s.commit(dt)
    assert list(s.variables[0].rate) == [3.0] * 4
    assert list(s.variables[0].rate_before) == [2.0] * 4
    assert s.scalars["plasma"].rate[0] == 3.0
    assert list(s.accounts.totals()) == [4.0]
    assert (s.history.last, s.history.before) == (1.0, 0.5)
    assert s.bend(2.0) == 2.0


def test_a_guess_begins_again_with_the_rates_of_the_first_pass() -> None:
    s = state()
    s.begin()
    s.variables[0].new += 2.0
    s.accounts.page("n").add("born", 1.0)
    s.guess(0.5)
    assert list(s.variables[0].rate) == [4.0] * 4
    assert list(s.variables[0].new) == [1.0, 2.0, 3.0, 4.0]
    assert s.accounts.page("n").pending("born") == 0.0


def test_predictions_do_not_fall_below_zero() -> None:
    s = state()
    s.begin()
    s.variables[0].rate[:] = -2.0
    s.variables[0].predict(1.0)
    assert list(s.variables[0].mid) == [0.0, 0.0, 1.0, 2.0]


def test_after_a_jump_nothing_is_extrapolated() -> None:
    s = state()
    s.begin()
    s.variables[0].new += 1.0
    s.commit(1.0)
    s.void_history()
    assert (s.history.last, s.history.before) == (0.0, 0.0)
    assert not s.variables[0].rate.any()


def test_owned_entries_go_and_come_back() -> None:
    """By the names of checkpoints; ghosts come from their owners."""
    s, again = state(), state()
    s.variables[0].new[:] = [5.0, 6.0, 7.0, 8.0]
    kept = {name: values.copy() for v in s.variables for name, values in v.owned().items()}
    assert sorted(kept) == ["n/log", "n/rate", "n/rate_before", "n/state"]
    for v in again.variables:
        v.put(kept)
    assert list(again.variables[0].new[:3]) == [5.0, 6.0, 7.0]
    assert list(again.variables[0].mid[:3]) == [5.0, 6.0, 7.0]


def test_notes_come_after_gains_and_losses_and_owners_in_order() -> None:
    accounts = Accounts(
        [Account("m", "born", 1, ""), Account("n", "crossed:b", 0, ""), Account("n", "dead", -1, ""), Account("p", "cleared", -1, "")],
        ["n", "m"],
    )
    assert [(a.owner, a.key) for a in accounts.list] == [("n", "dead"), ("n", "crossed:b"), ("m", "born"), ("p", "cleared")]
    assert accounts.owners == ("n", "m", "p")


def test_accounts_are_declared_once() -> None:
    with pytest.raises(ValueError, match=r"n\.born"):
        Accounts([Account("n", "born", 1, "made"), Account("n", "born", 1, "made otherwise")])
    with pytest.raises(KeyError):
        Accounts([Account("n", "born", 1, "made")]).page("n").add("dead", 1.0)
