"""Writes wheels.txt anew: the newest versions of wheels-wanted.txt and of all that they need, with the hashes of their files.

`python3 -m invasio.hpc.environment.lock` asks the package index that pip is set up with; some minutes.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

HERE = Path(__file__).resolve().parent
WANTED = HERE / "wheels-wanted.txt"
PINNED = HERE / "wheels.txt"
PYTHONS = ("3.12", "3.13", "3.14")
MACHINE = "x86_64"
GLIBC = 34  # DOLFINx's wheel needs glibc 2.34; files for older ones do as well

_HEAD = f"""\
# The environment of wheels: every package with its version and the hashes of its files for Python {", ".join(PYTHONS)}, one a line.
# Written from wheels-wanted.txt by `python3 -m invasio.hpc.environment.lock`; change that list, not this file.
# Changing this file makes `./invasio` build a new environment; the old one stays until `./invasio env remove`.
"""


def resolve(python: str, known: Path | None) -> dict[str, tuple[str, set[str]]]:
    """Version and hashes by name, as pip would install them for one Python; with the versions of ``known`` where given."""
    names = ["manylinux2014", *(f"manylinux_2_{minor}" for minor in range(5, GLIBC + 1))]
    platforms = [word for name in names for word in ("--platform", f"{name}_{MACHINE}")]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        options = ["--dry-run", "--ignore-installed", "--quiet", "--only-binary", ":all:", "--target", folder, "--report", str(report)]
        constraint = ["--constraint", str(known)] if known else []
        command = [sys.executable, "-m", "pip", "install", *options, "--python-version", python, *platforms, *constraint, "-r", str(WANTED)]
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
    """Resolve for every Python, the later ones with the versions of the first, and write the list."""
    versions: dict[str, str] = {}
    hashes: defaultdict[str, set[str]] = defaultdict(set)
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as known:
        for python in PYTHONS:
            for name, (version, files) in resolve(python, Path(known.name) if versions else None).items():
                versions.setdefault(name, version)
                hashes[name] |= files
            known.seek(0)
            known.truncate()
            known.write("".join(f"{name}=={version}\n" for name, version in versions.items()))
            known.flush()
    given = {name: [f"--hash=sha256:{one}" for one in sorted(files)] for name, files in sorted(hashes.items())}
    lines = [" ".join([f"{name}=={versions[name]}", *files]) for name, files in given.items()]
    PINNED.write_text(_HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"{PINNED}: {len(lines)} packages")


if __name__ == "__main__":
    main()
