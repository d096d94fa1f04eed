"""Generated meshes: measures, names, conformity, stiffness weights."""

from __future__ import annotations

from math import cos, pi, sin, sqrt
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from invasio.meshes.distribute import mesh_hash
from invasio.meshes.facets import boundary, canonical, facet_measures, keys
from invasio.meshes.names import check_names
from invasio.meshes.quality import cell_angles, edge_weights, quality, radius_ratios, report
from tests.bad_meshes import obtuse_rectangle, sliver_box
from tests.lib.messages import refused
from tests.unit.meshes.build import check, make, measures, options

TUBE = {"from": [-1.0, 0, 0], "to": [1.0, 0, 0], "radius": 0.3}


def test_interval_regions_and_interface() -> None:
    bed = {"kind": "interval", "from": -1, "to": 0}
    data = make("interval", **{"from": -1, "to": 2}, cells=6, regions={"bed": bed}, interfaces={"m": ["bed", "tissue"]})
    assert measures(data) == pytest.approx({"tissue": 2.0, "bed": 1.0})
    assert data.points[data.interfaces["m"], 0].tolist() == [[0.0]]
    assert data.points[data.boundaries["left"], 0].tolist() == [[-1.0]]
    assert data.points[data.boundaries["right"], 0].tolist() == [[2.0]]


@pytest.mark.parametrize(("diagonal", "cells"), [("right", 2), ("alternating", 2), ("crossed", 4)])
def test_rectangle_splits(diagonal: str, cells: int) -> None:
    data = make("rectangle", **{"from": [1, 2], "to": [3, 5]}, cells=[4, 5], diagonal=diagonal)
    assert len(data.cells) == cells * 20
    assert measures(data) == pytest.approx({"tissue": 6.0})
    lengths = {name: float(facet_measures(data.points, rows).sum()) for name, rows in data.boundaries.items()}
    assert lengths == pytest.approx({"left": 3, "right": 3, "bottom": 2, "top": 2})
    assert np.all(data.points[data.boundaries["top"]][..., 1] == 5)


def test_default_split_gives_the_five_and_seven_point_operators() -> None:
    """Diagonals carry no weight, axis edges h^(dim-2): with lumped mass this is the difference operator."""
    for data, weight in ((make("rectangle", cells=[4, 4]), 1.0), (make("box", cells=[4, 4, 4]), 0.25)):
        edges, values = edge_weights(data)
        along = np.abs(data.points[edges[:, 0]] - data.points[edges[:, 1]])
        diagonal = (along > 1e-12).sum(axis=1) > 1
        inner = ((data.points[edges] > 0) & (data.points[edges] < 1)).all(axis=(1, 2))
        assert np.abs(values[diagonal]).max() < 1e-14
        assert values[inner & ~diagonal] == pytest.approx(weight)


def test_box_sides_and_cell_size() -> None:
    data = make("box", **{"from": [0, 0, 0], "to": [1, 2, 3]}, size=0.5)
    assert len(data.cells) == 6 * 2 * 4 * 6
    areas = {name: float(facet_measures(data.points, rows).sum()) for name, rows in data.boundaries.items()}
    assert areas == pytest.approx({"left": 6, "right": 6, "bottom": 3, "top": 3, "front": 2, "back": 2})
    assert np.all(data.points[data.boundaries["back"]][..., 2] == 3)


def test_size_that_divides_the_length_gives_no_extra_cell() -> None:
    assert len(make("interval", size=0.1).cells) == 10


