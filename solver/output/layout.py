"""Names and data that the writers and the readers of a run folder share; imports neither FEniCS nor MPI."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..parallel import Comm
from .blocks import Blocks

FIELDS = "fields.vtkhdf"
MEMBRANES = "membranes.vtkhdf"
VESSELS = "vessels.vtkhdf"
SERIES = "series.csv"
ENTRIES = "entries.csv"  # what has entered vessels so far, at every accepted step
CASCADE = "cascade"  # folder of what was drawn of it
PATIENTS, SPREAD, OF_PATIENTS = "patients.csv", "spread.csv", "patients.json"  # in it: patients, how they differ, units and facts
MANIFEST = "manifest.json"
RESOLVED = "resolved.yaml"
GIVEN = "scenario.yaml"
LOG = "run.log"
STATUS = "STATUS"
SECTION = "section.png"  # the picture the mesh was made from
OUTPUT = "output.txt"  # what a member of a sweep printed that ran here
ALONG = "fibres"  # group of fields.vtkhdf: species -> (N, dim) along the fibres, as long as they count
CHECKPOINTS = "checkpoints"
FIGURES = "figures"

PROLONGED = ("time.end", "output.every", "output.at")  # options that a run may have otherwise when it goes on to another end

# A sweep's folder holds these beside one run folder per member.
SWEEP = "sweep.yaml"
MEMBERS = "sweep.csv"
RESULTS = "results.csv"
OUTCOMES = "outcomes"  # .txt, .csv, .md, .json, .png, .pdf: of arms


@dataclass(frozen=True)
class Grid:
    """This rank's share of the mesh, numbered canonically (independent of the partition).

    Every node and every cell of the mesh is listed by exactly one rank; a rank may list none.
    """

    comm: Comm
    dim: int
    n_nodes: int  # in the whole mesh
    n_cells: int
    nodes: NDArray[np.int64]  # canonical numbers of the owned nodes, in the order of the field arrays
    points: NDArray[np.float64]  # (owned nodes, 3)
    numbers: Callable[[], NDArray[np.int64]]  # makes the canonical numbers of the owned cells
    corners: Callable[[NDArray[Any] | slice], NDArray[np.int64]]  # makes (k, dim+1) canonical node numbers of some of the owned cells
    cell_region: NDArray[np.int32]  # (owned cells,) indices into regions
    regions: tuple[str, ...]
    digest: Callable[[], str]  # makes the hash of the mesh
    # makes nodes (k, dim+1) and regions (k,) of the cells from one canonical number up to another, where any rank can, as of a lattice
    listed: Callable[[int, int], tuple[NDArray[np.int64], NDArray[np.int32]]] | None = None

    @cached_property
    def plan(self) -> Blocks:
        """How the rows of nodes move to blocks. Collective at the first call."""
        return Blocks(self.comm, self.nodes, self.n_nodes)

    @property
    def mesh_hash(self) -> str:
        """By which a file knows its mesh."""
        return self.digest()

    @property
    def cells(self) -> NDArray[np.int64]:
        """(owned cells,) canonical numbers, made anew."""
        return self.numbers()

    @property
    def connectivity(self) -> NDArray[np.int64]:
        """(owned cells, dim+1) canonical node numbers, made anew: most of a mesh."""
        return self.corners(slice(None))


@dataclass(frozen=True)
class Rows:
    """This rank's rows of a table whose rows are numbered canonically; every row is listed by exactly one rank."""

    numbers: NDArray[np.int64]
    total: int


@dataclass(frozen=True)
class Frame:
    """The state at one moment, as handed to every observer. Arrays are views: copy what must be kept."""

    time: float
    step: int
    dt: float  # the last step's size, 0 at the start
    fields: Mapping[str, NDArray[np.float64]]  # species -> values at the owned nodes
    observables: Mapping[str, float]  # reduced already: the same on every rank; in a fixed order
    surface: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)  # values at the corners of the membranes' facets
    walls: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)  # and of those of the walls of vessels
    parts: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)  # VESSEL/what: a number for each part of a vessel, on all ranks


class Observer(Protocol):
    """Something that watches a run: a writer, a progress bar. All methods are called on every rank."""

    def on_step(self, time: float, step: int, dt: float, info: Mapping[str, float]) -> None:
        """After each step; ``info`` holds cheap numbers (iterations, drift). Must not communicate."""

    def on_output(self, frame: Frame) -> None:
        """At the start, at every output time and at the end. May communicate."""

    def close(self, reason: str) -> None:
        """Once, at the end, however the run ended ("done", "stopped early", "failed")."""


class Writer(Observer, Protocol):
    """An observer that can keep outputs for a moment and write them in one go."""

    def hold(self, frame: Frame) -> int:
        """Keep an output until ``write``; how many bytes it is, the same on all ranks. Collective."""

    def write(self) -> None:
        """Write what is held. Collective."""
