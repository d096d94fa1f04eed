"""How pytest-xdist shares tests among its workers: a module's tests, which share fixtures, on one of them."""

from __future__ import annotations

from xdist.scheduler.loadscope import LoadScopeScheduling

# Launchers, Slurm and X servers of two tests at once get in each other's way.
STARTING_PROGRAMS = tuple(
    f"tests/{folder}/" for folder in ("fuzz", "launcher", "paraview", "robustness", "slurm", "unit/hpc", "unit/postprocess")
)


class Groups(LoadScopeScheduling):
    """One worker alone has all tests that start programs; the others take modules, those of most tests first."""

    # Not by marks and `--dist loadgroup`: xdist 3.8 writes them where pytest from 9.1 on does not read them.
    def _split_scope(self, nodeid: str) -> str:
        return "programs" if nodeid.startswith(STARTING_PROGRAMS) else nodeid.partition("::")[0]
