"""A job that reaches its time limit writes a checkpoint, goes back into the queue, resumes, and ends as if nothing had happened."""

from __future__ import annotations

import json

import numpy as np

from .cluster import Cluster
from .jobs import EFFORT, STEPS, Submitted, final_state, invasio, table


def test_limited_job_is_requeued_and_ends_in_the_same_bits(cluster: Cluster, limited: Submitted, reference: Submitted) -> None:
    assert cluster.wait(limited.job, "COMPLETED", "FAILED", "TIMEOUT", "CANCELLED", seconds=200) == "COMPLETED", limited.output
    assert limited.status == "done", limited.output
    assert "stopped early (SIGUSR1)" in limited.output
    assert "invasio: not finished; back into the queue" in limited.output
    segments = json.loads((limited.folder / "manifest.json").read_text())["segments"]
    assert len(segments) >= 2
    assert {segment["slurm"]["job"] for segment in segments} == {limited.job}
    assert [segment["slurm"].get("restart_count", "0") for segment in segments] == [str(i) for i in range(len(segments))]
    assert 0 < segments[1]["resumed_at_time"] < 1.0
    whole, parts = final_state(reference.folder), final_state(limited.folder)
    assert whole.keys() == parts.keys() and len(whole) > 0
    for name, values in whole.items():
        assert np.array_equal(values, parts[name]), name
    once, twice = table(reference.folder), table(limited.folder)
    assert list(once) == list(twice)
    for name in once.keys() - EFFORT:
        if name.endswith((".born", ".dead", ".ledger")):  # sums over the ranks, which a resumed run goes on with on rank 0
            assert np.allclose(once[name], twice[name], rtol=1e-13, atol=1e-15), name
        else:
            assert np.array_equal(once[name], twice[name]), name


def test_status_afterwards(cluster: Cluster, limited: Submitted, reference: Submitted) -> None:
    found = json.loads(invasio(cluster, "status", str(limited.folder), str(reference.folder), "--json").stdout)
    assert [run["state"] for run in found] == ["done", "done"]
    assert [run["progress"] for run in found] == [1.0, 1.0]
    assert found[0]["job"] == limited.job
    assert found[0]["segments"] >= 2 and found[1]["segments"] == 1
    assert [run["checkpoint_step"] for run in found] == [STEPS, STEPS]
    assert all(run["drift"] < 1e-12 for run in found)
