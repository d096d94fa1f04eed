"""The environment of a program that a test starts, outside of any MPI that the test belongs to."""

from __future__ import annotations

import os
from collections.abc import Mapping

_LAUNCHERS = ("PMIX_", "PMI_", "PRTE_", "SLURM_")
# Where mpirun has its folders: those in /tmp are named after process numbers, which repeat in every sandbox.
_STAYS = frozenset({"PRTE_MCA_prte_tmpdir_base"})


def outside(environment: Mapping[str, str] | None = None, ours: str = "OMPI_") -> dict[str, str]:
    """This process's variables, or those given, without what launchers have added; ``ours``: how those of Open MPI begin that go."""
    given = os.environ if environment is None else environment
    return {name: value for name, value in given.items() if name in _STAYS or not name.startswith((*_LAUNCHERS, ours))}
