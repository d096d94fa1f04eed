"""`invasio warm`: compile beforehand what runs need, so that they compile nothing."""

from __future__ import annotations

import argparse
import time

from ..installed import need_solver
from .submit import positive


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    said = "for scenarios in this dimension only; may be repeated"
    parser.add_argument("--dim", type=positive, choices=(1, 2, 3), action="append", help=said)


def main(args: argparse.Namespace) -> int:
    """Some seconds where all is there already."""
    need_solver()
    from ...hpc.warm import DIMS
    from ...hpc.warm.compiling import compile_all, folder

    began = time.monotonic()
    kernels = compile_all(args.dim or DIMS)
    print(f"compiled {kernels} kernels (kept in {folder()}) in {time.monotonic() - began:.0f} s")
    return 0
