"""PEtab tables: the first case of its test suite read and solved, conditions as arms, and a fit written and read again.

A <-> B with A(0) = a0, B(0) = 0: A = k2/(k1 + k2) a0 + (1 - k2/(k1 + k2)) a0 exp(-(k1 + k2) t).
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from invasio.hpc.fits.fit import fit
from invasio.hpc.fits.noise import Likelihood
from invasio.hpc.fits.petab import read, write
from invasio.hpc.fits.pool import Here
from invasio.hpc.fits.task import Task
from invasio.solver.cli import main
from invasio.solver.scenario.loader import load
from tests.lib.messages import refused

MODEL = """\
name: conversion
parameters: {a0: 5, b0: 5, k1: 1, k2: 1}
mesh: {kind: interval, cells: 1}
model: {cells: {A: {initial: a0, becomes: {B: k1}}, B: {initial: b0, becomes: {A: k2}}}}
time: {end: 10, step: 0.02}
"""
PROBLEM = """\
format_version: 1
parameter_file: parameters.tsv
problems:
- {condition_files: [conditions.tsv], measurement_files: [measurements.tsv], observable_files: [observables.tsv], sbml_files: [model.xml]}
"""
PARAMETERS = """\
parameterId\tparameterScale\tlowerBound\tupperBound\tnominalValue\testimate
a0\tlin\t0\t10\t1.0\t0
b0\tlin\t0\t10\t0.0\t0
k1\tlin\t0.1\t10\t0.8\t1
k2\tlin\t0.1\t10\t0.6\t1
"""
K1, K2 = 0.8, 0.6


def problem(folder: Path, **tables: str) -> Path:
    """The first case of the suite, with other tables where they are given."""
    files = {
        "conditions": "conditionId\nc0\n",
        "measurements": "observableId\tsimulationConditionId\ttime\tmeasurement\nobs_a\tc0\t0\t0.7\nobs_a\tc0\t10\t0.1\n",
        "observables": "observableId\tobservableFormula\tnoiseFormula\nobs_a\tA\t0.5\n",
        "parameters": PARAMETERS,
    }
    for name, text in {**files, **tables}.items():
        (folder / f"{name}.tsv").write_text(text)
    (folder / "_0001.yaml").write_text(PROBLEM)
    (folder / "model.yaml").write_text(MODEL)
    return folder / "_0001.yaml"


def likelihood(task: Task) -> float:
    """Its logarithm at the nominal values."""
    pool = Here(task)
    nominal = [one.start for one in task.options.vary.values()]
    model = [value for arm in task.data.arms for value in pool.ask(arm, [float(x or 0.0) for x in nominal]).values]
    return Likelihood(task.data).logarithm(np.array(model))


def a(time: float, start: float = 1.0) -> float:
    """A in closed form."""
    rest = K2 / (K1 + K2)
    return start * (rest + (1 - rest) * math.exp(-(K1 + K2) * time))


def test_the_first_case_of_the_suite(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its likelihood is -0.84750169713188; of the two rates it determines the ratio alone, which is said."""
    path = problem(tmp_path)
    assert main(["petab", "in", str(path), str(tmp_path / "model.yaml"), "--out", str(tmp_path / "read")]) == 0
    scenario = Path(capsys.readouterr().out.strip())
    assert likelihood(Task(scenario)) == pytest.approx(-0.84750169713188, abs=1e-6)
    found = fit(Task(scenario, ("fit.starts=1",)), tmp_path / "fit", jobs=1)
    k1, k2 = found.estimates
    assert (k1.verdict, k2.verdict) != ("determined", "determined")
    assert k2.value / (k1.value + k2.value) == pytest.approx(0.1, abs=0.005)


