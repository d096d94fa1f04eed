"""Inside: same paths, a clean set of variables, a user with a name, the command's exit code."""

from __future__ import annotations

import os
import pwd
import subprocess
from pathlib import Path

from .conftest import ROOT, Launcher


def test_paths_names_and_variables(launcher: Launcher) -> None:
    script = 'pwd; id -un; echo "$SECRET|$INVASIO_NOTE|$PYTHONPATH|$H5PY_ALWAYS_USE_MPI"; touch seen; echo "two  words"'
    done = launcher.run("shell", "-c", script, SECRET="x", INVASIO_NOTE="a\nb 'c'")
    assert done.returncode == 0, done.stderr
    folder, name, *rest = done.stdout.splitlines()
    assert folder == str(launcher.folder)
    assert name == pwd.getpwuid(os.getuid()).pw_name
    assert rest == ["|a", f"b 'c'|{ROOT}/src|1", "two  words"]
    assert (launcher.folder / "seen").exists()


def test_compiled_kernels_are_kept_where_they_are_wanted(launcher: Launcher) -> None:
    """Beside the environments, or in a folder for each environment of INVASIO_JIT_CACHE; inside already, in that same folder."""
    show = 'echo "$XDG_CACHE_HOME $NUMBA_CACHE_DIR"; test -w "$NUMBA_CACHE_DIR" && echo "$INVASIO_SEALED"'
    usual = launcher.run("shell", "-c", show).stdout.split()
    kept = launcher.folder / "cache" / "jit" / usual[2]
    assert usual[:2] == [str(kept), str(kept / "numba")]
    wanted = launcher.folder / "kernels" / usual[2]
    for given in ("kernels", str(launcher.folder / "kernels")):
        assert launcher.run("shell", "-c", show, INVASIO_JIT_CACHE=given).stdout.split() == [str(wanted), str(wanted / "numba"), usual[2]]
    there = launcher.run("shell", "-c", show, INVASIO_JIT_CACHE="kernels", INVASIO_ENVIRONMENT="host", INVASIO_SEALED=usual[2])
    assert there.stdout.split()[:2] == [str(wanted), str(wanted / "numba")], there.stderr


def test_exit_code_input_and_errors_pass(launcher: Launcher) -> None:
    launcher.run("env", "build")
    done = launcher.run("shell", "-c", "echo wrong >&2; exit 7")
    assert (done.returncode, done.stdout, done.stderr) == (7, "", "wrong\n")
    command = [str(ROOT / "invasio"), "shell", "-c", "cat"]
    piped = subprocess.run(command, env=launcher.environment, input="through\n", capture_output=True, text=True, timeout=180)
    assert piped.stdout == "through\n"


def test_the_tree_cannot_be_changed(launcher: Launcher) -> None:
    done = launcher.run("shell", "-c", "touch /usr/x /etc/x; ls /dev/shm; test -w /dev/shm && echo own memory")
    assert done.stderr.count("Read-only file system") == 2
    assert done.stdout == "own memory\n"


def test_nothing_outlives_the_command(launcher: Launcher) -> None:
    done = launcher.run("shell", "-c", f"setsid sleep 1000.{launcher.marker} > /dev/null 2>&1 & sleep 0.2")
    assert done.returncode == 0
    assert launcher.left() == []


def test_folder_below_var_is_grafted_into_the_tree(tmp_path: Path) -> None:
    (tmp_path / "var" / "lib" / "dpkg").mkdir(parents=True)
    (tmp_path / "var" / "run").symlink_to("/run")
    script = f'. "{ROOT}/hpc/environment/sealed.sh"; tree={tmp_path} grafted= levels='
    script += "; graft /var/lib/ci/work; echo; graft /var/lib/dpkg; echo; graft /var/lib/b"
    done = subprocess.run(["sh", "-euc", script], capture_output=True, text=True, check=True)
    first, second, third = done.stdout.split("\n\n")
    assert first.splitlines() == [
        *("--tmpfs", "/var", "--ro-bind", f"{tmp_path}/var/lib", "/var/lib", "--symlink", "/run", "/var/run"),
        *("--tmpfs", "/var/lib", "--ro-bind", f"{tmp_path}/var/lib/dpkg", "/var/lib/dpkg"),
        *("--bind", "/var/lib/ci/work", "/var/lib/ci/work"),
    ]
    assert second.splitlines() == ["--bind", "/var/lib/dpkg", "/var/lib/dpkg"]
    assert third.splitlines() == ["--bind", "/var/lib/b", "/var/lib/b"]