@pytest.mark.parametrize(("kind", "side"), [("interval", "left"), ("rectangle", "top"), ("box", "front")])
def test_cells_grow_from_a_side_on(kind: str, side: str) -> None:
    """The first of 12 over 3.7 is .1, and each is larger than the one before by the same factor; other axes stay even."""
    dim = ("interval", "rectangle", "box").index(kind) + 1
    low, high = (1.1, 4.8) if dim == 1 else ([1.1] * dim, [4.8] * dim)
    ends: dict[str, Any] = {"from": low, "to": high, "graded": {side: 0.1}}
    data = make(kind, cells=12 if dim == 1 else [4] * (dim - 1) + [12], **ends)
    widths = np.diff(np.unique(data.points[:, -1].round(12)))[:: -1 if side == "top" else 1]
    assert widths[0] == pytest.approx(0.1) and widths.sum() == pytest.approx(3.7)
    assert widths[1:] / widths[:-1] == pytest.approx(widths[1] / widths[0])
    assert measures(data) == pytest.approx({"tissue": 3.7**dim})
    assert set(np.diff(np.unique(data.points[:, 0].round(9))).round(3)) == ({0.925} if dim > 1 else set(widths.round(3)))


@pytest.mark.parametrize("kind", ["disc", "rectangle"])
def test_gmsh_regions_have_exact_outlines(kind: str) -> None:
    shape = {"kind": "disc", "centre": [0.5, 0.5], "radius": 0.25, "size": 0.03}
    body = {"radius": 1.0, "centre": [0.5, 0.5]} if kind == "disc" else {"structured": False}
    data = make(kind, size=0.1, regions={"bed": shape}, interfaces={"m": ["tissue", "bed"]}, **body)
    whole = pi if kind == "disc" else 1.0
    found = measures(data)
    assert found["bed"] == pytest.approx(pi / 16, rel=5e-3)
    assert sum(found.values()) == pytest.approx(whole, rel=5e-3)
    radius = np.linalg.norm(data.points[data.interfaces["m"]] - 0.5, axis=2)
    assert radius == pytest.approx(0.25, abs=1e-9)


def test_gmsh_later_regions_lie_over_earlier_ones() -> None:
    first = {"kind": "rectangle", "from": [0, 0], "to": [0.6, 1]}
    second = {"kind": "rectangle", "from": [0.4, 0], "to": [1.2, 1]}
    for structured in (True, False):
        data = make("rectangle", size=0.1, structured=structured, **{"to": [2, 1]}, regions={"a": first, "b": second})
        assert measures(data) == pytest.approx({"tissue": 0.8, "a": 0.4, "b": 0.8})


def test_ball_volume_and_outer_boundary() -> None:
    data = make("ball", radius=1.0, size=0.25, regions={"core": {"kind": "ball", "radius": 0.5}}, interfaces={"m": ["core", "tissue"]})
    assert sum(measures(data).values()) == pytest.approx(4 * pi / 3, rel=0.04)
    assert np.linalg.norm(data.points[data.boundaries["outer"]], axis=2) == pytest.approx(1.0, abs=1e-9)


def test_a_tube_has_its_volume_and_area_and_branches_are_one_body() -> None:
    """pi r^2 L + 4/3 pi r^3 and 2 pi r L + 4 pi r^2; on a lattice the volume; a second tube adds what lies outside of the first."""
    box = {"from": [-2, -1, -1], "to": [2, 1, 1]}
    wall = {"interfaces": {"wall": ["duct", "tissue"]}}
    volume, area = pi * 0.09 * 2 + 4 / 3 * pi * 0.027, 2 * pi * 0.3 * 2 + 4 * pi * 0.09
    one = {"duct": {"kind": "tubes", "tubes": [TUBE], "size": 0.09}}
    fitted = make("box", size=0.3, structured=False, regions=one, **wall, **box)
    assert measures(fitted)["duct"] == pytest.approx(volume, rel=0.04)
    assert facet_measures(fitted.points, fitted.interfaces["wall"]).sum() == pytest.approx(area, rel=0.03)
    assert measures(make("box", size=0.06, regions=one, **box))["duct"] == pytest.approx(volume, rel=0.02)
    two = {"duct": {"kind": "tubes", "tubes": [TUBE, {**TUBE, "from": [0, 0, 0], "to": [0, 0.8, 0]}], "size": 0.09}}
    lattice = measures(make("box", size=0.06, regions=two, **box))["duct"]
    branched = make("box", size=0.3, structured=False, regions=two, **wall, **box)
    assert measures(branched)["duct"] == pytest.approx(lattice, rel=0.05) and lattice > volume + 0.09


