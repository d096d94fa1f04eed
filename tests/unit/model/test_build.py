"""From scenarios to balance laws, and their printed form."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from invasio.solver.cli import main
from invasio.solver.model.balance import Model
from invasio.solver.model.build import build_model
from invasio.solver.model.equation import equation, letter
from invasio.solver.model.text import explain
from invasio.solver.scenario.loader import load
from invasio.solver.scenario.parser import parse
from invasio.solver.scenario.shipped import folder
from invasio.solver.scenario.tree import evaluate, to_text

HEAD = "mesh: {kind: interval, cells: 10}\ntime: {end: 1}\n"


def model_of(text: str, tmp_path: Path, *overrides: str) -> Model:
    """The model of a scenario text."""
    path = tmp_path / "scenario.yaml"
    path.write_text(HEAD + text, encoding="utf-8")
    return build_model(load(path, overrides))


def printed(model: Model) -> dict[str, str]:
    """The equations by species."""
    symbols = {**{name: letter(name) for name in model.parameters}, **{s.name: s.symbol for s in model.species}}
    return {s.name: equation(s, symbols) for s in model.species}


ANDERSON = """\
model:
  cells: {tumour: {initial: 1, motility: 1e-3, haptotaxis: 5e-3, secretes: {mmp: 0.1}}}
  ecm: {initial: 1, degraded_by: {mmp: 10}}
  solubles: {mmp: {diffusion: 1e-3, decay: 0.5}}
"""


def test_anderson_has_the_papers_letters(tmp_path: Path) -> None:
    model = model_of(ANDERSON, tmp_path)
    assert [s.name for s in model.species] == ["tumour", "mmp", "ecm"]
    assert model.values() == {"d_n": 1e-3, "gamma": 5e-3, "d_m": 1e-3, "alpha": 0.1, "beta": 0.5, "eta": 10.0}
    assert printed(model) == {
        "tumour": "∂n/∂t = ∇·(d_n ∇n) − ∇·(γ n ∇f)",
        "mmp": "∂m/∂t = ∇·(d_m ∇m) + α n − β m",
        "ecm": "∂f/∂t = − η m f",
    }
    tumour, mmp, ecm = model.species
    assert (tumour.mobile, mmp.mobile, ecm.mobile) == (True, True, False)
    assert to_text(tumour.taxis[0].potential) == "ecm" and to_text(tumour.taxis[0].factor) == "gamma"
    assert [to_text(t.expr) for t in mmp.production] == ["alpha * tumour"]
    assert [to_text(t.expr) for t in ecm.loss] == ["eta * mmp"]
    assert all("10.1080/10273660008833042" in c for c in model.citations)


def test_explain_prints_andersons_equations(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", str(folder() / "published/anderson_2000/1d_h0.02.yaml")]) == 0
    text = capsys.readouterr().out
    for line in (
        "Invasion of a tissue slab in one dimension, 50 cells\n",
        "Equations (non-dimensional)\n",
        "  tumour n\n    ∂n/∂t = ∇·(d_n ∇n) − ∇·(γ n ∇f)\n    start: n = exp(−x² / 0.01)\n    boundaries: no flux\n",
        "  mmp m\n    ∂m/∂t = ∇·(d_m ∇m) + α n\n    start: m = 0.5 exp(−x² / 0.01)\n",
        "  ecm f\n    ∂f/∂t = − η m f\n    start: f = 1 − 0.5 exp(−x² / 0.01)\n",
        "  d_n  0.001  -     random motility of cells   Anderson et al. 2000\n",
        "  η    10     -     degradation of ECM by MMP  Anderson et al. 2000\n",
        "Literature\n  Anderson, Chaplain, Newman, Steele, Thompson 2000, J. Theor. Med. 2:129-154, doi:10.1080/10273660008833042\n",
    ):
        assert line in text


def test_the_design_example_prints_units(tmp_path: Path) -> None:
    scales = "scales: {length: 1 um, time: 1 h, cells: 1e5 /cm^2, mmp: 1 nM}\n"
    model = model_of(scales + ANDERSON, tmp_path)
    units = {name: p.unit for name, p in model.parameters.items()}
    assert units == {"d_n": "um^2/h", "gamma": "um^2/h", "d_m": "um^2/h", "alpha": "nM/h", "beta": "/h", "eta": "/h/nM"}


TWO = """\
model:
  cells:
    epithelial: {initial: 1, motility: 1, haptotaxis: 2, growth: {kind: volume_filling, rate: 3}}
    mesenchymal: {initial: 1, motility: 4, haptotaxis: {ecm: {kind: logarithmic, sensitivity: 5}}, chemotaxis: {o: {kind: receptor, sensitivity: 6, saturation: 7}}, secretes: {m: {kind: contact, rate: 8}}, growth: {kind: logistic, rate: 9, capacity: 10}, death: 11}
  ecm: {initial: 1, degraded_by: {mesenchymal: 12, m: 13}, remodelling: 14}
  solubles: {m: {diffusion: 15}, o: {diffusion: 16, production: 17, decay: 18}}
