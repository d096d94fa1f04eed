"""A run folder as Python data; works while the run goes on, needs neither FEniCS nor MPI."""

from __future__ import annotations

import json
import time as clock
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import h5py
import numpy as np
from numpy.typing import NDArray

from invasio.solver.errors import MeshError
from invasio.solver.output.layout import ALONG, FIELDS, MANIFEST, RESOLVED, SERIES, STATUS, VESSELS
from invasio.solver.output.parts import PARTS
from invasio.solver.output.records import damaged, facts_of, line_of, mapping_of, numbers_of

from .faults import UnknownTime, unknown

_SHAPES = {**dict.fromkeys(("scales", "parameters", "mesh", "model", "species", "boundaries", "time", "output"), dict), "expect": list}
_CORNERS = {1: 1, 3: 2, 5: 3, 10: 4}  # VTK cell type -> nodes per cell


@dataclass(frozen=True)
class Run:
    """A run folder. Mesh arrays are read once, fields when asked for; times grow while the run goes on.

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

    def field(self, name: str, time: float | None = None, step: int | None = None) -> NDArray[np.float64]:
        """(N,) values of a field at an output time, or at output number ``step`` (-1: the last).

        Raises:
            UnknownName: there is no such field.
            UnknownTime: it is no output time.
        """
        if name not in self.fields:
            raise unknown(self.path, "field", name, self.fields, code="no-field")
        if step is None:
            step = self.step(time) if time is not None else -1
        if step < 0:
            step += len(self.times)

        def rows(h5: h5py.File) -> Any:
            first = int(h5[f"VTKHDF/Steps/PointDataOffsets/{name}"][step])
            return h5[f"VTKHDF/PointData/{name}"][first : first + int(h5["VTKHDF/NumberOfPoints"][0])]

        return np.asarray(self._read(rows), dtype=np.float64)

    @property
    def series(self) -> dict[str, NDArray[np.float64]]:
        """Columns of series.csv by name: time, step, dt and the observables; empty if there is no table."""
        return {name: np.array(column) for name, column in numbers_of(self.path / SERIES).items()}

    def parts(self, vessel: str) -> dict[str, Any]:
        """Numbers for each of the p parts of a vessel that has several, from vessels.vtkhdf.

        "names": p texts; "area" (p,); "flux_SPECIES" and "entered_SPECIES" (n, p): at the n output times, in the units of series.csv.

        Raises:
            UnknownName: there is no such vessel, or it has one part only.
        """

        def tables(h5: h5py.File) -> dict[str, Any]:
            group = h5.get(f"{PARTS}/{vessel}", {})
            steps = int(h5["VTKHDF/Steps"].attrs["NSteps"])
            return {name: table[:steps] if table.ndim == 2 else table[:] for name, table in group.items()}

        walls = Walls(self.path)
        known = walls._read(lambda h5: list(h5.get(PARTS, {}))) if (self.path / VESSELS).exists() else []
        if vessel not in known:
            raise unknown(self.path, "vessel of several parts", vessel, known, code="no-part")
        found = dict(walls._read(tables))
        return {**found, "names": json.loads(found["names"].tobytes())}

    def part_units(self, vessel: str) -> dict[str, str]:
        """The units of ``parts``; empty where the run has none."""
        attributes = Walls(self.path)._read(lambda h5: {k: str(t.attrs.get("units", "")) for k, t in h5[f"{PARTS}/{vessel}"].items()})
        return {name: unit for name, unit in attributes.items() if unit}

    @cached_property
    def scenario(self) -> dict[str, Any]:
        """The scenario with all defaults (resolved.yaml) as plain data; empty if there is none."""
        path = self.path / RESOLVED
        found = mapping_of(path)
        for name, kind in _SHAPES.items():
            if found.get(name) is not None and not isinstance(found[name], kind):
                raise damaged(path, f"{name} is no {'mapping' if kind is dict else 'list'}")
        return found

    @property
    def manifest(self) -> dict[str, Any]:
        """manifest.json; empty if there is none."""
        return facts_of(self.path / MANIFEST)

    @cached_property
    def units(self) -> dict[str, str]:
        """The unit of every column of series.csv, of every field (a density) and of "length", as text; "1": a plain number.

        Empty for a run of version 0.1.0, whose columns are numbers in the scenario's scales.
        """
        found = self.manifest.get("units")
        return {str(name): str(text) for name, text in found.items()} if isinstance(found, dict) else {}

    @cached_property
    def factors(self) -> dict[str, float]:
        """Column of series.csv: what it is of a number in the scenario's scales, where that is not 1; empty for a run of version 0.1.0."""
        found = self.manifest.get("factors")
        numbers = found.items() if isinstance(found, dict) else ()
        return {str(name): float(x) for name, x in numbers if isinstance(x, (int, float)) and x > 0}

    def unit(self, what: str) -> str:
        """The unit of a scale ("length", "time") as the scenario states it, without a leading 1; "" if non-dimensional."""
        text = str((self.scenario.get("scales") or {}).get(what, ""))
        return text[2:] if text.startswith("1 ") else text


class Walls(Run):
    """The same of vessels.vtkhdf."""

    table: ClassVar[str] = VESSELS


def open_run(path: str | Path) -> Run:
    """Open a run folder (or the fields.vtkhdf in one), also while the run goes on.

    Raises:
        MeshError: it is no run folder, or the run has written nothing yet.
    """
    folder = Path(path)
    if folder.name == FIELDS and not folder.is_dir():
        folder = folder.parent
    if not folder.is_dir():
        raise MeshError("no such folder", code="file-not-found", place=str(folder), remedy=_runs_in(folder.parent))
    if not (folder / FIELDS).exists():
        if not (folder / RESOLVED).exists():
            raise MeshError(
                f"no run folder: it holds neither {FIELDS} nor {RESOLVED}", code="no-run", place=str(folder), remedy=_runs_in(folder)
            )
        status = line_of(folder / STATUS)
        raise MeshError(
            f"it holds no {FIELDS} yet: the run has written no output" + (f" (its status: {status})" if status else ""),
            code="no-output",
            place=str(folder),
            remedy="wait for the run's first output",
        )
    return Run(folder)


def _runs_in(folder: Path) -> str:
    """The remedy for what is no run: the names of the newest runs in a folder."""
    found = [path.parent for path in folder.glob(f"*/{RESOLVED}")] if folder.is_dir() else []
    newest = sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)[:5]
    return f"runs in {folder}: {', '.join(path.name for path in newest)}" if newest else "check the name"


def labels(runs: Sequence[Run]) -> list[str]:
    """What each of several runs is called: its folder's name, or its path where two have the same name."""
    short = [run.path.resolve().name for run in runs]
    return short if len(set(short)) == len(runs) else [str(run.path) for run in runs]
