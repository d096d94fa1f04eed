"""`python3 -m tests.fuzz [KIND ...] [--seconds S] [--seed N]`: attacks for so long; counts, and each that fell."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.fuzz import checkpoints, collections, folders, numbers, scenarios
from tests.fuzz.judge import Answer

KINDS = ("scenarios", "folders", "collections", "checkpoints", "numbers")
Step = Callable[[], tuple[str, Answer]]


def start(kind: str, seed: int, place: Path) -> Step:
    """A function that makes one attack after another."""
    if kind == "scenarios":
        stream = scenarios.mutants(seed)
        return lambda: _scenario(*next(stream), place)
    if kind == "numbers":
        chance = numbers.models(seed)
        return lambda: _numbers(next(chance), place)
    if kind == "checkpoints":
        bits = checkpoints.mutants(seed, place)
        return lambda: _checkpoint(*next(bits), place)
    if kind == "collections":
        with contextlib.redirect_stdout(io.StringIO()):
            both = collections.mutants(seed, collections.made(place))
        return lambda: _collection(*next(both), place)
    with contextlib.redirect_stdout(io.StringIO()):
        copies = folders.mutants(seed, folders.made(place))
    return lambda: _folder(*next(copies), place)


def _scenario(what: str, raw: bytes, place: Path) -> tuple[str, Answer]:
    return what, scenarios.attack(raw, place)


def _numbers(model: numbers.Model, place: Path) -> tuple[str, Answer]:
    return json.dumps(model.scenario), numbers.attack(model, place)


def _checkpoint(what: str, content: bytes, place: Path) -> tuple[str, Answer]:
    return what, checkpoints.attack(content, place)


def _folder(what: str, command: tuple[str, ...], place: Path) -> tuple[str, Answer]:
    return what, folders.attack(command, place)


def _collection(what: str, command: tuple[str, ...], place: Path) -> tuple[str, Answer]:
    return what, collections.attack(command, place)


def main(argv: list[str]) -> int:
    """Attack, and print what came of it."""
    parser = argparse.ArgumentParser(prog="tests.fuzz", description=(__doc__ or "").strip())
    parser.add_argument("kinds", nargs="*", choices=KINDS, help="what is attacked (default: all)")
    parser.add_argument("--seconds", type=float, default=600.0, help="for each kind (default: 600)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(argv)
    fell = 0
    for kind in options.kinds or KINDS:
        with tempfile.TemporaryDirectory(prefix="invasio-fuzz-") as folder:
            step, codes, longest, before = start(kind, options.seed, Path(folder)), Counter[int](), 0.0, fell
            end = time.monotonic() + options.seconds
            while time.monotonic() < end:
                what, answer = step()
                codes[answer.code] += 1
                longest = max(longest, answer.seconds)
                if answer.fault:
                    fell += 1
                    print(f"FELL: {what}: {answer.fault}\n", flush=True)
        counts = ", ".join(f"{count} with {code}" for code, count in sorted(codes.items()))
        used = f"longest {longest:.1f} s of the processor"
        print(f"{kind}: {sum(codes.values())} attacks ({counts}), {used}, {fell - before} fell", flush=True)
    return 1 if fell else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
