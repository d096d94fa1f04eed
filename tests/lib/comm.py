"""The type of a communicator."""

from mpi4py.MPI import Intracomm as Comm

__all__ = ["Comm"]