def test_tubes_that_do_not_touch_are_refused() -> None:
    far = {**TUBE, "from": [-1, 0.8, 0], "to": [1, 0.8, 0], "radius": 0.1}
    with refused("mesh-generator", "tubes", says=("2 bodies",)):
        make(
            "box",
            size=0.5,
            structured=False,
            **{"from": [-2, -1, -1], "to": [2, 1, 1]},
            regions={"d": {"kind": "tubes", "tubes": [TUBE, far]}},
        )


def test_gmsh_is_silent_and_repeats_itself(capfd: pytest.CaptureFixture[str]) -> None:
    first, second = (make("disc", size=0.2) for _ in range(2))
    assert mesh_hash(first) == mesh_hash(second)
    assert capfd.readouterr() == ("", "")


def test_hash_sees_points_cells_and_names() -> None:
    base: dict[str, object] = {"cells": [3, 3]}
    changes: tuple[dict[str, object], ...] = ({}, {"to": [1, 1.0000001]}, {"diagonal": "crossed"}, {"region": "stroma"}, {"cells": [3, 4]})
    hashes = {mesh_hash(make("rectangle", **{**base, **change})) for change in changes}
    assert len(hashes) == 5


@pytest.mark.parametrize(
    ("kind", "given", "code", "says"),
    [
        ("interval", {}, "either-or", "neither 'cells' nor 'size'"),
        ("interval", {"cells": 3, "size": 0.1}, "either-or", "both 'cells' and 'size'"),
        ("interval", {"cells": 0}, "greater_than_equal", "equal to 1"),
        ("rectangle", {"cells": [3, 3], "from": [1, 1], "to": [0, 2]}, "wrong-order", "every number of 'from' must be below"),
        ("rectangle", {"cells": [3, 3], "structured": False}, "meaningless-option", "give 'size' instead"),
        ("rectangle", {"cells": [3, 3], "interfaces": {"m": ["tissue", "bed"]}}, "no-region", "'bed'; allowed: tissue"),
        ("rectangle", {"cells": [3, 3], "interfaces": {"m": ["tissue", "tissue"]}}, "same-region", "(given 'tissue' twice)"),
        ("disc", {"size": -1}, "greater_than", "greater than 0"),
        ("box", {"cells": [2, 2]}, "missing", "Field required"),
        ("interval", {"cells": 4, "graded": {"front": 0.1}}, "no-boundary", "allowed: left, right"),
        ("interval", {"cells": 4, "graded": {"left": 0.1, "right": 0.1}}, "meaningless-option", "both ends of an axis"),
        ("interval", {"size": 0.1, "graded": {"left": 0.01}}, "meaningless-option", "without 'cells'"),
        ("rectangle", {"cells": [4, 4], "outlines": "fitted", "graded": {"top": 0.1}}, "meaningless-option", "fitted"),
        ("box", {"cells": [4, 4, 4], "graded": {"back": 0.01}}, "out-of-bounds", "from one to the next"),
        ("box", {"cells": [4, 4, 4], "graded": {"back": 2}}, "out-of-bounds", "beyond the mesh"),
        (
            "box",
            {"size": 0.1, "outlines": "fitted", "regions": {"d": {"kind": "tubes", "tubes": [TUBE]}}},
            "meaningless-option",
            "(region 'd')",
        ),
        (
            "box",
            {"size": 0.1, "regions": {"d": {"kind": "tubes", "tubes": [{**TUBE, "to": TUBE["from"]}]}}},
            "wrong-order",
            "without length",
        ),
    ],
)
def test_wrong_options(kind: str, given: dict[str, object], code: str, says: str) -> None:
    with pytest.raises(ValidationError) as caught:
        options(kind, **given)
    assert code in {fault["type"] for fault in caught.value.errors()}
    assert says in str(caught.value)


