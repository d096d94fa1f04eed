"""Container recipes hold what the launcher's environment holds, and say whether anybody has tried them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from invasio.hpc.containers.recipes import CONDA, FILES, HERE, packages

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("name", FILES)
def test_files_are_current_and_say_whether_they_were_built(name: str) -> None:
    text = (HERE / name).read_text()
    assert text == FILES[name](), "write them anew: python3 -m invasio.hpc.containers.recipes"
    by_hand = "# Its steps were carried out by hand "
    tried = {"environment.yml": "# Never built: ", "Dockerfile.wheels": by_hand, "invasio-wheels.def": "# The steps of Dockerfile.wheels, "}
    assert text.startswith(tried.get(name, "# Built by hand with "))


@pytest.mark.parametrize("name", ["Dockerfile", "invasio.def"])
def test_packages_are_those_of_the_launcher(name: str) -> None:
    install = re.search(r"--no-install-recommends(.*?)&&", (HERE / name).read_text(), re.DOTALL)
    assert install is not None
    script = f'environment_folder="{ROOT}/hpc/environment"; . "$environment_folder/find.sh"; profile_packages run'
    wanted = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert install[1].replace("\\", " ").split() == wanted == packages()


def test_every_package_has_its_conda_packages() -> None:
    assert list(CONDA) == packages()
    listed = YAML(typ="safe").load((HERE / "environment.yml").read_text())["dependencies"]
    assert "fenics-dolfinx=0.11" in listed
    assert {name for names in CONDA.values() for name in names} <= set(listed)
