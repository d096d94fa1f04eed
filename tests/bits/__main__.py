"""`invasio bits`: run two versions on a fixed list of cases and compare their checkpoints bit by bit.

usage: ./invasio bits [BASE] [HEAD] [--ranks 1,2,3] [-k NAME] [--list]
Each version runs its own code and its own scenarios. Exit code 0: all arrays of all checkpoints have the same bits.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from . import comparison
from .cases import ALWAYS, CASES, RENAMED, Case
from .running import RESUMED, RESUMED_SERIES, SECONDS, SERIES, WHOLE, RunFailed, Version, run_case
from .versions import ROOT, GitError, commit_of, copy_working_tree, environment_hash, extract

KEPT = 4  # results of so many base versions, and compiled kernels of so many versions
SHOWN = 12  # lines of one comparison


@dataclass
class Result:
    """What the comparison of a case on a number of ranks found, a list of lines each."""

    case: Case
    ranks: int
    failed: list[str] = field(default_factory=list)
    arrays: list[str] = field(default_factory=list)  # at the end of the whole run
    restart: list[str] = field(default_factory=list)  # at the end of the resumed one, and between that and the whole one
    numbers: list[str] = field(default_factory=list)
    series: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def same(self) -> bool:
        """Whether all arrays have the same bits."""
        return not (self.failed or self.arrays or self.restart)

    @property
    def word(self) -> str:
        """Of the table."""
        return "FAILED" if self.failed else "same" if self.same else "differs"


def main(argv: list[str]) -> int:
    """Run what is not cached, compare, print the table."""
    parser = argparse.ArgumentParser(prog="invasio bits", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("base", nargs="?", default="main", help="revision to compare with (default: main); its results are kept")
    parser.add_argument("head", nargs="?", help="revision that is compared (default: the files of this checkout as they are)")
    parser.add_argument("--ranks", type=_ranks, default=ALWAYS, metavar="N,...", help="numbers of ranks (default: 1,2,3)")
    parser.add_argument("-k", metavar="NAME", default="", help="only cases whose name holds NAME")
    parser.add_argument("--list", action="store_true", help="print the cases and end")
    options = parser.parse_args(argv)
    chosen = [(case, n) for n in options.ranks for case in CASES if options.k in case.name and n <= case.most_ranks]
    if options.list:
        for case, n in chosen:
            print(f"{n} {case.name}: python3 -m {case.module} {' '.join(case.arguments)}")
        return 0
    if not chosen:
        parser.error(f"no case is called {options.k!r} on these numbers of ranks; --list names them")
    try:
        base = commit_of(options.base)
        head = commit_of(options.head) if options.head else None
    except GitError as error:
        parser.error(str(error))
    cache = Path(os.environ.get("INVASIO_CACHE") or Path.home() / ".cache" / "invasio") / "bits"
    place = cache / hashlib.sha256(str(ROOT).encode()).hexdigest()[:12]  # copies have fixed paths, for numba's sake
    place.mkdir(parents=True, exist_ok=True)
    with (place / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("another `invasio bits` of this checkout is running; waiting for it", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        return _compare(base, head, chosen, cache, place)


def _ranks(text: str) -> tuple[int, ...]:
    return tuple(int(word) for word in text.split(","))


def _compare(base: str, head: str | None, chosen: list[tuple[Case, int]], cache: Path, place: Path) -> int:
    """Fill ``place`` with both versions, run, compare; what differs or fails stays there to be looked at."""
    began = time.monotonic()
    print(f"BASE {base[:12]}, HEAD {head[:12] if head else 'the files of this checkout'}: {len(chosen)} runs", flush=True)
    results = cache / "results" / f"{base[:12]}-{environment_hash()}"
    results.mkdir(parents=True, exist_ok=True)
    os.utime(results)
    _keep(cache / "results", "*")
    if head is None:
        copy_working_tree(place / "head")
    else:
        extract(head, place / "head")
    extract(base, place / "base")
    theirs, ours = (Version.at(place / who, place) for who in ("base", "head"))
    shutil.rmtree(place / "results", ignore_errors=True)

    def one(case: Case, ranks: int) -> Result:
        return _one(case, ranks, theirs, ours, _kept(results, case, ranks), place)

    done: list[Result] = []
    alone = [pair for pair in chosen if pair[1] == 1]
    with ThreadPoolExecutor(2) as pool:
        for result in pool.map(lambda pair: one(*pair), alone):
            done.append(_said(result))
    for case, ranks in chosen:
        if ranks > 1:
            done.append(_said(one(case, ranks)))
    for version in (ours, theirs):
        if version.kernels.exists():
            os.utime(version.kernels)
    _keep(place, "kernels-*")
    if all(result.same for result in done):
        for name in ("base", "head", "results"):
            shutil.rmtree(place / name, ignore_errors=True)
    return _summary(done, time.monotonic() - began)


def _kept(results: Path, case: Case, ranks: int) -> Path:
    """Where the base's results of a case are kept: another list, another folder."""
    digest = hashlib.sha256(repr((case.module, case.arguments, ranks)).encode()).hexdigest()[:8]
    name = re.sub(r"[^\w.]", "-", case.name)
    return results / f"{name}-{ranks}-{digest}"


