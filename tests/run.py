"""`invasio test`: style, import contracts, types, then the tests on 1, 2 and 3 ranks; one line for each at the end.

usage: invasio test [--ranks 1,2,3] [--differing] [--checks | --no-checks] [PYTEST ARGUMENTS, for example -k NAME or a path]
--differing runs only what depends on where MPI, PETSc and HDF5 come from: the same tests in each environment show that it is as good.
--slow adds the tests that take minutes. With pytest arguments only the tests run, unless --checks is given.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("solver", "meshes", "scenarios", "hpc", "postprocess")
REQUIREMENTS = ROOT / "hpc" / "environment" / "ci-requirements.txt"
SOURCES = ["src/invasio/__init__.py", *(f"src/invasio/{name}" for name in PACKAGES)]
# Seen through src, modules have their full names and the ban on the bare ones works with relative imports.
STYLE = ["--config", 'namespace-packages = ["src/invasio"]', "--extend-ignore", "TID252", *SOURCES, "tests"]
MOST_WORKERS = 5
SERIAL_LIMIT = 1800  # seconds for the tests on one rank
PARALLEL_LIMIT = 1200  # and on several
# What depends on where MPI, PETSc, HDF5, Numba and VTK come from: launching, linear algebra, output,
# meshes of other programs, the quick start.
DIFFERING = (
    "tests/launcher/test_alone.py",
    "tests/launcher/test_one_rank.py",
    "tests/launcher/test_ranks.py",
    "tests/launcher/test_signals.py",
    "tests/parallel/test_extensions.py",
    "tests/parallel/test_incomplete.py",
    "tests/parallel/test_multigrid.py",
    "tests/parallel/test_numerics.py",
    "tests/parallel/test_output.py",
    "tests/scenarios/test_quickstart.py",
    "tests/unit/linalg",
    "tests/unit/meshes/test_formats.py",
    "tests/unit/output",
    "tests/verification/test_closed_forms.py::test_fixed_values_leave_the_matrix_symmetric",
)
NO_TESTS = 5  # pytest's exit code


@dataclass(frozen=True)
class Result:
    """How one leg ended."""

    name: str
    passed: int
    failed: int
    skipped: int
    seconds: float
    note: str = ""
    said: str = ""  # by a check


def main(argv: list[str]) -> int:
    """Run all legs, print the summary, return 0 if nothing failed."""
    parser = argparse.ArgumentParser(prog="invasio test", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--ranks", default="1,2,3", help="numbers of ranks to run the tests on (default: 1,2,3)")
    parser.add_argument("--differing", action="store_true", help="only what depends on where MPI, PETSc and HDF5 come from")
    when = "style, contracts and types (default: unless tests are selected)"
    parser.add_argument("--checks", action=argparse.BooleanOptionalAction, help=when)
    parser.add_argument("--style", action="store_true", help="only the style")
    options, chosen = parser.parse_known_args(argv)
    ranks = [int(n) for n in options.ranks.split(",")]
    results = []
    os.chdir(ROOT)
    if options.style:
        return _summary([_shown(_leg("style (ruff)", lambda: _tool("ruff", "check", *STYLE)))])
    later: list[Future[Result]] = []
    if options.checks or (options.checks is None and not chosen and not options.differing):
        results += [
            _shown(_leg("style (ruff)", lambda: _tool("ruff", "check", *STYLE))),
            _shown(_leg("contracts", lambda: _tool("lint-imports"))),
        ]
        side = ThreadPoolExecutor(1)  # tests on one rank leave cores idle where they wait for programs that they started
        later = [side.submit(_leg, "types (mypy)", _types), side.submit(_leg, "pages", _pages)]
    for n in ranks:
        if n > 1:
            results += [_shown(check.result()) for check in later]
            later = []
        print(f"\n=== tests on {n} rank{'s' if n > 1 else ''}", flush=True)
        results.append(_tests(n, chosen, options.differing))
    results += [_shown(check.result()) for check in later]
    return _summary(results)


def _summary(results: list[Result]) -> int:
    print("\n=== summary", flush=True)
    for r in results:
        state = "FAILED" if r.failed else "ok"
        counts = f"{r.passed} passed, {r.failed} failed" + (f", {r.skipped} skipped" if r.skipped else "")
        print(f"{state:7} {r.name:14} {counts:36} {r.seconds:6.1f} s  {r.note}".rstrip())
    failed = sum(r.failed for r in results)
    print(f"{sum(r.passed for r in results)} passed, {failed} failed", flush=True)
    return 1 if failed else 0


def _leg(name: str, check: Callable[[], tuple[str, str]]) -> Result:
    """A check that passes or fails as one; it returns what it printed, and why it could not be made."""
    start = time.monotonic()
    note, failed = "", 0
    try:
        said, unmade = check()
        if unmade:
            note, failed = f"not made: {unmade}", int(os.environ.get("CI") == "true")
    except subprocess.CalledProcessError as error:
        said, note, failed = error.stdout, f"exit code {error.returncode}", 1
    return Result(name, int(not failed and not note), failed, 0, time.monotonic() - start, note, said)


def _shown(result: Result) -> Result:
    print(f"\n=== {result.name}\n{result.said}".rstrip(), flush=True)
    return result


def _checked(command: list[str | Path], environment: dict[str, str] | None = None) -> str:
    """What a program prints; raises CalledProcessError with it where the program fails."""
    return subprocess.run(command, check=True, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout


def _tool(name: str, *arguments: str) -> tuple[str, str]:
    tools = _tools()
    if isinstance(tools, str):
        return "", tools
    return _checked([tools / name, *arguments], {**os.environ, "PYTHONPATH": str(ROOT / "src")}), ""


def _cache() -> Path:
    return Path(os.environ.get("INVASIO_CACHE") or Path.home() / ".cache" / "invasio")


def _tools() -> Path | str:
    """The folder of programs that come from the Python index, made when first needed; or why there is none."""
    digest = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()[:12]
    cache = _cache()
    folder = cache / f"checks-{digest}"
    cache.mkdir(parents=True, exist_ok=True)
    with open(cache / f"checks-{digest}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / ".complete").exists():
            try:
                subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
                subprocess.run([folder / "bin" / "pip", "install", "--quiet", "-r", REQUIREMENTS], check=True, timeout=600)
            except (subprocess.SubprocessError, OSError) as error:
                return f"the tools of {REQUIREMENTS.relative_to(ROOT)} could not be installed ({error})"
            (folder / ".complete").touch()
    return folder / "bin"


def _types() -> tuple[str, str]:
    try:
        # A cache of this checkout's own: two at once in one cache, and mypy fails on a mixture.
        cache = str(_cache() / f"mypy-{hashlib.sha256(str(ROOT).encode()).hexdigest()[:12]}")
        return _checked([sys.executable, "-m", "mypy", "--cache-dir", cache, *SOURCES, "tests", "benchmarks"]), ""
    except subprocess.CalledProcessError:
        if subprocess.run([sys.executable, "-c", "import mypy"], capture_output=True).returncode:
            return "", "mypy is not installed"
        raise


def _pages() -> tuple[str, str]:
    """The documents as pages: every link leads somewhere, every page is in a list."""
    with tempfile.TemporaryDirectory(prefix="invasio-pages-") as folder:
        return _checked([sys.executable, "-m", "invasio.solver.cli", "docs", "--out", folder], _environment()), ""


def _tests(ranks: int, chosen: list[str], differing: bool) -> Result:
    selected = any(Path(word.partition("::")[0]).exists() for word in chosen)
    where = [] if selected else ["tests" if ranks == 1 else "tests/parallel"]
    if differing and not selected:  # each once on one rank or on several
        where = [path for path in DIFFERING if path.startswith("tests/parallel") is (ranks > 1)]
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="invasio-tests-") as folder:
        reports = Path(folder)
        colour = f"--color={'yes' if sys.stdout.isatty() else 'no'}"
        common = ["-q", "--with-mpi", "-o", "faulthandler_timeout=300", colour, *where, *chosen]
        if ranks == 1:
            pytest = [sys.executable, "-m", "pytest", f"--junitxml={reports / 'rank-0.xml'}", *_workers(chosen), *common]
            limited = ["timeout", "-k", "10", str(SERIAL_LIMIT), *pytest]
        else:
            rank = [sys.executable, str(ROOT / "tests" / "rank.py"), folder, *common]
            limited = ["timeout", "-k", "10", str(PARALLEL_LIMIT), "mpirun", "-n", str(ranks), *rank]
        code = subprocess.run(limited, stdin=subprocess.DEVNULL, env=_environment()).returncode
        result = _read(f"{ranks} rank{'s' if ranks > 1 else ''}", ranks, reports, code, time.monotonic() - start, bool(chosen))
        if result.failed:
            for log in sorted(reports.glob("rank-*.txt")):
                print(f"--- {log.stem}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-60:]), flush=True)
    return result


def _workers(chosen: list[str]) -> list[str]:
    """Groups of tests (tests/groups.py) side by side where all run and the plugin is there: one worker for each core, and one more.

    One has all tests that start programs, and often waits for them.
    """
    cores = len(os.sched_getaffinity(0))
    if chosen or cores < 2 or importlib.util.find_spec("xdist") is None:
        return []
    return ["-n", str(min(cores + 1, MOST_WORKERS)), "--dist", "loadscope"]


def _environment() -> dict[str, str]:
    sys.path.insert(0, str(ROOT / "src"))
    from invasio.hpc.ranks import mpi_environment

    # On a busy machine the tests on several ranks are many times faster so.
    return {**mpi_environment(crowded=True), "PYTHONPATH": str(ROOT / "src")}


def _read(name: str, ranks: int, reports: Path, code: int, seconds: float, chosen: bool) -> Result:
    """Count from the reports of all ranks: a test failed if it failed on any of them."""
    bad: set[str] = set()
    run: set[str] = set()
    skipped: set[str] = set()
    missing = []
    for rank in range(ranks):
        report = reports / f"rank-{rank}.xml"
        if not report.exists():
            missing.append(str(rank))
            continue
        for case in ElementTree.parse(report).iter("testcase"):
            test = f"{case.get('classname')}::{case.get('name')}"
            run.add(test)
            outcomes = {child.tag for child in case}
            if outcomes & {"failure", "error"}:
                bad.add(test)
            elif "skipped" in outcomes:
                skipped.add(test)
    note = ""
    failed = len(bad)
    if missing:
        reason = "the time was up" if code in (124, 137) else f"exit code {code}"
        note, failed = f"no report from rank {', '.join(missing)}: {reason}", max(failed, 1)
    elif code == NO_TESTS:
        note, failed = "no tests", int(not chosen)
    elif code and not bad:
        note, failed = f"exit code {code}", 1
    return Result(name, len(run - bad - skipped), failed, len(skipped - bad), seconds, note)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
