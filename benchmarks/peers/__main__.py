"""`python3 -m benchmarks.peers`: run all peers, write results.json, tables and a figure per problem of error against processor time."""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.peers.cases import CASES, LIMIT, OWN, PROBLEMS
from benchmarks.peers.report import Result, draw, ratio_table, table

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


def main(argv: list[str]) -> int:
    """Run, tabulate, draw."""
    parser = argparse.ArgumentParser(prog="python3 -m benchmarks.peers", description=__doc__)
    parser.add_argument("--repeat", type=int, default=2, help="runs per setting, of which the fastest counts (default: %(default)s)")
    parser.add_argument("--problem", choices=tuple(PROBLEMS), help="this one only")
    parser.add_argument("--only", default="", help="peers whose name begins with this; the others keep their last results")
    help = "a Python that has a peer, as fipy=PATH or scikit-fem=PATH; without it one is installed for the occasion"
    parser.add_argument("--python", action="append", default=[], metavar="PEER=PATH", help=help)
    parser.add_argument("--draw", action="store_true", help="tables and figures of the last results, no runs")
    options = parser.parse_args(argv)
    given = {name: Path(path) for name, _, path in (text.partition("=") for text in options.python)}
    if not set(given) <= set(OWN.values()):
        parser.error(f"--python: there are {', '.join(OWN.values())}")
    if not options.draw:
        with tempfile.TemporaryDirectory() as folder:
            for problem in [options.problem] if options.problem else PROBLEMS:
                for peer, (script, settings) in CASES[problem].items():
                    if peer.startswith(options.only):
                        python = _python(OWN[script], given, Path(folder)) if script in OWN else Path(sys.executable)
                        keep(problem, peer, [_run(python, script, {**s, "repeat": options.repeat}) for s in settings])
    results = kept()
    text = pages(results)
    (HERE / "results.md").write_text(text, encoding="utf-8")
    print(text)
    for problem, found in results.items():
        draw(found, PROBLEMS[problem], ROOT / "docs" / "images" / f"peers_{problem}.png")
    return 0


def kept() -> dict[str, dict[str, list[Result]]]:
    """The results so far, by problem and code, in the order of the cases."""
    path = HERE / "results.json"
    found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    known = {problem: peers for problem, peers in CASES.items() if problem in found}
    return {problem: {peer: found[problem][peer] for peer in peers if peer in found[problem]} for problem, peers in known.items()}


def keep(problem: str, peer: str, runs: list[Result]) -> None:
    """Put these in the place of the last results."""
    found = kept()
    found.setdefault(problem, {})[peer] = runs
    (HERE / "results.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def pages(results: dict[str, dict[str, list[Result]]]) -> str:
    """results.md."""
    parts = ["# Peers\n"]
    for problem, found in results.items():
        parts += [f"## {PROBLEMS[problem]}\n", table(found) + "\n", ratio_table(found) + "\n"]
        versions = {peer: ", ".join(f"{k} {v}" for k, v in runs[0].get("versions", {}).items()) for peer, runs in found.items()}
        parts.append("Versions: " + "; ".join(f"{peer}: {text}" for peer, text in versions.items()) + ".\n")
    return "\n".join(parts)


def _run(python: Path, script: str, setting: Result) -> Result:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1", "FIPY_SOLVERS": "petsc"}
    if python == Path(sys.executable):
        environment["PYTHONPATH"] = f"{ROOT / 'src'}{os.pathsep}{ROOT}"
    else:
        environment.pop("PYTHONPATH", None)
    command = [str(python), str(HERE / script), json.dumps(setting)]
    print(" ".join(command), file=sys.stderr, flush=True)
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, preexec_fn=_limited)
    if done.returncode == -signal.SIGXCPU:
        return {**setting, "stopped": f"{LIMIT} s"}
    done.check_returncode()
    found: Result = next(json.loads(line) for line in done.stdout.splitlines() if line.startswith("{"))
    return found


def _limited() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (LIMIT, LIMIT + 5))


def _python(peer: str, given: dict[str, Path], folder: Path) -> Path:
    """One with the peer. FiPy's sees the packages of this Python, since PETSc's solvers, its first choice, come with them."""
    if peer in given:
        return given[peer]
    python = folder / peer / "bin" / "python"
    if not python.exists():
        seen = ["--system-site-packages"] if peer == "fipy" else []
        subprocess.run([sys.executable, "-m", "venv", *seen, folder / peer], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", HERE / f"requirements-{peer}.txt"], check=True)
    return python


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
