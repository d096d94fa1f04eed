"""`python3 -m benchmarks.peers`: run all peers, write results.json, a table and a picture of error against processor time."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from itertools import cycle
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
LIMIT = 900  # seconds for one peer
Result = dict[str, Any]

CASES: dict[str, tuple[str, list[Result]]] = {
    "invasio": (
        "invasio_run.py",
        [{"cells": c, "tolerance": t} for c, t in ((25, 1e-2), (50, 1e-2), (100, 1e-2), (200, 3e-3), (400, 1e-3))],
    ),
    "invasio, Scharfetter-Gummel": (
        "invasio_run.py",
        [{"cells": c, "tolerance": t, "flux": "scharfetter_gummel"} for c, t in ((25, 1e-2), (50, 1e-2), (100, 1e-2), (200, 3e-3))],
    ),
    "DOLFINx, Newton": ("dolfinx_run.py", [{"cells": c, "dt": dt, "method": "newton"} for c, dt in ((25, 0.1), (50, 0.1), (100, 0.05))]),
    "DOLFINx, field by field": (
        "dolfinx_run.py",
        [{"cells": c, "dt": dt, "method": "segregated"} for c, dt in ((25, 0.02), (50, 0.01), (100, 0.004), (200, 0.004))],
    ),
    "FiPy": ("fipy_run.py", [{"cells": c, "dt": dt, "sweeps": 2} for c, dt in ((25, 0.05), (50, 0.02), (100, 0.02))]),
    "scikit-fem": ("scikit_fem_run.py", [{"cells": c, "dt": dt} for c, dt in ((25, 0.02), (50, 0.01))]),
    "NGSolve, order 1": ("ngsolve_run.py", [{"cells": c, "dt": dt, "order": 1} for c, dt in ((25, 0.02), (50, 0.01))]),
    "NGSolve, order 2": ("ngsolve_run.py", [{"cells": c, "dt": dt, "order": 2} for c, dt in ((12, 0.01), (25, 0.01), (50, 0.004))]),
}
OWN = {"fipy_run.py": "fipy", "scikit_fem_run.py": "scikit-fem", "ngsolve_run.py": "ngsolve"}  # which have a Python of their own


def main(argv: list[str]) -> int:
    """Run, tabulate, draw."""
    parser = argparse.ArgumentParser(prog="python3 -m benchmarks.peers", description=__doc__)
    parser.add_argument("--repeat", type=int, default=2, help="runs per setting, of which the fastest counts (default: %(default)s)")
    parser.add_argument("--only", help="peers whose name begins with this; the others keep their last results")
    help = "a Python that has a peer, as fipy=PATH or scikit-fem=PATH; without it one is installed for the occasion"
    parser.add_argument("--python", action="append", default=[], metavar="PEER=PATH", help=help)
    parser.add_argument("--draw", action="store_true", help="table and picture of the last results, no runs")
    options = parser.parse_args(argv)
    kept = HERE / "results.json"
    given = {name: Path(path) for name, _, path in (text.partition("=") for text in options.python)}
    if not set(given) <= set(OWN.values()):
        parser.error(f"--python: there are {', '.join(OWN.values())}")
    results: dict[str, list[Result]] = json.loads(kept.read_text()) if kept.exists() else {}
    if not options.draw:
        with tempfile.TemporaryDirectory() as folder:
            for peer, (script, settings) in CASES.items():
                if peer.startswith(options.only or ""):
                    python = _python(OWN[script], given, Path(folder)) if script in OWN else Path(sys.executable)
                    results[peer] = _run(python, script, [{**s, "repeat": options.repeat} for s in settings])
                    kept.write_text(json.dumps(results, indent=1) + "\n")
    text = table(results)
    (HERE / "results.md").write_text(text + "\n")
    print(text)
    draw(results, ROOT / "docs" / "images" / "peers.png")
    return 0


def _run(python: Path, script: str, settings: list[Result]) -> list[Result]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    if python == Path(sys.executable):
        environment["PYTHONPATH"] = f"{ROOT / 'src'}{os.pathsep}{ROOT}"
    else:
        environment.pop("PYTHONPATH", None)
    command = [str(python), str(HERE / script), *map(json.dumps, settings)]
    print(" ".join(command), file=sys.stderr, flush=True)
    lines = subprocess.run(command, check=True, env=environment, stdout=subprocess.PIPE, text=True, timeout=LIMIT).stdout.splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def _python(peer: str, given: dict[str, Path], folder: Path) -> Path:
    if peer in given:
        return given[peer]
    subprocess.run([sys.executable, "-m", "venv", folder / peer], check=True)
    subprocess.run([folder / peer / "bin" / "pip", "install", "--quiet", "-r", HERE / f"requirements-{peer}.txt"], check=True)
    return folder / peer / "bin" / "python"


def table(results: dict[str, list[Result]]) -> str:
    """Markdown: one row per run."""
    what = ("code", "cells along an edge", "time", "steps", "error n", "error f", "error m", "smallest value", "cells lost")
    head = (*what, "set-up, CPU s", "loop, CPU s")
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for peer, runs in results.items():
        for r in runs:
            when = f"tolerance {r['tolerance']:g}" if "tolerance" in r else f"dt = {r['dt']:g}"
            numbers = [f"{r[k]:.2e}" for k in ("n", "f", "m")] + [f"{r['least']:.1e}", _share(r), f"{r['setup']:.2f}", f"{r['loop']:.2f}"]
            lines.append("| " + " | ".join([peer, str(r["cells"]), when, str(r["steps"]), *numbers]) + " |")
    return "\n".join(lines)


def _share(result: Result) -> str:
    return f"{result['lost']:.1e}" if "lost" in result else ""


def draw(results: dict[str, list[Result]], path: Path) -> None:
    """Error of n against processor time, one line per code."""
    from matplotlib import pyplot as plt

    from invasio.postprocess.colours import LINES
    from invasio.postprocess.style import style

    with style():
        figure, axes = plt.subplots(figsize=(8.0, 4.2), layout="constrained")
        for colour, marker, (peer, runs) in zip(cycle(LINES), cycle("osD^vPX"), results.items(), strict=False):
            seconds, error = [r["setup"] + r["loop"] for r in runs], [r["n"] for r in runs]
            axes.loglog(seconds, error, marker=marker, color=colour, label=peer, markersize=5)
        axes.set_xlabel("processor time of set-up and loop on one core [s]")
        axes.set_ylabel("error of the cell density, relative L2")
        axes.set_title("Haptotaxis on a square until t = 2 (Anderson et al. 2000)")
        figure.legend(loc="outside right upper")
        figure.savefig(path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
