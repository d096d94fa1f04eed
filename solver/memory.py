"""What a run without a folder leaves: its outputs in memory, read as a run folder is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

from .errors import InvasioError
from .output.layout import Frame, Grid
from .scenario.quantities import Units

Floats = NDArray[np.float64]
Kind = TypeVar("Kind", np.float64, np.int64, np.int32)


class NotRecorded(InvasioError):
    """There is no such field, or no output at such a time."""

    exit_code = 2


class Memory:
    """Observer that keeps every output: times, a row of observables, and this rank's part of the fields. Nothing of it is collective but
    what says so.

    Attributes of the same names as those of a run folder (`invasio.open_run`): times, series, units, fields, field, regions, dim, points,
    cells, cell_region; values and nodes are in the order of the mesh's canonical numbers, the same for any number of ranks.
    """

    def __init__(self, grid: Grid, units: Units) -> None:
        self._grid, self._units = grid, units
        self._times: list[float] = []
        self._rows: list[dict[str, float]] = []
        self._fields: list[dict[str, Floats]] = []
        self.dim, self.regions = grid.dim, grid.regions

    def on_step(self, time: float, step: int, dt: float, info: Mapping[str, float]) -> None:
        """Nothing to keep between outputs."""

    def on_output(self, frame: Frame) -> None:
        """Keep a copy."""
        self._times.append(frame.time)
        self._rows.append({"time": frame.time, "step": float(frame.step), "dt": frame.dt, **frame.observables})
        self._fields.append({name: values.copy() for name, values in frame.fields.items()})

    def close(self, reason: str) -> None:
        """Nothing to close."""

    @property
    def times(self) -> Floats:
        """(n,) output times."""
        return np.array(self._times)

    @property
    def series(self) -> dict[str, Floats]:
        """Columns by name: time, step, dt and the observables."""
        return {name: np.array([row[name] for row in self._rows]) for name in (self._rows[0] if self._rows else ())}

    @property
    def units(self) -> dict[str, str]:
        """The unit of every column, of every field (a density), and of "length"; "1": a plain number."""
        return self._units.table(self._rows[0] if self._rows else (), self.fields)

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the fields."""
        return tuple(self._fields[0]) if self._fields else ()

    def step(self, time: float) -> int:
        """The number of the output at this time; raises NotRecorded if it is no output time."""
        near = int(np.argmin(np.abs(self.times - time)))
        span = max(self._times[-1] - self._times[0], abs(time), 1e-300)
        if abs(self._times[near] - time) > 1e-6 * span:
            said = f"t = {time:g} is no output time (nearest: {self._times[near]:g})"
            raise NotRecorded(said, code="no-time", place="simulation", remedy="name one of `times`, or add it to output.at")
        return near

    def field(self, name: str, time: float | None = None, step: int | None = None) -> Floats:
        """(N,) values of a field at an output time, or at output number ``step`` (-1: the last), on every rank. Collective.

        Raises NotRecorded, on all ranks, if there is no such field or output.
        """
        if name not in self.fields:
            remedy = f"name one of: {', '.join(self.fields)}"
            raise NotRecorded(f"there is no field {name!r}", code="no-field", place="simulation", remedy=remedy)
        if step is None:
            step = self.step(time) if time is not None else -1
        return self._whole(self._fields[step][name], self._grid.nodes, self._grid.n_nodes)

    @property
    def points(self) -> Floats:
        """(N, dim) positions of the nodes. Collective, as the two below."""
        return self._whole(self._grid.points[:, : self.dim], self._grid.nodes, self._grid.n_nodes)

    @property
    def cells(self) -> NDArray[np.int64]:
        """(M, dim+1) node numbers of the simplices."""
        return self._whole(self._grid.connectivity, self._grid.cells, self._grid.n_cells)

    @property
    def cell_region(self) -> NDArray[np.int32]:
        """(M,) indices into ``regions``."""
        return self._whole(self._grid.cell_region, self._grid.cells, self._grid.n_cells)

    def _whole(self, mine: NDArray[Kind], numbers: NDArray[np.int64], total: int) -> NDArray[Kind]:
        """Rows of all ranks in canonical order; each row is one rank's."""
        whole = np.zeros((total, *mine.shape[1:]), dtype=mine.dtype)
        whole[numbers] = mine
        if self._grid.comm.size > 1:
            self._grid.comm.Allreduce(MPI.IN_PLACE, whole, MPI.SUM)
        return whole
