"""`python3 -m benchmarks.parts`: set-up on a mesh file and on a picture, first and second time; time, memory, bytes read by ranks."""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

Result = dict[str, Any]
MODEL = """\
name: parts
mesh: {%s}
model:
  cells: {tumour: {initial: "exp(-((x - 0.5)^2 + (y - 0.5)^2 + (z - 0.5)^2)/0.01)", motility: 1e-3, haptotaxis: 5e-3, secretes: {mmp: 0.1}}}
  ecm: {initial: 1, degraded_by: {mmp: 10}}
  solubles: {mmp: {diffusion: 1e-3}}
time: {end: 1, step: 0.1}
"""
FILE = "kind: file, path: box.msh, regions: {bed: 1, tissue: 2}"
PICTURE = "kind: image, image: body.npy, axes: zyx, pixel: [%r, %r, %r], regions: {bed: 0, tissue: 1}"


def main(argv: Sequence[str]) -> int:
    """Make file and picture, measure, print a table."""
    parser = argparse.ArgumentParser(prog="python3 -m benchmarks.parts", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--nodes", type=float, default=5.3e5, help="of the mesh file, about (default: %(default)g)")
    parser.add_argument("--voxels", type=int, default=48, help="along an edge of the picture (default: %(default)s)")
    parser.add_argument("--ranks", default="1,2,4", help="numbers of ranks, with commas (default: %(default)s)")
    parser.add_argument("--turns", type=int, default=1, help="second runs, of which the least counts (default: %(default)s)")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.measure:
        measure(options.measure)
        return 0
    from invasio.hpc.ranks import mpi_environment

    cores = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory(prefix="invasio-parts-") as place:
        folder = Path(place)
        make(folder, round(options.nodes ** (1 / 3)) - 1, options.voxels)
        for kind in ("file", "picture"):
            results: list[Result] = []
            for ranks in map(int, options.ranks.split(",")):
                for turn in range(1 + options.turns) if not results else range(1, 1 + options.turns):
                    mpirun = ["timeout", "-k", "10", "1200", "mpirun", "-n", str(ranks)]
                    command = [sys.executable, "-m", "benchmarks.parts", "--measure", str(folder / f"{kind}.yaml")]
                    environment = mpi_environment(ranks > cores) | {"INVASIO_CACHE": str(folder / "cache")}
                    subprocess.run([*mpirun, *command], check=True, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
                    found = json.loads((folder / f"{kind}.json").read_text())
                    results.append(found | {"run": "second" if turn else "first"})
            print(table(kind, results), end="\n\n", flush=True)
    return 0


def make(folder: Path, edge: int, voxels: int) -> None:
    """A mesh file as another program would write it, a label volume, and a scenario on each."""
    import meshio

    from invasio.meshes.structured import structured
    from invasio.solver.scenario.mesh import BoxMesh

    data = structured(BoxMesh.model_validate({"kind": "box", "from": [0, 0, 0], "to": [1, 1, 1], "cells": [edge] * 3}))
    tags = 1 + (data.points[data.cells].mean(axis=1)[:, 0] > 0.5).astype(np.int32)
    parts = {"gmsh:physical": [tags], "gmsh:geometrical": [tags]}
    meshio.write(folder / "box.msh", meshio.Mesh(data.points, [("tetra", data.cells)], cell_data=parts), file_format="gmsh22", binary=True)
    place = np.indices((voxels,) * 3) / voxels - 0.5
    np.save(folder / "body.npy", ((place**2).sum(axis=0) < 0.1).astype(np.uint8))
    (folder / "file.yaml").write_text(MODEL % FILE)
    (folder / "picture.yaml").write_text(MODEL % (PICTURE % ((1 / voxels,) * 3)))


def measure(path: Path) -> None:
    """Set a scenario up on the ranks of this program; numbers of each rank beside the file. Collective."""
    from mpi4py import MPI

    from invasio.solver.heap import give_back
    from invasio.solver.scenario.loader import load
    from invasio.solver.setup import scheme_options, set_up
    from invasio.solver.stepping.stepper import Stepper

    comm, scenario = MPI.COMM_WORLD, load(path)
    whole = [
        "mesh={kind: box, cells: [8, 8, 8], regions: {bed: {kind: box, from: [0, 0, 0], to: [0.5, 1, 1]}}, interfaces: {wall: [bed, tissue]}}"
    ]
    Stepper(set_up(load(path, whole), comm)[1], scheme_options(scenario))  # modules and kernels are there then, as in benchmarks.step
    give_back()
    before, read, processor, wall = _kept(), _read(), time.process_time(), time.perf_counter()
    ground, problem = set_up(scenario, comm)
    spent = time.process_time() - processor
    peak, now_read = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0, _read()
    stepper = Stepper(problem, scheme_options(scenario))
    give_back()
    here = {
        "processor": spent,
        "wall": time.perf_counter() - wall,
        "read": now_read - read,
        "peak": peak - before,
        "kept": _kept() - before,
    }
    each = comm.gather(
        {**here, "dolfinx": float("dolfinx" in sys.modules), "owned": problem.graph.n_owned, "cells": len(ground.domain.mesh.cells)}
    )
    if each is not None:
        found = {name: [rank[name] for rank in each] for name in each[0]}
        path.with_suffix(".json").write_text(json.dumps({"ranks": comm.size, "nodes": problem.graph.n_global, **found}))
    del stepper


def _kept() -> float:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * float(resource.getpagesize())


def _read() -> float:
    """Bytes that this process has asked the system for."""
    with open("/proc/self/io") as file:
        return float(next(line for line in file if line.startswith("rchar")).split()[1])


def table(kind: str, results: Sequence[Result]) -> str:
    """Markdown: of the slowest, or largest, rank; and to the second run on one rank."""
    least: dict[tuple[str, int], Result] = {}
    for result in results:
        key = (result["run"], result["ranks"])
        if key not in least or max(result["processor"]) < max(least[key]["processor"]):
            least[key] = result
    one = least.get(("second", 1))
    lines = [
        f"{kind}: {results[0]['nodes']} nodes",
        "",
        "| run | ranks | processor s | MB read | peak MB | kept MB | to one rank: time, peak, kept | own nodes |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for (run, ranks), found in least.items():
        most = {name: max(found[name]) for name in ("processor", "read", "peak", "kept")}
        shares = (
            ", ".join(f"{most[name] / max(one[name]):.2f}" for name in ("processor", "peak", "kept")) if one and run == "second" else ""
        )
        numbers = f"{most['processor']:.2f} | {most['read'] / 1e6:.0f} | {most['peak'] / 1e6:.0f} | {most['kept'] / 1e6:.0f}"
        lines.append(f"| {run} | {ranks} | {numbers} | {shares} | {min(found['owned'])} to {max(found['owned'])} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