def test_conditions_are_arms(tmp_path: Path) -> None:
    """Two of them with other starts; errors stand in the measurements; one of a logarithm."""
    rows = [("c0", "0", "0.7"), ("c0", "1", "0.6"), ("c1", "0", "1.8"), ("c1", "1", "1.3")]
    measured = "".join(f"obs_a\t{arm}\t{time}\t{value}\t0.2\n" for arm, time, value in rows)
    path = problem(
        tmp_path,
        conditions="conditionId\ta0\nc0\t1\nc1\t2\n",
        measurements=f"observableId\tsimulationConditionId\ttime\tmeasurement\tnoiseParameters\n{measured}",
        observables="observableId\tobservableFormula\tobservableTransformation\tnoiseFormula\nobs_a\tA\tlog\tnoiseParameter1_obs_a\n",
        parameters=PARAMETERS.replace("a0\tlin\t0\t10\t1.0\t0\n", ""),
    )
    scenario = read(path, tmp_path / "model.yaml", tmp_path / "read")
    assert load(scenario).arms == {"c0": {}, "c1": {"parameters.a0": 2.0}}
    exact = 0.0
    for arm, time, value in rows:
        y, m = float(value), a(float(time), 1.0 if arm == "c0" else 2.0)
        exact -= 0.5 * (math.log(y / m) / 0.2) ** 2 + math.log(0.2 * math.sqrt(2 * math.pi) * y)
    assert likelihood(Task(scenario)) == pytest.approx(exact, abs=1e-4)


def test_a_condition_that_says_nothing_leaves_the_model_as_it_is(tmp_path: Path) -> None:
    path = problem(
        tmp_path,
        conditions="conditionId\ta0\nc0\t1\nc1\t\n",
        measurements="observableId\tsimulationConditionId\ttime\tmeasurement\nobs_a\tc0\t0\t0.7\nobs_a\tc1\t0\t5.1\n",
        parameters=PARAMETERS.replace("a0\tlin\t0\t10\t1.0\t0\n", ""),
    )
    assert load(read(path, tmp_path / "model.yaml", tmp_path / "read")).arms == {"c0": {}, "c1": {"parameters.a0": 5.0}}


SECOND = """\
format_version: 2.0.0
parameter_files: [parameters.tsv]
model_files: {conversion: {location: model.xml, language: sbml}}
observable_files: [observables.tsv]
measurement_files: [measurements.tsv]
condition_files: [conditions.tsv]
experiment_files: [experiments.tsv]
"""
SECOND_TABLES = {
    "parameters": """\
parameterId\tlowerBound\tupperBound\tnominalValue\testimate
b0\t0\t10\t0.0\tfalse
k1\t0.1\t10\t0.8\ttrue
k2\t0.1\t10\t0.6\ttrue
""",
    "observables": "observableId\tobservableFormula\tnoiseFormula\tnoiseDistribution\tnoisePlaceholders\nobs_a\tA\tsd\tlog-normal\tsd\n",
    "measurements": "observableId\texperimentId\ttime\tmeasurement\tnoiseParameters\n"
    "obs_a\te0\t0\t0.7\t0.2\nobs_a\te0\t1\t0.6\t0.2\nobs_a\te1\t0\t1.8\t0.2\nobs_a\te1\t1\t1.3\t0.2\n",
    "conditions": "conditionId\ttargetId\ttargetValue\nlow\ta0\t1\nhigh\ta0\t2\n",
    "experiments": "experimentId\ttime\tconditionId\ne0\t0\tlow\ne1\t0\thigh\n",
}


def second(folder: Path, **tables: str) -> Path:
    """A problem of version 2.0, with other tables where they are given."""
    problem(folder, **{**SECOND_TABLES, **tables})
    (folder / "_0001.yaml").write_text(SECOND)
    return folder / "_0001.yaml"


def test_version_2_says_the_same(tmp_path: Path) -> None:
    """As `test_conditions_are_arms`, in the tables of 2.0."""
    scenario = read(second(tmp_path), tmp_path / "model.yaml", tmp_path / "read")
    found = load(scenario)
    assert found.arms == {"e0": {}, "e1": {"parameters.a0": 2.0}}
    assert found.fit is not None and {one.spacing for one in found.fit.vary.values()} == {"log"}
    exact = 0.0
    for start, time, y in ((1.0, 0.0, 0.7), (1.0, 1.0, 0.6), (2.0, 0.0, 1.8), (2.0, 1.0, 1.3)):
        exact -= 0.5 * (math.log(y / a(time, start)) / 0.2) ** 2 + math.log(0.2 * math.sqrt(2 * math.pi) * y)
    assert likelihood(Task(scenario)) == pytest.approx(exact, abs=1e-4)


