"""Loading: the design's examples, layers, overrides, and a resolved file that runs again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from invasio.solver.cli import main
from invasio.solver.scenario.loader import dump_resolved, load
from invasio.solver.scenario.mesh import FileMesh
from invasio.solver.scenario.reference import markdown
from invasio.solver.scenario.schema import Scenario
from invasio.solver.scenario.shipped import folder, scenario_files
from tests.lib.messages import printed, refused

GLAND = """\
schema_version: 1
name: gland_breakout
scales: {length: 1 um, time: 1 h, cells: 1e5 /cm^2, ecm: 1, mmp2: 1 nM}
mesh:
  kind: image
  image: skimage:immunohistochemistry
  pixel: 1 um                      # assumed
  regions: {epithelium: brown, stroma: blue}
  interfaces: {basement: [epithelium, stroma]}
model:
  cells:
    tumour:
      initial: {epithelium: "exp(-((x-210)^2+(y-160)^2)/900)"}
      motility: 1e-10 cm^2/s
      haptotaxis: {ecm: 2e-9 cm^2/s}
      secretes: {mmp2: 0.1 nM/h}
  ecm: {initial: {stroma: 1}, degraded_by: {mmp2: 0.4 /nM/h}}
  solubles: {mmp2: {diffusion: 1e-9 cm^2/s, decay: 0.05 /h}}
  membranes: {basement: {degraded_by: {mmp2: 0.2 /nM/h}, permeability: {tumour: 2 um/h}}}
time: {end: 10 d}
output: {every: 6 h}
"""
WRITTEN = """\
mesh: {kind: interval, cells: 50}
time: {end: 10}
species:
  n: {diffusion: 1e-3, taxis: [{toward: f, sensitivity: 5e-3}], initial: "exp(-x^2/0.01)"}
  f: {loss: "10*m", initial: "1 - 0.5*exp(-x^2/0.01)"}
  m: {diffusion: 1e-3, production: "0.1*n", initial: "0.5*exp(-x^2/0.01)"}
expect:
  - {at: 10, what: position, of: f, level: 0.5, value: 0.4905, tolerance: 3e-4, source: "Anderson 2000, converged reference"}
