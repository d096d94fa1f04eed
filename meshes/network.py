"""A vessel as a network of straight segments with radii, and what has to be true of one."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..solver.errors import MeshError
from ..solver.scenario.network import Network as Options

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ENDS = ("inlet", "outlet", "tip")


@dataclass(frozen=True)
class Network:
    """Nodes and segments; lengths in the tissue's unit.

    points (n, dim) with the names of the nodes; segments (s, 2) node numbers; radius (s,), NaN where not given.
    names (s,): the part of the vessel that a segment belongs to, several segments may share one; types (s,): a word
    such as artery, or "". ends: node number -> inlet, outlet or tip, for nodes with one segment.
    arrays: what the file holds besides; notes: what was tidied up, for the user.
    places (optional): where in the file a segment or node stands, for messages: ("segment", k) or ("node", k) -> text.
    """

    points: Floats
    nodes: tuple[str, ...]
    segments: Ints
    radius: Floats
    names: tuple[str, ...]
    types: tuple[str, ...]
    ends: dict[int, str]
    source: str
    places: dict[tuple[str, int], str]
    arrays: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def where(self, kind: str, number: int) -> str:
        """The place in the file, or the file, of a node or segment."""
        return self.places.get((kind, number), self.source)

    def called(self, segment: int) -> str:
        """A segment as it is called in messages: ``segment 'main' (from node a to node b)``."""
        a, b = (self.nodes[k] for k in self.segments[segment])
        return f"segment {self.names[segment]!r} (from node {a} to node {b})"

    @property
    def lengths(self) -> Floats:
        """Length of each segment."""
        return np.asarray(np.linalg.norm(self.points[self.segments[:, 1]] - self.points[self.segments[:, 0]], axis=1))


def read_network(options: Options, dim: int | None) -> Network:
    """The network that the options of a vessel mean, checked, in a tissue of ``dim`` dimensions (None: not known yet). Raises MeshError."""
    if dim == 1:
        raise MeshError(
            "a network needs a tissue in 2-D or 3-D",
            code="network-dimension",
            place="generated tree" if options.tree else str(options.file),
            remedy="in 1-D a vessel is a boundary, an interface or a region",
        )
    if options.tree is not None:
        from .network_tree import grow

        network = grow(options.tree)
    else:
        from .networks.reading import read_file

        network = read_file(options)
    return checked(_flat(network, dim), options)


def checked(network: Network, options: Options) -> Network:
    """The network with ends and radii filled in from the options; raises MeshError naming the first node or segment that is wrong."""
    if not len(network.segments):
        raise MeshError("the network has no segments", code="empty-network", place=network.source, remedy="give it at least one")
    radius = network.radius if options.radius is None else np.where(np.isnan(network.radius), options.radius, network.radius)
    for k, size in enumerate(radius):
        if np.isnan(size):
            raise MeshError(
                f"{network.called(k)} has no radius",
                code="wrong-radius",
                place=network.where("segment", k),
                remedy="give it one, or `radius` for all in the scenario"
                + (f"; the file has the arrays {', '.join(network.arrays)} (`radius_from`, `diameter_from`)" if network.arrays else ""),
            )
        if not (size > 0.0 and np.isfinite(size)):
            raise MeshError(
                f"{network.called(k)} has the radius {size:g}",
                code="wrong-radius",
                place=network.where("segment", k),
                remedy="it must be above 0",
            )
    extent = float(np.ptp(network.points, axis=0).max())
    for k, length in enumerate(network.lengths):
        if not length > 1e-12 * extent:
            raise MeshError(
                f"{network.called(k)} has no length: both nodes lie at {_at(network, k)}",
                code="no-length",
                place=network.where("segment", k),
                remedy="move one, or remove the segment",
            )
    degree = np.bincount(network.segments.ravel(), minlength=len(network.points))
    for node, count in enumerate(degree):
        if count == 0:
            raise MeshError(
                f"node {network.nodes[node]} belongs to no segment",
                code="unused-node",
                place=network.where("node", node),
                remedy="remove it",
            )
    for node, end in network.ends.items():
        if degree[node] > 1:
            raise MeshError(
                f"node {network.nodes[node]} is marked {end}, but {degree[node]} segments meet there",
                code="wrong-end",
                place=network.where("node", node),
                remedy="take off the mark, or part the node",
            )
    ends = dict(network.ends)
    for node in np.flatnonzero(degree == 1):
        if int(node) in ends:
            continue
        if options.loose_ends == "refused":
            at = ", ".join(f"{x:.6g}" for x in network.points[node])
            raise MeshError(
                f"node {network.nodes[node]} at ({at}) is a loose end: one segment meets there, marked neither inlet, outlet nor tip",
                code="loose-end",
                place=network.where("node", int(node)),
                remedy="mark it, join it, or set `loose_ends: tip`",
            )
        ends[int(node)] = options.loose_ends
    return replace(network, radius=radius, ends=ends)


def _at(network: Network, segment: int) -> str:
    return "(" + ", ".join(f"{x:.6g}" for x in network.points[network.segments[segment, 0]]) + ")"


def _flat(network: Network, dim: int | None) -> Network:
    """The network in the tissue's dimension: a third coordinate is dropped in 2-D where it is 0."""
    have = network.points.shape[1]
    if dim is None:
        return network
    if have < dim:
        raise MeshError(
            f"nodes have {have} coordinates, but the tissue has {dim}",
            code="network-dimension",
            place=network.source,
            remedy=f"give {dim} for each node",
        )
    for node in np.flatnonzero(network.points[:, dim:].any(axis=1)):
        at = ", ".join(f"{x:.6g}" for x in network.points[node])
        raise MeshError(
            f"node {network.nodes[node]} at ({at}) lies outside the plane z = 0 of the tissue",
            code="not-flat",
            place=network.where("node", int(node)),
            remedy="set its z to 0",
        )
    return replace(network, points=np.ascontiguousarray(network.points[:, :dim]))
