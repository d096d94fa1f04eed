"""From a model on a domain to arrays and operators on one edge graph."""

import mpi4py.MPI  # noqa: F401 - before DOLFINx, whose wheels find their MPI only then
