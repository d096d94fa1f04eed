"""The job script: what it says for each site, and what it does; here srun and scontrol are stand-ins."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pydantic_core import PydanticCustomError

from invasio.hpc.sites.limits import minutes
from invasio.hpc.sites.profile import Site, SiteError, load_site, shipped
from invasio.hpc.slurm.script import Array, Job, render
from tests.lib.messages import printed, refused

from .cluster import Cluster
from .jobs import LONG, SCENARIO, invasio, submit

SETTINGS = [word for setting in LONG for word in ("--set", setting)]


def command(*words: str, **options: str | Path) -> subprocess.CompletedProcess[str]:
    """The command line without a cluster."""
    environment = dict(os.environ)
    environment.update({name: str(value) for name, value in options.items() if name != "cwd"})
    line = [sys.executable, "-m", "invasio.solver.cli", *words]
    return subprocess.run(line, env=environment, capture_output=True, text=True, timeout=180, cwd=options.get("cwd"))


def test_dry_run_prints_the_script_and_writes_nothing(tmp_path: Path) -> None:
    done = command("submit", str(SCENARIO), "--dry-run", "-n", "4", "--time", "90", *SETTINGS, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    folder = tmp_path / "out" / "anderson_1d_h0.02"
    assert lines[0] == "#!/bin/bash"
    for directive in (
        "--requeue",
        "--open-mode=append",
        "--signal=B:USR1@300",
        "--time=90",
        "--ntasks=4",
        f'--output="{folder}/slurm-%j.out"',
    ):
        assert f"#SBATCH {directive}" in lines
    assert "export OMP_NUM_THREADS=1" in lines
    assert 'export SRUN_CPUS_PER_TASK="${SLURM_CPUS_PER_TASK:-1}"' in lines
    assert any(line.startswith("srun --mpi=pmix ") and "--hint=nomultithread --distribution=block:block" in line for line in lines)
    assert f"  run {folder}/resolved.yaml --out {folder} --resume &" in lines
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", shipped())
def test_shipped_profiles(name: str, tmp_path: Path) -> None:
    site = load_site(name)
    text = render(site, Job("run", tmp_path / "a run", 300), tmp_path)
    checked = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True)
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "%%" not in text
    assert ("#SBATCH --nodes=3\n" in text) == (site.ranks_per_node == 128)
    assert ("HDF5_USE_FILE_LOCKING=FALSE" in text) == (not site.hdf5_file_locking)


def test_own_profile_is_laid_over_a_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("extends: lumi\naccount: project_1\nmail: {to: me@example.org, on: [FAIL]}\nrestarts: 3\n")
    site = load_site(str(tmp_path / "mine.yaml"))
    assert (site.account, site.partition, site.restarts, site.ranks_per_node) == ("project_1", "standard", 3, 128)
    text = render(site, Job("run", tmp_path, 2), tmp_path)
    for line in ("--account=project_1", "--mail-user=me@example.org", "--mail-type=FAIL", "--nodes=1", "--ntasks-per-node=2"):
        assert f"#SBATCH {line}\n" in text
    assert "singularity exec" in text


@pytest.mark.parametrize(
    ("text", "code", "place", "remedy", "says"),
    [
        ("acount: x\n", "unknown-key", "mine.yaml:1:1: acount", "allowed: extends, description, account,", ("(given 'acount')",)),
        ("mpi: pmix\ntime: soon\n", "wrong-time-limit", "mine.yaml:2:7: time", "MINUTES, HH:MM:SS or D-HH:MM:SS", ("'soon'",)),
        ("margin: 1\n", "out-of-bounds", "mine.yaml:1:9: margin", "allowed: at least 10", ("(given 1)",)),
        ("directives: [exclusive]\n", "wrong-pattern", "mine.yaml:1:14: directives[0]", "beginning with -", ("'exclusive'",)),
        ("start: {kind: docker}\n", "unknown-kind", "mine.yaml:1:15: start.kind", "allowed: launcher, python, container", ("'docker'",)),
        ("account: a b\n", "wrong-pattern", "mine.yaml:1:10: account", "", ("'a b'",)),
        ("extends: nowhere\n", "no-profile", "nowhere", "shipped: archer2, generic, lumi", ()),
        ("extends: mine.yaml\n", "wrong-extends", "mine.yaml:1:10: extends", "", ()),
        ("- a\n", "wrong-type", "mine.yaml:1:1", "`name: value`", ()),
        ("time: [\n", "not-yaml", "mine.yaml:2:1", "", ()),
    ],
)
def test_faults_of_a_profile_name_the_place(tmp_path: Path, text: str, code: str, place: str, remedy: str, says: tuple[str, ...]) -> None:
    (tmp_path / "mine.yaml").write_text(text)
    with refused(code, place, remedy, says) as caught:
        load_site(str(tmp_path / "mine.yaml"))
    assert isinstance(caught.error, SiteError)
    done = command("submit", str(SCENARIO), "--site", "mine.yaml", "--dry-run", cwd=tmp_path) if text.startswith("acount") else None
    assert done is None or (done.returncode == 2 and "Traceback" not in done.stderr and f"[{code}]" in done.stderr)


@pytest.mark.parametrize(
    ("text", "value"), [("30", 30), ("1:30", 1.5), ("01:00:00", 60), ("1-0", 1440), ("1-02:30", 1590), ("0-0:0:30", 0.5)]
)
def test_time_limits(text: str, value: float) -> None:
    assert minutes(text) == value


@pytest.mark.parametrize("text", ["", "0", "soon", "1:2:3:4", "-5", "1h"])
def test_bad_time_limits(text: str) -> None:
    with pytest.raises(PydanticCustomError) as caught:
        minutes(text)
    assert caught.value.type == "wrong-time-limit"


def test_time_limit_shorter_than_the_margin_is_refused(tmp_path: Path) -> None:
    with refused("wrong-time-limit", "time limit 5", "give a longer one", ("(300 s)",)):
        render(Site(), Job("run", tmp_path, 1, "5"), tmp_path)


def test_without_slurm_everything_is_prepared(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    done = command("submit", str(SCENARIO), "--out", "run", cwd=tmp_path, PATH=tmp_path / "bin")
    assert done.returncode == 1
    assert done.stdout.endswith(f"all is prepared, submit with:  sbatch {tmp_path}/run/job.sh\n")
    assert {path.name for path in (tmp_path / "run").iterdir()} == {"job.sh", "resolved.yaml", "scenario.yaml", ".submit"}


def test_retry_submits_again_what_was_a_job(tmp_path: Path) -> None:
    """With the ranks, limit and profile of before; here only up to the script."""
    (tmp_path / "bin").mkdir()
    command("submit", str(SCENARIO), "--out", "run", "--no-warm", *SETTINGS, cwd=tmp_path, PATH=tmp_path / "bin")
    (tmp_path / "run" / "job.json").write_text('{"job": "7", "ranks": 2, "time": "90", "site": {"partition": "short"}}')
    done = command("retry", "run", cwd=tmp_path, PATH=tmp_path / "bin")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("run: was job 7, so it goes to Slurm again (--here: on this machine)\n")
    script = (tmp_path / "run" / "job.sh").read_text()
    for directive in ("--partition=short", "--ntasks=2", "--time=90"):
        assert f"#SBATCH {directive}\n" in script


@pytest.mark.parametrize("words", [("submit",), ("sweep",), ("sweep", "--submit")])
def test_folder_that_cannot_be_written(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "s.yaml").write_text(f"extends: {SCENARIO}\nsweep: {{kind: list, members: [{{parameters.gamma.value: 0}}]}}\n")
    done = command(words[0], "s.yaml", "--out", "/proc/run", *words[1:], cwd=tmp_path)
    assert done.returncode == 2
    printed(done.stderr, "cannot-write", "/proc/run: ", says=("No such file or directory",))


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb"])
def test_folders_that_sbatch_cannot_read(tmp_path: Path, name: str) -> None:
    for job, start_in in ((Job("run", tmp_path / name, 1), tmp_path), (Job("run", tmp_path, 1), tmp_path / name)):
        with refused("bad-name", str(tmp_path / name), "rename the folder"):
            render(Site(), job, start_in)


def test_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    """`invasio ... | head`."""
    line = f"{sys.executable} -m invasio.solver.cli submit {SCENARIO} --dry-run | true"
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {line}"], capture_output=True, text=True, cwd=tmp_path, timeout=180)
    assert (done.returncode, done.stderr) == (141, "")


def test_large_sweep_is_split_into_arrays(tmp_path: Path) -> None:
    """Slurm's number of a task has a limit; the member's number is that and an offset."""
    parts = Array((1, 2, 3, 5, 6, 1001, 1002, 2500), 4, 10).split(1000)
    assert [part.directive() for part in parts] == ["1-3,5-6%3", "1-2%3", "500%3"]
    assert [part.offset for part in parts] == [0, 1000, 2000]
    for part, number in zip(parts, ("0002", "1002", "2500"), strict=True):
        text = render(Site(), Job("sweep", tmp_path / "a b", 1, array=part), tmp_path)
        folder = next(line for line in text.splitlines() if line.startswith("folder="))
        task = int(number) - part.offset
        done = subprocess.run(["bash", "-c", f"SLURM_ARRAY_TASK_ID={task}\n{folder}\necho $folder"], capture_output=True, text=True)
        assert done.stdout == f"{tmp_path}/a b/run-{number}\n"


def test_dry_run_shows_the_job_of_the_report(tmp_path: Path) -> None:
    done = command("submit", str(SCENARIO), "--dry-run", "--report", *SETTINGS, cwd=tmp_path)
    assert done.stdout.count("#!/bin/bash\n") == 2 and "#SBATCH --time=00:30:00\n" in done.stdout
    assert f"report {tmp_path}/out/anderson_1d_h0.02\n" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_what_sbatch_refuses_leaves_nothing(cluster: Cluster, tmp_path: Path) -> None:
    done = submit(cluster, tmp_path / "run", site="partition: nowhere\n")
    assert done.returncode == 1
    first, *_ = done.stderr.splitlines()
    assert first.startswith("invasio: sbatch: ") and "invalid partition" in done.stderr and "[queue-failed]" in done.stderr
    assert not (tmp_path / "run").exists()


def test_folder_with_other_files_is_refused(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("")
    done = submit(cluster, tmp_path)
    assert (done.returncode, [path.name for path in tmp_path.iterdir() if path.name != ".submit"]) == (2, ["thesis.txt"])
    printed(done.stderr, "other-files", f"{tmp_path}: ", "choose a new folder with --out", ("(thesis.txt)",))


def test_bad_scenario_is_not_submitted(cluster: Cluster, tmp_path: Path) -> None:
    done = invasio(cluster, "submit", str(SCENARIO), "--out", str(tmp_path / "run"), settings=["time.end=-1"])
    assert done.returncode == 2
    assert "[wrong-order]" in done.stderr and ": time: " in done.stderr
    assert not (tmp_path / "run").exists()


class Stage:
    """The job script with stand-ins for srun, which ends with a given code when it is told to, and for scontrol."""

    def __init__(self, folder: Path, code: int, state: str = "RUNNING", restart: int = 0, lasts: float = 0.0) -> None:
        self.folder = folder
        srun = f"trap 'echo told >> {folder}/told; exit {code}' USR1\ntouch {folder}/started\n"
        srun += f"for _ in $(seq {int(lasts * 10)}); do sleep 0.1; done\nexit {code}\n"
        scontrol = f'echo "$@" >> {folder}/asked\n[ "$1" = show ] && echo "   JobState={state} Reason=None" || kill -TERM $PPID\n'
        for name, text in (("srun", srun), ("scontrol", scontrol)):
            (folder / name).write_text(f"#!/bin/bash\n{text}")
            (folder / name).chmod(0o755)
        (folder / "job.sh").write_text(render(Site(restarts=2), Job("run", folder / "run", 2), folder))
        environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "SLURM_JOB_ID": "7", "SLURM_JOB_NODELIST": "here"}
        environment["SLURM_RESTART_COUNT"] = str(restart)
        with (folder / "said").open("w") as out:
            self.shell = subprocess.Popen(["bash", str(folder / "job.sh")], env=environment, stdout=out)

    @property
    def said(self) -> str:
        """What the script printed."""
        return (self.folder / "said").read_text()

    def end(self) -> tuple[int, str]:
        """Exit code, and all that was asked of scontrol."""
        code = self.shell.wait(30)
        asked = self.folder / "asked"
        return code, asked.read_text() if asked.exists() else ""


@pytest.mark.parametrize("code", [0, 1, 4])
def test_other_codes_are_passed_on(tmp_path: Path, code: int) -> None:
    assert Stage(tmp_path, code).end() == (code, "")


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGTERM])
def test_signal_is_passed_on_and_the_job_requeued(tmp_path: Path, number: signal.Signals) -> None:
    stage = Stage(tmp_path, 85, lasts=20)
    while not (tmp_path / "started").exists():
        time.sleep(0.02)
    stage.shell.send_signal(number)
    code, asked = stage.end()
    assert (code, asked) == (-signal.SIGTERM, "show job 7\nrequeue 7\n")  # the stand-in ends the script as Slurm does
    assert (tmp_path / "told").read_text() == "told\n"


def test_set_up_that_fails_is_noted(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "job.sh").write_text(render(Site(setup="exit 3"), Job("run", tmp_path / "run", 2), tmp_path))
    assert subprocess.run(["bash", str(tmp_path / "job.sh")]).returncode == 3
    assert (tmp_path / "run" / "STATUS").read_text() == "failed\n"


def test_cancelled_job_is_not_requeued(tmp_path: Path) -> None:
    stage = Stage(tmp_path, 85, state="CANCELLED")
    assert stage.end() == (85, "show job 7\n")
    assert "the job was ended (CANCELLED) and left a checkpoint" in stage.said


def test_restarts_have_a_limit(tmp_path: Path) -> None:
    stage = Stage(tmp_path, 85, restart=2)
    assert stage.end() == (85, "show job 7\n")
    assert "not finished after 2 restarts" in stage.said
