"""What is installed here, what it makes possible, and what to do about what is missing."""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

from invasio.hpc.ranks import find_mpirun
from invasio.solver import extras


@dataclass(frozen=True)
class Finding:
    """One thing that was looked for; ``found`` is empty when it is missing."""

    name: str
    found: str
    needed_for: str
    remedy: str
    required: bool = False


@dataclass(frozen=True)
class _Look:
    name: str
    version: Callable[[], str]
    needed_for: str
    remedy: str
    required: bool = False


def examine() -> list[Finding]:
    """Look for everything; importing DOLFINx and PETSc takes a few seconds."""
    with contextlib.suppress(ImportError):  # it is looked for below
        importlib.import_module("invasio.solver.petsc_start")
    return [Finding(look.name, _safely(look.version), look.needed_for, _remedy_here(look.remedy), look.required) for look in _LOOKS]


def _remedy_here(remedy: str) -> str:
    """What of a remedy helps this Python: a virtual environment takes nothing from Debian's packages of Python."""
    ways = remedy.split("; ")
    pip = [way for way in ways if way.startswith("pip install")]
    return "; ".join(pip) if pip and sys.prefix != sys.base_prefix else remedy


def _safely(version: Callable[[], str]) -> str:
    try:
        return version()
    except Exception:  # a broken foreign package counts as missing
        return ""


def _module(name: str) -> Callable[[], str]:
    def version() -> str:
        if name == "dolfinx" and importlib.util.find_spec("mpi4py"):
            importlib.import_module("mpi4py.MPI")  # the wheels of DOLFINx find their MPI only then
        module = importlib.import_module(name)
        return str(getattr(module, "__version__", "") or importlib.metadata.version(name))

    return version


def _program(name: str, *arguments: str, word: int = -1) -> Callable[[], str]:
    def version() -> str:
        path = shutil.which(name)
        if path is None:
            return ""
        run = subprocess.run([path, *arguments], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
        first = next(iter((run.stdout + run.stderr).splitlines()), "").split()
        return (first[word] if len(first) > abs(word) - 1 else "found").strip(",")

    return version


def _solvers() -> str:
    from petsc4py import PETSc

    packages = [name for name in ("hypre", "mumps") if PETSc.Sys.hasExternalPackage(name)]
    return ".".join(str(part) for part in PETSc.Sys.getVersion()) + (" with " + ", ".join(packages) if packages else "")


def _hypre() -> str:
    from petsc4py import PETSc

    return "found" if PETSc.Sys.hasExternalPackage("hypre") else ""


def _mpi() -> str:
    from mpi4py import MPI

    from invasio.solver.installed import check_mpi

    check_mpi(MPI.Get_library_version())
    vendor, version = MPI.get_vendor()
    return f"{vendor} {'.'.join(str(part) for part in version)}"


def _mpirun() -> str:
    """The version of the mpirun that `run -n` takes."""
    path = find_mpirun()
    if path is None:
        return ""
    said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL).stdout
    hydra = re.search(r"HYDRA.*?Version:\s*(\S+)", said, re.DOTALL)
    return f"MPICH {hydra.group(1)}" if hydra else said.partition("\n")[0]


def _kernels() -> str:
    """How much machine code is kept, and whether some can't be."""
    from invasio.solver.kernels import native

    if native.caller() is None:
        return ""
    count, reasons = native.kept()
    name, why = next(iter(reasons.items()), ("", ""))
    return f"{count} kernels" + (f"; {len(reasons)} not, and compiled anew in every run ({name}: {why})" if reasons else "")


def _vtk() -> str:
    extras.have("vtkmodules")
    from vtkmodules.vtkCommonCore import vtkVersion

    return str(vtkVersion.GetVTKVersion())


