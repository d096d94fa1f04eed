"""MPI before DOLFINx and PETSc, also where one file is run alone: the wheels find their MPI only so."""

from mpi4py import MPI as MPI
