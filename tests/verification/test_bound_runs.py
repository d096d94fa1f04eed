"""What cells carry in runs of scenarios: growth that phenotypes share, surgery, membranes that it opens, cells that stay."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import invasio
from invasio.solver.api import Result

HEAD = """\
schema_version: 1
mesh: {kind: interval, cells: 20}
output: {every: 0.5, figures: false}
time: {end: 1, step: 0.05}
"""


def run(folder: Path, text: str) -> Result:
    """A run in memory; its ledgers balance."""
    path = folder / "bound.yaml"
    path.write_text(HEAD + text, encoding="utf-8")
    done = invasio.run(path, out=None)
    assert max(done.series[column].max() for column in done.series if column.endswith(".ledger")) < 1e-12
    return done


def test_nothing_is_lost_where_cells_grow_together(tmp_path: Path) -> None:
    """Growth that two phenotypes share is kinetics: daughters share what there is, and all of it is there at the end; a trait stays."""
    text = """\
model:
  cells:
    a: {initial: "0.3*x", motility: 1e-3, growth: {kind: logistic, rate: 3, shared_with: [b]}}
    b: {initial: 0.2, motility: 2e-3, growth: {kind: logistic, rate: 5, shared_with: [a]}}
  bound:
    mt1: {on: a, per_cell: "2 - x"}
    trait: {on: a, per_cell: 3, at_birth: inherited}
"""
    done = run(tmp_path, text)
    np.testing.assert_allclose(done.series["mt1.total"], done.series["mt1.total"][0], rtol=1e-12)
    a = done.field("a", 1)
    assert a.sum() > 1.2 * done.field("a", 0).sum()
    np.testing.assert_allclose(done.field("trait", 1), 3.0 * a, rtol=1e-12)


@pytest.mark.parametrize(("way", "account"), [(", motility: 1e-3", "dead"), ("", "surgery:cut")])
def test_surgery_takes_along_what_cells_carry(way: str, account: str, tmp_path: Path) -> None:
    """Half of the cells: half of it, with what one cell carries as it was, whether they move or not."""
    text = """\
model:
  cells: {a: {initial: 1MOVES}}
  bound: {mt1: {on: a, per_cell: "1 + x"}}
surgery: {cut: {at: 0.5, share: 0.5, of: [a]}}
"""
    done = run(tmp_path, text.replace("MOVES", way))
    assert done.series["mt1.total"][-1] == pytest.approx(0.75, rel=1e-9)
    assert done.series[f"mt1.{account}"][-1] == pytest.approx(0.75, rel=1e-9)


def test_only_what_cells_carry_opens_the_matrix(tmp_path: Path) -> None:
    """Matrix degraded by a bound enzyme, f = exp(-eta b t); cells that stay carry it as well, and take it along when they die."""
    text = """\
model:
  cells: {a: {initial: 1, motility: 1e-3}, still: {initial: 1, death: 0.5}}
  bound: {mt1: {on: a, per_cell: 2}, q: {on: still, per_cell: 3}}
  ecm: {initial: 1, degraded_by: {mt1: 0.3}}
"""
    done = run(tmp_path, text)
    np.testing.assert_allclose(done.field("ecm", 1), np.exp(-0.6), rtol=1e-6)
    np.testing.assert_allclose(done.field("q", 1), 3.0 * done.field("still", 1), rtol=1e-12)


def test_what_the_dying_carry_is_set_free(tmp_path: Path) -> None:
    """All of it, of second order in the step; it is lost to the cells as they die."""
    text = """\
model:
  cells: {a: {initial: 1, motility: 1e-3, death: 0.5}}
  bound: {drug_in: {on: a, per_cell: "2*x", released_into: drug}}
  solubles: {drug: {initial: 0, diffusion: 1e-2}}
"""
    done = run(tmp_path, text)
    inside, free = done.series["drug_in.total"], done.series["drug.total"]
    np.testing.assert_allclose(inside[-1], np.exp(-0.5), rtol=2e-5)  # of the scheme: 0.04 (s dt)^2 s t
    np.testing.assert_allclose(inside + free, 1.0, rtol=1e-4)
    np.testing.assert_allclose(done.series["drug_in.dead"], 1.0 - inside, atol=1e-13)