_DEBIAN = "apt-get install "
_WHEELS = "pip install '.[solver]' in a checkout (Linux, Python 3.12 or later)"
_VTK = "it is fetched when the first such file is read, .6 GB, or by ./invasio env build vtk; " + _DEBIAN + "python3-vtk9"
_LOOKS = (
    _Look("Python", platform.python_version, "everything", "Python 3.11 or later", True),
    _Look(
        "DOLFINx",
        _module("dolfinx"),
        "meshes and operators",
        _DEBIAN + "python3-dolfinx-real; conda-forge: fenics-dolfinx; " + _WHEELS,
        True,
    ),
    _Look("PETSc", _solvers, "linear solves", _DEBIAN + "python3-petsc4py-real; " + _WHEELS, True),
    _Look(
        "hypre in PETSc",
        _hypre,
        "a faster multigrid (without it PETSc's own)",
        "a PETSc with hypre: INVASIO_ENVIRONMENT=sealed, Debian, conda-forge",
    ),
    _Look("MPI", _mpi, "more than one rank", _DEBIAN + "python3-mpi4py openmpi-bin; " + _WHEELS, True),
    _Look("mpirun", _mpirun, "run -n RANKS on this machine", _DEBIAN + "openmpi-bin; " + _WHEELS),
    _Look("h5py", _module("h5py"), "fields.vtkhdf and checkpoints", _DEBIAN + "python3-h5py; pip install h5py", True),
    _Look("Numba", _module("numba"), "compiled kernels", _DEBIAN + "python3-numba; pip install numba", True),
    _Look(
        "compiled kernels, kept",
        _kernels,
        "starts without Numba, half a second and compiling earlier",
        "a C compiler (" + _DEBIAN + "gcc, or CC=...), Python's headers, a cache that can be written to, no NUMBA_* variables",
    ),
    _Look("pydantic", _module("pydantic"), "scenarios", _DEBIAN + "python3-pydantic; pip install 'pydantic>=2'", True),
    _Look("ruamel.yaml", _module("ruamel.yaml"), "scenarios", _DEBIAN + "python3-ruamel.yaml; pip install ruamel.yaml", True),
    _Look("pint", _module("pint"), "units in scenarios", _DEBIAN + "python3-pint; pip install pint", True),
    _Look("Matplotlib", _module("matplotlib"), "figures", _DEBIAN + "python3-matplotlib; pip install matplotlib", True),
    _Look("gmsh", _module("gmsh"), "unstructured meshes", _DEBIAN + "python3-gmsh; pip install gmsh", True),
    _Look("meshio", _module("meshio"), "mesh files", _DEBIAN + "python3-meshio; pip install meshio", True),
    _Look("scikit-image", _module("skimage"), "meshes from pictures", _DEBIAN + "python3-skimage; pip install scikit-image"),
    _Look("xarray", _module("xarray"), "NetCDF tables", _DEBIAN + "python3-xarray; pip install xarray"),
    _Look("nibabel", _module("nibabel"), "meshes from NIfTI volumes", _DEBIAN + "python3-nibabel; pip install nibabel"),
    _Look("VTK", _vtk, "meshes and networks in VTK's files, fields.vtkhdf from Python", _VTK),
    _Look("ParaView (pvbatch)", _program("pvbatch", "--version"), "ParaView pictures", _DEBIAN + "paraview python3-paraview"),
    _Look("xvfb-run", lambda: shutil.which("xvfb-run") or "", "ParaView without a screen", _DEBIAN + "xvfb xauth"),
    _Look("Slurm", _program("sbatch", "--version"), "batch jobs", "run on a cluster's login node; " + _DEBIAN + "slurm-client"),
    _Look("ffmpeg", _program("ffmpeg", "-version", word=2), "films", _DEBIAN + "ffmpeg"),
    _Look("git", _program("git", "--version"), "the revision in a run's manifest", _DEBIAN + "git"),
)


def place() -> str:
    """Which Python answers, and why: the sealed environment's, that of the wheels, or the host's."""
    sealed, wheels = os.environ.get("INVASIO_SEALED"), os.environ.get("INVASIO_WHEELS")
    light = f"the environment {wheels}, {_gigabytes():.2f} GB without VTK" if wheels else ""
    built = f"the sealed environment {sealed}" if sealed else light
    name = built or f"this system's Python, {sys.executable}"
    reason = os.environ.get("INVASIO_REASON")
    return f"{name} ({reason})" if reason else name


def _gigabytes() -> float:
    """What this Python's own environment takes on the disk, without what tests or files of VTK need besides."""
    total = 0
    for folder, inner, files in os.walk(sys.prefix):
        inner[:] = [name for name in inner if (folder, name) != (sys.prefix, "tests")]
        total += sum(os.lstat(os.path.join(folder, name)).st_blocks for name in files)
    return total * 512 / 1e9
