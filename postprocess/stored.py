"""Mesh and fields in a file of a run, read while it grows; needs neither FEniCS nor MPI."""

from __future__ import annotations

import json
import time as clock
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import h5py
import numpy as np
from numpy.typing import NDArray

from invasio.solver.errors import MeshError
from invasio.solver.output.layout import ALONG, FIELDS

from .faults import UnknownTime, unknown

_CORNERS = {1: 1, 3: 2, 5: 3, 10: 4}  # VTK cell type -> nodes per cell


@dataclass(frozen=True)
class Stored:
    """A file of a run folder. Mesh arrays are read once, fields when asked for; times grow while the run goes on.

    Attributes:
        path: the folder.
    """

    path: Path
    table: ClassVar[str] = FIELDS  # the file that is read

    def _read(self, action: Callable[[h5py.File], Any]) -> Any:
        """Apply an action to the file; tries again if the writer is just in between."""
        for attempt in range(4):
            try:
                with h5py.File(self.path / self.table, "r", locking=False) as h5:
                    return action(h5)
            except (OSError, KeyError, ValueError, TypeError, IndexError, RuntimeError, MemoryError, OverflowError) as error:
                if attempt == 3 or isinstance(error, MemoryError):
                    raise MeshError(
                        f"cannot be read: {str(error).splitlines()[0] if str(error) else type(error).__name__}",
                        code="unreadable-file",
                        place=str(self.path / self.table),
                        remedy="check its permissions; if it is damaged, run again with --overwrite",
                    ) from error
                clock.sleep(0.05 * 4**attempt)
        return None

    @property
    def times(self) -> NDArray[np.float64]:
        """(n,) output times that are complete in the file, at this moment."""
        return np.asarray(self._read(lambda h5: h5["VTKHDF/Steps/Values"][: int(h5["VTKHDF/Steps"].attrs["NSteps"])]))

    def need_outputs(self) -> None:
        """Nothing, or an UnknownTime if the file holds no output yet."""
        if len(self.times) == 0:
            raise UnknownTime("it holds no output yet", code="no-output", place=str(self.path), remedy="wait for the run's first output")

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """Names of the fields, in the scenario's order where it is known."""
        names = self._read(lambda h5: list(h5["VTKHDF/PointData"]))
        return tuple(names)

    @cached_property
    def points(self) -> NDArray[np.float64]:
        """(N, dim) node positions, in the scenario's length."""
        return np.ascontiguousarray(self._read(lambda h5: h5["VTKHDF/Points"][:])[:, : self.dim])

    @cached_property
    def cells(self) -> NDArray[np.int64]:
        """(M, dim+1) node numbers of the simplices."""
        return np.asarray(self._read(lambda h5: h5["VTKHDF/Connectivity"][:])).reshape(-1, self.dim + 1)

    @cached_property
    def cell_region(self) -> NDArray[np.int32]:
        """(M,) indices into ``regions``."""
        return np.asarray(self._read(lambda h5: h5["VTKHDF/CellData/region"][:]))

    @cached_property
    def regions(self) -> tuple[str, ...]:
        """Names of the regions."""
        return tuple(map(str, self._read(lambda h5: json.loads(h5["provenance"].attrs["regions"]))))

    @cached_property
    def fibres(self) -> dict[str, NDArray[np.float64]]:
        """Species -> (N, dim) along the fibres that it moves along, as long as they count, 0 to 1; the sign means nothing."""
        return dict(self._read(lambda h5: {name: np.asarray(h5[f"{ALONG}/{name}"], dtype=np.float64) for name in h5.get(ALONG, ())}))

    @cached_property
    def dim(self) -> int:
        """1, 2 or 3."""
        return int(self._read(lambda h5: _CORNERS[int(h5["VTKHDF/Types"][0])] - 1))

    @cached_property
    def mesh_hash(self) -> str:
        """What tells its mesh from others: the SHA-256 of points, cells, tags and cuts."""
        return str(self._read(lambda h5: h5["provenance"].attrs["mesh_hash"]))

    @cached_property
    def measures(self) -> NDArray[np.float64]:
        """(M,) length, area or volume of each cell."""
        corners = self.points[self.cells]
        edges = corners[:, 1:] - corners[:, :1]
        return np.abs(np.linalg.det(edges)) / np.array([1.0, 1.0, 2.0, 6.0])[self.dim]

    def step(self, time: float) -> int:
        """The number of the output at this time.

        Raises:
            UnknownTime: it is no output time.
        """
        times = self.times
        if len(times) == 0:
            raise UnknownTime("it holds no output yet", code="no-output", place=str(self.path), remedy="wait for the run's first output")
        near = int(np.argmin(np.abs(times - time)))
        span = max(float(times[-1] - times[0]), abs(time), 1e-300)
        if abs(times[near] - time) > 1e-6 * span:
            raise UnknownTime(f"t = {time:g} is no output time", code="no-time", place=str(self.path), remedy=f"nearest: {times[near]:g}")
        return near

    def field(self, name: str, time: float | None = None, step: int | None = None, interpolate: bool = False) -> NDArray[np.float64]:
        """(N,) values of a field at an output time, or at output number ``step`` (-1: the last).

        Args:
            name: the field.
            time: a number in the scenario's time.
            step: the number of an output.
            interpolate: between two output times, the straight line in time between these outputs.

        Raises:
            UnknownName: there is no such field.
            UnknownTime: it is no output time, or with ``interpolate`` outside of all of them.
        """
        if name not in self.fields:
            raise unknown(self.path, "field", name, self.fields, code="no-field")
        if interpolate and time is not None and step is None:
            return self._between(name, time)
        if step is None:
            step = self.step(time) if time is not None else -1
        if step < 0:
            step += len(self.times)

        def rows(h5: h5py.File) -> Any:
            first = int(h5[f"VTKHDF/Steps/PointDataOffsets/{name}"][step])
            return h5[f"VTKHDF/PointData/{name}"][first : first + int(h5["VTKHDF/NumberOfPoints"][0])]

        return np.asarray(self._read(rows), dtype=np.float64)

    def _between(self, name: str, time: float) -> NDArray[np.float64]:
        """A field on the straight line in time between the outputs before and after."""
        self.need_outputs()
        times = self.times
        slack = 1e-9 * max(float(times[-1] - times[0]), abs(time))
        if not times[0] - slack <= time <= times[-1] + slack:
            what, remedy = f"t = {time:g} is outside of the outputs", f"allowed: {times[0]:g} to {times[-1]:g}"
            raise UnknownTime(what, code="no-time", place=str(self.path), remedy=remedy)
        after = int(np.clip(np.searchsorted(times, time), 1, max(len(times) - 1, 1)))
        if len(times) == 1:
            return self.field(name, step=0)
        share = float(np.clip((time - times[after - 1]) / (times[after] - times[after - 1]), 0.0, 1.0))
        return (1.0 - share) * self.field(name, step=after - 1) + share * self.field(name, step=after)