def test_the_model_as_it_stands_needs_no_experiment(tmp_path: Path) -> None:
    path = second(
        tmp_path,
        parameters=SECOND_TABLES["parameters"] + "a0\t0\t10\t1\tfalse\n",
        measurements="observableId\texperimentId\ttime\tmeasurement\nobs_a\t\t0\t0.7\nobs_a\t\t10\t0.1\n",
        observables="observableId\tobservableFormula\tnoiseFormula\nobs_a\tA\t0.5\n",
    )
    scenario = read(path, tmp_path / "model.yaml", tmp_path / "read")
    assert load(scenario).arms is None
    assert likelihood(Task(scenario)) == pytest.approx(-0.84750169713188, abs=1e-6)


@pytest.mark.parametrize(
    ("table", "old", "new", "code", "says"),
    [
        ("experiments", "e1\t0\thigh\n", "e1\t0\thigh\ne1\t5\tlow\n", "meaningless-option", "changes during"),
        ("experiments", "e1\t0", "e1\t-inf", "meaningless-option", "in balance"),
        ("experiments", "e1\t0", "e1\t0.5", "meaningless-option", "at another time"),
        ("experiments", "e1\t0", "e1\tnow", "meaningless-option", "'now'"),
        ("experiments", "e1", "e2", "unknown-name", "no experiment"),
        ("experiments", "high", "higher", "unknown-name", "no condition"),
        ("observables", "log-normal", "log-laplace", "unknown-choice", "laplace"),
        ("conditions", "targetId", "target", "missing-option", "targetId"),
        ("parameters", "estimate\n", "estimate\tpriorDistribution\n", "meaningless-option", "prior"),
    ],
)
def test_what_version_2_has_and_a_scenario_has_not_is_refused(tmp_path: Path, table: str, old: str, new: str, code: str, says: str) -> None:
    text = SECOND_TABLES[table].replace(old, new)
    if says == "prior":
        text = text.replace("0.8\ttrue", "0.8\ttrue\tnormal")
    with refused(code, says=[says]):
        read(second(tmp_path, **{table: text}), tmp_path / "model.yaml", tmp_path / "read")


def test_a_fit_is_written_and_read_again(tmp_path: Path) -> None:
    """With the same likelihood."""
    scenario = read(problem(tmp_path), tmp_path / "model.yaml", tmp_path / "read")
    written = write(Task(scenario), tmp_path / "written")
    again = read(written, tmp_path / "read" / "0001.yaml", tmp_path / "again")
    assert likelihood(Task(again)) == pytest.approx(likelihood(Task(scenario)), rel=1e-12)
    table = (tmp_path / "written" / "observables.tsv").read_text().splitlines()[1].split("\t")
    assert table[:3] == ["obs_a", "obs_a", "A__total"]


def test_what_is_not_read_is_refused(tmp_path: Path) -> None:
    model = tmp_path / "model.yaml"
    with refused("no-column", place="observables.tsv, line 2: obs_a", says=["'A*B'"]):
        read(problem(tmp_path, observables="observableId\tobservableFormula\nobs_a\tA*B\n"), model, tmp_path)
    with refused("unknown-choice", place="observables.tsv, line 2: obs_a", remedy="normal"):
        text = "observableId\tobservableFormula\tnoiseDistribution\tnoiseFormula\nobs_a\tA\tlaplace\t1\n"
        read(problem(tmp_path, observables=text), model, tmp_path)
    with refused("unknown-name", place="parameters.tsv, line 6: k3", remedy="k1"):
        read(problem(tmp_path, parameters=PARAMETERS + "k3\tlin\t0\t1\t1\t0\n"), model, tmp_path)
    with refused("missing-option", place="parameters.tsv", says=["estimate"]):
        read(problem(tmp_path, parameters="parameterId\nk1\n"), model, tmp_path)
    (tmp_path / "other.yaml").write_text("format_version: 3.0.0\n")
    with refused("unknown-format", place="other.yaml"):
        read(tmp_path / "other.yaml", model, tmp_path)
