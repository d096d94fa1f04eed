"""Run folders that somebody else made: what is written into them does not follow links, and no Python of theirs is run."""

from __future__ import annotations

from pathlib import Path

from invasio.solver.errors import InvasioError

_CODE = (".py", ".pyc", ".pth", ".so")


def inside(folder: Path, name: str, places: tuple[str, ...] = ()) -> Path:
    """A file in the folder that is to be written; ``places``: further ones. Raises InvasioError where a link would be followed."""
    for each in (name, *places):
        path = folder
        for part in Path(each).parts:
            path = path / part
            if path.is_symlink():
                raise InvasioError(
                    f"{path.relative_to(folder)} is a link, and what is written would go where it leads",
                    code="unsafe-folder",
                    place=str(folder),
                    remedy="take the link out, or name a file with -o",
                )
    return folder / name


def pictures(folder: Path) -> tuple[str, ...]:
    """Names of what lies in the folder's figures/, which pictures drawn anew may replace."""
    figures = folder / "figures"
    try:
        return ("figures", *(f"figures/{path.name}" for path in figures.iterdir()))
    except OSError:
        return ("figures",)


def refuse_code(folder: Path, own: str) -> None:
    """Raise InvasioError where the folder holds Python besides the file ``own``: a program started there would import it."""
    for path in sorted(folder.iterdir()):
        if path.name != own and (path.suffix in _CODE or (path / "__init__.py").exists() or path.name == "__pycache__"):
            raise InvasioError(
                f"{path.name} is a program, which ParaView would run",
                code="unsafe-folder",
                place=str(folder),
                remedy="look at it, and take it out of the run folder",
            )