def test_empty_region_and_interface() -> None:
    far = {"kind": "rectangle", "from": [5, 5], "to": [6, 6]}
    with refused("empty-region", "structured rectangle 3 x 3", says=("'far'", "no cell lies in it")):
        make("rectangle", cells=[3, 3], regions={"far": far})
    with refused("empty-region", "rectangle", says=("'far'", "it lies outside")):
        make("rectangle", size=0.3, structured=False, regions={"far": far})
    a, b = ({"kind": "interval", "from": x, "to": x + 0.2} for x in (0.0, 0.6))
    with refused("empty-interface", "structured interval 10", says=("'m'", "'a' and 'b' do not touch")):
        make("interval", cells=10, regions={"a": a, "b": b}, interfaces={"m": ["a", "b"]})


def test_names_are_listed_and_suggested() -> None:
    data = make("rectangle", cells=[2, 2])
    check_names(data, "boundary", ["left", "top"])
    remedy = "the mesh has: bottom, left, right, top; did you mean 'right'?"
    with refused("no-boundary", "structured rectangle 2 x 2", remedy, ("'rihgt'",)):
        check_names(data, "boundary", ["rihgt"])
    with refused("no-interface", "structured rectangle 2 x 2", "the mesh has: no named interfaces", ("'m'",)):
        check_names(data, "interface", ["m"])


def test_regular_cells_have_ratio_one_and_known_angles() -> None:
    triangle = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, sqrt(3) / 2]])
    tetra = np.array([[1.0, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    for points, angle in ((triangle, 60.0), (tetra, np.degrees(np.arccos(1 / 3)))):
        cells = np.arange(len(points))[None]
        assert radius_ratios(points, cells) == pytest.approx([1.0])
        assert cell_angles(points, cells) == pytest.approx(angle)


def test_weights_are_half_the_cotangents() -> None:
    """K_ij of an edge on the rim is cot(angle opposite)/2: negative beyond 90 degrees."""
    for degrees in (40.0, 120.0):
        angle = np.radians(degrees)
        points = np.array([[0.0, 0.0], [1.0, 0.0], [cos(angle), sin(angle)]])
        data = make("rectangle", cells=[1, 1])
        one = type(data)(points, np.array([[0, 1, 2]]), np.zeros(1, dtype=np.int32), ("tissue",))
        edges, weights = edge_weights(one)
        opposite = weights[(edges == [1, 2]).all(axis=1)]
        assert opposite == pytest.approx([cos(angle) / sin(angle) / 2])


def test_bad_meshes_are_bad_but_valid() -> None:
    for data, size in ((obtuse_rectangle(10), 1.0), (sliver_box(5), 1.0)):
        check(data)
        q = quality(data)
        assert sum(measures(data).values()) == pytest.approx(size)
        assert q.negative_weights > 0.2
        assert q.max_angle > 170
        assert q.slivers > 0


def test_report_says_what_is_there() -> None:
    bed = {"kind": "rectangle", "from": [0, 0], "to": [0.25, 1]}
    data = make("rectangle", cells=[4, 4], regions={"bed": bed}, interfaces={"m": ["bed", "tissue"]})
    lines = report(quality(data)).splitlines()
    assert "region      bed: 8 cells, area 0.25, 1 connected part" in lines
    assert "interface   m: 4 facets, length 1" in lines
    assert "boundary    left: 4 facets, length 1" in lines
    assert lines[1].startswith("mesh        2-D, 25 nodes, 32 cells, 1 component")


def test_facet_keys_of_huge_meshes_are_as_good_as_those_of_small_ones() -> None:
    rows = np.array([[5, 1, 9], [9, 5, 1], [2, 1, 9], [1, 9, 5]])
    for n in (10, 3_000_000):
        key = keys(rows, n)
        assert len(np.unique(key)) == 2
        assert key[0] == key[1] == key[3]
        assert canonical(rows, n).tolist() == [[1, 2, 9], [1, 5, 9]]


def test_boundary_of_a_ring_has_two_loops() -> None:
    hole = {"kind": "disc", "radius": 0.4}
    data = make("disc", size=0.15, regions={"core": hole})
    ring = data.cells[data.cell_region == 0]
    rim, _ = boundary(ring, len(data.points))
    radius = np.linalg.norm(data.points[rim], axis=2).mean(axis=1)
    assert set(np.round(radius, 1)) == {0.4, 1.0}
