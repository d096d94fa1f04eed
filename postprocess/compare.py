"""Where two runs differ: options of their scenarios, meshes, times, and every field at every common time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from invasio.solver.output.compare import differences
from invasio.solver.output.layout import RESOLVED
from invasio.solver.output.records import text_of

from .faults import WrongRequest, unknown
from .probe import Array, Locator

if TYPE_CHECKING:
    from .run import Run


@dataclass(frozen=True)
class Difference:
    """One field at one time: the largest difference and where, the L2 norm ``sqrt(sum m_i (b_i - a_i)^2)`` with lumped mass m.

    ``scale`` is the largest value of the field in the first run at that time, ``size`` its L2 norm.
    """

    field: str
    time: float
    largest: float
    place: tuple[float, ...]
    region: str
    scale: float
    l2: float
    size: float


@dataclass(frozen=True)
class Comparison:
    """All that was found. ``options``: one line each; ``missing``: what only one run has; ``meshes``: how different ones were compared."""

    options: list[str]
    missing: list[str]
    meshes: str
    rows: list[Difference]

    def within(self, tolerance: float) -> bool:
        """Whether both runs have the same fields and times and no field differs by more than ``tolerance`` times its largest value."""
        return not self.missing and all(row.largest <= tolerance * row.scale for row in self.rows)


def compare(a: Run, b: Run, names: list[str] | None = None, times: list[float] | None = None) -> Comparison:
    """Compare two runs; where the meshes differ, the second is interpolated to the nodes of the first.

    Args:
        a, b: the runs.
        names: fields; by default those that both have.
        times: output times; by default those that both have.

    Raises:
        WrongRequest: the meshes have different dimensions, or nothing is common.
        UnknownName, UnknownTime: a field or a time asked for is missing in one of them.
    """
    if a.dim != b.dim:
        raise WrongRequest(
            f"runs in {a.dim}-D and {b.dim}-D",
            code="not-comparable",
            place=f"{a.path} and {b.path}",
            remedy="compare runs of the same dimension",
        )
    missing: list[str] = []
    fields = _fields(a, b, names, missing)
    pairs = _times(a, b, times, missing)
    same = a.points.shape == b.points.shape and a.cells.shape == b.cells.shape
    same = same and bool(np.array_equal(a.points, b.points) and np.array_equal(a.cells, b.cells))
    located = None if same else Locator(b.points, b.cells).locate(a.points)
    inside = np.ones(len(a.points), dtype=bool) if located is None else located[0] >= 0
    if not inside.any():
        raise WrongRequest(
            "the meshes have no place in common",
            code="not-comparable",
            place=f"{a.path} and {b.path}",
            remedy="compare runs of the same tissue",
        )
    meshes = (
        ""
        if same
        else f"the meshes differ ({len(a.points)} and {len(b.points)} nodes): the second run is interpolated to the first's nodes"
    )
    meshes += f"; {(~inside).sum()} of them lie outside of its mesh" if not inside.all() else ""
    mass = _lumped(a)
    rows = []
    for name in fields:
        for first, second in pairs:
            left, right = a.field(name, step=first), b.field(name, step=second)
            if located is not None:
                right = np.einsum("ij,ij->i", right[b.cells[located[0]]], located[1])
            rows.append(_difference(a, name, first, left, right, np.where(inside, mass, 0.0), inside))
    return Comparison(_options(a, b), missing, meshes, rows)


def report(found: Comparison) -> str:
    """The comparison as text."""
    lines = ["options that differ, from the first run to the second:", *found.options] if found.options else ["options: the same"]
    lines += [f"note: {note}" for note in (*found.missing, found.meshes) if note]
    if found.rows and all(row.largest == 0.0 for row in found.rows):
        count = len({row.time for row in found.rows})
        names = ", ".join(dict.fromkeys(row.field for row in found.rows))
        lines.append(f"fields: the same in every bit: {names} at {count} time{'s' if count > 1 else ''}")
        return "\n".join(lines)
    table = [("field", "t", "largest difference", "of the maximum", "at", "L2 difference", "of the L2 norm")]
    for row in found.rows:
        at = "(" + ", ".join(f"{x:.6g}" for x in row.place) + ")" + (f" in {row.region}" if row.region else "")
        shares = [f"{part / whole:.2e}" if whole > 0 else "-" for part, whole in ((row.largest, row.scale), (row.l2, row.size))]
        table.append((row.field, f"{row.time:g}", f"{row.largest:.3e}", shares[0], at if row.largest else "-", f"{row.l2:.3e}", shares[1]))
    widths = [max(len(line[i]) for line in table) for i in range(7)]
    lines += ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in table]
    worst = max(found.rows, key=lambda row: row.largest / row.scale if row.scale > 0 else 0.0)
    lines.append(
        f"largest, relative to the field's maximum: {worst.field} at t = {worst.time:g}, {worst.largest / max(worst.scale, 1e-300):.3g}"
    )
    return "\n".join(lines)


def _options(a: Run, b: Run) -> list[str]:
    texts = [text_of(run.path / RESOLVED) for run in (a, b)]
    return differences(*texts)


def _fields(a: Run, b: Run, names: list[str] | None, missing: list[str]) -> list[str]:
    for run in (a, b):
        for name in names or []:
            if name not in run.fields:
                raise unknown(run.path, "field", name, run.fields, code="no-field")
    if names:
        return names
    for one, other in ((a, b), (b, a)):
        alone = [name for name in one.fields if name not in other.fields]
        missing += [f"only {one.path} has {', '.join(alone)}"] if alone else []
    common = [name for name in a.fields if name in b.fields]
    if not common:
        raise WrongRequest(
            "they have no field in common",
            code="not-comparable",
            place=f"{a.path} and {b.path}",
            remedy="compare runs with the same species",
        )
    return common


def _times(a: Run, b: Run, times: list[float] | None, missing: list[str]) -> list[tuple[int, int]]:
    """Numbers of the outputs at common times."""
    if times is not None:
        return [(a.step(time), b.step(time)) for time in times]
    first, second = a.times, b.times
    if not len(first) or not len(second):
        raise WrongRequest(
            "it holds no output yet",
            code="no-output",
            place=str((a if not len(first) else b).path),
            remedy="wait for the run's first output",
        )
    near = np.abs(second[None, :] - first[:, None])
    span = max(float(first[-1] - first[0]), float(second[-1] - second[0]), 1e-300)
    pairs = [(i, int(near[i].argmin())) for i in range(len(first)) if near[i].min() <= 1e-6 * span]
    if not pairs:
        raise WrongRequest(
            "they have no output time in common",
            code="not-comparable",
            place=f"{a.path} and {b.path}",
            remedy="choose output.every or output.at alike",
        )
    if len(pairs) < max(len(first), len(second)):
        missing.append(f"{len(first)} and {len(second)} outputs, {len(pairs)} times in both")
    return pairs


def _lumped(run: Run) -> Array:
    """Lumped mass of the nodes: each cell gives its corners equal parts of its measure."""
    part = np.repeat(run.measures / (run.dim + 1), run.dim + 1)
    return np.asarray(np.bincount(run.cells.ravel(), weights=part, minlength=len(run.points)), dtype=np.float64)


def _difference(run: Run, name: str, step: int, a: Array, b: Array, mass: Array, inside: NDArray[np.bool_]) -> Difference:
    away = np.where(inside, b - a, 0.0)
    node = int(np.argmax(np.abs(away)))
    region = ""
    if len(run.regions) > 1:
        region = run.regions[int(run.cell_region[(run.cells == node).any(axis=1)][0])]
    return Difference(
        name,
        float(run.times[step]),
        float(abs(away[node])),
        tuple(float(x) for x in run.points[node]),
        region,
        float(np.abs(a).max()),
        float(np.sqrt(mass @ away**2)),
        float(np.sqrt(mass @ a**2)),
    )
