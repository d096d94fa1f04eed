"""`python3 -m tests.verification.book`: measure everything anew and write docs/verification.md with its tables and figures.

With --quick the coarsest meshes only: to see that it works. On one rank; some minutes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from mpi4py import MPI

from invasio.solver.errors import SolverError
from tests.bad_meshes import obtuse_rectangle, sliver_box
from tests.lib.comm import Comm
from tests.lib.fields import least
from tests.lib.march import March
from tests.lib.models import lattice
from tests.lib.orders import Convergence, orders, overall
from tests.lib.signs import CASES
from tests.verification import flows, halved, manufactured, reacting, studies, tolerances
from tests.verification.test_exact_wave import l1, solved
from tests.verification.test_kinetics import SMOOTH, binding, binds, errors_of

ROOT = Path(__file__).resolve().parents[2]
COUNTS = {1: (16, 32, 64), 2: (8, 16, 32), 3: (6, 12, 20)}
KINDS = ((1, "regular"), (1, "perturbed"), (2, "regular"), (2, "perturbed"), (2, "gmsh"), (3, "regular"), (3, "perturbed"), (3, "gmsh"))
TEXT = Path(__file__).with_name("book.md")


def main(argv: list[str]) -> int:
    """Measure and write."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.verification.book", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="coarse meshes only")
    parser.add_argument("--out", type=Path, default=ROOT / "docs", help="folder for verification.md and images/ (default: docs)")
    options = parser.parse_args(argv)
    comm, quick = MPI.COMM_SELF, options.quick
    kinds = KINDS[:3] if quick else KINDS
    tables: dict[str, Any] = {}
    print("manufactured solutions", flush=True)
    names = [*manufactured.TERMS, *manufactured.MYOPIC, "coupled"]
    found = {(name, kind): _manufactured(comm, name, *kind, quick) for name in names for kind in kinds}
    print("time, wave, Barenblatt", flush=True)
    in_time = studies.manufactured_in_time(comm, (40, 80) if quick else (160, 320, 640), 200 if quick else 1500)
    tolerances = (1e-2, 1e-3) if quick else (1e-2, 1e-3, 1e-4, 1e-5)
    wave, steps = studies.wave_by_tolerance(comm, tolerances, 500 if quick else 5000, limit=1.0)
    space = _wave_in_space(comm, quick)
    sizes = {1: (40, 80, 160, 320), 2: (20, 40, 80), 3: (10, 20, 40)}
    profiles = {d: studies.barenblatt(comm, d, n) for d, n in sizes.items() if d == 1 or not quick}
    print("reactions", flush=True)
    studied = reacting.studies(comm, quick)
    head = ("species", *(f"{part} {what}" for what in studied for part in ("errors,", "orders,")))
    tables["reacting"] = _table(
        head, [[r[0][0], *(text for row in r for text in row[1:])] for r in zip(*map(reacting.rows, studied.values()), strict=True)]
    )
    print("stress, conservation", flush=True)
    tables["manufactured"] = _manufactured_table(found, kinds)
    tables["time"] = _table(("dt", *(f"error of {n}" for n in "nmf"), "orders of n"), _rows_of(in_time, "nmf", "n"))
    head = ("tolerance", "steps", "error of n", "error of f", "orders of n")
    rows = _rows_of(wave, ("tumour", "ecm"), "tumour")
    tables["tolerance"] = _table(head, [[row[0], str(n), *row[1:]] for row, n in zip(rows, steps, strict=True)])
    tables["tolerances"] = _tolerances(comm, quick)
    tables["kinetics"], tables["signs"] = _kinetics(comm, quick), _signs(comm)
    tables["flows"] = _flows(comm, quick)
    tables["wave"] = space
    tables["barenblatt"] = _table(
        ("dimensions", "L1 errors, relative", "orders", "least density"),
        [[str(d), _list(r.errors["c"]), _orders(r.orders["c"]), f"{lowest:g}"] for d, (r, lowest) in profiles.items()],
    )
    tables["stress"] = _stress(comm, quick)
    tables["drift"] = _drift(comm, 200 if quick else 10000)
    images = options.out / "images"
    images.mkdir(parents=True, exist_ok=True)
    _figures(found, kinds, wave, images)
    tables |= {"halved": halved.TABLE.read_text().strip(), "absent": halved.absent()}
    (options.out / "verification.md").write_text(TEXT.read_text().format(**tables))
    print(f"written: {options.out / 'verification.md'}")
    return 0


