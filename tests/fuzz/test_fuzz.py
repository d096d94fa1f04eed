"""A few hundred attacks, always the same ones; `python3 -m tests.fuzz` makes more of them."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.fuzz import attacks, checkpoints, collections, folders, numbers, scenarios
from tests.fuzz.judge import ask

SECONDS = 6.0  # for each kind, but a few attacks on any machine; further ones are left to the command
pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")


@pytest.mark.parametrize("part", range(4))
def test_written_by_hand(part: int, tmp_path: Path) -> None:
    """Each is refused or answered as it should be, in seconds of the processor and bounded memory."""
    for name in list(attacks.SCENARIOS)[part::4]:
        attack = attacks.SCENARIOS[name]
        (tmp_path / "a.yaml").write_bytes(attack.text.encode("utf-8", "surrogatepass"))
        answer = ask(["validate", "a.yaml", *(word for text in attack.sets for word in ("--set", text))], tmp_path)
        assert answer.fault == "", f"{name}: {answer.fault}"
        assert f" [{attack.code}]" in answer.text if attack.code else answer.code == 0, f"{name}: {answer.text[:500]}"
        assert answer.seconds < 30.0, f"{name}: {answer.seconds:.1f} s"  # of the processor; what grows with a power takes minutes
        assert answer.memory < 1000.0, f"{name}: {answer.memory:.0f} MB"
        assert len(answer.text) < 50_000, f"{name}: {len(answer.text)} characters"


def test_scenarios_changed_at_random(tmp_path: Path) -> None:
    stream, end, count = scenarios.mutants(1), time.monotonic() + SECONDS, 0
    while count <= 5 or (time.monotonic() < end and count < 150):
        what, raw = next(stream)
        answer, count = scenarios.attack(raw, tmp_path), count + 1
        assert answer.fault == "", f"{what}: {answer.fault}"


def test_run_folders_changed_at_random(tmp_path: Path) -> None:
    copies, end, count = folders.mutants(1, folders.made(tmp_path)), time.monotonic() + SECONDS, 0
    while count <= 3 or (time.monotonic() < end and count < 60):
        what, command = next(copies)
        answer, count = folders.attack(command, tmp_path), count + 1
        assert answer.fault == "", f"{what}: {answer.fault}"


def test_sweeps_and_series_changed_at_random(tmp_path: Path) -> None:
    copies, end, count = collections.mutants(1, collections.made(tmp_path)), time.monotonic() + SECONDS, 0
    while count <= 3 or (time.monotonic() < end and count < 60):
        what, command = next(copies)
        answer, count = collections.attack(command, tmp_path), count + 1
        assert answer.fault == "", f"{what}: {answer.fault}"


def test_bits_of_checkpoints(tmp_path: Path) -> None:
    """Of one without a digest, whose structure HDF5 itself reads."""
    stream, end, count = checkpoints.mutants(1, tmp_path), time.monotonic() + SECONDS, 0
    while count <= 10 or (time.monotonic() < end and count < 200):
        what, content = next(stream)
        answer, count = checkpoints.attack(content, tmp_path), count + 1
        assert answer.fault == "", f"{what}: {answer.fault}"


def test_numbers_of_chance_models(tmp_path: Path) -> None:
    """Stiff, self-limited, reacting, turning, given in pulses: as SciPy integrates them."""
    chance, end, count = numbers.models(1), time.monotonic() + SECONDS, 0
    while count <= 5 or (time.monotonic() < end and count < 60):
        model = next(chance)
        answer, count = numbers.attack(model, tmp_path), count + 1
        assert answer.fault == "", f"{model.scenario}: {answer.fault}"