"""  # noqa: E501


def test_several_species_are_told_apart_by_index(tmp_path: Path) -> None:
    model = model_of(TWO, tmp_path)
    assert [(s.name, s.symbol) for s in model.species] == [
        ("epithelial", "n1"),
        ("mesenchymal", "n2"),
        ("m", "m1"),
        ("o", "m2"),
        ("ecm", "f"),
    ]
    assert printed(model) == {
        "epithelial": "∂n1/∂t = ∇·(d_n1 ∇n1) − ∇·(γ_n1 n1 ∇f) + μ_n1 (1 − n1 − n2 − f) n1",
        "mesenchymal": "∂n2/∂t = ∇·(d_n2 ∇n2) − ∇·(γ_n2 n2 ∇ ln f) − ∇·(χ n2 ∇m2 / (K + m2)²) + μ_n2 (1 − n2 / κ) n2 − δ n2",
        "m": "∂m1/∂t = ∇·(d_m1 ∇m1) + α n2 f",
        "o": "∂m2/∂t = ∇·(d_m2 ∇m2) + p − β m2",
        "ecm": "∂f/∂t = ν (1 − f − n1 − n2) f − η_n2 n2 f − η_m1 m1 f",
    }
    values = model.values()
    assert values["eta_n2"] == 12.0 and values["eta_m1"] == 13.0 and values["K"] == 7.0


def test_remodelling_is_growth_into_free_space(tmp_path: Path) -> None:
    ecm = model_of(TWO, tmp_path).species[-1]
    values = {"nu": 14.0, "ecm": 0.3, "epithelial": 0.1, "mesenchymal": 0.2}
    total = sum(float(evaluate(t.expr, values)) for t in ecm.growth)
    assert total == pytest.approx(14.0 * (1 - 0.3 - 0.1 - 0.2))


def test_receptor_potential_has_the_gradient_of_the_law(tmp_path: Path) -> None:
    law = model_of(TWO, tmp_path).species[1].taxis[1]
    f = np.linspace(0.1, 3, 7)
    h = 1e-6
    up, down = (evaluate(law.potential, {"K": 7.0, "o": f + s}) for s in (h, -h))
    np.testing.assert_allclose((up - down) / (2 * h), 1 / (7.0 + f) ** 2, rtol=1e-6)


def test_switched_off_terms_leave_the_equations(tmp_path: Path) -> None:
    model = model_of(
        ANDERSON, tmp_path, "model.cells.tumour.haptotaxis.ecm=0", "model.cells.tumour.secretes.mmp=0", "model.ecm.degraded_by.mmp=0"
    )
    assert printed(model) == {"tumour": "∂n/∂t = ∇·(d_n ∇n)", "mmp": "∂m/∂t = ∇·(d_m ∇m) − β m", "ecm": "∂f/∂t = 0"}


def test_declared_parameters_keep_their_names_and_blocks_avoid_them(tmp_path: Path) -> None:
    model = model_of("parameters: {eta: {value: 3, source: me}, d: 2}\n" + ANDERSON.replace("motility: 1e-3", "motility: d/4"), tmp_path)
    assert model.parameters["eta"].source == "me"
    assert model.parameters["eta_f_m"].value == 10.0
    assert to_text(model.species[0].diffusion) == "d / 4"  # type: ignore[arg-type]
    taken = model_of("species: {n: {loss: 1}, gamma: {loss: n}}\n" + ANDERSON, tmp_path)
    assert {s.name: s.symbol for s in taken.species} == {"tumour": "n_tumour", "mmp": "m", "ecm": "f", "n": "n", "gamma": "gamma"}
    assert taken.parameters["gamma_n_tumour_f"].value == 5e-3


def test_written_species_state_the_law_as_written(tmp_path: Path) -> None:
    text = """\
species:
  a: {diffusion: {tissue: 2}, taxis: [{toward: b, sensitivity: "1 + b"}], production: "b^2", growth: "2 - b", self_limitation: 3, loss: 4}
  b: {initial: {tissue: "noise(0.1, 5)"}}
  c: {diffusion: 1, boundaries: {left: {kind: exchange, rate: 2, value: "1 + t"}}}
boundaries:
  right: {c: {kind: fixed, value: 0.5}, a: {kind: influx, value: 0.1}}
  left: {a: {kind: outflow}}
