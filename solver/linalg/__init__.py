"""Linear algebra; the only package that imports petsc4py to compute."""

from .. import petsc_start  # noqa: F401 - before PETSc
