"""A job that reaches its time limit writes a checkpoint, goes back into the queue, resumes, and ends as if nothing had happened."""

from __future__ import annotations

import json

from tests.lib.tables import EFFORT, different, series

from .cluster import Cluster
from .jobs import STEPS, Submitted, final_state, invasio


def test_limited_job_is_requeued_and_ends_in_the_same_bits(cluster: Cluster, limited: Submitted, reference: Submitted) -> None:
    assert cluster.wait(limited.job, "COMPLETED", "FAILED", "TIMEOUT", "CANCELLED", seconds=300) == "COMPLETED", limited.output
    assert limited.status == "done", limited.output
    assert "stopped early (SIGUSR1)" in limited.output
    assert "invasio: not finished; back into the queue" in limited.output
    segments = json.loads((limited.folder / "manifest.json").read_text())["segments"]
    assert len(segments) >= 2
    assert {segment["slurm"]["job"] for segment in segments} == {limited.job}
    assert [segment["slurm"].get("restart_count", "0") for segment in segments] == [str(i) for i in range(len(segments))]
    assert 0 < segments[1]["resumed_at_time"] < 1.0
    whole = final_state(reference.folder)
    assert whole and not different(whole, final_state(limited.folder))

    def summed(name: str) -> bool:  # over the ranks: a resumed run goes on with the sum on rank 0
        return name.endswith((".born", ".dead", ".ledger"))

    assert not different(series(reference.folder), series(limited.folder), 1e-13, 1e-15, summed, EFFORT)


def test_status_afterwards(cluster: Cluster, limited: Submitted, reference: Submitted) -> None:
    found = json.loads(invasio(cluster, "status", str(limited.folder), str(reference.folder), "--json").stdout)
    assert [run["state"] for run in found] == ["done", "done"]
    assert [run["progress"] for run in found] == [1.0, 1.0]
    assert found[0]["job"] == limited.job
    assert found[0]["segments"] >= 2 and found[1]["segments"] == 1
    assert [run["checkpoint_step"] for run in found] == [STEPS, STEPS]
    assert all(run["drift"] < 1e-12 for run in found)
