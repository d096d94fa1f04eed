"""The Snakemake example: Snakemake itself is not in the environment, so the commands of its rules are taken out and run in their order."""

from __future__ import annotations

import csv
import re
import shlex
from pathlib import Path

import pytest

from invasio.solver.cli import main, parser
from tests.lib.tables import rows
from tests.unit.hpc.test_sweep import SCENARIO

SNAKEFILE = Path(__file__).resolve().parents[3] / "hpc" / "snakemake" / "Snakefile"
RULES = dict(re.findall(r"rule (\w+):\n(?:(?!\s*rule ).*\n)*?\s+shell: \"(.+)\"", SNAKEFILE.read_text()))


def words(rule: str, given: str, out: str, run: str = "run-001") -> list[str]:
    """The command of a rule as a shell would split it, without the program."""
    values = {"INVASIO:q": "invasio", "input:q": shlex.quote(given), "OUT:q": shlex.quote(out), "threads": "1"}
    text = re.sub(r"\{([^}]+)\}", lambda found: values.get(found[1], run), RULES[rule])
    return shlex.split(text)[1:]


@pytest.mark.parametrize("rule", ["prepare", "member", "collect", "scenario", "report"])
def test_commands_are_understood(rule: str) -> None:
    command = words(rule, "a b.yaml", "out/a b")
    args = vars(parser(command[0]).parse_args(command))
    assert "out/a b" in str(args) and set(RULES) == {"prepare", "member", "collect", "scenario", "report"}


def test_commands_of_a_sweep_run_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny sweep.yaml").write_text(SCENARIO + "sweep: {kind: list, members: [{time.end: 0.5}, {time.end: 1}]}\n")
    assert main(["sweep", "tiny sweep.yaml", "--dry-run"]) == 0
    table = capfd.readouterr().out.splitlines()
    assert main(words("prepare", "tiny sweep.yaml", "out/a b")) == 0
    assert (tmp_path / "out" / "a b" / "sweep.csv").exists()
    runs = [row["folder"] for row in csv.DictReader(table)]
    for run in runs:
        assert not (tmp_path / "out" / "a b" / run / "STATUS").exists()
        assert main(words("member", "", "out/a b", run)) == 0
    assert main(words("collect", "", "out/a b")) == 0
    results = rows(tmp_path / "out" / "a b" / "results.csv")
    assert [(row["folder"], row["status"]) for row in results] == [("run-001", "done"), ("run-002", "done")]