"""


def _file(folder: Path, text: str, name: str = "scenario.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_gland_example_of_the_design(tmp_path: Path) -> None:
    scenario = load(_file(tmp_path, GLAND))
    tumour = scenario.model.cells["tumour"]
    assert tumour.motility[""].constant == 36.0  # um^2/h
    assert tumour.haptotaxis["ecm"].sensitivity.constant == 720.0
    assert tumour.secretes["mmp2"].rate.constant == 0.1
    basement = scenario.model.membranes["basement"]
    assert basement.permeability["tumour"].rate.constant == 2.0  # type: ignore[union-attr]
    assert basement.degraded_by["mmp2"].constant == 0.2
    assert (basement.closed_above, basement.breach) == (1.0, 0.5)
    assert (scenario.time.end, scenario.output.every) == (240.0, 6.0)


def test_written_example_of_the_design(tmp_path: Path) -> None:
    scenario = load(_file(tmp_path, WRITTEN))
    assert list(scenario.species) == ["n", "f", "m"]
    assert scenario.species["n"].taxis[0].toward == "f"
    assert scenario.expect[0].bound == 3e-4


@pytest.mark.parametrize("text", [GLAND, WRITTEN])
def test_resolved_reads_back_the_same(text: str, tmp_path: Path) -> None:
    scenario = load(_file(tmp_path, text))
    resolved = dump_resolved(scenario)
    again = load(_file(tmp_path, resolved, "resolved.yaml"))
    assert again.resolved() == scenario.resolved()
    assert dump_resolved(again) == resolved


@pytest.mark.parametrize("path", scenario_files(), ids=lambda path: path.relative_to(folder()).with_suffix("").as_posix())
def test_shipped_scenarios_say_what_they_are_and_resolve(path: Path, tmp_path: Path) -> None:
    scenario = load(path)
    assert scenario.title and scenario.source and scenario.cost and scenario.description
    up = "/".join([".."] * (len(path.relative_to(folder()).parts) - 1))
    assert path.read_text(encoding="utf-8").splitlines()[0] == f"# yaml-language-server: $schema={up + '/' if up else ''}schema.json"
    resolved = _file(tmp_path, dump_resolved(scenario), "resolved.yaml")
    assert load(resolved).resolved() == scenario.resolved()


def test_overrides(tmp_path: Path) -> None:
    path = _file(tmp_path, GLAND)
    scenario = load(
        path,
        [
            "model.cells.tumour.haptotaxis.ecm=0",
            "time.end=2 d",
            "mesh.kind=interval",
            "mesh.cells=5",
            "model.membranes=null",
            "model.cells.tumour.initial=exp(-x^2)",
            "model.ecm.initial=1",
            "numerics.petsc.ksp_monitor=true",
            "numerics.linear.rtol=1e-9",
        ],
    )
    assert scenario.model.cells["tumour"].haptotaxis["ecm"].sensitivity.constant == 0.0
    assert scenario.time.end == 48.0
    assert scenario.mesh.kind == "interval" and scenario.mesh.cells == 5
    assert scenario.model.membranes == {}
    assert scenario.numerics.petsc == {"ksp_monitor": True}
    assert scenario.numerics.linear.rtol == 1e-9


def test_override_below_a_short_form_keeps_its_value(tmp_path: Path) -> None:
    path = _file(tmp_path, WRITTEN.replace("species:", "model: {ecm: {initial: 1}, cells: {c: {initial: 1, haptotaxis: 5e-3}}}\nspecies:"))
    law = (
        load(path, ["model.cells.c.haptotaxis.ecm.kind=logarithmic", "model.cells.c.haptotaxis.ecm.sensitivity=2"])
        .model.cells["c"]
        .haptotaxis
    )
    assert law["ecm"].kind == "logarithmic" and law["ecm"].sensitivity.constant == 2.0
    shortened = load(path, ["model.cells.c.haptotaxis=7e-3"]).model.cells["c"].haptotaxis
    assert shortened["ecm"].sensitivity.constant == 7e-3


def test_extends_merges_replaces_and_removes(tmp_path: Path) -> None:
    _file(tmp_path, WRITTEN, "base.yaml")
    (tmp_path / "sub").mkdir()
    path = _file(
        tmp_path / "sub",
        "extends: ../base.yaml\nmesh: {kind: rectangle, size: 0.1}\nspecies: {n: {diffusion: 2e-3}, m: null, f: {loss: 1}}\nexpect: null\n",
    )
    scenario = load(path)
    assert scenario.mesh.kind == "rectangle"  # another kind: nothing of the interval is left
    assert list(scenario.species) == ["n", "f"]
    assert scenario.species["n"].diffusion is not None and scenario.species["n"].diffusion[""].constant == 2e-3
    assert len(scenario.species["n"].taxis) == 1
    assert scenario.expect == []
    assert scenario.name == "scenario"


def test_files_are_relative_to_the_scenario_that_names_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sub").mkdir()
    _file(tmp_path / "sub", "not read by validate", "tissue.msh")
    text = WRITTEN.replace("kind: interval, cells: 50", "kind: file, path: tissue.msh")
    _file(tmp_path / "sub", text, "base.yaml")
    path = _file(tmp_path, "extends: sub/base.yaml\n")
    monkeypatch.chdir("/")
    scenario = load(path)
    assert isinstance(scenario.mesh, FileMesh) and scenario.mesh.path == str((tmp_path / "sub" / "tissue.msh").resolve())


def test_units_of_one_option_do_not_leak_into_the_next(tmp_path: Path) -> None:
    text = GLAND.replace("mmp2: 1 nM}", "mmp2: 1 nM, mmp9: 1 uM}").replace(
        "{mmp2: {diffusion: 1e-9 cm^2/s, decay: 0.05 /h}}",
        "{mmp2: {diffusion: 1e-9 cm^2/s, initial: 2 nM}, mmp9: {diffusion: 1e-9 cm^2/s, initial: 2 nM}}",
    )
    text = text.replace("{mmp2: 0.4 /nM/h}}", "{mmp2: 0.4 /nM/h, mmp9: 0.4 /nM/h, tumour: 1e-5 cm^2/h}}")
    scenario = load(_file(tmp_path, text))
    rates = {name: rate.constant for name, rate in scenario.model.ecm["ecm"].degraded_by.items()}
    assert rates == {"mmp2": 0.4, "mmp9": pytest.approx(400.0), "tumour": pytest.approx(1.0)}
    assert scenario.model.solubles["mmp9"].initial[""].constant == pytest.approx(2e-3)
    assert scenario.model.solubles["mmp2"].initial[""].constant == 2.0


def test_parameters_in_any_order_and_with_units(tmp_path: Path) -> None:
    declared = 'parameters: {k: "2*half", half: 0.5, speed: {value: 2 um/min, meaning: crawling}}\n'
    scenario = load(_file(tmp_path, declared + GLAND))
    assert {name: p.value for name, p in scenario.parameters.items()} == {"k": 1.0, "half": 0.5, "speed": 120.0}


def test_a_name_that_is_also_a_unit_is_a_name(tmp_path: Path) -> None:
    text = GLAND.replace("decay: 0.05 /h", "decay: 0.05 /h, production: 1 /d")
    with refused("wrong-unit", "production", says=("the text is 1/time",)):
        load(_file(tmp_path, text))
    scenario = load(_file(tmp_path, "parameters: {d: 4}\n" + text))
    assert scenario.model.solubles["mmp2"].production.plain() == "1 / d"


def test_validate_imports_neither_fenics_nor_mpi(tmp_path: Path) -> None:
    path = _file(tmp_path, GLAND)
    program = (
        "import sys; from invasio.solver.cli import main; code = main(sys.argv[1:]); "
        "found = [m for m in ('dolfinx', 'petsc4py', 'mpi4py', 'pint', 'matplotlib', 'scipy') if m in sys.modules]; "
        "print(found, file=sys.stderr); sys.exit(code)"
    )
    for command in ("validate", "explain"):
        done = subprocess.run([sys.executable, "-c", program, command, str(path)], capture_output=True, text=True, timeout=180, check=False)
        assert (done.returncode, done.stderr) == (0, "[]\n")


def test_schema_file_and_reference_page_are_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    printed = json.loads(capsys.readouterr().out)
    stored = json.loads((folder() / "schema.json").read_text(encoding="utf-8"))
    assert sorted(printed["properties"]) == sorted(Scenario.model_fields)
    assert {name: sorted(d.get("properties", {})) for name, d in stored["$defs"].items()} == {
        name: sorted(d.get("properties", {})) for name, d in printed["$defs"].items()
    }
    page = Path(__file__).resolve().parents[3] / "docs" / "scenario.md"
    assert page.read_text(encoding="utf-8") == markdown()


def test_the_page_of_commands_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "--commands"]) == 0
    page = Path(__file__).resolve().parents[3] / "docs" / "commands.md"
    assert page.read_text(encoding="utf-8") == capsys.readouterr().out


def test_list_and_copy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scenarios", "list"]) == 0
    assert "published/anderson_2000/1d_h0.01\n    Invasion of a tissue slab" in capsys.readouterr().out
    assert main(["scenarios", "copy", "published/anderson_2000/1d_h0.01", str(tmp_path)]) == 0
    copied = Path(capsys.readouterr().out.strip())
    original = folder() / "published" / "anderson_2000" / "1d_h0.01.yaml"
    assert load(copied).resolved() == load(original).resolved()
    assert main(["scenarios", "copy", "published/anderson_2000/1d_h0.01", str(tmp_path)]) == 2
    printed(capsys.readouterr().err, "file-exists", str(copied), "name another destination")
    assert main(["scenarios", "copy", "verification/ecm_decey"]) == 2
    printed(capsys.readouterr().err, "no-scenario", remedy="did you mean 'verification/ecm_decay'?")
