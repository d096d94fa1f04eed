"""Several components of the matrix: closed forms of what degrades, opens, deposits and releases; pores that stop cells."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import invasio
from invasio.solver.model.build import build_model
from invasio.solver.scenario.loader import load
from tests.lib.messages import refused
from tests.unit.model.test_build import printed

WELL_MIXED = """\
schema_version: 1
mesh: {kind: interval, cells: 2}
model:
  cells: {fibroblast: {initial: 0.5, pores: {closed_above: 2, of: [collagen]}, secretes: {lox: {kind: contact, rate: 0, on: fibrin}}}}
  ecm:
    collagen: {initial: 0.3, degraded_by: {mmp: 2}, releases: {tgf: 0.25}}
    bundles: {initial: 0.8, opened_by: {mmp: 1.5, fibroblast: 0.5}, opens_into: collagen}
    fibrin: {initial: 0, deposited_by: {fibroblast: 0.4}}
  solubles: {mmp: {initial: 0.6, diffusion: 1}, tgf: {diffusion: 1}, lox: {diffusion: 1}}
time: {end: 1, step: 0.05}
output: {every: 1, figures: false}
"""
CHANNEL = """\
schema_version: 1
mesh: {kind: interval, cells: 40, regions: {dense: {kind: interval, from: 0.5, to: 1}}}
model:
  cells: {tumour: {initial: {tissue: 1}, motility: 1e-2, haptotaxis: {collagen: 1e-2}, pores: {open_below: 0.3, closed_above: 0.8}}}
  ecm:
    collagen: {initial: {tissue: 0.1, dense: 0.3}, degraded_by: {}}
    bundles: {initial: {dense: 0.5}, opened_by: {tumour: 0}, opens_into: collagen}
time: {end: 2, step: 0.05}
output: {every: 2, figures: false}
"""


def written(folder: Path, text: str) -> Path:
    """A scenario as a file."""
    path = folder / "scenario.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_one_matrix_with_and_without_a_name_is_the_same(tmp_path: Path) -> None:
    """Law by law, and written back in the short form."""
    named = "mesh: {kind: interval, cells: 4}\ntime: {end: 1}\nmodel:\n  cells: {n: {initial: 1, motility: 1, haptotaxis: 2}}\n"
    short = load(written(tmp_path, named + "  ecm: {initial: 1, degraded_by: {n: 1}, remodelling: 2}\n"))
    long = load(written(tmp_path, named + "  ecm: {ecm: {initial: 1, degraded_by: {n: 1}, remodelling: 2}}\n"))
    assert build_model(short) == build_model(long)
    assert short.resolved() == long.resolved()
    assert short.resolved()["model"]["ecm"]["initial"] == 1.0


def test_equations_of_several_components(tmp_path: Path) -> None:
    equations = printed(build_model(load(written(tmp_path, WELL_MIXED))))
    assert equations["collagen"] == "∂f1/∂t = − η m1 f1"
    assert equations["bundles"] == "∂f2/∂t = − (ω_m1 m1 + ω_n n) f2"
    assert equations["fibrin"] == "∂f3/∂t = s n"
    assert equations["tgf"] == "∂m2/∂t = ∇·(d_m2 ∇m2) + ρ (η m1) f1"


def test_what_opens_degrades_and_releases_follows_the_closed_form(tmp_path: Path) -> None:
    """b' = -k b, c' = k b - e c, g' = r e c, f' = s n with constant enzyme and cells: exact at nodes, and nothing is lost."""
    k, e = 1.5 * 0.6 + 0.5 * 0.5, 2 * 0.6
    b = 0.8 * np.exp(-k)
    c = 0.3 * np.exp(-e) + 0.8 * k / (e - k) * (np.exp(-k) - np.exp(-e))
    errors = []
    for steps in (10, 20, 40):
        run = invasio.run(written(tmp_path, WELL_MIXED), set={"time.step": 1 / steps}, out=None)
        last = {name: float(values[-1]) for name, values in run.series.items()}
        assert max(abs(value) for name, value in last.items() if name.endswith(".ledger")) < 1e-12
        assert last["bundles.switched_out"] == pytest.approx(last["collagen.switched_in"], rel=1e-13)
        assert last["fibrin.total"] == pytest.approx(0.4 * 0.5, rel=1e-12)
        released = 0.25 * (0.3 + 0.8 - b - c)
        errors.append([abs(last["bundles.total"] - b), abs(last["collagen.total"] - c), abs(last["tgf.total"] - released)])
    assert np.max(errors) < 1e-8, errors


def test_an_enzyme_that_cells_carry_opens_what_is_cross_linked(tmp_path: Path) -> None:
    """b' = -omega b with what is bound to uniform cells; without it nothing opens."""
    text = WELL_MIXED.replace("opened_by: {mmp: 1.5, fibroblast: 0.5}", "opened_by: {mt1: 0.5}")
    text = text.replace("  ecm:\n", "  bound: {mt1: {on: fibroblast, per_cell: 4}}\n  ecm:\n")
    path = written(tmp_path, text)
    run = invasio.run(path, set={"time.step": 0.02}, out=None)
    assert float(run.series["bundles.total"][-1]) == pytest.approx(0.8 * np.exp(-1.0), rel=1e-3)
    assert abs(float(run.series["bundles.ledger"][-1])) < 1e-12
    still = invasio.run(path, set={"model.bound.mt1.per_cell": 0}, out=None)
    assert float(still.series["bundles.total"][-1]) == 0.8


