"""Does this Python import everything a run needs? Printed for the launcher: the interpreter, or "-", then the folders that decide.

``reading``: the interpreter, if it has what commands need that compute nothing; ``missing [reading]``: what it lacks.
"""

import importlib
import importlib.util
import os
import sys

NEEDED = {
    "dolfinx": "DOLFINx",
    "petsc4py": "PETSc for Python",
    "mpi4py": "MPI for Python",
    "h5py": "HDF5",
    "numpy": "NumPy",
    "scipy": "SciPy",
    "numba": "Numba",
    "pydantic": "pydantic 2",
    "ruamel.yaml": "ruamel.yaml",
    "pint": "pint",
    "rich": "rich",
    "matplotlib": "Matplotlib",
    "meshio": "meshio",
    "gmsh": "gmsh",
}
READING = ("numpy", "h5py", "pydantic", "ruamel.yaml", "rich", "pint", "scipy", "matplotlib")  # what a plain pip install brings
_OLDEST = (3, 11)
_LAUNCHERS = ("OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK", "PMI_SIZE", "SLURM_STEP_NUM_TASKS")


def missing(names: "tuple[str, ...]" = tuple(NEEDED)) -> "list[str]":
    """Those of these modules that are not there, and Python itself if it is too old."""
    lacking = [] if sys.version_info >= _OLDEST else ["Python {}.{}".format(*_OLDEST)]
    for name in names:
        try:
            if importlib.util.find_spec(name) is None:
                lacking.append(name)
        except ImportError:
            lacking.append(name)
    return lacking


def _usable() -> bool:
    if missing():
        return False
    if any(name in os.environ for name in _LAUNCHERS):
        return True  # importing DOLFINx would join the MPI job, which only the command itself may do
    try:
        importlib.import_module("mpi4py.MPI")  # before DOLFINx, whose wheels find their MPI only then
        importlib.import_module("dolfinx")
        pydantic = importlib.import_module("pydantic")
    except Exception:  # any failure of a foreign package means: not usable
        return False
    return int(pydantic.VERSION.split(".")[0]) >= 2


if __name__ == "__main__":
    if sys.argv[1:2] == ["missing"]:
        print(", ".join(missing(READING if "reading" in sys.argv else tuple(NEEDED))))
    elif sys.argv[1:] == ["reading"]:
        if missing(READING):
            sys.exit(1)
        print(sys.executable)
    else:
        print(sys.executable if _usable() else "-")
        for folder in sys.path[1:]:
            if os.path.isdir(folder):
                print(folder)
