"""A moving species in time: one step of transport with what it needs to see, its accounts, and what is said of it at the end."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..accounts import Account, Accounts
from ..discretise.species import NodalSpecies
from ..kernels import stages
from ..state import State, Variable
from .boundaries import accounts_of, content
from .options import SchemeOptions
from .protocol import Component, Phase
from .transport import Transport
from .workspace import Workspace

Floats = NDArray[np.float64]

PECLET_WARNING = 2.0  # up to here the error at the front stays small in practice (1 is the strict bound)


class Mobile(Component):
    """One species that moves. switching: whether some of it is transferred to or from others, in halves before and after."""

    phases = frozenset({Phase.WHOLE, Phase.END})

    def __init__(self, species: NodalSpecies, state: State, work: Workspace, options: SchemeOptions, switching: bool, dim: int) -> None:
        self.name, self.species, self.state, self.switching, self.dim = species.name, species, state, switching, dim
        self.transport = Transport(species, work, options)
        self._before = np.zeros(species.graph.n_local if switching else 0)
        self._moved: Variable | None = None  # what transport has added since the start, where the species reacts with others

    @property
    def credits(self) -> bool:
        """Whether its limiter may count on what reactions bring."""
        return self.transport.packing is None

    def couple(self, moved: Variable, gain: Floats, source: Floats, tilt: Floats) -> None:
        """Be advanced by what couples it with others (components.kinetics), with their tendency as gain, source and tilt of transport."""
        self.phases = frozenset({Phase.END})
        self._moved, self.transport.gain, self.transport.source, self.transport.tilt = moved, gain, source, tilt
        # kinetics looks to its own errors within a step: of the density what transport adds is predicted
        self.species.variable.foreseen = False
        moved.weights, moved.share_of = self.species.graph.mass, self.species.variable

    def accounts(self) -> Iterable[Account]:
        """Sources, boundaries, walls and membranes."""
        return accounts_of(self.species)

    def contents(self) -> Mapping[str, float]:
        """Its amount."""
        return content(self.species)

    def predict(self, phase: Phase, dt: float) -> None:
        """Extrapolated to mid-step; at the end what it has become, but extrapolated where a transfer is still to come."""
        variable = self.species.variable
        if phase is Phase.WHOLE:
            variable.predict(0.5 * dt)
        elif phase is Phase.END and self.switching:
            variable.predict(dt)
        elif phase in (Phase.END, Phase.SECOND):
            variable.show()

    def advance(self, phase: Phase, time: float, dt: float, book: Accounts) -> str:
        """The step of transport; at its end the correction by sources that have changed. Collective."""
        variable, page = self.species.variable, book.page(self.name)
        if phase is Phase.END:
            self.transport.follow(time + dt, dt, variable.mid, page)
            return ""
        before = variable.old
        if self.switching:  # half of what is transferred has happened: the middle of the transport is meant
            before = self._before
            before[:] = variable.new
        if not self.transport.advance(time, dt, variable.mid, self.state.history, page):
            return self.transport.failure
        if self._moved is not None:
            return ""
        stages.middle(before, variable.new, variable.mid)
        return ""

    def made(self, out: Floats) -> None:
        """What was made at the nodes in the last step but for what reactions did, by volume and time (n_owned); right after it."""
        t, n = self.transport, len(out)
        out[:] = 0.0
        if t.own is None:
            out[:] = t.work.production[:n]
            if t.gain is not None:
                out -= t.gain

    def carry(self, source: Floats, levels: NDArray[np.uint8], dt: float) -> float:
        """sum |dt^2 A s| on this rank: what the transport of a step makes of a source s (n_local), where that is little.

        levels: of kernels.coupling, where it is not 0.
        """
        return self.transport.carry(source, levels, dt)

    def looks_again(self) -> bool:
        """Where sources turn the density over within the step."""
        return self.transport.stiff

    def accept(self, time: float, dt: float) -> None:
        """Note by how much it exceeds its maximum."""
        if self.transport.packing is not None:
            self.transport.packing.note(time + dt)

    def info(self) -> Mapping[str, float]:
        """Iterations, limited steps, the antidiffusion kept in the last step, the amount clipped."""
        t = self.transport
        return {"iterations": t.iterations(), "limited": t.limited, "kept": t.kept, "clipped": t.clipped}

    def numbers(self) -> Mapping[str, Any]:
        """The largest Peclet number and surplus of any rank, with time and place. Collective."""
        comm, t = self.species.graph.comm, self.transport
        found: dict[str, Any] = {f"peclet/{self.name}": list(max(comm.allgather(t.peclet)))}
        if t.packing is not None:
            found[f"surplus/{self.name}"] = list(max(comm.allgather(t.packing.surplus)))
        return found

    def restore(self, arrays: Mapping[str, Floats], numbers: Mapping[str, Any]) -> None:
        """Put the largest Peclet number and surplus back."""
        t = self.transport
        t.recall(numbers.get(f"peclet/{self.name}"), numbers.get(f"surplus/{self.name}"))

    def remarks(self) -> Iterable[tuple[int, str]]:
        """Where the mesh is coarse for the drift, and by how much the maximum was exceeded. Collective."""
        comm, law, packing = self.species.graph.comm, self.species.law, self.transport.packing
        if packing is not None and packing.maximum < math.inf:
            over, time, *place = max(comm.allgather(packing.surplus))
            when = self.species.evaluator.moment.times.said(time, 4)
            if over > 0.0:
                yield (
                    logging.WARNING,
                    (
                        f"{self.name} exceeded its maximum of {packing.maximum:g} by up to {over:.2g} "
                        f"(at {when}, at {self._where(place)}): its own sources make more than that"
                    ),
                )
        if not law.drifts:
            return
        value, time, *place = max(comm.allgather(self.transport.peclet))
        said = f"(at {self.species.evaluator.moment.times.said(time, 4)}, at {self._where(place)})"
        if value > PECLET_WARNING:
            yield (
                logging.WARNING,
                (
                    f"mesh Peclet number of {self.name} up to {value:.2g} {said}: above 1 the front is sharper than the mesh resolves; "
                    "results stay non-negative and conservative, but refine there for second order"
                ),
            )
        else:
            yield logging.INFO, f"mesh Peclet number of {self.name} at most {value:.2g} {said}"

    def _where(self, place: Sequence[float]) -> str:
        return ", ".join(f"{x:.4g}" for x in place[: self.dim])

    def free(self) -> None:
        """Free the solvers. Collective."""
        self.transport.free()
