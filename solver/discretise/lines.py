r"""A network of thin vessels on a mesh: line-lumped exchange, spread to the nodes of the cells that the wall runs through.

Each segment is split into pieces shorter than the cells. The wall of a piece of length l has the area 2 pi R l (3-D), or
2 l (2-D: a line with two sides). It is spread over points of its circumference, and from each to the nodes of the cell
around it with barycentric weights >= 0, so that the weights of a segment sum to its wall area exactly.

The mean of the nodal values around a line of strength q is not c(R) but, as c ~ -(q/2 pi D) ln r, that at an equivalent
radius r_e = R + 0.3 h, h = (6 cell volume)^(1/3). The wall therefore gets the resistance (R/D) ln(r_e/R) in series
(Peaceman 1978, doi:10.2118/6893-PA, for wells).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

from ...meshes.locate import Located, locate
from ...meshes.network import Network
from ...meshes.simplices import Simplices
from ..errors import MeshError
from ..parallel import agreed

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PIECES = 3.0  # per smallest cell that a segment runs through
AROUND = 8  # points on a circumference at least
EQUIVALENT = 0.3  # (r_e - R) / h, measured with lines at several places of lattices and of gmsh meshes, R/h from 0.04 to 1.6
MOST = 20000  # pieces of a segment


@dataclass(frozen=True)
class Contributions:
    """What this rank's cells get of the walls, in any order: an entry per point and node of its cell.

    node: canonical number; segment; point: number of the point, the same on any partition; area [length^(dim-1)];
    place (k, dim): on the axis of the vessel; series (k,): R ln(r_e/R) [length].
    """

    node: Ints
    segment: Ints
    point: Ints
    area: Floats
    place: Floats
    series: Floats


def spread(name: str, network: Network, mesh: Simplices) -> Contributions:
    """The walls of a network on a mesh. Collective; raises MeshError, on all ranks, naming what lies outside the tissue."""
    dim = mesh.dim
    size = _cell_sizes(mesh)
    nodes = locate(mesh, network.points)
    with agreed(mesh.comm):
        _refuse_nodes_outside(name, network, nodes)
    count, total = mesh.comm.allreduce(np.array([float(len(size)), float((size**dim).sum())]))
    typical = (total / count) ** (1.0 / dim)
    coarse = _pieces(network, np.full(len(network.segments), 0.5 * typical))
    found = locate(mesh, coarse.place)
    with agreed(mesh.comm):
        _refuse_pieces_outside(name, network, coarse, found)
    smallest = np.full(len(network.segments), np.inf)
    np.minimum.at(smallest, coarse.segment[found.mine], size[found.local])
    mesh.comm.Allreduce(MPI.IN_PLACE, smallest, MPI.MIN)
    pieces = _pieces(network, smallest / PIECES)
    return _around(network, pieces, mesh, size)


@dataclass(frozen=True)
class _Pieces:
    """Short straight pieces: middle (p, dim), length (p,), segment (p,)."""

    place: Floats
    length: Floats
    segment: Ints


def _pieces(network: Network, spacing: Floats) -> _Pieces:
    lengths = network.lengths
    # a spacing that differs in the last digit between partitions must not change the count
    counts = np.clip(np.ceil(lengths / spacing * (1.0 - 1e-6)), 1, MOST).astype(np.int64)
    segment = np.repeat(np.arange(len(counts)), counts)
    within = np.concatenate([(np.arange(c) + 0.5) / c for c in counts])
    a, b = network.points[network.segments[segment]].swapaxes(0, 1)
    return _Pieces(a + within[:, None] * (b - a), (lengths / counts)[segment], segment)


def _around(network: Network, pieces: _Pieces, mesh: Simplices, size: Floats) -> Contributions:
    """Points on the circumference of each piece, where they are inside the tissue; else on its axis."""
    dim = pieces.place.shape[1]
    axis = locate(mesh, pieces.place)
    local = np.full(len(pieces.place), np.inf)
    local[axis.mine] = size[axis.local]
    mesh.comm.Allreduce(MPI.IN_PLACE, local, MPI.MIN)
    radius = network.radius[pieces.segment]
    a, b = network.points[network.segments[pieces.segment]].swapaxes(0, 1)
    first, second = normals((b - a) / np.linalg.norm(b - a, axis=1)[:, None])
    around = AROUND * np.maximum(1, np.ceil(radius / local)).astype(np.int64)
    counts = np.full(len(radius), 2) if dim == 2 else around
    piece = np.repeat(np.arange(len(radius)), counts)
    turn = np.concatenate([2.0 * math.pi * (np.arange(c) + 0.5) / c for c in counts])
    arm = np.cos(turn)[:, None] * first[piece] + np.sin(turn)[:, None] * second[piece]
    if dim == 2:
        arm = np.where(np.sin(turn) > 0.0, 1.0, -1.0)[:, None] * first[piece]
    points = pieces.place[piece] + radius[piece, None] * arm
    found = locate(mesh, points)
    outside = found.cell < 0
    if outside.any():
        points[outside] = pieces.place[piece[outside]]
        found = locate(mesh, points)
    wall = 2.0 if dim == 2 else 2.0 * math.pi * radius
    area = (wall * pieces.length / counts)[piece]
    series = np.zeros(len(radius))
    if dim == 3:
        series = radius * np.log1p(EQUIVALENT * local / radius)
    mine = found.mine
    k = dim + 1
    return Contributions(
        node=found.nodes.ravel(),
        segment=np.repeat(pieces.segment[piece[mine]], k),
        point=np.repeat(mine, k),
        area=(area[mine, None] * found.share).ravel(),
        place=np.repeat(pieces.place[piece[mine]], k, axis=0),
        series=np.repeat(series[piece[mine]], k),
    )


def normals(along: Floats) -> tuple[Floats, Floats]:
    """Two directions perpendicular to each of (p, dim) directions and to each other; in 2-D the second is not used."""
    if along.shape[1] == 2:
        first = np.stack([-along[:, 1], along[:, 0]], axis=1)
        return first, np.zeros_like(first)
    least = np.eye(3)[np.argmin(np.abs(along), axis=1)]
    first = np.cross(along, least)
    first = np.asarray(first / np.linalg.norm(first, axis=1)[:, None])
    return first, np.asarray(np.cross(along, first))


def _cell_sizes(mesh: Simplices) -> Floats:
    """h = (dim! volume)^(1/dim) of the owned cells: the spacing of a lattice."""
    return np.asarray(mesh.sizes() ** (1.0 / mesh.dim))


def _refuse_nodes_outside(name: str, network: Network, found: Located) -> None:
    for node in np.flatnonzero(found.cell < 0):
        at = ", ".join(f"{x:.6g}" for x in network.points[node])
        raise MeshError(
            f"node {network.nodes[node]} at ({at}) lies outside the tissue",
            code="outside-tissue",
            place=f"{network.where('node', int(node))}: vessel {name}",
            remedy="move it inside, or check `unit`",
        )


def _refuse_pieces_outside(name: str, network: Network, pieces: _Pieces, found: Located) -> None:
    for piece in np.flatnonzero(found.cell < 0):
        segment = int(pieces.segment[piece])
        at = ", ".join(f"{x:.6g}" for x in pieces.place[piece])
        raise MeshError(
            f"{network.called(segment)} leaves the tissue at ({at})",
            code="outside-tissue",
            place=f"{network.where('segment', segment)}: vessel {name}",
            remedy="bend it around with more nodes, or end it there",
        )
