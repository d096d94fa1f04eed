"""A real Slurm of one node for tests: munged, slurmctld and slurmd with their own configuration, ports and spool in one folder."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "scontrol", "squeue", "scancel")
_LAUNCHERS = ("OMPI_COMM_", "OMPI_UNIVERSE_", "PMIX_", "PMI_", "SLURM_", "SRUN_", "SBATCH_", "SQUEUE_")

# The credentials' life is how long a requeued job waits; the node may run more ranks than it has cores.
_CONFIGURATION = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket,cred_expire=5
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/linear
MpiDefault=pmix
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2,sched_min_interval=100000
ReturnToService=2
JobRequeue=1
KillWait=20
MaxArraySize=4
InactiveLimit=0
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmctldDebug=verbose
SlurmdDebug=verbose
NodeName={host} NodeAddr=127.0.0.1 CPUs=8 RealMemory=1000 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=60 State=UP OverSubscribe=FORCE:4
"""


def missing() -> list[str]:
    """Programs, and Slurm's plugin for PMIx, that are needed and not installed."""
    places = ("lib/slurm*", "lib64/slurm*", "lib/*/slurm*")
    plugins = [path for place in places for path in Path("/usr").glob(f"{place}/mpi_pmix*.so")]  # Debian unstable builds none
    return [name for name in PROGRAMS if shutil.which(name) is None] + ([] if plugins else ["mpi_pmix.so"])


@dataclass
class Cluster:
    """The daemons, their folder and the variables that lead Slurm's commands to them."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    _daemons: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> None:
        """Start all three and wait until the node takes jobs."""
        host = socket.gethostname().partition(".")[0]
        for name in ("munge", "state", "spool"):
            (self.folder / name).mkdir(mode=0o755)
        self.folder.chmod(0o755)
        user = pwd.getpwuid(os.geteuid()).pw_name
        conf = self.folder / "slurm.conf"
        conf.write_text(_CONFIGURATION.format(host=host, ports=_free_ports(2), user=user, folder=self.folder))
        (self.folder / "cgroup.conf").write_text("CgroupPlugin=disabled\n")
        plain = {name: value for name, value in os.environ.items() if not name.startswith(_LAUNCHERS)}
        self.environment = plain | {"SLURM_CONF": str(conf), "OMPI_MCA_mpi_yield_when_idle": "1"}
        self._munge()
        self._daemon("slurmctld", "-D", "-i", "-f", str(conf))
        self._daemon("slurmd", "-D", "-f", str(conf), "-N", host)
        self._wait(lambda: self.command("sinfo", "-h", "-o", "%T").strip() == "idle", "the node to become idle")

    def _munge(self) -> None:
        munge = self.folder / "munge"
        key = munge / "key"
        key.touch(mode=0o600)
        key.write_bytes(os.urandom(128))
        paths = [f"--{name}-file={munge / name}" for name in ("key", "log", "pid", "seed")]
        trusted = all(_trusted(path) for path in munge.resolve().parents)
        self._daemon("munged", "--foreground", f"--socket={munge / 'socket'}", *paths, *([] if trusted else ["--force"]))
        self._wait((munge / "socket").exists, "munged's socket")

    def _daemon(self, *command: str) -> None:
        with (self.folder / f"{command[0]}.out").open("wb") as out:
            self._daemons.append(subprocess.Popen(command, env=self.environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out))

    def command(self, *words: str) -> str:
        """What a command of Slurm prints; "" when it fails."""
        done = subprocess.run(words, env=self.environment, capture_output=True, text=True, timeout=180, stdin=subprocess.DEVNULL)
        return done.stdout if done.returncode == 0 else ""

    @contextlib.contextmanager
    def halted(self) -> Iterator[None]:
        """A block in which no job begins, however slow this machine is; those that run go on."""
        self.command("scontrol", "update", "PartitionName=main", "State=DOWN")
        try:
            yield
        finally:
            self.command("scontrol", "update", "PartitionName=main", "State=UP")

    def state(self, job: str) -> str:
        """A job's state, for example PENDING, RUNNING, COMPLETED or CANCELLED."""
        words = dict(word.partition("=")[::2] for word in self.command("scontrol", "show", "job", job).split() if "=" in word)
        return words.get("JobState", "")

    def wait(self, job: str, *states: str, seconds: float = 180.0) -> str:
        """Wait until the job is in one of the states."""
        self._wait(lambda: self.state(job) in states, f"job {job} to be {' or '.join(states)} (it is {self.state(job)})", seconds)
        return self.state(job)

    def wait_gone(self, job: str, seconds: float = 180.0) -> None:
        """Wait until the job has left the queue."""
        self._wait(lambda: job not in self.command("squeue", "-h", "-o", "%A").split(), f"job {job} to leave the queue", seconds)

    def _wait(self, condition: Callable[[], object], what: str, seconds: float = 180.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            ended = [str(d.args) for d in self._daemons if d.poll() is not None]
            if ended or time.monotonic() > deadline:
                raise RuntimeError(f"waited in vain for {what}; ended: {ended or 'nothing'}\n{self.logs()}")
            time.sleep(0.1)

    def logs(self) -> str:
        """The ends of the daemons' logs."""
        files = [*self.folder.glob("*.log"), *self.folder.glob("*.out"), *self.folder.glob("munge/log")]
        return "\n".join(f"--- {path.name}\n" + "\n".join(path.read_text(errors="replace").splitlines()[-20:]) for path in files)

    def stop(self) -> None:
        """Cancel all jobs and end exactly the processes that were started here."""
        if len(self._daemons) == 3:
            self.command("scancel", "--user", pwd.getpwuid(os.geteuid()).pw_name)
            with contextlib.suppress(RuntimeError):
                self._wait(lambda: not self.command("squeue", "-h"), "the jobs to end", 25.0)
        for daemon in reversed(self._daemons):
            daemon.send_signal(signal.SIGTERM)
        for daemon in self._daemons:
            try:
                daemon.wait(15)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait(15)


def _trusted(path: Path) -> bool:
    """Whether munged trusts a folder: nobody but root and this user can replace what is in it."""
    info = path.stat()
    loose = info.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not info.st_mode & stat.S_ISVTX
    return info.st_uid in (0, os.geteuid()) and not loose


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for s in sockets:
            s.bind(("127.0.0.1", 0))
        return [int(s.getsockname()[1]) for s in sockets]
