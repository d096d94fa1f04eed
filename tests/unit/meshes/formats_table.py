"""The table of mesh files in docs/meshes.md, from the files that the tests write and read: `python3 -m tests.unit.meshes.formats_table`."""

from __future__ import annotations

from tests.unit.meshes.writers import FORMATS

_READ = {
    (".msh",): 'versions 1, 2.2, 4.0, 4.1, text and binary, first and second order, also with "save all": physical groups, which may '
    "overlap (read by gmsh)",
    (".vtu",): "text, binary, appended raw and encoded; 32 and 64 bit headers; plain, ZLib, LZ4, LZMA (read by VTK, as the next five)",
    (".vtk",): "legacy files up to version 5.1, text and binary, of any kind of grid",
    (".vts", ".vtr", ".vti"): "structured and rectilinear grids, images: their cells as quadrilaterals or hexahedra",
    (".pvtu", ".pvtp"): "pieces: copies of cells are left out, nodes that pieces share are joined",
    (".vtp",): "triangles and quadrilaterals of a plane",
    (".pvd",): "the first of several times",
    (".xdmf",): "the mesh with the tags of its cells and facets (`MeshTags`), numbers as text, HDF5 or binary; functions are "
    "[given fields](fields.md#an-array-of-a-mesh-file)",
    (".mesh", ".meshb"): "references, 0 among them",
    (".ele", ".node"): "both files, attributes of regions, and the markers of the `.face` file beside them",
    (".inp",): "parts and instances, sets of elements; surfaces, and sets of nodes of the outline, are boundaries; other keywords are "
    "passed over, elements of a type that is not known are refused",
    (".med",): "families",
    (".bdf", ".nas"): "property numbers",
    (
        ".cdb",
    ): "blocks of nodes and elements (CDWRITE) of solid, plane and shell elements, degenerate ones too: components of elements, else "
    "materials; the outer facets between the nodes of a component; contact, beams and springs are left out, elements of a type that is not "
    "known are refused",
    (".h5",): "for many ranks, below",
}
_WRITTEN_BY = {
    ".msh": "gmsh",
    ".vtu": "VTK, ParaView",
    ".vtk": "VTK, ParaView",
    ".vts": "VTK, ParaView",
    ".pvtu": "VTK, ParaView, DOLFINx",
    ".vtp": "VTK, ParaView",
    ".pvd": "ParaView, DOLFINx",
    ".xdmf": "DOLFINx, meshio",
    ".mesh": "Medit, gmsh",
    ".ele": "TetGen",
    ".inp": "Abaqus, gmsh",
    ".med": "Salome",
    ".bdf": "Nastran",
    ".cdb": "ANSYS",
    ".h5": "`invasio mesh convert`",
}


def table() -> str:
    """Rows of endings, programs, the kinds of file that are tested, and what is read."""
    rows = ["| ending | written by | what is read | files in the tests |", "|---|---|---|---|"]
    for endings, what in _READ.items():
        modes = dict.fromkeys(mode for ending in endings for mode in FORMATS.get(ending, {}))
        shown = ", ".join(f"`{ending}`" for ending in endings)
        rows.append(f"| {shown} | {_WRITTEN_BY[endings[0]]} | {what} | {', '.join(modes) or 'converted'} |")
    return "\n".join(rows) + "\n"


def covered() -> set[str]:
    """The endings of which the tests write files."""
    return {ending for ending, modes in FORMATS.items() if modes}


if __name__ == "__main__":
    print(table(), end="")