def _kinetics(comm: Comm, quick: bool) -> str:
    """Errors and orders of binding for rates from slow to instantaneous."""
    rows = []
    for kon in (1.0, 1e4) if quick else (1.0, 10.0, 100.0, 1e3, 1e4, 1e6):
        laws = partial(binding, kon, ("1e-1", "1e-3", "1e-3"), SMOOTH)
        found = errors_of(laws, "abc", (1e-1, 1e-3, 1e-3), binds(kon), comm, 1.0, (5, 10, 20, 40))
        rows.append([f"{kon:g}", _list(found), _orders(orders(found))])
    return _table(("kon", "errors, relative", "orders"), rows)


def _flows(comm: Comm, quick: bool) -> str:
    """Errors and orders of amounts that pass: of what is in balance, and of what is not, through gates that change."""
    fine = 40 if quick else 320
    kept = flows.errors(lambda count: flows.amounts(comm, count), fine=fine)
    rows = [
        ["in balance", name, _list(found), _orders(orders(found))] for name, found in zip((*flows.PASSED, "at a site"), kept, strict=True)
    ]
    for speed, rate in flows.GATES[:1] if quick else flows.GATES:
        found = flows.errors(partial(flows.gated_amounts, comm, speed, rate), fine=fine)
        named = zip(("went out", "came in besides", "decayed"), found, strict=True)
        rows += [[f"D = {speed:g}, gate of {rate:g}", name, _list(misses), _orders(orders(misses))] for name, misses in named]
    return _table(("species", "amount", "errors, relative", "orders"), rows)


def _signs(comm: Comm) -> str:
    """What the cases of tests are told."""
    rows = []
    for name, case in CASES.items():
        try:
            March(case.build(comm)).run(1.0, step=0.1)
        except SolverError as error:
            rows.append([name, str(error).replace(" [bad-rate]", "").replace("|", " or ")])
    return _table(("case", "what the run ends with"), rows)


def _manufactured(comm: Comm, name: str, dim: int, kind: str, quick: bool) -> Convergence | None:
    if name.startswith("fibres") and dim == 1:
        return None
    laws = manufactured.coupled(dim) if name == "coupled" else manufactured.single(name, dim)
    return studies.manufactured_rates(comm, laws, dim, kind, COUNTS[dim][: 2 if quick else 3])


def _manufactured_table(found: dict[Any, Any], kinds: Iterable[tuple[int, str]]) -> str:
    names = dict.fromkeys(name for name, _ in found)
    body = []
    for name in names:
        cells = [found[name, kind] for kind in kinds]
        body.append([name, *("-" if r is None else f"{r.orders['n'][-1]:.2f} ({r.errors['n'][-1]:.0e})" for r in cells)])
    return _table(("term of the law of n", *(f"{d}-D {kind}" for d, kind in kinds)), body)


def _wave_in_space(comm: Comm, quick: bool) -> str:
    body = []
    cases = [(1, [f"mesh.cells={n}" for n in (50, 100, 200)], 800, 2.0)]
    if not quick:
        cases += [(2, [f"mesh.size={h}" for h in (0.4, 0.2, 0.1)], 100, 1.0), (3, [f"mesh.size={h}" for h in (0.3, 0.21)], 50, 0.5)]
    for dim, meshes, steps, end in cases:
        problems = [solved(comm, dim, mesh, steps, end) for mesh in meshes]
        errors = [l1(problem, dim, end) for problem in problems]
        sizes = [studies.spacing(problem) for problem in problems]
        shown = [_orders(orders([e[name] for e in errors], sizes)) for name in ("tumour", "ecm")]
        body.append([f"{dim}-D", _list([e["tumour"] for e in errors]), shown[0], _list([e["ecm"] for e in errors]), shown[1]])
    return _table(("mesh", "errors of n", "orders", "errors of f", "orders"), body)


