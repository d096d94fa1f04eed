"""Whether all ranks may write to one file by themselves: on one machine always, on several where the file system says so."""

from __future__ import annotations

import re
from pathlib import Path

from ..parallel import Comm

# where what one machine has written is there for all others at once, to the byte. On NFS two machines that write to the same page lose
# what one of them wrote.
COHERENT = frozenset({"lustre", "gpfs", "beegfs", "beegfs_nodev", "ceph", "panfs", "wekafs", "ocfs2", "gfs2", "pvfs2", "pvfs", "orangefs"})


def each_by_itself(folder: Path, comm: Comm, far: bool) -> tuple[bool, str]:
    """Whether each rank may write, and the file system that forbids it ("" otherwise); the same on all ranks. Collective.

    far: the ranks are on several machines.
    """
    if not far:
        return True, ""
    kind: str = comm.bcast(file_system(folder) if comm.rank == 0 else None)
    return (True, "") if kind in COHERENT else (False, kind or "unknown")


def one_machine(comm: Comm) -> bool:
    """Whether all ranks share one machine's memory. Collective."""
    from mpi4py import MPI

    near = comm.Split_type(MPI.COMM_TYPE_SHARED)
    alone = near.size == comm.size
    near.Free()
    return bool(comm.allreduce(alone, op=MPI.LAND))


def file_system(folder: Path, mounts: Path = Path("/proc/self/mountinfo")) -> str:
    """The kind of the file system that a folder is on, as the kernel names it; "" where nobody tells."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    place, found = str(folder.resolve()), (0, "")
    for line in lines:
        front, _, back = line.partition(" - ")
        point = re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), front.split(" ")[4])  # a blank in a name is written \040
        if back and len(point) >= found[0] and (place == point or place.startswith(point.rstrip("/") + "/")):
            found = (len(point), back.split(" ")[0])  # of those that are mounted over each other the last one counts
    return found[1]
