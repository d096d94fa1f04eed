"""`python3 -m tests.fuzz [scenarios | folders] [--seconds S] [--seed N]`: attacks for so long; counts, and each that fell."""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.fuzz import folders, scenarios
from tests.fuzz.judge import Answer

Step = Callable[[], tuple[str, Answer]]


def start(kind: str, seed: int, place: Path) -> Step:
    """A function that makes one attack after another."""
    if kind == "scenarios":
        stream = scenarios.mutants(seed)

        def next_scenario() -> tuple[str, Answer]:
            what, raw = next(stream)
            return what, scenarios.attack(raw, place)

        return next_scenario
    with contextlib.redirect_stdout(io.StringIO()):
        copies = folders.mutants(seed, folders.made(place))

    def next_folder() -> tuple[str, Answer]:
        what, command = next(copies)
        return what, folders.attack(command, place)

    return next_folder


def main(argv: list[str]) -> int:
    """Attack, and print what came of it."""
    parser = argparse.ArgumentParser(prog="tests.fuzz", description=(__doc__ or "").strip())
    parser.add_argument("kinds", nargs="*", choices=["scenarios", "folders"], help="what is attacked (default: both)")
    parser.add_argument("--seconds", type=float, default=600.0, help="for each kind (default: 600)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(argv)
    fell = 0
    for kind in options.kinds or ["scenarios", "folders"]:
        with tempfile.TemporaryDirectory(prefix="invasio-fuzz-") as folder:
            step, codes, longest = start(kind, options.seed, Path(folder)), Counter[int](), 0.0
            end = time.monotonic() + options.seconds
            while time.monotonic() < end:
                what, answer = step()
                codes[answer.code] += 1
                longest = max(longest, answer.seconds)
                if answer.fault:
                    fell += 1
                    print(f"FELL: {what}: {answer.fault}\n", flush=True)
        counts = ", ".join(f"{count} with {code}" for code, count in sorted(codes.items()))
        print(f"{kind}: {sum(codes.values())} attacks ({counts}), longest {longest:.1f} s of the processor, {fell} fell", flush=True)
    return 1 if fell else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
