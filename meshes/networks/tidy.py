"""Networks as programs write them, tidied: points at one place are one node, pieces without length and repeated ones go."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..network import Network

CLOSE = 1e-9  # of the extent of the network: nearer points are one


def tidied(network: Network) -> Network:
    """The network with each place once; what was joined or dropped is in its notes."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    n = len(network.points)
    if not n or not len(network.segments) or not np.isfinite(network.points).all():
        return network
    pairs = cKDTree(network.points).query_pairs(CLOSE * float(np.ptp(network.points, axis=0).max()), output_type="ndarray")
    graph = coo_matrix((np.ones(len(pairs), dtype=np.int8), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    count, group = connected_components(graph, directed=False)
    _, first = np.unique(group, return_index=True)
    whole = first[group][network.segments]  # by the first node at each place
    proper = whole[:, 0] != whole[:, 1]
    _, once = np.unique(np.sort(whole, axis=1), axis=0, return_index=True)
    keep = np.flatnonzero(proper & np.isin(np.arange(len(whole)), once))
    before, after = np.unique(network.segments), np.unique(whole[keep])
    # A node that belonged to no segment from the start stays, and is named by the checks.
    nodes = np.union1d(after, np.setdiff1d(np.arange(n), before))
    number = np.full(n, -1, dtype=np.int64)
    number[nodes] = np.arange(len(nodes))
    notes = [
        f"{many} {what}"
        for many, what in (
            (n - count, "repeated points joined"),
            (int((~proper).sum()), "pieces without length dropped"),
            (int(proper.sum()) - len(keep), "repeated pieces dropped"),
        )
        if many
    ]
    if not notes:
        return network
    place = {int(old): new for new, old in enumerate(keep)}
    places = {}
    for (kind, old), text in network.places.items():
        at = place.get(old) if kind == "segment" else int(number[old]) if number[old] >= 0 else None
        if at is not None:
            places[kind, at] = text
    return replace(
        network,
        points=network.points[nodes],
        nodes=tuple(network.nodes[k] for k in nodes),
        segments=number[whole[keep]],
        radius=network.radius[keep],
        names=tuple(network.names[k] for k in keep),
        types=tuple(network.types[k] for k in keep),
        ends={int(number[first[group[node]]]): end for node, end in network.ends.items() if number[first[group[node]]] >= 0},
        places=places,
        notes=(*network.notes, *notes),
    )
