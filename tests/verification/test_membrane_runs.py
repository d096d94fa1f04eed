"""Whole runs with a membrane: the series, a restart in the middle of a breach, and messages for bad input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from invasio.solver.run import run
from invasio.solver.scenario.loader import load
from invasio.solver.scenario.schema import Scenario
from tests.lib.comm import Comm
from tests.lib.messages import refused
from tests.lib.models import lattice
from tests.lib.tables import different, forget_the_last_checkpoint, rows, series

BAR = """\
mesh:
  kind: interval
  from: 0
  to: 2
  cells: 40
  regions: {bed: {kind: interval, from: 0, to: 1}}
  interfaces: {basement: [bed, tissue]}
model:
  cells: {tumour: {initial: {bed: 1}, motility: 0.05, haptotaxis: 0.05, secretes: {mmp: 1}}}
  ecm: {initial: {tissue: 1}, degraded_by: {mmp: 1}}
  solubles: {mmp: {diffusion: 0.1, decay: 0.5}}
  membranes:
    basement:
      degraded_by: {mmp: 2, tumour: 0.1}
      closed_above: 0.4
      permeability: {tumour: 0.5, mmp: {rate: 0.05, follows_integrity: false}}
time: {end: 4, step: 0.1}
output: {every: 0.5}
"""


def scenario(folder: Path, text: str = BAR) -> Scenario:
    path = folder / "scenario.yaml"
    path.write_text(text)
    return load(path)


def test_series_tell_of_the_breach(comm: Comm, tmp_path: Path) -> None:
    """Shut until b < b_c, then cells cross from side 0 (the region named first) to side 1; the columns agree with each other."""
    out = tmp_path / "out"
    run(scenario(tmp_path), comm, out)
    table = [{name: float(value) for name, value in row.items()} for row in rows(out / "series.csv")]
    first = table[-1]["basement.first_breach"]
    assert 0.5 < first < 4.0
    for row in table:
        shut = row["time"] < first
        assert np.isnan(row["basement.first_breach"]) == shut
        assert (row["basement.integrity_min"] >= 0.4) == shut
        assert row["basement.breached_area"] == (0.0 if shut else 1.0)
        assert row["tumour.in:tissue"] == pytest.approx(row["tumour.crossed:basement"], abs=1e-13)
        assert (row["tumour.in:tissue"] > 0.0) == (not shut)
        assert (row["basement.flux:tumour"] > 0.0) == (not shut)
        assert row["tumour.ledger"] < 1e-12 and row["mmp.ledger"] < 1e-12
    assert table[-1]["basement.flux:mmp"] != 0.0


def test_resumed_in_the_middle_of_a_breach(comm: Comm, tmp_path: Path) -> None:
    """A run stopped after the breach began and resumed ends in the same bits as one that was not stopped."""
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    given = scenario(tmp_path, BAR.replace("{every: 0.5}", "{every: 0.5, checkpoint_every: 0.5}"))
    run(given, comm, whole)
    run(given, comm, parts)
    forget_the_last_checkpoint(parts)
    run(given, comm, parts, resume=True)
    assert not different(series(whole), series(parts), ignored=("iterations", "limited"))  # the work since the start of the program


@pytest.mark.parametrize(
    ("change", "code", "place", "says"),
    [
        (("basement:\n", "basment:\n"), "no-interface", "model.membranes.basment", ("did you mean 'basement'",)),
        (("closed_above: 0.4", "closed_above: 1.5"), "out-of-bounds", "closed_above", ("(given 1.5)", "at most 1")),
        (("tumour: 0.5,", "tumour: {rate: 0.5, haptotaxis: true}, ecm: 1,"), "wrong-species", "permeability.ecm", ("'ecm'",)),
        (
            ("mmp: {rate: 0.05, follows_integrity: false}", "mmp: {rate: 1, haptotaxis: true}"),
            "meaningless-option",
            "permeability.mmp.haptotaxis",
            ("no haptotaxis, chemotaxis or taxis",),
        ),
        (("closed_above", "closed_abov"), "unknown-key", "closed_abov", ("did you mean 'closed_above'",)),
    ],
)
def test_bad_options_are_named_with_their_place(
    tmp_path: Path, change: tuple[str, str], code: str, place: str, says: tuple[str, ...]
) -> None:
    with refused(code, place, says=says):
        scenario(tmp_path, BAR.replace(*change))


def test_name_of_a_species_is_refused(tmp_path: Path) -> None:
    text = BAR.replace("interfaces: {basement:", "interfaces: {tumour:").replace("    basement:\n", "    tumour:\n")
    with refused("repeated-name", "model.membranes.tumour", "rename one", ("('tumour')",)):
        scenario(tmp_path, text)


def test_interface_that_the_file_does_not_have(comm: Comm, tmp_path: Path) -> None:
    """In a mesh file the interfaces are known only when it is read: exit code 3, with those that are there."""
    import meshio

    points = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    meshio.write(
        tmp_path / "square.vtu", meshio.Mesh(points, [("triangle", np.array([[0, 1, 2], [0, 2, 3]]))], cell_data={"region": [[1, 1]]})
    )
    given = scenario(
        tmp_path,
        "mesh: {kind: file, path: square.vtu, regions: {tissue: 1}}\nspecies: {c: {initial: 1, diffusion: 1}}\n"
        "model: {membranes: {nowhere: {permeability: {c: 1}}}}\ntime: {end: 1}\n",
    )
    with refused("no-interface", says=("'nowhere'",)) as caught:
        run(given, comm, tmp_path / "out")
    assert caught.error.exit_code == 3
    assert not (tmp_path / "out").exists()


def test_membrane_on_the_outer_boundary(comm: Comm, tmp_path: Path) -> None:
    """Facets of the outer boundary are none of an interface, but a file may name them: said with the place."""
    from dataclasses import replace

    from invasio.meshes.cut import cut

    data = lattice(2, 4)
    with refused("interface-on-boundary", says=("4 of 4 facets", "'skin'", "a membrane needs tissue on both sides")):
        cut(replace(data, interfaces={"skin": data.boundaries["left"]}), ["skin"])
