"""Building the environment: once, safely, and with words a user can act on."""

from __future__ import annotations

import shutil
import signal
import subprocess

from .conftest import INVASIO, ROOT, Launcher, wait_for


def test_help_needs_no_environment(launcher: Launcher) -> None:
    done = launcher.run("--help")
    assert done.returncode == 0
    for command in ("run", "validate", "explain", "schema", "scenarios", "mesh", "doctor", "shell", "test", "env"):
        assert f"\n  {command} " in done.stdout
    assert launcher.calls == 0


def test_unknown_command_builds_nothing(launcher: Launcher) -> None:
    done = launcher.run("rum")
    assert (done.returncode, done.stderr) == (1, "invasio: there is no command 'rum'; see ./invasio --help\n")
    assert launcher.calls == 0


def test_two_at_once_build_once(launcher: Launcher) -> None:
    both = [launcher.start("shell", "-c", "echo inside") for _ in range(2)]
    outputs = [process.communicate(timeout=180) for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert [out for out, _ in outputs] == ["inside\n", "inside\n"]
    assert launcher.calls == 1
    assert sum("another invasio is building" in err for _, err in outputs) == 1
    assert len(launcher.trees) == 1
    again = launcher.run("shell", "-c", "echo inside")
    assert (again.stdout, again.stderr, launcher.calls) == ("inside\n", "", 1)


def test_run_uses_the_test_profile_if_it_is_there(launcher: Launcher) -> None:
    assert launcher.run("env", "build", "test").returncode == 0
    assert launcher.run("shell", "-c", "echo $INVASIO_SEALED").stdout.startswith("test-")
    assert launcher.calls == 1


def test_failed_build_leaves_nothing_but_its_log(launcher: Launcher) -> None:
    launcher.behave("fail")
    failed = launcher.run("shell", "-c", "true")
    assert failed.returncode == 1
    assert "E: no such package" in failed.stderr
    assert "building the environment failed; the whole log is" in failed.stderr
    assert launcher.trees == []
    launcher.behave("")
    assert launcher.run("shell", "-c", "true").returncode == 0


def test_interrupted_build_ends_everything_and_can_be_repeated(launcher: Launcher) -> None:
    launcher.behave("hang")
    process = launcher.start("shell", "-c", "true")
    wait_for((launcher.folder / "hanging").exists)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=180)
    assert process.returncode == 130
    assert "interrupted" in err
    assert launcher.trees == []
    assert launcher.left() == []
    launcher.behave("")
    assert launcher.run("shell", "-c", "true").returncode == 0


def test_killed_build_is_started_over(launcher: Launcher) -> None:
    assert launcher.run("env", "build").returncode == 0
    (name,) = launcher.trees
    folder = launcher.folder / "cache" / "env"
    (folder / name / ".complete").unlink()  # what a kill in the last moment leaves
    (folder / f"{name}.part").mkdir()
    assert launcher.run("shell", "-c", "true").returncode == 0
    assert (launcher.calls, launcher.trees) == (2, [name])


def test_environments_are_listed_and_removed_but_not_under_somebody(launcher: Launcher) -> None:
    assert launcher.run("env", "list").stdout.startswith("no environment in")
    inside = launcher.start("shell", "-c", f"touch {launcher.folder}/in; exec sleep 1000.{launcher.marker}")
    wait_for((launcher.folder / "in").exists)
    (name,) = launcher.trees
    assert f"{name} " in launcher.run("env", "list").stdout
    refused = launcher.run("env", "remove")
    assert (refused.returncode, launcher.trees) == (1, [name])
    assert "is being built or used" in refused.stderr
    inside.send_signal(signal.SIGTERM)
    inside.communicate(timeout=180)
    assert launcher.left() == []
    removed = launcher.run("env", "remove", name)
    assert (removed.returncode, launcher.trees) == (0, [])
    assert launcher.run("env", "remove", "nothing").stderr.startswith("invasio: there is no environment 'nothing'")


def test_export_writes_a_tar(launcher: Launcher) -> None:
    target = launcher.folder / "environment.tar"
    assert launcher.run("env", "export", "--tar", str(target)).stdout == f"{target}\n"
    names = subprocess.run(["tar", "-tf", target], capture_output=True, text=True, check=True).stdout.split()
    assert {"./usr", "./etc/", "./var", "./.complete"} <= set(names)
    assert launcher.run("env", "export").stderr == "invasio: usage: invasio env export --wheels FILE | --tar FILE | --sif FILE\n"


def test_export_of_an_image_needs_apptainer(launcher: Launcher) -> None:
    """Here a stand-in: Apptainer builds an image from a folder."""
    target = launcher.folder / "environment.sif"
    if shutil.which("apptainer") is None and shutil.which("singularity") is None:
        refused = launcher.run("env", "export", "--sif", str(target))
        assert refused.returncode == 1 and "made by apptainer (or singularity), which is not here" in refused.stderr
    tool = launcher.folder / "bin" / "apptainer"
    tool.write_text('#!/bin/sh\n[ -e "$4/.complete" ] && echo "$1 $2" > "$3"\n')
    tool.chmod(0o755)
    done = launcher.run("env", "export", "--sif", str(target))
    assert done.stdout == f"{target}\n", done.stderr
    assert target.read_text() == "build --force\n"


def test_launcher_is_plain_sh() -> None:
    for script in [INVASIO, *(ROOT / "hpc" / "environment").glob("*.sh")]:
        checked = subprocess.run(["dash", "-n", str(script)], capture_output=True, text=True)
        assert (checked.returncode, checked.stderr) == (0, ""), script
