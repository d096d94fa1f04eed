"""A run folder as Python data; works while the run goes on, needs neither FEniCS nor MPI."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import h5py
import numpy as np
from numpy.typing import NDArray
from pydantic_core import PydanticCustomError

from invasio.solver.errors import MeshError
from invasio.solver.output.folder import meant
from invasio.solver.output.layout import FIELDS, MANIFEST, RESOLVED, SERIES, STATUS, VESSELS
from invasio.solver.output.parts import PARTS
from invasio.solver.output.records import damaged, facts_of, line_of, mapping_of, numbers_of

from .faults import UnknownTime, unknown
from .stored import Stored

if TYPE_CHECKING:
    from .membranes import Membranes
    from .notebook import Event

_SHAPES = {**dict.fromkeys(("scales", "parameters", "mesh", "model", "species", "boundaries", "time", "output"), dict), "expect": list}


@dataclass(frozen=True)
class Run(Stored):
    """A run folder: its fields, as of `Stored`, its scenario, series and manifest, and what a notebook wants of it.

    Attributes:
        path: the folder.
    """

    def field(self, name: str, time: float | str | None = None, step: int | None = None, interpolate: bool = False) -> NDArray[np.float64]:
        """As of `Stored.field`; a time may also be a text with a unit ("8 d").

        Raises:
            UnknownName, UnknownTime: as there; the text is no time.
        """
        return super().field(name, self.time(time) if isinstance(time, str) else time, step, interpolate)

    def time(self, text: str) -> float:
        """A time with a unit ("8 d") in the scenario's time.

        Raises:
            UnknownTime: it is no time.
        """
        from invasio.solver.scenario.loader import Document, context_of

        try:
            return float(context_of(Document(self.scenario)).convert(text, "time"))
        except PydanticCustomError as error:
            context = error.context or {}
            remedy = str(context.get("remedy") or "give a time such as 8 d")
            raise UnknownTime(str(context.get("what") or error.message()), code=error.type, place=f"time {text!r}", remedy=remedy) from None

    @property
    def membranes(self) -> Membranes | None:
        """Its membranes: facets, integrity and fluxes over time, where they broke first; None if it has none."""
        from .membranes import membranes

        return membranes(self)

    @property
    def vessels(self) -> Walls | None:
        """The walls of its vessels, read as the tissue is, ``regions`` being their names; None if it has none."""
        return Walls(self.path) if (self.path / VESSELS).exists() else None

    @property
    def events(self) -> list[Event]:
        """What happened at instants: radiation, surgery, doses, first breaches, first cells in vessels."""
        from .notebook import events

        return events(self)

    def plot(self, kind: str | None = None, field: str | Sequence[str] | None = None, **options: Any) -> Any:
        """A matplotlib figure; arguments as of `postprocess.notebook.plot`."""
        from .notebook import plot

        return plot(self, kind, field, **options)

    def to_xarray(self) -> Any:
        """An xarray.Dataset of fields, mesh and series, with units; raises InvasioError where xarray is not installed."""
        from .table import dataset

        return dataset(self)

    def to_pandas(self) -> Any:
        """series.csv as a pandas.DataFrame over time; raises InvasioError where pandas is not installed."""
        from .notebook import frame

        return frame(self)

    def _repr_html_(self) -> str:
        """The run as a notebook shows it."""
        from .notebook import card

        return card(self)

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
        raise MeshError("no such folder", code="file-not-found", place=str(folder), remedy=meant(folder, _runs_in(folder.parent)))
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