"""
    model = model_of(text, tmp_path)
    assert [s.name for s in model.species] == ["a", "c", "b"]  # what moves comes first
    a, c, b = model.species
    assert printed(model)["a"] == "∂a/∂t = ∇·(D ∇a) − ∇·((1 + b) a ∇b) + b² + (2 − b) a − 3 a a − 4 a"
    assert {name: (x.kind, x.value, x.rate) for name, x in c.boundaries.items()} == {
        "left": ("exchange", parse("1 + t"), parse("2")),
        "right": ("fixed", parse("0.5"), None),
    }
    assert {name: x.kind for name, x in a.boundaries.items()} == {"right": "influx", "left": "outflow"}
    assert to_text(b.initial["tissue"]) == "noise(0.1, 5)"
    state = {"a": 0.7, "b": 0.2}
    assert sum(float(evaluate(t.expr, state)) for t in a.growth) == pytest.approx(2 - 0.2 - 3 * 0.7)


def test_exact_wave_satisfies_its_equations() -> None:
    """Section D's closed form, put into the model's own expressions: the residual vanishes at second order in h."""
    model = build_model(load(folder() / "verification/exact_wave_1d.yaml"))
    values = model.values()
    tumour, ecm = model.species
    taxis = tumour.taxis[0]

    def residual(h: float) -> float:
        x = np.arange(-4, 6, h)

        def fields(x: np.ndarray, t: float) -> tuple[np.ndarray, np.ndarray]:
            at = {**values, "x": x - values["c"] * t}
            return evaluate(tumour.initial[""], at), evaluate(ecm.initial[""], at)

        def flux(x: np.ndarray) -> np.ndarray:
            (n0, f0), (n1, f1), (n, _) = fields(x - h / 2, 0.0), fields(x + h / 2, 0.0), fields(x, 0.0)
            slope = (evaluate(taxis.potential, {"ecm": f1}) - evaluate(taxis.potential, {"ecm": f0})) / h
            factor, d = evaluate(taxis.factor, values), evaluate(tumour.diffusion, values)  # type: ignore[arg-type]
            return factor * slope * n - d * (n1 - n0) / h

        n, f = fields(x, 0.0)
        n_t, f_t = ((b - a) / (2 * h) for a, b in zip(fields(x, -h), fields(x, h), strict=True))
        state = {**values, "tumour": n, "ecm": f}
        growth = sum(evaluate(t.expr, state) for t in tumour.growth) * n
        loss = sum(evaluate(t.expr, state) for t in ecm.loss) * f
        first = n_t + (flux(x + h / 2) - flux(x - h / 2)) / h - growth
        return float(max(np.abs(first).max(), np.abs(f_t + loss).max()))

    coarse, fine = residual(0.02), residual(0.01)
    assert fine < 2e-3
    assert coarse / fine == pytest.approx(4.0, rel=0.02)


@pytest.mark.parametrize(
    ("mesh", "given", "value", "unit"),
    [
        ("{kind: interval, cells: 10}", "50 /um", 50 / 1e-3, "(1e5 /cm^2) um"),
        ("{kind: rectangle, cells: [2, 2]}", "5000 cells", 5000 / 1e-3, "(1e5 /cm^2) um^2"),
        ("{kind: box, cells: [2, 2, 2]}", "2 cm", 2e4 / 1e-3, "(1e5 /cm^2) um^3"),
        ("{kind: image, image: skimage:cells3d, regions: {a: 1}}", "5e6", 5e6, "(1e5 /cm^2) um^d"),
        ("{kind: image, image: skimage:immunohistochemistry, regions: {a: 1}}", "5000 cells", 5e6, "(1e5 /cm^2) um^2"),
        ("{kind: image, image: skimage:cells3d, regions: {a: 1}}", "50 m", 5e7 / 1e-3, "(1e5 /cm^2) um^d"),
        ("{kind: image, pixel: [1, 1], image: skimage:immunohistochemistry, regions: {a: 1}}", "5000 cells", 5e6, "(1e5 /cm^2) um^2"),
    ],
)
def test_an_amount_is_an_integral_over_the_mesh(mesh: str, given: str, value: float, unit: str, tmp_path: Path) -> None:
    """In 2-D a number per area times an area is a number of cells; in 1-D and 3-D the same scale gives other units."""
    path = tmp_path / "scenario.yaml"
    text = f"scales: {{length: 1 um, time: 1 h, cells: 1e5 /cm^2}}\nmesh: {mesh}\ntime: {{end: 1}}\n"
    path.write_text(text + f"model: {{cells: {{tumour: {{initial: 1, amount: {given}, motility: 1}}}}}}\n", encoding="utf-8")
    parameter = build_model(load(path)).parameters["N"]
    assert parameter.value == pytest.approx(value, rel=1e-14)
    assert (parameter.unit, parameter.meaning) == (unit, "amount of tumour at the start")
    if given == "5000 cells":  # and that is what is printed
        assert parameter.told == (pytest.approx(5000.0, rel=1e-14), "cells")
        assert "N 5000 cells amount of tumour at the start" in " ".join(explain(build_model(load(path))).split())


def test_explain_prints_the_units_of_parameters(tmp_path: Path) -> None:
    """What is made of lengths and times is in the scenario's scales, everything else in the unit it was given in."""
    given = "{kill: 0.5 /d, D: 1e-10 cm^2/s, l: 1 mm, k: 1 /nM/h, s: 3, u: {value: 5 um, unit: cell lengths}}"
    model = model_of(f"scales: {{length: 1 um, time: 2 h}}\nparameters: {given}\nspecies: {{a: {{diffusion: D}}}}\n", tmp_path)
    units = {name: p.unit for name, p in model.parameters.items()}
    assert units == {"kill": "/(2 h)", "D": "um^2/(2 h)", "l": "um", "k": "/nM/h", "s": "", "u": "cell lengths"}
    assert model.parameters["kill"].value == pytest.approx(1 / 24, rel=1e-15)
    assert " ".join(("l", "1000", "um")) in " ".join(explain(model).split())


