"""Writes the lists of wheels anew: the newest versions of what is wanted and of all that it needs, with the hashes of their files.

`python3 -m invasio.hpc.environment.lock` asks the package index that pip is set up with; some minutes.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

HERE = Path(__file__).resolve().parent
WANTED, MORE = HERE / "wheels-wanted.txt", HERE / "wheels-test-wanted.txt"
PYTHONS = ("3.12", "3.13", "3.14")
MACHINE = "x86_64"
GLIBC = 34  # DOLFINx's wheel needs glibc 2.34; files for older ones do as well

_HEAD = """\
# {what}: every package with its version and the hashes of its files for Python {pythons}, one a line.
# Written from {wanted} by `python3 -m invasio.hpc.environment.lock`; change that list, not this file.
"""
# What each list is of, and whether a package belongs to it: one that a run needs, or only tests.
LISTS: dict[str, tuple[str, Path, Callable[[str, bool], bool]]] = {
    "wheels.txt": ("The environment of wheels", WANTED, lambda _, run: run),
    "wheels-test.txt": ("What tests need besides", MORE, lambda _, run: not run),
    "extras-vtk.txt": ("For files of VTK, fetched when the first is read (solver/extras.py)", MORE, lambda name, _: name == "vtk"),
}


def resolve(python: str, known: Path | None, wanted: tuple[Path, ...]) -> dict[str, tuple[str, set[str]]]:
    """Version and hashes by name, as pip would install them for one Python; with the versions of ``known`` where given."""
    names = ["manylinux2014", *(f"manylinux_2_{minor}" for minor in range(5, GLIBC + 1))]
    platforms = [word for name in names for word in ("--platform", f"{name}_{MACHINE}")]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        options = ["--dry-run", "--ignore-installed", "--quiet", "--only-binary", ":all:", "--target", folder, "--report", str(report)]
        constraint = ["--constraint", str(known)] if known else []
        files = [word for path in wanted for word in ("-r", str(path))]
        command = [sys.executable, "-m", "pip", "install", *options, "--python-version", python, *platforms, *constraint, *files]
        subprocess.run(command, check=True)
        found = json.loads(report.read_text(encoding="utf-8"))["install"]
    return {
        item["metadata"]["name"].lower().replace("_", "-"): (
            item["metadata"]["version"],
            {item["download_info"]["archive_info"]["hashes"]["sha256"]},
        )
        for item in found
    }


def main() -> None:
    """Resolve for every Python, the later ones with the versions of the first, and write the lists."""
    versions: dict[str, str] = {}
    hashes: defaultdict[str, set[str]] = defaultdict(set)
    run: set[str] = set()
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as known:
        for wanted in ((WANTED,), (WANTED, MORE)):
            for python in PYTHONS:
                for name, (version, files) in resolve(python, Path(known.name) if versions else None, wanted).items():
                    versions.setdefault(name, version)
                    hashes[name] |= files
                known.seek(0)
                known.truncate()
                known.write("".join(f"{name}=={version}\n" for name, version in versions.items()))
                known.flush()
            run = run or set(versions)
    for path, text in written(versions, hashes, run).items():
        (HERE / path).write_text(text, encoding="utf-8")
        print(f"{path}: {text.count('==')} packages")


def written(versions: Mapping[str, str], hashes: Mapping[str, set[str]], run: Collection[str]) -> dict[str, str]:
    """The lists by their names, from versions and hashes by package; ``run``: the packages that a run needs."""
    lists = {}
    for path, (what, wanted, belongs) in LISTS.items():
        names = [name for name in sorted(versions) if belongs(name, name in run)]
        lines = [" ".join([f"{name}=={versions[name]}", *(f"--hash=sha256:{one}" for one in sorted(hashes[name]))]) for name in names]
        lists[path] = _HEAD.format(what=what, pythons=", ".join(PYTHONS), wanted=wanted.name) + "\n".join(lines) + "\n"
    return lists


if __name__ == "__main__":
    main()
