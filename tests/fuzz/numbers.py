"""Chance models of well-mixed tissue, run as scenarios and integrated by SciPy from the same words, read by Python instead of by us.

Rates lie between 0.01 and 1e4 per time, so that a step sees everything from slow to long in balance. Species move or do not, which
changes nothing where all is alike everywhere; growth limits itself, species turn into another, react, are taken up by laws that
saturate, and are given in pulses.
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp

from invasio.postprocess.run import Run, open_run
from tests.fuzz.judge import Answer, ask

TOLERANCE = 1e-4
ALLOWED = 30.0  # times it, which is meant for each step: growth keeps the errors of all steps before
SECONDS = 60  # of the processor
END = 8.0
TIMES = tuple(float(t) for t in range(1, 9))


@dataclass
class Model:
    """A scenario, and the same as rates of change in Python's words; ``jumps``: times where these jump."""

    scenario: dict[str, Any]
    rates: dict[str, list[str]]
    initial: dict[str, float]
    jumps: list[float] = field(default_factory=list)

    def reference(self) -> dict[str, np.ndarray]:
        """Values at TIMES."""
        names = list(self.rates)
        code = compile("[" + ", ".join(" + ".join(self.rates[n]) or "0.0" for n in names) + "]", "model", "eval")
        known = {"exp": math.exp, "cos": math.cos, "pi": math.pi, "where": lambda c, a, b: a if c else b, "mod": lambda a, b: a % b}

        def right(t: float, y: np.ndarray) -> list[float]:
            return eval(code, known, dict(zip(names, y, strict=True)) | {"t": t})  # type: ignore[no-any-return]

        y, t0, found = np.array([self.initial[n] for n in names]), 0.0, []
        for t1 in sorted({*TIMES, *(t for t in self.jumps if t < END)}):
            inner = 1e-12 * max(t1, 1.0)  # what jumps has its inner value in a piece
            done = solve_ivp(
                lambda t, y, a=t0 + inner, b=t1 - inner: right(min(max(t, a), b), y), (t0, t1), y, "Radau", rtol=1e-9, atol=1e-14
            )
            y, t0 = done.y[:, -1], t1
            if t1 in TIMES:
                found.append(y)
        return {name: np.array(found)[:, k] for k, name in enumerate(names)}


def models(seed: int) -> Iterator[Model]:
    """One after another."""
    chance = np.random.default_rng(seed)
    while True:
        yield _model(chance)


def _rate(chance: np.random.Generator, low: float = -2.0, high: float = 4.0) -> float:
    return float(f"{10.0 ** chance.uniform(low, high):.3g}")


def _model(chance: np.random.Generator) -> Model:
    names = ["a", "b", "c", "d"][: chance.integers(1, 5)]
    made = Model({}, {n: [] for n in names}, {n: round(float(chance.choice([0.0, 0.01, 0.3, 1.0, 2.0])), 2) for n in names})
    species: dict[str, dict[str, Any]] = {n: {"initial": made.initial[n]} for n in names}
    for n in names:
        if chance.random() < 0.5:
            species[n]["diffusion"] = 1e-2
        for kind in chance.choice(list(_TERMS), size=chance.integers(0, 3), replace=False):
            _TERMS[kind](chance, n, species[n], made)
    scenario: dict[str, Any] = {"mesh": {"kind": "interval", "to": 1, "cells": 3}, "species": species}
    if len(names) > 1:
        reactions = {}
        for k in range(chance.integers(0, 3)):
            reactions[f"r{k}"] = _reaction(chance, names, made)
        if reactions:
            scenario["model"] = {"reactions": reactions}
        if chance.random() < 0.3:
            n, m = (str(x) for x in chance.choice(names, 2, replace=False))
            pace = _rate(chance, high=2.0)
            species[n]["becomes"] = {m: pace}
            made.rates[n].append(f"-{pace}*{n}")
            made.rates[m].append(f"{pace}*{n}")
    made.scenario = scenario
    return made


def _growth(chance: np.random.Generator, n: str, options: dict[str, Any], made: Model) -> None:
    g, top = _rate(chance, high=3.0), float(chance.choice([0.5, 1.0, 3.0]))
    if "growth" not in options:
        options["growth"] = f"{g}*(1 - {n}/{top})"
        made.rates[n].append(f"{g}*(1 - {n}/{top})*{n}")


def _limited(chance: np.random.Generator, n: str, options: dict[str, Any], made: Model) -> None:
    g, q = _rate(chance, high=3.0), _rate(chance, high=3.0)
    if "growth" not in options:
        options |= {"growth": g, "self_limitation": q}
        made.rates[n].append(f"({g} - {q}*{n})*{n}")


