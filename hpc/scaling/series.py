"""A strong or weak series: the measurement on each number of ranks, in turn and repeated, and the table of it."""

from __future__ import annotations

import csv
import json
import math
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from invasio.hpc.ranks import launch
from invasio.solver.errors import InvasioError, ScenarioError
from invasio.solver.scenario.loader import dump_resolved, load
from invasio.solver.scenario.mesh import FileMesh, ImageMesh
from invasio.solver.scenario.schema import Scenario

from .model import Socket, efficiency, predict

COLUMNS = (
    "kind", "ranks", "nodes", "seconds_per_step", "efficiency", "ghost_rounds", "ghost_messages", "ghost_bytes",
    "solver_messages", "solver_bytes", "reductions", "memory", "difference",
)  # fmt: skip
AGREEMENT = 1e-6  # relative: far above the solver's tolerance times the number of steps, far below any error of a wrong exchange
_PROGRAM = (sys.executable, "-m", "invasio.hpc.scaling.measure")


class ScalingError(InvasioError):
    """A measurement could not be made, or the numbers of ranks disagree."""


def weak_settings(scenario: Scenario, factor: float) -> list[str]:
    """Settings that make a generated mesh ``factor`` times as large by finer cells. Raises ScenarioError for other meshes."""
    mesh = scenario.mesh
    if isinstance(mesh, (FileMesh, ImageMesh)):
        raise ScenarioError(
            f"a weak series needs a mesh that is generated (given {mesh.kind!r})",
            code="unsuitable-mesh",
            place=f"{scenario.path}: mesh.kind",
            remedy="use --series strong",
        )
    dim = {"interval": 1, "rectangle": 2, "disc": 2}.get(mesh.kind, 3)
    finer = factor ** (1.0 / dim)
    cells = getattr(mesh, "cells", None)
    if cells is not None:
        many = isinstance(cells, tuple)
        counts = [max(1, round(n * finer)) for n in (cells if many else (cells,))]
        return [f"mesh.cells={counts if many else counts[0]}"]
    sizes = [f"mesh.regions.{name}.size={shape.size / finer!r}" for name, shape in mesh.regions.items() if shape.size]
    return [f"mesh.size={float(mesh.size or 1.0) / finer!r}", *sizes]


@dataclass(frozen=True)
class Series:
    """What is measured: on which numbers of ranks, how often, how many steps each time, and the ranks that are predicted."""

    name: str
    title: str
    ranks: tuple[int, ...]
    weak: bool
    steps: int
    repeat: int
    predicted: tuple[int, ...]
    socket: tuple[float, ...] = ()  # cores, bytes/s of one and of all, where ranks are predicted that share a memory


def scenarios(path: Path, settings: Sequence[str], ranks: Sequence[int], weak: bool) -> dict[int, str]:
    """The resolved scenario of each number of ranks; in a weak series the mesh grows with them. Raises ScenarioError."""
    scenario, found = load(path, settings), {}
    for p in ranks:
        more = weak_settings(scenario, p / min(ranks)) if weak else []
        found[p] = dump_resolved(load(path, [*settings, *more, "sweep=null"]))
    return found


def run_series(series: Series, texts: Mapping[int, str]) -> list[dict[str, Any]]:
    """Rows of the table, measured here. The numbers of ranks take turns, so that each sees the same state of the machine.

    Raises ScalingError if a measurement fails or the results of a strong series differ between numbers of ranks.
    """
    found: dict[int, list[dict[str, Any]]] = {p: [] for p in series.ranks}
    with tempfile.TemporaryDirectory(prefix="invasio-scaling-") as folder:
        for _ in range(series.repeat):
            for p in series.ranks:
                found[p].append(_once(Path(folder), texts[p], p, series.steps))
                print(f"{p} rank{'s' if p > 1 else ''}: {found[p][-1]['seconds']['median'] * 1e3:.3g} ms a step", flush=True)
    return rows_of(series, found)


