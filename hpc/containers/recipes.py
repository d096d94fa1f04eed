"""Dockerfile, Apptainer definition and conda environment, from the package list of the sealed environment.

`python3 -m invasio.hpc.containers.recipes` writes the files anew; a test says when that is needed.
"""

from __future__ import annotations

from pathlib import Path

from invasio.hpc.environment.wheels_probe import SHARED

HERE = Path(__file__).resolve().parent
PACKAGES = HERE.parent / "environment" / "packages.txt"
DOLFINX = "0.11"  # that conda-forge has; Debian 13 has 0.9

_UNTRIED = """# Never built: the machines of development reach no conda channel. Names, DOLFINx 0.11 and variants (PETSc of real numbers,
# h5py with Open MPI) were looked up in conda-forge's recipes and lists of files (Linux, macOS); how they resolve together was not seen."""
_TRIED = "# Built by hand with {tool} on a Debian 13 base, and run on two ranks; not built by this project's tests."
_BY = "# Written from hpc/environment/packages.txt by `python3 -m invasio.hpc.containers.recipes`; change that list, not this file."
_STEPS = "# Its steps were carried out by hand in a Debian 13 tree, and a run on two ranks; docker itself has not built it."
_SAME = "# The steps of Dockerfile.wheels, which were carried out by hand; neither Apptainer has built this nor has its image been tried."
_LIST = (
    "# Written from hpc/environment/ by `python3 -m invasio.hpc.containers.recipes`. 2.2 GB, where Dockerfile has 3.3; all wheels by hash."
)
# What the launcher and the wheels need of Debian, besides the libraries that gmsh is linked with.
FOR_WHEELS = ["python3", "python3-dev", "python3-venv", "gcc", "libc6-dev", "git", "procps", "ca-certificates"]
# Debian package -> conda-forge packages; () where conda needs none.
CONDA: dict[str, tuple[str, ...]] = {
    "python3-dolfinx-real": (f"fenics-dolfinx={DOLFINX}",),
    "python3-petsc4py-real": ("petsc=*=real_*", "petsc4py"),
    "python3-mpi4py": ("mpi4py",),
    "python3-h5py": (),
    "python3-h5py-mpi": ("h5py=*=mpi_openmpi*",),
    "openmpi-bin": ("openmpi",),
    "gmsh": ("gmsh",),
    "python3-gmsh": ("python-gmsh",),
    "python3-meshio": ("meshio",),
    "python3-numba": ("numba",),
    "python3-scipy": ("scipy",),
    "python3-cffi": ("cffi",),
    "python3-pydantic": ("pydantic>=2",),
    "python3-ruamel.yaml": ("ruamel.yaml",),
    "python3-pint": ("pint",),
    "python3-rich": ("rich",),
    "python3-skimage": ("scikit-image",),
    "python3-imageio": ("imageio",),
    "python3-pil": ("pillow",),
    "python3-matplotlib": ("matplotlib-base",),
    "python3-xarray": ("xarray",),
    "python3-nibabel": ("nibabel",),
    "python3-psutil": ("psutil",),
    "python3-pytest": ("pytest",),
    "python3-pytest-mpi": ("pytest-mpi",),
    "git": ("git",),
    "ca-certificates": (),
    "procps": (),
    "python3-vtk9": ("vtk",),
}
# Where the host's Python has everything, the launcher uses it; the variables are those of hpc/environment/sealed.sh.
VARIABLES = {
    "PYTHONPATH": "/opt/invasio/src",
    "INVASIO_ENVIRONMENT": "host",
    "OMP_NUM_THREADS": "1",
    "H5PY_ALWAYS_USE_MPI": "1",
    "LANG": "C.UTF-8",
}


