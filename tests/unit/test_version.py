"""The version: from tags, from archives, and the last release where neither says it."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
from datetime import date
from pathlib import Path

import pytest

import invasio
from invasio import _version
from invasio._version import RELEASED, find

ROOT = Path(__file__).resolve().parents[2]


def git(folder: Path, *words: str) -> str:
    """What git prints in a folder, of an author of its own."""
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "init.defaultBranch=main", "-C", str(folder), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout of one commit that has this project's name, and no tags."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    (folder / "pyproject.toml").write_text('[project]\nname = "invasio"\n')
    for name in (".git_archival.txt", ".gitattributes"):
        (folder / name).write_bytes((ROOT / name).read_bytes())
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "one")
    return folder


def unpacked(checkout: Path) -> Path:
    """What `git archive` makes of a checkout, as the archives of forges."""
    git(checkout, "archive", "--format=tar", "--prefix=archive/", "-o", "../archive.tar", "HEAD")
    with tarfile.open(checkout.parent / "archive.tar") as tar:
        tar.extractall(checkout.parent, filter="data")
    return checkout.parent / "archive"


def test_of_tags_and_commits_after_them(checkout: Path) -> None:
    git(checkout, "tag", "v1.2.0")
    assert find(checkout) == "1.2.0"
    git(checkout, "commit", "-q", "--allow-empty", "-m", "two")
    git(checkout, "tag", "not-a-version")
    assert re.fullmatch(r"1\.2\.0\.post1\+g[0-9a-f]{7,}", find(checkout))
    assert find(unpacked(checkout)) == find(checkout)


def test_without_tags_it_is_the_last_release_and_the_commit(checkout: Path) -> None:
    commit = git(checkout, "rev-parse", "--short=9", "HEAD")
    assert find(checkout) == f"{RELEASED}+g{commit}"
    assert find(unpacked(checkout)).startswith(f"{RELEASED}+g{commit[:7]}")


def test_without_git_and_in_a_source_distribution(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("PATH", "")
        assert find(checkout) == RELEASED
    (checkout / ".git").rename(checkout / "no.git")
    assert find(checkout) == RELEASED  # of the archive's file, which git has not filled in
    (checkout / "PKG-INFO").write_text("Metadata-Version: 2.4\nName: invasio\nVersion: 3.1.0\n")
    assert find(checkout) == "3.1.0"


def test_of_what_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "other"\n')
    monkeypatch.setattr(_version, "_installed", lambda: "4.0.0")
    assert find(tmp_path) == "4.0.0"
    monkeypatch.setattr(_version, "_installed", lambda: "")
    assert find(tmp_path) == RELEASED


def test_the_command_says_it() -> None:
    said = subprocess.run([sys.executable, "-m", "invasio.solver.cli", "--version"], capture_output=True, text=True, check=True, timeout=60)
    assert said.stdout.strip() == f"invasio {invasio.__version__}"


def test_releases_are_dated_and_the_last_one_is_said_everywhere() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    heads = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert heads[0] == "Unreleased"
    releases = [re.fullmatch(r"(\d+\.\d+\.\d+) - (\d{4}-\d\d-\d\d)", head) for head in heads[1:]]
    assert releases and all(releases), heads
    days = [date.fromisoformat(found[2]) for found in releases if found]
    assert days == sorted(days, reverse=True)
    last = releases[0]
    assert last and last[1] == RELEASED
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {RELEASED}\n" in citation and f"\ndate-released: {last[2]}\n" in citation


def test_every_change_stands_once_in_a_group() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    groups = set(re.findall(r"^### (.+)$", text, re.MULTILINE))
    assert groups <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    parts = re.split(r"^## ", text, flags=re.MULTILINE)[2:]  # what is released
    stray = [part for part in parts if re.search(r"^- ", part.partition("### ")[0], re.MULTILINE)]
    changes = re.findall(r"^- .+(?:\n  .+)*", text, re.MULTILINE)
    assert not stray and len(changes) == len(set(changes)) > 100
