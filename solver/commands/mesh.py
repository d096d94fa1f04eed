"""`invasio mesh info | convert | view`: what is in a mesh, in another format, or as a picture."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import MeshError

if TYPE_CHECKING:
    from ..scenario.mesh import MeshOptions

_SCENARIO = (".yaml", ".yml")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The sub-commands of `invasio mesh` and their arguments."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, line in (
        ("info", "print size, named parts and quality"),
        ("convert", "write the mesh in another format (.msh, .vtu, .xdmf; .h5: for many ranks)"),
        ("view", "draw the mesh into a picture"),
    ):
        action = actions.add_parser(name, help=line, description=line[0].upper() + line[1:] + ".")
        action.add_argument("mesh", metavar="FILE|SCENARIO", help="a mesh file, or a scenario (.yaml) with a mesh in it")
        if name == "convert":
            action.add_argument("out", metavar="OUT", type=Path, help="file to write; its ending says the format")
        if name == "view":
            action.add_argument("-o", "--out", type=Path, help="picture to write (default: name of the mesh with .png, in this folder)")


def main(args: argparse.Namespace) -> int:
    """Run one action; raises MeshError or ScenarioError."""
    from invasio.meshes.build import build_data

    options, unit = mesh_options(Path(args.mesh))
    data = build_data(options)
    if args.action == "info":
        from invasio.meshes.quality import quality, report

        print(report(quality(data), unit))
    elif args.action == "convert":
        from invasio.meshes import hdf5
        from invasio.meshes.files import writing

        (hdf5 if args.out.suffix == hdf5.ENDING else writing).write(data, args.out)
        print(f"{args.out}: {len(data.points)} nodes, {len(data.cells)} cells")
    else:
        from invasio.meshes.drawing import draw

        out = args.out or Path(Path(args.mesh).stem + ".png")
        draw(data, out, unit)
        print(out)
    return 0


def mesh_options(path: Path) -> tuple[MeshOptions, str]:
    """The mesh options of a scenario and how long its 1 is ("1 um"; "" without units), or those of a mesh file as it is."""
    if path.suffix in _SCENARIO:
        from ..scenario.loader import load

        scenario = load(path)
        return scenario.mesh, str((scenario.scales or {}).get("length", ""))
    if path.is_dir():
        raise MeshError("this is a folder", code="not-a-file", place=str(path), remedy="name a mesh file, or a scenario with a mesh in it")
    if not path.is_file():
        raise MeshError("file not found", code="file-not-found", place=str(path), remedy="check the name")
    from ..scenario.mesh import FileMesh

    return FileMesh.model_validate({"kind": "file", "path": str(path.resolve())}), ""
