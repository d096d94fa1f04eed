"""`python3 -m benchmarks.step`: measure on this program's ranks; with --ranks it starts mpirun for each number in turn."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any


def main(argv: list[str]) -> int:
    """Measure, write JSON and a table."""
    parser = argparse.ArgumentParser(prog="python3 -m benchmarks.step", description=__doc__)
    parser.add_argument("--nodes", default="300000", help="numbers of nodes aimed at, with commas (default: %(default)s)")
    parser.add_argument("--dim", default="3", help="2, 3 or 2,3 (default: %(default)s)")
    parser.add_argument("--dt", type=float, default=0.02, help="step (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=20, help="measured steps (default: %(default)s)")
    parser.add_argument("--set", action="append", default=[], metavar="PATH=VALUE", help="change the scenario")
    parser.add_argument("--ranks", help="numbers of ranks, with commas; they take turns")
    parser.add_argument("--pairs", type=int, default=1, help="turns per number of ranks (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="write all results here")
    parser.add_argument("--table", type=Path, help="write the table (Markdown) here too")
    parser.add_argument("--show", type=Path, nargs="+", help="no measurement: the table of these JSON files")
    options = parser.parse_args(argv)
    cases = [(int(dim), int(nodes)) for dim in options.dim.split(",") for nodes in options.nodes.split(",")]
    if options.show:
        results = [r for path in options.show for r in json.loads(path.read_text())]
    elif options.ranks:
        results = [r for dim, nodes in cases for r in _take_turns(options, dim, nodes)]
    else:
        from mpi4py import MPI

        from .measure import Case, measure

        results = [measure(Case(dim, nodes, options.dt, options.steps, tuple(options.set)), MPI.COMM_WORLD) for dim, nodes in cases]
        if MPI.COMM_WORLD.rank:
            return 0
    from .report import table

    text = table(results)
    print(text)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")
    if options.table:
        options.table.write_text(text + "\n")
    return 0


def _take_turns(options: argparse.Namespace, dim: int, nodes: int) -> list[dict[str, Any]]:
    """One program per measurement, the numbers of ranks in turn, so that pairs see the same state of the machine."""
    from invasio.hpc.ranks import mpi_environment

    results = []
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "result.json"
        for turn in range(options.pairs):
            for ranks in map(int, options.ranks.split(",")):
                command = [sys.executable, "-m", "benchmarks.step", "--dim", str(dim), "--nodes", str(nodes), "--json", str(found)]
                command += ["--dt", str(options.dt), "--steps", str(options.steps), *(w for s in options.set for w in ("--set", s))]
                print(f"dimension {dim}, {nodes} nodes, {ranks} ranks, turn {turn + 1} of {options.pairs}", file=sys.stderr, flush=True)
                mpirun = ["timeout", "-k", "10", "1200", "mpirun", "-n", str(ranks)]
                subprocess.run([*mpirun, *command], check=True, env=mpi_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
                results += [{**r, "turn": turn} for r in json.loads(found.read_text())]
    return results


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
