"""Linear algebra; the only package that imports petsc4py."""