def rows_of(series: Series, found: Mapping[int, Sequence[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Rows of the table from the results for each number of ranks, and the predicted ones.

    Raises ScalingError if the results of a strong series differ between numbers of ranks.
    """
    first = min(found)
    rows = [_row(found[p], found[first][0], series.weak) for p in sorted(found)]
    for row in rows:
        row["efficiency"] = efficiency(row, rows[0], series.weak)
    for row in rows:
        if not row["difference"] <= AGREEMENT:
            raise ScalingError(
                f"they give another result than {first} (relative difference {row['difference']:.1e})",
                code="ranks-differ",
                place=f"{row['ranks']} ranks",
                remedy="this must not happen: please report it with the scenario",
            )
    socket = Socket(int(series.socket[0]), *series.socket[1:]) if series.socket else None
    return [*rows, *predict(rows, [p for p in series.predicted if p > max(found)], series.weak, socket)]


def _once(folder: Path, scenario: str, ranks: int, steps: int) -> dict[str, Any]:
    given, result = folder / "scenario.yaml", folder / "result.json"
    given.write_text(scenario, encoding="utf-8")
    result.unlink(missing_ok=True)
    code = launch(ranks, [str(given), str(steps), str(result)], _PROGRAM)
    if code or not result.exists():
        error = ScalingError(
            f"the measurement ended with exit code {code}", code="measurement-failed", place=f"{ranks} ranks", remedy="see what it printed"
        )
        error.exit_code = code or 1
        raise error
    return dict(json.loads(result.read_text(encoding="utf-8")))


def _row(results: Sequence[dict[str, Any]], reference: dict[str, Any], weak: bool) -> dict[str, Any]:
    best = min(results, key=lambda r: r["seconds"]["median"])
    counts = {name: value for name, value in best.items() if name not in ("seconds", "state")}
    row = {"kind": "measured", "seconds_per_step": best["seconds"]["median"], **counts}
    return {**row, "difference": 0.0 if weak else max(difference(r["state"], reference["state"]) for r in results)}


def difference(one: dict[str, list[float]], other: dict[str, list[float]]) -> float:
    """Largest relative difference of the numbers that describe two final states; NaN counts as infinite."""
    pairs = [(a, b) for name, values in one.items() for a, b in zip(values, other[name], strict=True)]
    found = [abs(a - b) / max(abs(a), abs(b), 1e-300) if a != b else 0.0 for a, b in pairs]
    return max((math.inf if math.isnan(d) else d for d in found), default=0.0)


def write_table(rows: list[dict[str, Any]], path: Path) -> None:
    """The rows as CSV; what is not predicted is empty."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows([row.get(name, "") for name in COLUMNS] for row in rows)


def text(rows: list[dict[str, Any]]) -> str:
    """The rows for people; counts are those of the busiest rank per step."""
    head = ("ranks", "nodes", "ms/step", "efficiency", "messages", "kB", "reductions", "MB/rank", "")
    lines = [head]
    for row in rows:
        sent = ("", "", "")
        if row["kind"] == "measured":
            sent = (
                f"{row['ghost_messages'] + row['solver_messages']:.0f}",
                f"{(row['ghost_bytes'] + row['solver_bytes']) / 1e3:.3g}",
                f"{row['memory'] / 1e6:.0f}",
            )
        note = "" if row["kind"] == "measured" else "prediction"
        times = (f"{row['seconds_per_step'] * 1e3:.3g}", f"{100 * row['efficiency']:.0f} %")
        lines.append((str(row["ranks"]), str(row["nodes"]), *times, *sent[:2], f"{row['reductions']:.0f}", sent[2], note))
    widths = [max(len(line[k]) for line in lines) for k in range(len(head))]
    return "\n".join("  ".join(word.rjust(width) for word, width in zip(line, widths, strict=True)).rstrip() for line in lines)
