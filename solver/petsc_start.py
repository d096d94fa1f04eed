"""Importing this starts PETSc, before DOLFINx does: without reading .petscrc of the working folder, which may load options and run code."""

import mpi4py.MPI  # noqa: F401 - before PETSc, whose wheels find their MPI only then
import petsc4py

# The only way to say so: PETSC_OPTIONS is read after those files. Signals stay Python's: PETSc's handlers end a program that writes to a
# process that has gone (SIGPIPE), and hide from a launcher which signal a rank was ended by.
petsc4py.init(["invasio", "-skip_petscrc", "-no_signal_handler"])
