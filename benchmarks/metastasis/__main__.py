"""`python3 -m benchmarks.metastasis`: Franssen et al. 2019 in MetaSpread and in invasio; results.json and a table."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
FOLDER = ROOT / "scenarios" / "published" / "franssen_2019"
POINT = 2.5e-5  # area of a grid point: densities are cells per grid point
END, WHOLE = 6000, 24_000  # steps to t = 6, and to the end of the scenarios
HISTORIES = 10_000
COUNTS = ("epithelial", "mesenchymal", "ecm_degraded")
BLOCK = [
    "mesh.from=[-0.15, -0.15]",
    "mesh.to=[0.15, 0.15]",
    "mesh.regions.near.radius=0.14",
    "time.end=6",
    "expect=[]",
    "output.figures=false",
]
Result = dict[str, Any]


def together(phenotype: str, doubling: int) -> str:
    """All cells of a phenotype divide at the multiples of its doubling time, where there is room: within 0.05."""
    rate = f"where(t > 1, where(mod(t, {doubling}) < 0.05, where(epithelial + mesenchymal < Q, log(2)/0.05, 0), 0), 0)"
    return f'model.cells.{phenotype}.growth={{kind: exponential, rate: "{rate}"}}'


FIELDS = {
    "mean field, as in growth.yaml": [],
    "mean field, all divide together": ["time.step=0.0125", together("epithelial", 2), together("mesenchymal", 3)],
}


def main(argv: list[str]) -> int:
    """Run what is asked for, tabulate what is kept."""
    parser = argparse.ArgumentParser(prog="python3 -m benchmarks.metastasis", description=__doc__)
    parser.add_argument("--metaspread-python", type=Path, help="a Python that has MetaSpread; without it one is installed for the occasion")
    parser.add_argument("--histories", type=int, default=4, help="of MetaSpread on a block of tissue until t = 6 (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=40, help="of one history of MetaSpread on all of its tissue (default: %(default)s)")
    parser.add_argument("--only", choices=("metaspread", "invasio"), help="the other keeps its last results")
    parser.add_argument("--table", action="store_true", help="the table of the last results, no runs")
    options = parser.parse_args(argv)
    kept = HERE / "results.json"
    results: Result = json.loads(kept.read_text()) if kept.exists() else {}
    with tempfile.TemporaryDirectory() as folder:
        if not options.table and options.only != "invasio":
            python = _metaspread(options.metaspread_python, Path(folder) / "environment")
            block = [
                list(_history(python, Path(folder), {"block": True, "seed": s, "steps": END, "every": 1000}))
                for s in range(1, options.histories + 1)
            ]
            whole = list(_history(python, Path(folder), {"block": False, "seed": 99, "steps": options.steps, "every": options.steps}))[-1]
            results["metaspread"] = {"block": [[_counts(line) for line in lines] for lines in block], "whole": _counts(whole)}
        if not options.table and options.only != "metaspread":
            results["invasio"] = _invasio(Path(folder))
    if not options.table:
        kept.write_text(json.dumps(results, indent=1) + "\n")
    text = table(results)
    (HERE / "results.md").write_text(text + "\n")
    print(text)
    return 0


def _counts(line: Result) -> Result:
    return {name: round(line[name], 4) for name in ("seed", "steps", "seconds", *COUNTS)}


def _metaspread(given: Path | None, folder: Path) -> Path:
    if given is not None:
        return given.absolute()
    subprocess.run([_fitting(), "-m", "venv", folder], check=True)
    subprocess.run([folder / "bin" / "pip", "install", "--quiet", "-r", HERE / "requirements-metaspread.txt"], check=True)
    return folder / "bin" / "python"


def _fitting() -> str:
    """A Python that MetaSpread can be installed for: the NumPy that it asks for has none for 3.13 and newer."""
    if sys.version_info < (3, 13):
        return sys.executable
    found = next((path for name in ("python3.12", "python3.11", "python3.10") if (path := shutil.which(name))), None)
    if found is None:
        version = ".".join(map(str, sys.version_info[:2]))
        sys.exit(f"MetaSpread cannot be installed for Python {version}: give --metaspread-python, or run this under Python 3.12 or older")
    return found


def _history(python: Path, folder: Path, case: Result) -> Iterator[Result]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {"OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryDirectory(dir=folder) as own:
        command = [str(python), str(HERE / "metaspread_run.py"), json.dumps(case)]
        print(" ".join(command), file=sys.stderr, flush=True)
        out = subprocess.run(command, check=True, cwd=own, env=environment, stdout=subprocess.PIPE, text=True).stdout
    yield from (json.loads(line) for line in out.splitlines() if line.startswith("{"))


def _invasio(folder: Path) -> Result:
    from mpi4py import MPI

    from invasio.postprocess.run import open_run
    from invasio.solver.cascade import finished
    from invasio.solver.run import run
    from invasio.solver.scenario.loader import load

    found: Result = {}
    for number, (name, settings) in enumerate(FIELDS.items()):
        outcome = run(load(FOLDER / "growth.yaml", [*BLOCK, *settings]), MPI.COMM_WORLD, folder / f"field_{number}")
        last = {key: float(column[-1]) for key, column in open_run(outcome.folder).series.items()}
        cells = {key: last[f"{key}.total"] / POINT for key in ("epithelial", "mesenchymal")}
        found[name] = cells | {"ecm_degraded": (0.3**2 - last["ecm.total"]) / POINT}
    began = time.process_time()
    outcome = run(load(FOLDER / "cascade.yaml", ["output.figures=false"]), MPI.COMM_WORLD, folder / "cascade")
    tissue = time.process_time()
    scenario, entries = finished.read(outcome.folder)
    finished.write(folder / "histories", scenario, entries, HISTORIES, "direct")
    return found | {"tissue": tissue - began, "histories": time.process_time() - tissue}


def table(results: Result) -> str:
    """Markdown: cells and ECM at t = 6, and processor times."""
    peer, own = results["metaspread"], results["invasio"]
    last = [history[-1] for history in peer["block"]]
    mean = {name: sum(line[name] for line in last) / len(last) for name in COUNTS}
    lines = ["| at t = 6 | epithelial-like | mesenchymal-like | ECM gone, grid points |", "|---|---|---|---|"]
    for line in last:
        lines.append(f"| MetaSpread, history {line['seed']} | " + " | ".join(f"{line[name]:.0f}" for name in COUNTS) + " |")
    lines.append(f"| MetaSpread, mean of {len(last)} | " + " | ".join(f"{mean[name]:.0f}" for name in COUNTS) + " |")
    for field in FIELDS:
        lines.append(
            f"| {field} | " + " | ".join(f"{own[field][name]:.0f} ({own[field][name] / mean[name] - 1:+.0%})" for name in COUNTS) + " |"
        )
    spent = peer["whole"]["seconds"] / peer["whole"]["steps"] * WHOLE
    lines += ["", "| processor time, to t = 24 | |", "|---|---|"]
    lines.append(
        f"| MetaSpread, one history ({peer['whole']['steps']} steps of {WHOLE:,}, extrapolated: at least) | {spent / 3600:.1f} h |"
    )
    lines.append(f"| invasio, tissue, its own history and chances in closed form | {own['tissue']:.0f} s |")
    lines.append(f"| invasio, {HISTORIES:,} histories of it, with tables | {own['histories']:.1f} s |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
