"""Importing this starts PETSc, before DOLFINx does: without reading .petscrc of the working folder, which may load options and run code."""

import mpi4py.MPI  # noqa: F401 - before PETSc, whose wheels find their MPI only then
import petsc4py

petsc4py.init(["invasio", "-skip_petscrc"])  # the only way to say so: PETSC_OPTIONS is read after those files
