"""Linear algebra; the only package that imports petsc4py."""

import mpi4py.MPI  # noqa: F401 - before PETSc, whose wheels find their MPI only then