def test_pores_stop_cells_until_the_matrix_is_opened(tmp_path: Path) -> None:
    """Closed pores let nothing through, neither at random nor up the gradient; opened by the cells, they let the front pass."""
    path = written(tmp_path, CHANNEL)
    shut = invasio.run(path, out=None)
    beyond = shut.points[:, 0] > 0.5 + 1 / 40 + 1e-9
    assert float(shut.field("tumour", 2)[beyond].max()) == 0.0
    opened = {"model.ecm.bundles.opened_by.tumour": 20, "model.ecm.collagen.degraded_by": {"tumour": 2}}
    through = invasio.run(path, set=opened, out=None)
    assert float(through.field("tumour", 2)[beyond].max()) > 1e-3
    assert float(np.abs(through.series["tumour.ledger"]).max()) < 1e-12
    free = invasio.run(path, set={"model.cells.tumour.pores": None}, out=None)
    assert float(free.field("tumour", 2)[beyond].max()) > 0.1


def test_pores_that_are_open_change_nothing(tmp_path: Path) -> None:
    """w = 1 up to the density from which on it hinders, with motility everywhere or by region."""
    path = written(tmp_path, CHANNEL)
    wide = {"model.cells.tumour.pores": {"open_below": 1, "closed_above": 2}}
    for motility in (1e-2, {"tissue": 1e-2, "dense": 2e-2}):
        runs = [
            invasio.run(path, set={"model.cells.tumour.motility": motility, **more}, out=None)
            for more in (wide, {"model.cells.tumour.pores": None})
        ]
        assert np.abs(runs[0].field("tumour", 2) - runs[1].field("tumour", 2)).max() < 1e-12


def test_pores_count_in_the_unit_of_the_matrix(tmp_path: Path) -> None:
    head = "mesh: {kind: interval, cells: 4}\ntime: {end: 1}\n"
    text = (
        "scales: {length: 1 um, time: 1 h, cells: 1e8 /cm^3, depth: 10 um, collagen: 1 mg/ml}\n"
        + head
        + "model:\n  cells: {n: {initial: 1, pores: {closed_above: 3 g/l}}}\n  ecm: {collagen: {initial: 1 mg/ml}}\n"
    )
    pores = load(written(tmp_path, text)).model.cells["n"].pores
    assert pores is not None and pores.closed_above == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("change", "code", "place", "remedy"),
    [
        ({"model.ecm.bundles.opens_into": "colagen"}, "no-species", "model.ecm.bundles.opens_into", "did you mean 'collagen'"),
        ({"model.ecm.bundles.opens_into": "bundles"}, "no-species", "model.ecm.bundles.opens_into", "allowed: collagen"),
        ({"model.ecm.bundles.opens_into": None}, "missing-option", "model.ecm.bundles", "opens_into"),
        ({"model.ecm.bundles.opened_by": {}}, "missing-option", "model.ecm.bundles", "opened_by"),
        ({"model.ecm.collagen.becomes": {"collagen": 1}}, "wrong-transfer", "model.ecm.collagen.becomes.collagen", "another"),
        ({"model.ecm.collagen.becomes": {"tumour": 1}}, "wrong-species", "model.ecm.collagen.becomes.tumour", "bundles, collagen"),
        ({"model.ecm.collagen.releases": {"vegf": 1}}, "no-species", "model.ecm.collagen.releases.vegf", "allowed: none"),
        ({"model.ecm.collagen.deposited_by": {"tumour": -1}}, "out-of-bounds", "model.ecm.collagen.deposited_by.tumour", "at least 0"),
        ({"model.ecm.collagen.initial": {"nowhere": 1}}, "no-region", "model.ecm.collagen.initial.nowhere", "tissue"),
        ({"model.cells.tumour.pores.closed_above": 0.2}, "out-of-bounds", "model.cells.tumour.pores", "open_below less"),
        ({"model.cells.tumour.haptotaxis": 1}, "no-species", "model.cells.tumour.haptotaxis", "bundles, collagen"),
    ],
)
def test_bad_input_is_refused_at_its_place(tmp_path: Path, change: dict[str, object], code: str, place: str, remedy: str) -> None:
    with refused(code, place, remedy):
        invasio.run(written(tmp_path, CHANNEL), set=change, out=None)


def test_pores_need_a_matrix(tmp_path: Path) -> None:
    text = "mesh: {kind: interval, cells: 4}\ntime: {end: 1}\nmodel: {cells: {n: {initial: 1, pores: {closed_above: 1}}}}\n"
    with refused("missing-option", "model.cells.n.pores", "give model.ecm"):
        load(written(tmp_path, text))
