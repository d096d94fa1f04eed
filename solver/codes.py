"""The codes of messages: what each means, and with which exit codes it ends the program."""

from __future__ import annotations

from typing import NamedTuple


class Code(NamedTuple):
    """The meaning of a code in a sentence, and the exit codes of the errors that bear it."""

    meaning: str
    exits: tuple[int, ...]


FILES: dict[str, Code] = {
    "cannot-write": Code("A file or folder cannot be written: no permission, no room, or no such folder.", (3,)),
    "file-not-found": Code("A file or folder that was named is not there.", (3,)),
    "missing-package": Code("What was asked for needs a program or library that is not installed.", (3,)),
    "not-text": Code("A file is no text in UTF-8, or holds control characters.", (2, 3)),
    "not-yaml": Code("A text is not YAML: indentation, brackets, quotes or colons are wrong.", (2, 3)),
    "unknown-format": Code("The ending of a file's name belongs to no format that is read or written here.", (3,)),
    "unreadable-file": Code("A file is there, but does not hold what its format demands.", (3,)),
}
NAMES: dict[str, Code] = {
    "no-boundary": Code("No boundary of the mesh has this name.", (3,)),
    "no-interface": Code("No interface of the mesh has this name.", (3,)),
    "no-region": Code("No region of the mesh has this name.", (3,)),
    "not-a-number": Code("A number is needed where something else stands.", (3,)),
    "repeated-name": Code("A name is given to two things of which each needs its own.", (3,)),
    "unknown-kind": Code("There is no such kind of what a `kind` chooses.", (3,)),
    "unknown-key": Code("There is no option or entry of this name in its place.", (3,)),
    "wrong-type": Code("A value of another type is needed: a number, a text, a list, a mapping.", (3,)),
}
MESH: dict[str, Code] = {
    "ambiguous-tags": Code("A mesh file holds several arrays of whole numbers, any of which could hold the regions or boundaries.", (3,)),
    "bad-coordinates": Code("Coordinates of a node are not finite, or are too few or too many.", (3,)),
    "cells-without-group": Code("Some cells of a mesh file belong to no named group, so they have no region.", (3,)),
    "converted-mesh": Code("Names or a unit are given for a converted mesh, which has its own.", (3,)),
    "double-nodes": Code("Nodes of a mesh lie at the same place, so cells beside each other do not hang together.", (3,)),
    "empty-interface": Code("An interface has no facets: its regions do not touch.", (3,)),
    "empty-region": Code("No cell lies in a region.", (3,)),
    "flat-cells": Code("Cells of a mesh have no volume.", (3,)),
    "folded-cells": Code("Hexahedra, wedges or pyramids are folded, so that no simplices fill them.", (3,)),
    "interface-on-boundary": Code("Facets of an interface lie on the outside of the tissue.", (3,)),
    "isolated-lumen": Code("The lumen of a vessel touches no tissue.", (3,)),
    "loose-facets": Code("Facets of a boundary or interface are no sides of cells.", (3,)),
    "mesh-generator": Code("The mesh generator failed.", (3,)),
    "mixed-group": Code("A group of facets lies partly on the outside and partly inside the tissue.", (3,)),
    "no-cells": Code("A mesh file holds no cells.", (3,)),
    "no-converted-mesh": Code("An HDF5 file is not a mesh that `invasio mesh convert` wrote.", (3,)),
    "no-facets": Code("A file of facets holds none of the dimension that the mesh needs.", (3,)),
    "no-group": Code("A mesh file has no group of this name or number.", (3,)),
    "no-tags": Code("A mesh file has no array of whole numbers of this name.", (3,)),
    "no-tissue": Code("Nothing is left of the mesh without the lumens of vessels.", (3,)),
    "not-flat": Code("A mesh or network of a plane leaves the plane.", (3,)),
    "one-sided-interface": Code("An interface has one side only, as a Moebius strip has, and cannot be cut.", (3,)),
    "overlapping-cells": Code("Cells of a mesh overlap.", (3,)),
    "overlapping-regions": Code("Cells belong to two regions.", (3,)),
    "repeated-cells": Code("Cells are listed twice in a mesh file.", (3,)),
    "shared-facets": Code("Two interfaces share facets.", (3,)),
    "uncrossable-interface": Code("All nodes of a piece of an interface lie on its rim, so nothing can cross it.", (3,)),
    "undefined-nodes": Code("Cells refer to nodes that the mesh file does not define.", (3,)),
}
PICTURES: dict[str, Code] = {
    "no-hole": Code("A hole was not found in the picture.", (3,)),
    "no-picture": Code("scikit-image ships no picture of this name.", (3,)),
    "picture-axes": Code("A picture has another number of axes than is needed.", (3,)),
    "ragged-outlines": Code("The outlines of regions in a picture cannot be made into a mesh.", (3,)),
    "region-rule": Code("Regions are told apart in a way that does not fit the picture.", (3,)),
    "wrong-crop": Code("The part of a picture that was asked for does not lie in it.", (3,)),
}
NETWORKS: dict[str, Code] = {
    "ambiguous-radius": Code("A network file holds several arrays, any of which could be the radius.", (3,)),
    "empty-network": Code("A network has no segments.", (3,)),
    "loose-end": Code("A node with one segment is marked neither inlet, outlet nor tip.", (3,)),
    "network-dimension": Code("A network and its tissue have different dimensions.", (3,)),
    "network-entry": Code("A row or entry of a network does not have the form that is needed.", (3,)),
    "no-array": Code("A network file has no array or column of this name.", (3,)),
    "no-length": Code("Both nodes of a segment lie at the same place.", (3,)),
    "outside-shape": Code("The trunk of a generated tree leaves the shape that it shall fill.", (3,)),
    "unknown-node": Code("A segment or an end of a network names a node that is not there.", (3,)),
    "unused-node": Code("A node of a network belongs to no segment.", (3,)),
    "wrong-end": Code("A node is marked as an end that it cannot be.", (3,)),
    "wrong-radius": Code("A segment of a network has no radius, or one that is not above 0.", (3,)),
}
FAMILIES: dict[str, dict[str, Code]] = {
    "Files and programs": FILES,
    "Names and values": NAMES,
    "Meshes": MESH,
    "Pictures": PICTURES,
    "Networks of vessels": NETWORKS,
}
CODES: dict[str, Code] = {code: entry for family in FAMILIES.values() for code, entry in family.items()}