def packages(profile: str = "run") -> list[str]:
    """Debian packages of a profile, in the order of the list."""
    lines = [line.split() for line in PACKAGES.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    return [name for of, name in lines if of == profile]


def _install(indent: str, listed: list[str] | None = None) -> str:
    names = f" \\\n{indent}    ".join(listed or packages())
    command = f"apt-get update && apt-get install -y --no-install-recommends \\\n{indent}    {names}"
    return f"{command} \\\n{indent}  && rm -rf /var/lib/apt/lists/*"


def dockerfile() -> str:
    """The Dockerfile; its context is the checkout."""
    return f"""{_TRIED.format(tool="buildah 1.28")}
{_BY}
# docker build -f hpc/containers/Dockerfile -t invasio .      then:  docker run --rm -v "$PWD:/data" invasio run scenario.yaml -n 2
FROM debian:trixie
RUN {_install("")}
COPY . /opt/invasio
ENV {" ".join(f"{name}={value}" for name, value in VARIABLES.items())}
# Kernels are compiled when first needed, into a folder that any user may write; mount one there to keep them.
ENV XDG_CACHE_HOME=/var/cache/invasio NUMBA_CACHE_DIR=/var/cache/invasio/numba INVASIO_CACHE=/var/cache/invasio
RUN mkdir -m 1777 /var/cache/invasio && ln -s /opt/invasio/invasio /usr/local/bin/invasio
WORKDIR /data
ENTRYPOINT ["/opt/invasio/invasio"]
"""


def lighter() -> str:
    """A Dockerfile with the environment of wheels, which the launcher itself makes; its context is the checkout."""
    return f"""{_STEPS}
{_LIST}
# docker build -f hpc/containers/Dockerfile.wheels -t invasio .      then:  docker run --rm -v "$PWD:/data" invasio run scenario.yaml -n 2
FROM debian:trixie-slim
RUN {_install("", [*FOR_WHEELS, *SHARED.values()])}
COPY . /opt/invasio
ENV INVASIO_ENVIRONMENT=wheels INVASIO_CACHE=/opt/invasio-cache LANG=C.UTF-8
RUN /opt/invasio/invasio env build vtk
# Kernels are compiled when first needed, into a folder that any user may write; mount one there to keep them.
ENV INVASIO_JIT_CACHE=/var/cache/invasio
RUN mkdir -m 1777 /var/cache/invasio && ln -s /opt/invasio/invasio /usr/local/bin/invasio
WORKDIR /data
ENTRYPOINT ["/opt/invasio/invasio"]
"""


def definition() -> str:
    """The Apptainer definition; built from the checkout."""
    variables = "\n".join(f"    export {name}={value}" for name, value in VARIABLES.items())
    return f"""{_TRIED.format(tool="Apptainer 1.4.5")}
{_BY}
# apptainer build invasio.sif hpc/containers/invasio.def      then in a site profile:
#   start: {{kind: container, command: 'apptainer exec --bind "$PWD" invasio.sif'}}
Bootstrap: docker
From: debian:trixie

%files
    . /opt/invasio

%post
    export DEBIAN_FRONTEND=noninteractive
    {_install("    ")}

%environment
{variables}

%runscript
    exec /opt/invasio/invasio "$@"
"""


def lighter_definition() -> str:
    """The Apptainer definition with the environment of wheels; built from the checkout."""
    return f"""{_SAME}
{_LIST}
# apptainer build invasio-wheels.sif hpc/containers/invasio-wheels.def      then:
#   apptainer run --bind "$PWD" invasio-wheels.sif run scenario.yaml -n 2
Bootstrap: docker
From: debian:trixie-slim

%files
    . /opt/invasio

%post
    export DEBIAN_FRONTEND=noninteractive
    {_install("    ", [*FOR_WHEELS, *SHARED.values()])}
    INVASIO_ENVIRONMENT=wheels INVASIO_CACHE=/opt/invasio-cache /opt/invasio/invasio env build vtk

%environment
    export INVASIO_ENVIRONMENT=wheels
    export INVASIO_CACHE=/opt/invasio-cache
    export INVASIO_JIT_CACHE="${{INVASIO_JIT_CACHE:-$HOME/.cache/invasio/jit}}"
    export LANG=C.UTF-8

%runscript
    exec /opt/invasio/invasio "$@"
"""


def conda() -> str:
    """The conda environment."""
    names = ["python>=3.11,<3.14", *(name for package in packages() for name in CONDA[package])]
    listed = "\n".join(f'  - "{name}"' for name in names)
    return f"""{_UNTRIED}
{_BY}
# conda env create -f hpc/containers/environment.yml && conda activate invasio      then ./invasio uses it.
name: invasio
channels: [conda-forge, nodefaults]
dependencies:
{listed}
"""


FILES = {
    "Dockerfile": dockerfile,
    "Dockerfile.wheels": lighter,
    "invasio.def": definition,
    "invasio-wheels.def": lighter_definition,
    "environment.yml": conda,
}


def main() -> None:
    """Write all files."""
    for name, text in FILES.items():
        (HERE / name).write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
