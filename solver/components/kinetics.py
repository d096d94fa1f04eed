r"""Species that react with each other, coupled with their transport by sources (Knoth & Wolke 1998).

The members are transported with the reaction tendency of the last step as a source of the stages, c* = c + dt T being what transport
alone made; then dc/dt = R(c) + T is solved at each node over the whole step, and the mean reaction tendency is (c_new - c*)/dt. With
that, and with its tilt, so that what reacts early in the step is transported longer, this is done again unless nothing changes: order 2
for any dt R', also where densities relax at once, which splitting would not be. The limiter keeps c + dt T >= 0 but for as much as
reactions brought: what they feed and transport carries away is at rest then. Where a node cannot follow, transport is done again
without this credit, c* >= 0, and each node can begin there.
What reactions make of a member is booked under their names, one that goes both ways net; what is left of it as made or lost.
Source: Knoth, Wolke 1998, doi:10.1016/S0168-9274(98)00051-8.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

from ..accounts import Account, Accounts, Page
from ..discretise.kinetics import NodalKinetics
from ..kernels import coupling
from ..kernels import kinetics as kernel
from ..kernels.stages import TINY
from ..state import State
from .carried import Carried
from .mobile import Mobile
from .parting import Parting
from .protocol import Component, Phase
from .restoring import Restoring
from .trend import Trend

Floats = NDArray[np.float64]

LEAST = 1e-12  # of the largest amount of a member: below, changes are relative to that
SPECK = 1e-9  # of what transport may be off by: blocks of nodes that matter less than this together are not looked at closely


def account(reaction: str) -> str:
    """The account that a reaction is booked under."""
    return f"reaction:{reaction}"


class Coupled(Component):
    """A set of reacting species. ``moving``: the components of those that move, ``made_of``: of the products, which come after it.

    rtol: relative error of a sub-step at a node; and of the amount of a member, how much transport may be off by what reacts meanwhile.
    work: sub-steps, blends, nodes that began after transport, nodes that went by sub-steps; on this rank.
    """

    phases = frozenset({Phase.WHOLE})
    watched = True  # whether others follow in this phase: they are to see what moves as it is in the middle of the step

    def __init__(
        self,
        kinetics: NodalKinetics,
        state: State,
        moving: Mapping[str, Mobile | Carried],
        made_of: Mapping[str, Mobile],
        rtol: float,
    ) -> None:
        self.name, self.kinetics, self.state, self.moving, self.rtol = kinetics.name, kinetics, state, moving, rtol
        rows, n = kinetics.held.shape
        self._old, self._star, self._new, self._tilt, self._tilted = (np.zeros((rows, n)) for _ in range(5))
        self._found = np.zeros((len(kinetics.members), n))  # the mean reaction tendencies of the last pass; _tilted: their tilt
        self._sources = np.zeros((len(kinetics.members), 2, n))  # of it, what the limiter may count on and the rest
        self._source, self._nothing, self._missing = np.zeros(n), np.zeros(n), np.zeros(kinetics.graph.n_local)
        self._mobiles = [moving.get(s.name) for s in kinetics.members]
        self._own = [isinstance(mobile, Mobile) and mobile.transport.own is not None for mobile in self._mobiles]
        # the middle of the step, as found so far: beside what formulas read where a law of its own reads other stages meanwhile
        self._mids = [
            np.zeros(kinetics.graph.n_local) if own else s.variable.mid for s, own in zip(kinetics.members, self._own, strict=True)
        ]
        blocks = -(-n // kernel.WIDTH)  # where anything has ever reacted, and what that has changed (kernels.kinetics)
        self._touched, self._levels = np.zeros(blocks, dtype=bool), np.zeros((rows, blocks), dtype=np.uint8)
        self._flowing = np.zeros((len(kinetics.reactions), blocks), dtype=bool)
        # the largest densities of old and star there
        self._peaks, self._reached = np.zeros((rows, blocks)), np.zeros((rows, blocks))
        self._parts, self._near = np.zeros((len(kinetics.members), blocks)), np.zeros(blocks, dtype=np.uint8)
        self._pending, self._is_tilted = np.zeros(n, dtype=np.int32), False
        self._gains = np.zeros((len(kinetics.products), n))
        self._at_once: list[tuple[int, NDArray[np.intp], Floats]] = []  # fixed values that do not hold yet: member, nodes, values
        self._table, self._trace = kinetics.program.table(), kernel.PULLING if kinetics.traces_grow else kernel.TRACE
        self._floors, self._begun, self._largest = (np.zeros(rows) for _ in range(3))  # largest densities of old and star
        self._least, self._content, self._made = (np.zeros(rows) for _ in range(3))  # of star; what kinetics made, on this rank
        self._measured = False  # whether that is known
        self._guess: list[Floats] = list(self._found)  # the tendencies that transport goes by
        self._happened = np.zeros(len(kinetics.reactions))
        self.work = np.zeros(4)
        self._flown = np.zeros((len(kinetics.reactions), n))
        self._parting = Parting(kinetics, state) if kinetics.parts_of_growth else None
        self._trend = Trend(kinetics, state, self._mobiles)
        self.restoring = Restoring(kinetics, state, self._mobiles)
        for k, s in enumerate(kinetics.products):
            transport = made_of[s.name].transport
            transport.gain, transport.tilt = self._gains[k], self._tilt[len(kinetics.members) + k]
        for k, s in enumerate(kinetics.members):
            if s.name in moving:
                moving[s.name].couple(kinetics.moved[k], self._sources[k, 0], self._sources[k, 1], self._tilted[k])

    def accounts(self) -> Iterable[Account]:
        """Of each member what each reaction makes of it, or takes."""
        for k, j, number in self.kinetics.parts:
            reaction, sign = self.kinetics.reactions[j], 1 if number > 0.0 else -1
            if reaction.turns:
                continue
            label = f"{'made' if sign > 0 else 'used up'} by {reaction.name}" + (", net" if reaction.reversible else "")
            yield Account(self.kinetics.members[k].name, account(reaction.name), sign, label, gives=reaction.reversible)
        turning = [(k, number) for k, j, number in self.kinetics.parts if self.kinetics.reactions[j].turns]
        for k, s in enumerate(self.kinetics.members):
            if s.law.carried is not None:
                continue  # components.transfers says what goes along
            if any(row == k and number > 0.0 for row, number in turning):
                yield Account(s.name, "switched_in", 1, "came from other species")
            if any(row == k and number < 0.0 for row, number in turning):
                yield Account(s.name, "switched_out", -1, "became other species")

    def predict(self, phase: Phase, dt: float) -> None:
        """Keep what the step of transport begins with; what does not move is shown as it is foreseen for the middle of the step."""
        if phase is Phase.WHOLE:
            for k, (s, old) in enumerate(zip(self.kinetics.members, self._old, strict=False)):
                self._begun[k] = coupling.largest(s.state, old, self._peaks[k])
                if s.name not in self.moving:
                    s.variable.predict(0.5 * dt)

    def advance(self, phase: Phase, time: float, dt: float, book: Accounts) -> str:
        """Transport of the members, then their kinetics; again with the tendencies that these had. Collective."""
        kinetics = self.kinetics
        if self._parting is not None and not self._parting.decided:
            self._divide(self._parting, dt, known=False)
        kinetics.evaluate()
        self._hold(time)
        # without a history the tendencies of the last attempt are a better guess than none
        self._guess = [mean.old for mean in kinetics.mean] if self.state.history.last > 0.0 else list(self._found)
        for s, mid, own in zip(kinetics.members, self._mids, self._own, strict=True):
            if own:
                mid[:] = s.variable.mid
        if self._is_tilted:
            self._tilted[:], self._is_tilted = 0.0, False
        known = self.state.history.last > 0.0
        if known:
            self.restoring.begin(dt, self._old, self._levels, self._guess)
            self.restoring.as_before()
        else:
            self.restoring.rest()
        booked = book.pending()
        for last in (False, True):
            reason = self._pass(time, dt, book)
            if reason:
                return reason
            if last or not self.moving or self._off(dt) <= self.rtol:
                break
            self._remember(dt)
            if not known:
                self.restoring.begin(dt, self._old, self._levels, self._guess)
            self.restoring.as_found(dt, self._old, self._new, self._tilt, self._levels)
            book.put_pending(booked)
            self._put(self._old)
            self._show_middle()
        self._take(dt, book)
        return ""

    def _hold(self, time: float) -> None:
        """At the start and after a jump, fixed values hold at once: what was there before does not react on its way to them. Collective."""
        self._at_once = []
        if self.state.history.last > 0.0:
            return
        for k, s in enumerate(self.kinetics.members):
            if s.fixed_conditions:
                s.boundary_values(time, time, fixed=True)
                self._at_once += [(k, c.nodes, c.value.copy()) for c in s.fixed_conditions]

    def _pass(self, time: float, dt: float, book: Accounts) -> str:
        """Fill ``_star`` and ``_new``; why it failed, if it did. Collective."""
        booked = book.pending()
        for credit in (True, False):
            reason = self._transport(time, dt, book, credit)
            if reason:
                return reason
            if not self._react(dt):
                return ""
            if not self.moving:
                break
            book.put_pending(booked)
            self._put(self._old)
            np.copyto(self._tilt, self._tilted)  # which nodes came before the one that failed depends on the ranks
        return f"kinetics of {self.name}"

    def _off(self, dt: float) -> float:
        """How much transport was off since it went by the tendencies of the pass before, as a share of an amount.

        It is no more than what they differ by, and no more than what the transport of a step makes of that, which counts where it is
        little. What does not move is not off. Collective.
        """
        comm = self.kinetics.graph.comm
        apart = self._measure(dt)
        there = (self._content + self._made)[: len(apart)]
        off, amount = comm.allreduce(np.array([apart, there]))
        size = np.maximum(amount, LEAST * amount.max())
        unsure = np.flatnonzero(off > self.rtol * size)
        if len(unsure):
            share = SPECK * self.rtol * kernel.WIDTH / self.kinetics.graph.n_global
            carried = [self._carried_off(k, share * size[k], dt) for k in unsure]
            off[unsure] = np.minimum(off[unsure], comm.allreduce(np.array(carried)))
        return float((off / np.where(size > 0.0, size, 1.0)).max())

    def _measure(self, dt: float) -> Floats:
        """Fill ``_made``; by how much the tendencies of what moves differ from those of the pass before. On this rank."""
        apart = np.zeros(len(self._found))
        passed = zip(self._star, self._new, self._tilt, self._guess, self._tilted, strict=False)
        for k, (star, new, tilt, guess, tilted) in enumerate(passed):
            args = (self._levels[k], self.kinetics.graph.mass, star, new, tilt, guess, tilted)
            self._made[k] = coupling.changes(*args, self._is_tilted, dt, self._parts[k])
            apart[k] = 0.0 if self._mobiles[k] is None else self._parts[k].sum()
        self._measured = True
        return apart

    def _carried_off(self, k: int, few: float, dt: float) -> float:
        """What the transport of a step makes of how the tendencies of a member differ, on this rank; of blocks where they do by less than
        ``few`` all that they differ by. Collective."""
        mobile, graph = self._mobiles[k], self.kinetics.graph
        assert mobile is not None
        args = (self._star[k], self._new[k], self._tilt[k], self._guess[k], self._tilted[k])
        rest = coupling.missed(self._parts[k], few, *args, dt, self._near, self._missing)
        self.restoring.damp(k, self._old[k], self._new[k], self._tilt[k], self._levels[k], self._near, dt, self._missing)
        graph.halo.update(self._missing)
        off = rest + mobile.carry(self._missing, self._near, dt)
        coupling.clear(self._near, graph.n_owned, self._missing)
        return off

    def _remember(self, dt: float) -> None:
        """Keep the reaction tendencies of a pass for the next."""
        for levels, found, new, star in zip(self._levels, self._found, self._new, self._star, strict=False):
            coupling.quotient(levels, star, new, dt, found)
        for levels, tilted, tilt in zip(self._levels, self._tilted, self._tilt, strict=True):
            coupling.copy(levels, tilt, tilted)
        self._guess, self._is_tilted = list(self._found), True

    def _transport(self, time: float, dt: float, book: Accounts, credit: bool) -> str:
        """Fill ``_star``: what transport makes of the members, with the last reaction tendencies in its stages; why it failed, if it did.

        credit: the limiter may count on what reactions brought in the last step. Collective.
        """
        self.restoring.count_on(credit)
        for k, s in enumerate(self.kinetics.members):
            levels, gain = self._levels[k], self._nothing
            if s.name in self.moving:
                mobile, (gain, rest) = self.moving[s.name], self._sources[k]
                coupling.divide(levels, self._guess[k], credit and mobile.credits, gain, rest)
                reason = mobile.advance(Phase.WHOLE, time, dt, book)
                if reason:
                    return reason
                if self._own[k]:
                    s.variable.show(self._mids[k])  # it was evaluated for what transport alone makes
            self._trend.see(k)
            found = coupling.settle(levels, s.graph.mass, s.state, gain, dt, self._star[k], self._reached[k])
            self._largest[k], self._least[k], self._content[k], back = found
            if s.name in self.moving:
                book.page(s.name).add("born", -back)
        self._measured = False
        return ""

    def _put(self, values: Floats) -> None:
        """Let these be the densities of the members. Collective."""
        n = self.kinetics.graph.n_owned
        for k, s in enumerate(self.kinetics.members):
            s.state[:n] = values[k]
            s.graph.halo.update(s.state)

    def _react(self, dt: float) -> bool:
        """Fill ``_new``: the kinetics from ``_old`` on, while all else makes ``_star`` of it; whether it failed on any rank. Collective."""
        kinetics, m = self.kinetics, len(self.kinetics.members)
        np.maximum(self._begun, self._largest, out=self._floors)
        kinetics.graph.comm.Allreduce(MPI.IN_PLACE, self._floors, MPI.MAX)
        self._floors[m:] = largest = self._floors[:m].max()
        np.maximum(kernel.FLOOR * self._floors, kernel.FLOOR_OF_ALL * largest, out=self._floors)
        self._floors *= self.rtol
        before = [self._old[k, nodes] for k, nodes, _ in self._at_once]
        for k, nodes, values in self._at_once:
            self._old[k, nodes] = values
            np.maximum.at(self._peaks[k], nodes // kernel.WIDTH, values)
        given = (self._table, kinetics.outer, kinetics.held, kinetics.is_held)
        begun = (self._old, self._star, self._peaks, self._reached, self._least, dt, self.rtol, self._floors, self._trace)
        found = (self._new, self._tilt, self._flown, self.work)
        bends = self.restoring.lean(dt, self._old, self._star, self._trend.find(dt), self._trend.made)
        everything: tuple[Any, ...] = (*given, *begun, *found, self._touched, self._levels, self._flowing, self._pending, bends)
        failed = kernel.advance(*everything)
        for (k, nodes, _), values in zip(self._at_once, before, strict=True):
            self._old[k, nodes] = values
        return bool(kinetics.graph.comm.allreduce(int(failed >= 0)))

    def _take(self, dt: float, book: Accounts) -> None:
        """Let the new densities count and book what the kinetics made of them, net at each node. Collective."""
        kinetics = self.kinetics
        mass = kinetics.graph.mass
        if not self._measured:
            self._measure(dt)
        coupling.amounts(self._flowing, mass, self._flown, self._happened)
        for k, s in enumerate(kinetics.members):
            passed = (self._levels[k], self._peaks[k], self._reached[k], self._least[k], self._old[k], self._star[k], self._new[k], dt)
            mid = self._source if any(self._own) else self._mids[k]  # looks of own laws are to see others as they were
            shown = self.watched or s.name not in self.moving
            coupling.keep(*passed, s.state, self._found[k], kinetics.mean[k].new, kinetics.moved[k].new, mid, shown)
            kinetics.graph.halo.update(s.state)
            if s.log is not None:
                np.log(np.maximum(s.state, TINY), out=s.log)
        for mobile, mid, own in zip(self._mobiles, self._mids, self._own, strict=True):
            if own and isinstance(mobile, Mobile):
                mobile.transport.look()
                mobile.species.variable.show(mid)
        for k, s in enumerate(kinetics.members):
            page = book.page(s.name)
            self._book_reactions(k, self._happened, page)
            rounding = max(0.0, -page.pending("born"))  # of the credit that is taken back
            page.add("born", rounding)
            page.add("dead", rounding)
        for k, gain in enumerate(self._gains, start=len(kinetics.members)):
            coupling.quotient(self._levels[k], self._nothing, self._new[k], dt, gain)
        if any(self._own):
            self._show_middle()
        else:
            for s, mid in zip(kinetics.members, self._mids, strict=True):
                if self.watched or s.name not in self.moving:
                    kinetics.graph.halo.update(mid)

    def _show_middle(self) -> None:
        """Let formulas read the mean of old and new. Collective."""
        for k, (s, mid) in enumerate(zip(self.kinetics.members, self._mids, strict=True)):
            coupling.middle(self._levels[k], self._old[k], self._star[k], self._new[k], mid)
            self.kinetics.graph.halo.update(mid)
            if self._own[k]:
                s.variable.show(mid)

    def _book_reactions(self, k: int, happened: Floats, page: Page) -> None:
        """Book what kinetics made of a member. Of one that other terms change as well what reactions made is taken out of the change at the
        nodes; else what is left over is rounding, and belongs to the last of them. happened: how much of each there was on this rank."""
        kinetics, n, change = self.kinetics, self.kinetics.graph.n_owned, self._source
        mine = [(j, number) for row, j, number in kinetics.parts if row == k]
        left = float(self._made[k])
        if not kinetics.alone[k]:
            change[:] = 0.0
            left = coupling.made(self._levels[k], kinetics.graph.mass, self._star[k], self._new[k], change)
        for j, number in mine:
            made = number * float(happened[j])
            if kinetics.is_held[k]:
                held = kinetics.held[k]
                made -= number * float((kinetics.graph.mass[:n] * self._flown[j]).sum(where=held))
            if kinetics.alone[k]:
                made = left if j == mine[-1][0] else made
                left -= made
            else:
                part = number * kinetics.graph.mass[:n] * self._flown[j]
                part[kinetics.held[k]] = 0.0
                change -= part
            reaction = kinetics.reactions[j]
            key = account(reaction.name) if not reaction.turns else "switched_in" if number > 0.0 else "switched_out"
            page.add(key, made if number > 0.0 else -made)
        if not kinetics.alone[k]:
            page.add("born", float(change.sum(where=change > 0.0)))
            page.add("dead", -float(change.sum(where=change < 0.0)))

    def accept(self, time: float, dt: float) -> None:
        """Who is to integrate growth from now on. Collective."""
        if self._parting is not None:
            self._parting.decided = True
            self._divide(self._parting, dt, known=True)

    def _divide(self, parting: Parting, dt: float, known: bool) -> None:
        """Let nodes choose, and correct what is known of tendencies where they do. Collective."""
        n = self.kinetics.graph.n_owned
        for k, brought in parting.choose(dt, known):
            moved, mean = self.kinetics.moved[k], self.kinetics.mean[k]
            self._found[k] -= brought
            if known:
                moved.new[:n] += dt * brought
                moved.rate[:n] += brought
                mean.new[:n] -= brought
            self._begin_with(k)

    def arrays(self) -> Mapping[str, Floats]:
        """Which parts of growth are left to transport; what was made in the last step."""
        parts = self._parting.parts if self._parting is not None else []
        return {v.array: v.new[: v.n_owned] for v in (*parts, *self._trend.made.values())}

    def spare(self) -> Iterable[str]:
        """Earlier versions left all growth to transport, and took all else as constant in a step."""
        return self.arrays()

    def _begin_with(self, k: int) -> None:
        """Let the tendency of a member count where there is any."""
        where = np.flatnonzero(self._found[k]) // kernel.WIDTH
        self._touched[where] = True
        self._levels[k][where] = np.maximum(self._levels[k][where], kernel.CHANGED)

    def restore(self, arrays: Mapping[str, Floats], numbers: Mapping[str, Any]) -> None:
        """The tendencies of the last step are also the first guess after an event."""
        if self._parting is not None:
            self._parting.decided = True
            for v in self._parting.parts:
                v.new[: v.n_owned] = arrays.get(v.array, 1.0)
                v.update_copies()
        self._trend.restore(arrays)
        for k, (found, mean) in enumerate(zip(self._found, self.kinetics.mean, strict=True)):
            found[:] = mean.new[: len(found)]
            self._begin_with(k)

    def remarks(self) -> Iterable[tuple[int, str]]:
        """How much work it was. Collective."""
        steps, blends, moved, nodes = self.kinetics.graph.comm.allreduce(self.work)
        if nodes:
            yield (
                logging.INFO,
                (
                    f"kinetics of {self.name}: {steps / nodes:.2g} sub-steps a node and step, of which {blends / max(1.0, steps):.2g} "
                    f"were led back from below 0; {moved:.0f} times a node reacted after transport instead of during it"
                ),
            )
