"""`python3 -m benchmarks.output`: what one output and one checkpoint cost; with --ranks it starts mpirun for each number in turn."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

Result = dict[str, Any]
LIMIT = 0.05  # of a run, for all that is written


def main(argv: list[str]) -> int:
    """Measure, print tables."""
    parser = argparse.ArgumentParser(prog="python3 -m benchmarks.output", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--nodes", type=float, default=1e6, help="values per field, about (default: %(default)g)")
    parser.add_argument("--fields", type=int, default=3, help="fields of an output (default: %(default)s)")
    parser.add_argument("--arrays", type=int, default=12, help="arrays of a checkpoint; Anderson's model has 12 (default: %(default)s)")
    parser.add_argument("--outputs", type=int, default=3, help="outputs after the first (default: %(default)s)")
    parser.add_argument("--step", type=float, default=0.0, help="wall seconds of one step on as many ranks, for the share of a run")
    parser.add_argument("--steps", type=int, default=79, help="steps of that run (default: %(default)s, Anderson's ball to t = 5)")
    parser.add_argument("--spacing", type=int, default=8, help="steps from one output to the next (default: %(default)s, ten outputs)")
    parser.add_argument(
        "--through-one", action="store_true", help="through rank 0, as on a file system where several machines cannot write to one file"
    )
    parser.add_argument("--ranks", help="numbers of ranks, with commas; they take turns")
    parser.add_argument("--turns", type=int, default=1, help="turns, of which the fastest counts (default: %(default)s)")
    parser.add_argument("--folder", type=Path, help="write here, as on another file system (default: the folder for temporary files)")
    parser.add_argument("--json", type=Path, help="write all results here")
    options = parser.parse_args(argv)
    results = _take_turns(argv, options) if options.ranks else _here(options)
    if results:
        print("\n\n".join(table(each, options.step, options.steps, options.spacing) for each in results))
        if options.json:
            options.json.write_text(json.dumps(results, indent=1) + "\n")
    return 0


def _here(options: argparse.Namespace) -> list[Result]:
    """Measure on this program's ranks; empty on all but rank 0."""
    from mpi4py import MPI

    from .measure import Case, measure

    comm = MPI.COMM_WORLD
    edge = max(2, round(options.nodes ** (1 / 3)) - 1)
    through = False if options.through_one else None
    case = Case(edge, options.fields, outputs=options.outputs, arrays=options.arrays, apart=through)
    folder = Path(comm.bcast(tempfile.mkdtemp(prefix="invasio-output-", dir=options.folder) if comm.rank == 0 else None))
    try:
        found = measure(case, comm, folder / "run")
    finally:
        comm.barrier()
        if comm.rank == 0:
            folder.rmdir()
    return [] if comm.rank else [found]


def _take_turns(argv: list[str], options: argparse.Namespace) -> list[Result]:
    """One program per measurement; of each number of ranks the fastest."""
    from invasio.hpc.ranks import mpi_environment

    best: dict[int, Result] = {}
    cores = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as place:
        found = Path(place) / "result.json"
        alone = [word for k, word in enumerate(argv) if not {word, argv[k - 1] if k else ""} & {"--ranks", "--turns", "--json"}]
        for _ in range(options.turns):
            for ranks in map(int, options.ranks.split(",")):
                command = [sys.executable, "-m", "benchmarks.output", *alone, "--json", str(found)]
                mpirun = ["timeout", "-k", "10", "1200", "mpirun", "-n", str(ranks)]
                subprocess.run(
                    [*mpirun, *command], check=True, env=mpi_environment(ranks > cores), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
                )
                (result,) = json.loads(found.read_text())
                if ranks not in best or result["first"]["seconds"] < best[ranks]["first"]["seconds"]:
                    best[ranks] = result
    return list(best.values())


def table(result: Result, step: float = 0.0, steps: int = 79, spacing: int = 8) -> str:
    """Markdown: what each of the three costs, beside a plain write; its parts; which share of a run all of it is."""
    kinds = {"first output, with the mesh": ("first", "first"), "one more output": ("one", "one"), "checkpoint": ("checkpoint", "saved")}
    lines = [
        f"{result['nodes']} nodes, {result['cells']} cells, {result['ranks']} ranks; {result['fields']} fields, {result['arrays']} arrays",
        "",
        "| | MB | s | MB/s | processor s, all ranks | plain write, s | plain write and fsync, s |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, (kind, other) in kinds.items():
        found, plain = result[kind], result["plain"][other]
        size = found["bytes"] / 1e6
        times = f"{found['seconds']:.2f} | {size / found['seconds']:.0f} | {found['processor']:.2f}"
        lines.append(f"| {name} | {size:.0f} | {times} | {plain['written']:.2f} | {plain['synced']:.2f} |")
    parts = list(dict.fromkeys(part for kind, _ in kinds.values() for part in result[kind]["parts"]))
    lines += ["", "| part: s of the slowest rank, processor s of all | first | one more | checkpoint |", "|---|---|---|---|"]
    for part in parts:
        both = (result[kind]["parts"].get(part, (0.0, 0.0)) for kind, _ in kinds.values())
        lines.append(f"| {part} | " + " | ".join(f"{wall:.2f}, {processor:.2f}" for wall, processor in both) + " |")
    if step:
        whole, each = share(result, step, steps, spacing), result["one"]["seconds"]
        fewest = each / (LIMIT * step)
        lines += [
            "",
            f"a step of {step:g} s: {100 * whole:.1f} % of a run of {steps} steps with an output every {spacing} and one checkpoint; "
            f"one more output is below {100 * LIMIT:g} % from {fewest:.1f} steps between outputs on",
        ]
    return "\n".join(lines)


def share(result: Result, step: float, steps: int, spacing: int) -> float:
    """Of a run of ``steps`` of ``step`` seconds, with an output at its start and every ``spacing``, and a checkpoint at its end."""
    written = result["first"]["seconds"] + (steps // spacing) * result["one"]["seconds"] + result["checkpoint"]["seconds"]
    return float(written / (written + steps * step))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