def _production(chance: np.random.Generator, n: str, options: dict[str, Any], made: Model) -> None:
    if "production" in options:
        return
    p = _rate(chance, -2.0, 1.0)
    shape = str(chance.choice(["1", "pulse", "wave", "daily"]))
    if shape == "pulse":
        a, w = round(float(chance.uniform(0.1, 6.0)), 3), round(float(chance.uniform(1e-3, 1.0)), 4)
        text = f"where(t > {a} and t < {a} + {w}, {p}, 0)"
        made.jumps += [a, a + w]
    elif shape == "daily":
        period, w = round(float(chance.uniform(0.5, 3.0)), 2), round(float(chance.uniform(0.01, 0.4)), 3)
        text = f"where(mod(t, {period}) < {w}, {p}, 0)"
        for k in range(int(END / period) + 1):
            made.jumps += [k * period, k * period + w]
        made.jumps = [t for t in made.jumps if t > 0.0]
    else:
        text = {"1": f"{p}", "wave": f"{p}*(1 + cos(2*pi*t))"}[shape]
    options["production"] = text
    made.rates[n].append(text)


def _loss(chance: np.random.Generator, n: str, options: dict[str, Any], made: Model) -> None:
    k = _rate(chance)
    if "loss" not in options:
        options["loss"] = k
        made.rates[n].append(f"-{k}*{n}")


def _uptake(chance: np.random.Generator, n: str, options: dict[str, Any], made: Model) -> None:
    v, half = _rate(chance, -1.0, 3.0), _rate(chance, -6.0, 0.0)
    if "loss" not in options:
        options["loss"] = f"{v}/({half} + {n})"
        made.rates[n].append(f"-{v}*{n}/({half} + {n})")


_TERMS = {"growth": _growth, "limited": _limited, "production": _production, "loss": _loss, "uptake": _uptake}


def _reaction(chance: np.random.Generator, names: list[str], made: Model) -> dict[str, Any]:
    """Left and right sides of as many particles, so that nothing grows without bound."""
    left = [str(x) for x in chance.choice(names, chance.integers(1, 3))]
    right = [str(x) for x in chance.choice(names, len(left))]
    if sorted(left) == sorted(right):
        right[0] = next(n for n in names if n != left[0])
        if sorted(left) == sorted(right):
            return _reaction(chance, names, made)
    k, back = _rate(chance), _rate(chance)
    reversible = chance.random() < 0.5
    forward = "*".join([str(k), *left])
    backward = "*".join([str(back), *right])
    net = f"({forward} - {backward})" if reversible else f"{forward}"
    for n in left:
        made.rates[n].append(f"-{net}")
    for n in right:
        made.rates[n].append(net)
    equation = f"{' + '.join(left)} {'<->' if reversible else '->'} {' + '.join(right)}"
    return {"equation": equation, **({"forward": k, "backward": back} if reversible else {"rate": k})}


def written(model: Model, folder: Path, tolerance: float) -> Path:
    """The scenario as a file."""
    time = {"end": END, "tolerance": tolerance}
    path = folder / "numbers.yaml"
    output = {"every": 1.0, "figures": False}
    path.write_text(json.dumps({"schema_version": 1, "name": "numbers", **model.scenario, "time": time, "output": output}))
    return path


def error(model: Model, run: Run) -> tuple[float, str]:
    """The largest relative error at TIMES, and where it is; of what is below a thousandth of the most there is of a species, of that."""
    found = (0.0, "nothing")
    at = np.searchsorted(run.series["time"], TIMES)
    for name, exact in model.reference().items():
        got = np.asarray(run.series[f"{name}.total"])[at]
        off = np.abs(got - exact) / np.maximum(np.abs(exact), 1e-3 * max(float(np.abs(exact).max()), model.initial[name], 1e-6))
        worst = int(off.argmax())
        found = max(found, (float(off[worst]), f"{name} is {got[worst]:.6g} at t = {TIMES[worst]:g}, SciPy has {exact[worst]:.6g}"))
    return found


def attack(model: Model, place: Path) -> Answer:
    """What a run answers, and whether its numbers are those of SciPy."""
    path, folder = written(model, place, TOLERANCE), place / "run"
    shutil.rmtree(folder, ignore_errors=True)
    answer = ask(["run", str(path), "--out", str(folder)], place, SECONDS)
    if answer.fault or answer.code:
        return answer if answer.fault else replace(answer, code=99, text=answer.text)
    off, where = error(model, open_run(folder))
    return answer if off <= ALLOWED * TOLERANCE else replace(answer, code=99, text=f"{off / TOLERANCE:.2g} times the tolerance: {where}")