def _one(case: Case, ranks: int, theirs: Version, ours: Version, kept: Path, place: Path) -> Result:
    """Run a case with the head, and with the base unless its results are kept, and compare."""
    result = Result(case, ranks)
    temporary = place / "results" / kept.name
    base, head = temporary / "base", temporary / "head"
    both = [("BASE", theirs, base), ("HEAD", ours, head)]
    for who, version, folder in both[1:] if kept.exists() else both:
        try:
            run_case(version, case, ranks, folder)
        except RunFailed as error:
            result.failed.append(f"{who}: {error}")
        else:
            if who == "BASE":
                with contextlib.suppress(OSError):  # another checkout was faster
                    base.rename(kept)
    if result.failed:
        return result
    whole, resumed = (comparison.checkpoints(kept / name, head / name, RENAMED) for name in (WHOLE, RESUMED))
    result.arrays, result.restart = whole.arrays, resumed.arrays
    for who, folder in (("BASE", kept), ("HEAD", head)):
        own = comparison.checkpoints(folder / WHOLE, folder / RESUMED)
        result.restart += [f"{who} whole and resumed: {line}" for line in own.arrays]
    result.numbers = whole.numbers + [f"(resumed) {line}" for line in resumed.numbers]
    result.series = comparison.series(kept / SERIES, head / SERIES)
    result.series += [f"(resumed) {line}" for line in comparison.series(kept / RESUMED_SERIES, head / RESUMED_SERIES)]
    result.seconds = float((head / SECONDS).read_text(encoding="utf-8"))
    shutil.rmtree(temporary, ignore_errors=True)
    return result


def _said(result: Result) -> Result:
    """Print a result's line, and what differs below it."""
    name = f"{result.case.name} on {result.ranks}"
    print(f"{result.word:8}{name:46}{result.seconds:6.1f} s{_apart(result)}", flush=True)
    for what in ("failed", "arrays", "restart"):
        lines = getattr(result, what)
        for line in lines[:SHOWN]:
            print(f"    {what}: " + line.replace("\n", "\n        "), flush=True)
        if len(lines) > SHOWN:
            print(f"    {what}: and {len(lines) - SHOWN} more", flush=True)
    return result


def _apart(result: Result) -> str:
    parts = [f"{len(lines)} {what} differ" for what, lines in (("numbers", result.numbers), ("columns", result.series)) if lines]
    return "  (" + ", ".join(parts) + ")" if parts else ""


def _summary(done: list[Result], seconds: float) -> int:
    apart = [result for result in done if result.numbers or result.series]
    if apart:
        print("\n=== numbers of the header and columns of series.csv")
        for result in apart:
            for what, lines in (("number", result.numbers), ("column", result.series)):
                for line in lines[:SHOWN]:
                    print(f"{result.case.name} on {result.ranks}: {what} {line}")
                if len(lines) > SHOWN:
                    print(f"{result.case.name} on {result.ranks}: {len(lines) - SHOWN} more {what}s")
    print("\n=== summary")
    ranks = sorted({result.ranks for result in done})
    names = list(dict.fromkeys(result.case.name for result in done))
    print(f"{'':46}" + "".join(f"{f'{n} rank' + 's' * (n > 1):>10}" for n in ranks))
    words = {(result.case.name, result.ranks): result.word for result in done}
    for name in names:
        print(f"{name:46}" + "".join(f"{words.get((name, n), '-'):>10}" for n in ranks))
    bad = sum(not result.same for result in done)
    print(f"{len(done) - bad} the same, {bad} not, in {seconds:.0f} s", flush=True)
    return 1 if bad else 0


def _keep(folder: Path, pattern: str) -> None:
    """Remove all but the folders used last."""
    for path in sorted(folder.glob(pattern), key=lambda path: path.stat().st_mtime, reverse=True)[KEPT:]:
        shutil.rmtree(path, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
