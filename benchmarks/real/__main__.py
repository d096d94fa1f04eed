"""`python3 -m benchmarks.real`: five real runs, each as a program of its own; with --against beside an earlier version, in turn.

Processor seconds count, since others on the machine do not stop that clock; of several turns the least. Counts do not depend on the
machine.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.bits.versions import GitError, commit_of, extract

from .measure import CASES, ROOT

Result = dict[str, Any]


def main(argv: list[str]) -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="python3 -m benchmarks.real", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("-k", metavar="NAME", default="", help="only cases whose name holds NAME: " + ", ".join(c.name for c in CASES))
    parser.add_argument("--against", metavar="REVISION", help="measure this version of the repository too, in turn")
    parser.add_argument("--ranks", type=int, default=1, help="number of ranks (default: 1)")
    parser.add_argument("--pairs", type=int, default=1, help="turns (default: 1)")
    parser.add_argument("--full", action="store_true", help="at full size: minutes to hours")
    parser.add_argument("--json", type=Path, help="write all results here")
    options = parser.parse_args(argv)
    chosen = [case.name for case in CASES if options.k in case.name]
    if not chosen:
        parser.error(f"no case is called {options.k!r}; there are: {', '.join(c.name for c in CASES)}")
    with tempfile.TemporaryDirectory(prefix="invasio-real-") as place:
        versions = {"here": ROOT}
        if options.against:
            try:
                extract(commit_of(options.against), Path(place) / "base")
            except GitError as error:
                parser.error(str(error))
            versions = {"base": Path(place) / "base", "here": ROOT}
            shutil.rmtree(versions["base"] / "benchmarks" / "real", ignore_errors=True)
            shutil.copytree(ROOT / "benchmarks" / "real", versions["base"] / "benchmarks" / "real")
        results: list[Result] = []
        for name in chosen:
            for _ in range(options.pairs):
                for who, folder in versions.items():
                    found = _one(folder, name, options.ranks, options.full, Path(place))
                    results.append({"version": who, **found})
                    print(f"{name:10s} {who}: run {found['run']:.2f} s, set-up {found['set-up']:.2f} s", file=sys.stderr, flush=True)
    print(table(results))
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")
    return 0


def _one(folder: Path, name: str, ranks: int, full: bool, place: Path) -> Result:
    from invasio.hpc.ranks import mpi_environment

    out = place / "found.json"
    out.unlink(missing_ok=True)
    command = [sys.executable, "-m", "benchmarks.real.measure", name, "full" if full else "short", str(out)]
    if ranks > 1:
        command = ["mpirun", "-n", str(ranks), *command[:1], "-m", "mpi4py", *command[1:]]
    path = os.pathsep.join((str(folder / "src"), str(folder)))
    environment = {**mpi_environment(), "PYTHONPATH": path, "OMPI_MCA_mpi_yield_when_idle": "1"}
    if folder != ROOT:
        environment["NUMBA_CACHE_DIR"] = str(place / "kernels")
    subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    found: Result = json.loads(out.read_text())
    return found


def table(results: list[Result]) -> str:
    """Markdown: per case and version the least of the turns, and the ratio of the run's processor time to the base's."""
    head = ["case", "version", "nodes", "steps", "run, s", "us per node and step", "to base", "set-up, steps", "kept, kB per node"]
    head += ["iterations", "set-ups of preconditioners"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for name in dict.fromkeys(r["case"] for r in results):
        of_case = [r for r in results if r["case"] == name]
        least = {who: _least([r for r in of_case if r["version"] == who]) for who in dict.fromkeys(r["version"] for r in of_case)}
        for who, r in least.items():
            ratio = f"{r['run'] / least['base']['run']:.2f}" if "base" in least and who != "base" else ""
            each = r["run"] / r["steps"]
            body = [name, who, f"{r['nodes']}", f"{r['steps']}", f"{r['run']:.1f}", f"{1e6 * each / r['nodes']:.2f}", ratio]
            body += [
                f"{r['set-up'] / each:.0f}",
                f"{1e-3 * r['memory'] / r['nodes']:z.1f}",
                f"{r['iterations']:.0f}",
                f"{r['set-ups']:.0f}",
            ]
            lines.append("| " + " | ".join(body) + " |")
    return "\n".join(lines)


def _least(results: list[Result]) -> Result:
    return {**results[0], **{key: min(r[key] for r in results) for key in ("run", "set-up", "memory")}}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
