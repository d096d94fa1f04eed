"""The packages that commands need beyond those that reading needs: which are missing, and how they are got."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec

from .errors import InvasioError

# In the order in which a run imports them, with the names that users know.
SOLVER = {
    "mpi4py": "MPI for Python",
    "dolfinx": "DOLFINx",
    "petsc4py": "PETSc for Python",
    "numba": "Numba",
    "gmsh": "gmsh",
    "meshio": "meshio",
}
_WHEELS = "dolfinx-solver-real"  # the distribution whose DOLFINx needs the MPI of the wheel `mpich`


class PackageError(InvasioError):
    """A package is missing, or two do not belong together."""

    exit_code = 3


def missing(names: Iterable[str] = SOLVER) -> list[str]:
    """Those of these modules that are not there; none is imported."""
    return [name for name in names if name not in sys.modules and find_spec(name) is None]


def need_solver() -> None:
    """Raise PackageError if this Python cannot compute; nothing is imported."""
    if lacking := missing():
        raise refusal(lacking)


def check_mpi(library: str) -> None:
    """Raise PackageError if the MPI in use, as it names itself, is not the one that DOLFINx was built with."""
    if "Open MPI" in library and has_wheels():
        raise PackageError(
            f"{_WHEELS} brings MPICH, but mpi4py here uses {library.split(',')[0]}",
            code="mixed-packages",
            place=sys.executable,
            remedy=f"remove {_WHEELS} and use the DOLFINx that belongs to Open MPI, or install into a virtual environment of its own",
        )


def has_wheels() -> bool:
    """Whether DOLFINx comes from the wheels of the Python package index."""
    return version(_WHEELS) is not None


def version(package: str) -> str | None:
    """The version that a package was installed with; None where it is not. As importlib.metadata, which takes longer to import."""
    return _records().get(_plain(package))


@cache
def _records() -> dict[str, str]:
    """Versions by package, from the names of what was left at its installation: NAME-VERSION.dist-info, NAME-VERSION[-pyX.Y].egg-info."""
    found: dict[str, str] = {}
    for folder in sys.path:
        try:
            names = os.listdir(folder or ".")
        except OSError:
            continue
        for name in names:
            stem, _, kind = name.rpartition(".")
            package, _, rest = stem.partition("-")
            if kind in ("dist-info", "egg-info") and rest:
                found.setdefault(_plain(package), rest.partition("-")[0])
    return found


def _plain(package: str) -> str:
    return package.lower().replace("-", "_").replace(".", "_")


def refusal(names: Iterable[str]) -> PackageError:
    """The error for modules that are missing."""
    listed = ", ".join(SOLVER.get(name, name) for name in names)
    return PackageError(
        f"this command needs {listed}, which this Python does not have",
        code="missing-package",
        place=sys.executable,
        remedy="use ./invasio of a checkout, which makes an environment with all of it, or a Python with DOLFINx (Debian: "
        "python3-dolfinx-real, conda-forge: fenics-dolfinx); where there is none, on Linux with Python 3.12 or later: "
        "pip install '.[solver]' in a checkout",
    )
