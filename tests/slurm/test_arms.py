"""Arms as an array of a real Slurm: a task finds its arm by number, a dependent job compares their outcomes."""

from __future__ import annotations

import json

from tests.lib.tables import rows

from .cluster import Cluster
from .jobs import LONG, SCENARIO, SITE, invasio

ARMS = """\
extends: {base}
name: armed
time: {{end: 0.5}}
arms: {{control: {{}}, driven: {{parameters.gamma.value: 2e-2}}}}
outcomes: {{front: {{series: tumour.front.xmax, at: end}}}}
"""
QUICK = [*LONG, "time.end=0.5", "time.step=0.0078125"]


def test_an_array_of_arms_is_compared(cluster: Cluster) -> None:
    """Both end in folders of their names, and the table has the numbers of their series."""
    (cluster.folder / "armed.yaml").write_text(ARMS.format(base=SCENARIO))
    (cluster.folder / "arms-site.yaml").write_text(SITE + 'time: "10"\n')
    words = ("arms", "armed.yaml", "--submit", "--collect", "--site", "arms-site.yaml", "--no-warm", "-n", "1", "--out", "armed")
    done = invasio(cluster, *words, settings=QUICK)
    assert done.returncode == 0, done.stdout + done.stderr + cluster.logs()
    after = done.stdout.splitlines()[1].replace(",", "").split()[-1]
    cluster.wait(after, "COMPLETED", "FAILED", "TIMEOUT", "CANCELLED", seconds=300)
    folder = cluster.folder / "armed"
    said = done.stdout + "".join(path.read_text() for path in folder.rglob("slurm-*.out"))
    assert [(folder / name / "STATUS").read_text().strip() for name in ("control", "driven")] == ["done", "done"], said
    found = {name: float(rows(folder / name / "series.csv")[-1]["tumour.front.xmax"]) for name in ("control", "driven")}
    assert found["driven"] > found["control"] > 0.0
    text = (folder / "outcomes.json").read_text()
    assert all(json.dumps(value) in text for value in found.values()), text
