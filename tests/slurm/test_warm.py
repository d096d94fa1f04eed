"""`submit` compiles beforehand, into the cache that the job will look at; the job compiles nothing."""

from __future__ import annotations

from pathlib import Path

from .cluster import Cluster
from .jobs import LONG, SCENARIO, invasio

SITE = """\
extends: generic
time: "10"
jit_cache: {cache}
start: {{kind: python, python: python3}}
environment: {{CC: "false", OMPI_MCA_btl: "self,sm", OMPI_MCA_pml: ob1, OMPI_MCA_mpi_yield_when_idle: "1"}}
"""


def files(cache: Path) -> dict[Path, int]:
    return {path: path.stat().st_size for path in cache.rglob("*") if path.suffix in (".nbc", ".nbi", ".so", ".c")}


def test_the_job_compiles_nothing(cluster: Cluster) -> None:
    """Its site has no compiler: the second submission warms a cache that the first has filled with one."""
    cache = cluster.folder / "jit"
    site = cluster.folder / "warm-site.yaml"
    settings = [*LONG, "time.end=0.0625"]
    site.write_text(SITE.format(cache=cache).replace('CC: "false", ', ""))
    first = invasio(cluster, "submit", str(SCENARIO), "--site", str(site), "--out", str(cluster.folder / "w1"), settings=settings)
    assert first.returncode == 0, first.stdout + first.stderr
    assert f"(kept in {cache}/numba)" in first.stdout and "compiled 0 kernels" not in first.stdout
    before = files(cache)
    assert len(before) > 80
    site.write_text(SITE.format(cache=cache))
    second = invasio(cluster, "submit", str(SCENARIO), "--site", str(site), "--out", str(cluster.folder / "w2"), settings=settings)
    assert "compiled 0 kernels" in second.stdout, second.stdout + second.stderr
    for run, said in (("w1", first.stdout), ("w2", second.stdout)):
        job = next(line for line in said.splitlines() if line.startswith("job ")).split()[1].rstrip(",")
        end = cluster.wait(job, "COMPLETED", "FAILED", "TIMEOUT", "CANCELLED", seconds=300)
        assert end == "COMPLETED", (cluster.folder / run / f"slurm-{job}.out").read_text()
    assert files(cache) == before
