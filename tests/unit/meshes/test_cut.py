"""Cutting meshes along interfaces: copies of nodes, pairs, measures, sides; errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from invasio.meshes.build import build_data
from invasio.meshes.cut import cut
from invasio.meshes.distribute import mesh_hash
from invasio.meshes.domain import MeshData
from invasio.meshes.facets import boundary, canonical, cell_facets, facet_measures, keys
from invasio.meshes.quality import components
from invasio.solver.scenario.loader import load
from tests.cut_meshes import CASES, case, check_cut, lattice, moebius, named, plane, sorted_into
from tests.lib.messages import refused
from tests.unit.meshes.build import make


def side_cells(data: MeshData, name: str, side: int) -> np.ndarray:
    """The cell of each facet of a membrane on one side, (F,)."""
    m = data.membranes[name]
    key = keys(cell_facets(data.cells), len(data.points))
    order = np.argsort(key, kind="stable")
    wanted = keys(m.facets[:, side], len(data.points))
    at = np.searchsorted(key[order], wanted)
    assert (key[order][at] == wanted).all()
    return order[at] // data.cells.shape[1]


def normals(data: MeshData, name: str) -> np.ndarray:
    """Steps from side 0 to side 1 (F, dim): from the centroid of a facet to that of its cell on side 1, normal part only."""
    m = data.membranes[name]
    x = data.points[m.facets[:, 0]]
    step = data.points[data.cells[side_cells(data, name, 1)]].mean(axis=1) - x.mean(axis=1)
    for k in range(1, x.shape[1]):  # an orthonormal frame of the facet, one edge after the other
        edge = x[:, k] - x[:, 0]
        if k == 2:
            first = (x[:, 1] - x[:, 0]) / np.linalg.norm(x[:, 1] - x[:, 0], axis=1, keepdims=True)
            edge = edge - (edge * first).sum(axis=1, keepdims=True) * first
        edge = edge / np.linalg.norm(edge, axis=1, keepdims=True)
        step = step - (step * edge).sum(axis=1, keepdims=True) * edge
    return step / np.linalg.norm(step, axis=1, keepdims=True)


@pytest.mark.parametrize("name", CASES)
def test_every_cut_mesh_holds_together_as_it_should(name: str) -> None:
    check_cut(*case(name))


# copies, pairs of m, rim of m, parts of the tissue that are left
COUNTS = {
    "point": (1, 1, 0, 2),
    "two points": (2, 2, 0, 3),
    "square": (7, 7, 0, 2),
    "box": (49, 49, 0, 2),
    "slit": (3, 3, 1 / 6, 1),
    "slit to the boundary": (3, 3, 1 / 12, 1),
    "patch": (9, 9, 7 / 36, 1),
    "slit in a box": (21, 21, 1 / 12, 1),
    "cross": (15, 8, 0, 4),
    "cross of one name": (15, 16, 0, 4),
    "T": (11, 8, 0, 3),
    "T of one name": (11, 12, 0, 3),
    "two in a line": (7, 4, 0, 2),
}


def nodes(array: np.ndarray) -> set[int]:
    """The nodes that an array names."""
    return set(map(int, array.ravel()))


@pytest.mark.parametrize("name", COUNTS)
def test_numbers_of_copies_pairs_and_parts(name: str) -> None:
    before, after = case(name)
    copies, pairs, rim, parts = COUNTS[name]
    m = after.membranes["m"]
    assert len(after.points) - len(before.points) == copies
    assert len(m.pairs) == pairs
    assert components(after.cells) == parts
    assert m.rim == pytest.approx(rim)


def test_the_node_where_four_arms_meet_has_four_copies() -> None:
    _, after = case("cross")
    at_centre = nodes(np.flatnonzero((after.points == 0.5).all(axis=1)))
    assert len(at_centre) == 4
    pairs = {name: [nodes(pair) for pair in m.pairs if nodes(pair) <= at_centre] for name, m in after.membranes.items()}
    assert [len(found) for found in pairs.values()] == [2, 2]  # neighbours only, never across the middle
    assert sorted(node for found in pairs.values() for pair in found for node in pair) == sorted(2 * list(at_centre))


def test_lumped_measures_on_a_line_and_at_a_shared_end() -> None:
    _, after = case("two in a line")
    for m in after.membranes.values():
        y = after.points[m.pairs[:, 0], 1]
        assert m.sigma == pytest.approx(np.where((y == 0) | (y == 0.5) | (y == 1), 1 / 12, 1 / 6))
    low, high = ({(int(i), int(j)) for i, j in m.pairs} for m in after.membranes.values())
    assert len(low & high) == 1  # the node where they meet is in both


def test_an_interface_that_is_not_cut_stays() -> None:
    before, _ = case("cross")
    after = cut(before, ["m"])
    assert list(after.membranes) == ["m"]
    assert len(after.interfaces["k"]) == len(before.interfaces["k"])
    assert facet_measures(after.points, after.interfaces["k"]).sum() == pytest.approx(1)
    inner = np.isin(keys(after.interfaces["k"], len(after.points)), keys(boundary(after.cells, len(after.points))[0], len(after.points)))
    assert not inner.any()
    # a facet that another name has too lies on both sides of the cut
    twice = cut(replace(before, interfaces={**before.interfaces, "copy": before.interfaces["m"][:2]}), ["m"])
    assert len(twice.interfaces["copy"]) == 4


def test_names_order_repetition_and_none() -> None:
    before, after = case("T")
    other = cut(before, ["k", "m", "k"])
    assert np.array_equal(other.cells, after.cells)
    assert mesh_hash(other) == mesh_hash(after)
    assert cut(before, []) is before
    with pytest.raises(ValueError, match="cut already"):
        cut(after, ["m"])


def test_the_hash_tells_cuts_apart_and_stays_where_there_is_none() -> None:
    before, after = case("cross")
    hashes = {mesh_hash(data) for data in (before, after, cut(before, ["m"]), cut(before, ["k"]))}
    assert len(hashes) == 4
    assert mesh_hash(replace(after, membranes={})) != mesh_hash(after)


def test_huge_meshes_compare_facets_as_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = case("torn box")
    monkeypatch.setattr("invasio.meshes.stars.keys", lambda facets, _: keys(facets, 2**40))
    assert keys(before.cells[:, 1:], 2**40).dtype.kind == "V"
    again = cut(before, ["m"])
    assert np.array_equal(again.cells, after.cells)
    assert mesh_hash(again) == mesh_hash(after)


# ---- sides


def one_region(data: MeshData) -> MeshData:
    """The same mesh and interfaces in one region."""
    return replace(data, regions=("tissue",), cell_region=np.zeros(len(data.cells), dtype=np.int32))


@pytest.mark.parametrize("name", ["point", "circle", "sphere", "quarter circle", "obtuse", "slivers"])
def test_side_0_is_the_region_that_comes_first(name: str) -> None:
    _, after = case(name)
    assert set(after.cell_region[side_cells(after, "m", 0)].tolist()) == {0}
    assert set(after.cell_region[side_cells(after, "m", 1)].tolist()) == {1}
    assert nodes(after.membranes["m"].pairs[:, 0]) <= nodes(after.membranes["m"].facets[:, 0])


@pytest.mark.parametrize(
    ("name", "direction"), [("square", [1, 0]), ("box", [0, 0, 1]), ("slit", [1, 0]), ("two points", [1]), ("patch", [0, 1, 0])]
)
def test_inside_one_region_side_0_is_the_lower_one(name: str, direction: list[float]) -> None:
    _, after = case(name)
    parted = (after.membranes["m"].facets[:, 0] != after.membranes["m"].facets[:, 1]).any(axis=1)
    assert parted.any()
    assert normals(after, "m")[parted] == pytest.approx(np.tile(direction, (parted.sum(), 1)), abs=1e-12)
    assert nodes(after.membranes["m"].pairs[:, 0]) <= nodes(after.membranes["m"].facets[:, 0])


@pytest.mark.parametrize(("name", "centre"), [("circle", [0, 0]), ("sphere", [0.5, 0.5, 0.5])])
def test_inside_one_region_side_0_of_a_closed_interface_is_inside(name: str, centre: list[float]) -> None:
    before, _ = case(name)
    after = cut(one_region(before), ["m"])
    outward = after.points[after.membranes["m"].facets[:, 0]].mean(axis=1) - centre
    assert (np.sum(outward * normals(after, "m"), axis=1) > 0).all()


def test_arms_of_a_junction_are_oriented_each_by_itself() -> None:
    _, after = case("cross of one name")
    along_x = np.ptp(after.points[after.membranes["m"].facets[:, 0], 1], axis=1) == 0
    assert normals(after, "m") == pytest.approx(np.where(along_x[:, None], [0, 1], [1, 0]), abs=1e-12)


def test_an_interface_along_several_regions_keeps_its_sides() -> None:
    data = lattice(2)
    x, y = data.points[data.cells].mean(axis=1).T
    data = sorted_into(data, ("a", "b", "c"), np.where(x > 0.5, 1, np.where(y < 2 / 3, 0, 2)))
    after = cut(named(data, m=plane(data, 0, 0.5)), ["m"])
    assert normals(after, "m") == pytest.approx(np.tile([1, 0], (6, 1)), abs=1e-12)
    assert sorted(after.cell_region[side_cells(after, "m", 0)].tolist()) == [0, 0, 0, 0, 2, 2]


@pytest.mark.parametrize("name", ["two points", "T of one name", "patch", "sphere", "slit in a box", "obtuse", "slivers"])
@pytest.mark.parametrize("regions", [True, False])
def test_sides_and_measures_do_not_depend_on_the_numbering(name: str, regions: bool) -> None:
    data = case(name)[0] if regions else one_region(case(name)[0])
    random = np.random.default_rng(7)
    nodes, cells = random.permutation(len(data.points)), random.permutation(len(data.cells))
    back = np.argsort(nodes)
    shuffled = replace(
        data,
        points=data.points[nodes],
        cells=back[data.cells[cells]],
        cell_region=data.cell_region[cells],
        boundaries={k: canonical(back[rows], len(nodes)) for k, rows in data.boundaries.items()},
        interfaces={k: canonical(back[rows], len(nodes)) for k, rows in data.interfaces.items()},
    )

    def facts(after: MeshData) -> np.ndarray:
        m = after.membranes["m"]
        parted = (m.facets[:, 0] != m.facets[:, 1]).any(axis=1)
        rows = np.column_stack([after.points[m.facets[:, 0]].mean(axis=1), normals(after, "m")])[parted].round(9) + 0.0
        return rows[np.lexsort(rows.T)]

    one, two = cut(data, ["m"]), cut(shuffled, ["m"])
    assert facts(one) == pytest.approx(facts(two))
    assert np.sort(one.membranes["m"].sigma) == pytest.approx(np.sort(two.membranes["m"].sigma))


# ---- the quick start


def test_the_glands_of_the_quick_start() -> None:
    before = build_data(load(Path(__file__).parents[3] / "scenarios" / "quickstart.yaml").mesh)
    after = cut(before, ["basement"])
    check_cut(before, after)
    m = after.membranes["basement"]
    edge = np.unique(np.concatenate(list(before.boundaries.values())))
    ends = np.intersect1d(edge, before.interfaces["basement"])
    assert len(ends) == 4  # two pieces, both from side to side of the picture
    assert m.rim == 0
    assert len(m.pairs) == len(after.points) - len(before.points) == m.n_facets + 2
    assert components(after.cells) == 3  # two glandular bodies and the stroma
    assert set(after.cell_region[side_cells(after, "basement", 0)].tolist()) == {before.regions.index("epithelium")}


# ---- errors


def empty() -> MeshData:
    return named(lattice(2), m=np.empty((0, 2), dtype=np.int64))


def outside() -> MeshData:
    data = lattice(2, 4)
    return named(data, m=np.concatenate([plane(data, 0, 0.5), plane(data, 1, 0.0, lambda x: x[:, 0] < 0.5)]))


def on_the_end() -> MeshData:
    data = lattice(1, 4)
    return named(data, m=plane(data, 0, 1.0))


def not_in_the_mesh() -> MeshData:
    data = lattice(2, 4)
    return named(data, m=np.concatenate([plane(data, 0, 0.5), [[0, 24]]]))


def overlapping() -> MeshData:
    data = lattice(2, 4)
    return named(data, m=plane(data, 0, 0.5), k=plane(data, 0, 0.5, lambda x: x[:, 1] > 0.5))


def one_facet() -> MeshData:
    data = lattice(2, 4)
    return named(data, m=plane(data, 0, 0.5, lambda x: np.abs(x[:, 1] - 0.625) < 0.1))


def small_patch() -> MeshData:
    data = lattice(3, 4)
    return named(data, m=plane(data, 0, 0.5, lambda x: np.abs(x[:, 1:] - 0.375).max(axis=1) < 0.125))


SQUARE, BOX = "structured rectangle 4 x 4", "structured box 4 x 4 x 4"
BROKEN: list[tuple[Callable[[], MeshData], list[str], str, str, str, tuple[str, ...]]] = [
    (lambda: case("T")[0], ["m", "kk"], "no-interface", "structured rectangle 6 x 6", "k, m; did you mean 'k'?", ("'kk'",)),
    (lambda: make("disc", size=0.5), ["m"], "no-interface", "gmsh disc size 0.5", "no named interfaces", ("'m'",)),
    (empty, ["m"], "empty-interface", "structured rectangle 6 x 6", "leave its membrane out", ("'m'", "no facets")),
    (outside, ["m"], "interface-on-boundary", SQUARE, "a boundary with a wall", ("2 of 6 facets", "'m'", "(the first at (0.125, 0))")),
    (on_the_end, ["m"], "interface-on-boundary", "structured interval 4", "a wall", ("1 of 1 facets", "'m'", "(the first at (1))")),
    (not_in_the_mesh, ["m"], "loose-facets", SQUARE, "cells that follow the interface", ("1 of 5 facets", "'m'", "at (0.5, 0.5)")),
    (overlapping, ["m", "k"], "shared-facets", SQUARE, "out of one of the two", ("'m' and 'k'", "2 facets", "at (0.5, 0.625)")),
    (one_facet, ["m"], "uncrossable-interface", SQUARE, "extend the interface", ("'m' has 1 facet ", "at (0.5, 0.625)", "free rim")),
    (small_patch, ["m"], "uncrossable-interface", BOX, "smaller cells", ("'m' has 2 facets", "at (0.5, 0.416667, 0.333333)")),
    (moebius, ["band"], "one-sided-interface", BOX, "part it", ("'band'", "Moebius", "near (0.416667, 0.25, 0.333333)")),
]


@pytest.mark.parametrize(("build", "names", "code", "place", "remedy", "says"), BROKEN, ids=[str(k) for k in range(len(BROKEN))])
def test_what_cannot_be_cut_is_refused_with_name_and_place(
    build: Callable[[], MeshData], names: list[str], code: str, place: str, remedy: str, says: tuple[str, ...]
) -> None:
    with refused(code, place, remedy, says) as caught:
        cut(build(), names)
    assert caught.error.place == place
