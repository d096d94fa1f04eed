"""Results of ``measure`` as Markdown tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .measure import bounds

Result = dict[str, Any]
_MICROSECONDS = {"minimum": "wall min", "median": "median", "cpu_minimum": "CPU min", "cpu_median": "median"}


def table(results: list[Result]) -> str:
    """Cost against the bounds, solves, parts of the time, set-up, memory and messages; the best turn of each case."""
    best = _best(results)
    parts = [_cost(best), _efficiency(results), _solves(best)]
    parts.append(_where(best, "microseconds_by_part", "Processor time by part, core-us per node and step (mean of the measured steps)"))
    parts.append(_where(best, "petsc_microseconds", "Inside PETSc, core-us per node and step (parts overlap: KSPSolve holds all)"))
    parts.append(_where(best, "bytes_per_node", "Bytes per node and step"))
    parts.append(_where(best, "setup_seconds", "Set-up, processor seconds of the slowest rank"))
    parts.append(_traffic(best))
    return "\n\n".join(p for p in parts if p)


def _best(results: list[Result]) -> list[Result]:
    found: dict[tuple[Any, ...], Result] = {}
    for r in results:
        key = _key(r)
        if key not in found or r["microseconds"]["minimum"] < found[key]["microseconds"]["minimum"]:
            found[key] = r
    return list(found.values())


def _key(r: Result) -> tuple[Any, ...]:
    return r["dim"], r["nodes"], r["dt"], r["ranks"], tuple(r["overrides"])


def _name(r: Result) -> str:
    return f"{r['dim']}-D, {r['nodes']} nodes, {r['ranks']} rank{'s' if r['ranks'] > 1 else ''}, dt = {r['dt']:g}" + (
        f", {' '.join(r['overrides'])}" if r["overrides"] else ""
    )


def _rows(head: Iterable[str], body: Iterable[Iterable[str]]) -> str:
    head = list(head)
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in body])


def _cost(results: list[Result]) -> str:
    head = ["case", *_MICROSECONDS.values(), "triad, GB/s", "bytes/node", "bound: traffic", "share", "bound: design", "share"]
    body = []
    for r in results:
        us, limit = r["microseconds"], bounds(r)
        # one rank is timed by its processor clock, which others on the machine do not stop; ranks that wait for each other by the wall's
        fastest = us["cpu_minimum"] if r["ranks"] == 1 else us["minimum"]
        row = [_name(r), *(f"{us[k]:.3f}" for k in _MICROSECONDS), " ".join(f"{t * 1e-9:.1f}" for t in r["triad"])]
        row.append(f"{sum(r['bytes_per_node'].values()):.0f}")
        for kind in ("traffic", "design"):
            row += [f"{limit[kind]:.3f}", f"{limit[kind] / fastest:.0%}"]
        body.append(row)
    return "Core-microseconds per node and step\n\n" + _rows(head, body)


def _efficiency(results: list[Result]) -> str:
    body = []
    for one in (r for r in _best(results) if r["ranks"] == 1):
        for many in (r for r in _best(results) if r["ranks"] > 1 and _key(r)[:3] == _key(one)[:3]):
            turns = {
                ranks: {r.get("turn", 0): r["microseconds"]["minimum"] for r in results if _key(r) == _key(best)}
                for ranks, best in ((1, one), (2, many))
            }
            pairs = [turns[1][k] / turns[2][k] for k in turns[1] if k in turns[2]]
            best = one["microseconds"]["minimum"] / many["microseconds"]["minimum"]
            rate = max(many["triad"]) / max(one["triad"])
            body.append([_name(many), f"{best:.0%}", " ".join(f"{p:.0%}" for p in pairs), f"{rate:.0%}"])
    return "Efficiency against one rank\n\n" + _rows(("case", "best against best", "pairs", "the triad's"), body) if body else ""


def _solves(results: list[Result]) -> str:
    head = ("case", "field", "solver", "solves/step", "iterations/solve", "limited", "low-order solves/step", "iterations/solve")
    body = [
        [_name(r), name, "+".join(f["solver"] or ())]
        + [f"{f[k]:.2f}" for k in ("solves_per_step", "iterations_per_solve", "limited", "low_solves_per_step", "low_iterations_per_solve")]
        for r in results
        for name, f in r["fields"].items()
    ]
    return "Linear solves\n\n" + _rows(head, body)


def _where(results: list[Result], key: str, title: str) -> str:
    names = sorted({name for r in results for name in r[key]}, key=lambda name: -max(r[key].get(name, 0.0) for r in results))
    digits = 1 if key == "bytes_per_node" else 3
    body = [[name, *(f"{r[key].get(name, 0.0):.{digits}f}" for r in results)] for name in names]
    body.append(["sum", *(f"{sum(r[key].values()):.{digits}f}" for r in results)])
    return f"{title}\n\n" + _rows(["part", *map(_name, results)], body if key != "petsc_microseconds" else body[:-1])


def _traffic(results: list[Result]) -> str:
    head = ("case", "memory kept, bytes/node", "peak at set-up", "ghost rounds", "messages", "bytes", "PETSc's", "bytes", "reductions")
    body = []
    for r in results:
        petsc = r["petsc_messages_bytes_reductions"]
        row = [f"{r['memory_per_node'][k]:.0f}" for k in ("kept", "peak_setup")]
        row += [f"{v:.0f}" for v in (*r["ghost_rounds_messages_bytes"], petsc[0], petsc[0] and petsc[1], petsc[2] + r["reductions"])]
        body.append([_name(r), *row])
    return "Memory; messages of rank 0 and reductions per step\n\n" + _rows(head, body)