def test_explain_prints_amounts(tmp_path: Path) -> None:
    """The shape up to a factor, and the integral; a formula of parameters is kept in resolved.yaml."""
    laws = "species:\n  a: {diffusion: 1, initial: 'exp(-x^2/w)', amount: '2*w'}\n  b: {initial: {tissue: 2}, amount: 3}\n"
    model = model_of("parameters: {w: 0.1}\n" + laws, tmp_path)
    printed_ = explain(model)
    assert "start: a ∝ exp(−x² / w); ∫ a = 2 w over the whole tissue" in printed_
    assert "start: b ∝ 2 in tissue; 0 elsewhere; ∫ b = N over the whole tissue" in printed_
    resolved = load(tmp_path / "scenario.yaml").resolved()["species"]
    assert (resolved["a"]["amount"], resolved["b"]["amount"]) == ("2 * w", 3.0)


def test_terms_are_credited_for_what_they_are(tmp_path: Path) -> None:
    """Haptotaxis is Anderson's, chemotaxis Keller and Segel's, whatever species are called; only cells have a random motility."""
    text = (
        "mesh: {kind: interval, cells: 4}\ntime: {end: 1}\nmodel:\n"
        "  cells: {mmp2: {initial: 1, motility: 1e-3, haptotaxis: {f: 1e-2}, chemotaxis: {tumour2: 2e-2}}}\n"
        "  ecm: {f: {initial: 1}}\n  solubles: {tumour2: {diffusion: 2e-3}}\nspecies: {tumour: {initial: 1, diffusion: 3e-3}}\n"
    )
    (tmp_path / "named.yaml").write_text(text, encoding="utf-8")
    said = explain(build_model(load(tmp_path / "named.yaml")))
    assert "haptotaxis: Anderson et al. 2000" in said and "chemotaxis: Keller and Segel 1971" in said
    assert "30:225-234" in said and "30:235-248" not in said
    assert all(f"{words} " in said for words in ("random motility of mmp2", "diffusivity of tumour2"))
    assert "random motility of tumour" not in said and "diffusivity of mmp2" not in said


@pytest.mark.parametrize(
    ("rate", "credited"), [("0.5", True), ("k", True), ("2*k", False), ("k*j", False), ("2*k/(mmp + 1)", False), ("k*exp(-t)", False)]
)
def test_a_formula_of_the_users_own_is_credited_to_nobody(rate: str, credited: bool, tmp_path: Path) -> None:
    """Secretion at a rate that is a number or a parameter is Anderson's; at a formula it is the user's. Decay is no one's at any rate."""
    path = tmp_path / "scenario.yaml"
    text = "mesh: {kind: interval, cells: 10}\ntime: {end: 1}\nparameters: {k: 1, j: 2}\nmodel:\n"
    for secretes, decay in ((rate, "1"), ("2*k", rate)):
        law = f"  cells: {{tumour: {{initial: 1, motility: 1, secretes: {{mmp: '{secretes}'}}}}}}\n"
        path.write_text(text + law + f"  solubles: {{mmp: {{diffusion: 1, decay: '{decay}'}}}}\n", encoding="utf-8")
        said = explain(build_model(load(path)))
        assert ("secretion by tumour: Anderson et al. 2000" in said) == (credited and secretes == rate)
        assert ("Anderson" in said) == (credited and secretes == rate)
        assert "diffusivity of mmp" in said and "random motility of tumour" in said
