"""Does this Python import everything a run needs? Printed for the launcher: the interpreter, or "-", then the folders that decide."""

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
_LAUNCHERS = ("OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK", "PMI_SIZE", "SLURM_STEP_NUM_TASKS")


def missing() -> list[str]:
    """Names of the needed modules that are not there."""
    lacking = []
    for name in NEEDED:
        try:
            if importlib.util.find_spec(name) is None:
                lacking.append(name)
        except ImportError:
            lacking.append(name)
    return lacking


def _usable() -> bool:
    if sys.version_info < (3, 11) or missing():
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
    if sys.argv[1:] == ["missing"]:
        print("  " + ", ".join(missing()))
    else:
        print(sys.executable if _usable() else "-")
        for folder in sys.path[1:]:
            if os.path.isdir(folder):
                print(folder)
