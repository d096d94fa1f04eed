"""What tests share: models, marches, fields, orders, tables. Only here do tests know how the solver advances a problem."""

from mpi4py.MPI import Intracomm as Comm

__all__ = ["Comm"]