def _stress(comm: Comm, quick: bool) -> str:
    meshes = {"line of 100 cells": lattice(1, 100), "square, 24 x 24": lattice(2, 24)}
    meshes |= {} if quick else {"obtuse triangles": obtuse_rectangle(12), "sliver tetrahedra": sliver_box(7)}
    body = []
    for mesh, data in meshes.items():
        for diffusion in (1e-3, 1e-6):
            for over in (1.0, 100.0):
                both = [studies.stress(comm, data, diffusion, over, 1, limiter) for limiter in ("positivity", "none")]
                least = "no solution" if both[1]["least"] == -np.inf else f"{both[1]['least']:.2g}"
                body.append([mesh, f"{diffusion:g}", f"{over:g}", f"{both[0]['least']:g}", f"{both[0]['drift']:.0e}", least])
    return _table(("mesh", "D", "dt / explicit limit", "least density", "drift", "least without limiter"), body)


def _tolerances(comm: Comm, quick: bool) -> str:
    wanted = tolerances.TOLERANCES[:2] if quick else tolerances.TOLERANCES
    body = []
    for name, case in tolerances.CASES.items():
        truth = tolerances.reference(case, comm, 200 if quick else 2000)
        for first in tolerances.FIRST[:1] if quick else tolerances.FIRST:
            found, steps = zip(*(tolerances.error(case, comm, t, truth, first) for t in wanted), strict=True)
            share = ", ".join(f"{e / t:.2f}" for e, t in zip(found, wanted, strict=True))
            slopes = _orders(orders(found, wanted)), f"{overall(found, wanted):.2f}"
            body.append([name, f"{first:g}", share, *slopes, ", ".join(map(str, steps))])
    head = f"errors at {', '.join(f'{t:g}' for t in wanted)} in units of the tolerance"
    return _table(("model", "first step, of the run", head, "slopes", "over all", "steps"), body)


def _drift(comm: Comm, steps: int) -> str:
    body = []
    for rtol in (1e-4, 1e-8):
        drift, problem = studies.drift(comm, 30, 0.002, steps, rtol)
        body.append([f"{rtol:g}", str(steps), f"{drift:.1e}", f"{least(problem, 'n'):.1e}"])
    return _table(("rtol of linear solves", "steps", "relative drift of the amount of cells", "least density"), body)


def _figures(found: dict[Any, Any], kinds: Iterable[tuple[int, str]], wave: Convergence, folder: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    chosen = [kind for kind in kinds if kind[0] == 2]
    figure, axes = plt.subplots(1, len(chosen), figsize=(4.2 * len(chosen), 3.8), sharey=True, squeeze=False)
    for axis, kind in zip(axes[0], chosen, strict=True):
        for number, name in enumerate(dict.fromkeys(name for name, _ in found)):
            r = found[name, kind]
            style = "k-o" if name == "coupled" else f"C{number % 10}-"
            axis.loglog(r.sizes, r.errors["n"], style, label=name, lw=1)
        h = np.array(r.sizes)
        axis.loglog(h, 0.1 * h**2, "k:", label="slope 2")
        axis.set(title=f"{kind[0]}-D, {kind[1]}", xlabel="cell size")
    axes[0, 0].set_ylabel("mean error of n")
    axes[0, -1].legend(fontsize=6)
    figure.tight_layout()
    figure.savefig(folder / "verification_manufactured.png", dpi=110)
    figure, axis = plt.subplots(figsize=(4.6, 3.6))
    for name, marker in (("tumour", "o"), ("ecm", "s")):
        axis.loglog(wave.sizes, wave.errors[name], f"-{marker}", label=name)
    axis.loglog(wave.sizes, wave.sizes, "k:", label="error = tolerance")
    axis.set(xlabel="tolerance", ylabel="mean error at t = 2", title="Exact wave, adaptive steps")
    axis.legend()
    figure.tight_layout()
    figure.savefig(folder / "verification_tolerance.png", dpi=110)


def _rows_of(found: Convergence, names: Iterable[str], ordered: str) -> list[list[str]]:
    orders = ["-", *(f"{r:.2f}" for r in found.orders[ordered])]
    columns = [found.errors[name] for name in names]
    return [[f"{s:g}", *(f"{c[k]:.1e}" for c in columns), orders[k]] for k, s in enumerate(found.sizes)]


def _table(head: Iterable[str], body: Iterable[Iterable[str]]) -> str:
    head = list(head)
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in body])


def _list(values: Iterable[float]) -> str:
    return ", ".join(f"{v:.1e}" for v in values)


def _orders(values: Iterable[float]) -> str:
    return ", ".join(f"{v:.2f}" for v in values)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
