"""A launcher with a cache of its own and a stand-in for mmdebstrap: its tree is this system's own /usr and /var."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.lib.outside import outside

ROOT = Path(__file__).resolve().parents[2]
INVASIO = ROOT / "invasio"

# Counts its calls, takes its time, and does what the file `behaviour` says: fail, or hang.
MMDEBSTRAP = """#!/bin/sh
echo call >> {folder}/calls
sleep 0.5
case $(cat {folder}/behaviour 2> /dev/null) in
  fail) echo 'E: no such package' >&2; exit 1 ;;
  hang) touch {folder}/hanging; exec sleep 1000.{marker} ;;
esac
tar -c -C {folder}/tree .
"""

# A Python without DOLFINx. Its answers are the files `probe` (of wheels_probe.py), `host` and `reading` (of probe.py); venv makes a
# folder with this Python; pip does what the file `behaviour` says, or prints it and fails.
PYTHON = """#!/bin/sh
case "$*" in
  *wheels_probe.py) cat {folder}/probe ;;
  *"probe.py missing"*) echo h5py ;;
  *"probe.py reading") cat {folder}/reading ;;
  *probe.py) cat {folder}/host 2> /dev/null || echo - ;;
  *"-m venv"*)
    echo call >> {folder}/calls
    for last; do :; done
    mkdir -p "$last/bin" "$last/lib/python3.12/site-packages" && cp {folder}/made "$last/bin/python3"
    echo "version = 3.12.1" > "$last/pyvenv.cfg" ;;
  *"-m pip"*)
    sleep 0.3
    echo "Collecting one==1"
    case "$(cat {folder}/behaviour 2> /dev/null) $*" in
      ' '*"download --dest "*) last=${{*#*--dest }}; echo one > "${{last%% *}}/one-$$.whl" ;;
      ' '*) ;;
      hang* | half*list.2) touch {folder}/hanging; exec sleep 1000.{marker} ;;
      *) cat {folder}/behaviour; exit 1 ;;
    esac ;;
  *) exec {python} "$@" ;;
esac
"""

# The Python of an environment that it has made; what is imported to see whether it loads is not there.
MADE = """#!/bin/sh
case "$2" in import*) echo "$2" >> {folder}/imports ;; *) exec {python} "$@" ;; esac
"""


@dataclass
class Launcher:
    """`./invasio` in a world of its own."""

    folder: Path
    marker: str
    wanted: str = "sealed"  # the environment

    @property
    def environment(self) -> dict[str, str]:
        """Variables that lead the launcher into this world."""
        return outside() | {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "INVASIO_CACHE": str(self.folder / "cache"),
            "INVASIO_ENVIRONMENT": self.wanted,
            "INVASIO_POLL": "0.1",
            "PYENV_ROOT": str(self.folder),
            "UV_PYTHON_INSTALL_DIR": str(self.folder),
            "INVASIO_SUBIDS": str(self.folder),
        }

    @property
    def calls(self) -> int:
        """How often something was built."""
        path = self.folder / "calls"
        return len(path.read_text().splitlines()) if path.exists() else 0

    @property
    def trees(self) -> list[str]:
        """Names of the folders where environments are kept."""
        return sorted(path.name for path in (self.folder / "cache" / "env").glob("*") if path.is_dir())

    def behave(self, how: str) -> None:
        """What the next build does: "", "fail", "hang"; of wheels also "half" (one fails, the other hangs), or what pip says."""
        (self.folder / "behaviour").write_text(how)

    def plain_python(self, wheels: str = "") -> None:
        """Put a Python without DOLFINx before all others; ``wheels``: why it cannot have wheels."""
        text = PYTHON.format(folder=self.folder, python=sys.executable, marker=self.marker)
        tools = {"cc": "#!/bin/sh\n"} | {f"python3{minor}": text for minor in ("", ".12", ".13", ".14")}
        for name, script in tools.items():
            (self.folder / "bin" / name).write_text(script)
            (self.folder / "bin" / name).chmod(0o755)
        (self.folder / "made").write_text(MADE.format(folder=self.folder, python=sys.executable))
        (self.folder / "made").chmod(0o755)
        (self.folder / "probe").write_text(f"- {wheels}\n" if wheels else f"{self.folder}/bin/python3 pip\n")

    def start(self, *arguments: str, group: bool = False, **variables: str) -> subprocess.Popen[str]:
        """Start `./invasio ARGUMENTS`, as a group of processes of its own or not."""
        return subprocess.Popen(
            [str(INVASIO), *arguments],
            env=self.environment | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            process_group=0 if group else None,
        )

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run `./invasio ARGUMENTS` to its end."""
        process = self.start(*arguments, group=False, **variables)
        out, err = process.communicate(timeout=180)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def left(self) -> list[str]:
        """Command lines of processes that carry this world's marker."""
        return processes_with(self.marker)


def processes_with(marker: str) -> list[str]:
    """Command lines that contain the marker, this process excepted; waits a little for them to go."""
    for _ in range(200):
        found = []
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                line = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if marker in line and entry.parent.name != str(os.getpid()):
                found.append(line)
        if not found:
            return []
        time.sleep(0.1)
    return found


def wait_for(condition: Callable[[], object], seconds: float = 180.0) -> None:
    """Wait until the condition holds; fails when it does not come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def can_seal() -> bool:
    """Whether bubblewrap works here (it does in the profile `test`, unless nested namespaces are forbidden)."""
    sandbox = ["bwrap", "--ro-bind", "/", "/", "--unshare-pid", "--proc", "/proc"]
    try:
        return subprocess.run([*sandbox, "true"], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


@pytest.fixture
def launcher(tmp_path: Path) -> Iterator[Launcher]:
    """A launcher with an empty cache."""
    if not can_seal():
        pytest.skip("bubblewrap is missing or not allowed here")
    marker = str(uuid.uuid4().int % 10**12)
    (tmp_path / "bin").mkdir()
    (tmp_path / "tree" / "etc").mkdir(parents=True)
    for name in ("usr", "var"):
        (tmp_path / "tree" / name).symlink_to(f"/{name}")
    # A copy: files that a sandbox around this test has mounted into /etc cannot be mounted upon.
    subprocess.run(["cp", "-a", "/etc/.", str(tmp_path / "tree" / "etc")], stderr=subprocess.DEVNULL)
    for name in ("localtime", "resolv.conf"):  # links to elsewhere on some systems; in a tree they are files, to be mounted upon
        (tmp_path / "tree" / "etc" / name).unlink(missing_ok=True)
        (tmp_path / "tree" / "etc" / name).touch()
    tools = {"mmdebstrap": MMDEBSTRAP.format(folder=tmp_path, marker=marker), "newuidmap": "#!/bin/sh\n"}
    for name, text in tools.items():
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    for kind in ("subuid", "subgid"):
        (tmp_path / kind).write_text(f"{os.getuid()}:100000:65536\n")
    keep = Launcher(tmp_path, marker)
    yield keep
    for entry in Path("/proc").glob("[0-9]*/cmdline"):  # only what this test started carries its marker
        try:
            if marker.encode() in entry.read_bytes():
                os.kill(int(entry.parent.name), signal.SIGKILL)
        except OSError:
            continue
