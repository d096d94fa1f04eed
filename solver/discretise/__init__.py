"""From a model on a domain to arrays and operators on one edge graph."""

from .. import petsc_start  # noqa: F401 - before DOLFINx
