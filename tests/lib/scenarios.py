"""Small scenarios of every kind, as files."""

from __future__ import annotations

from pathlib import Path

_HEAD = "schema_version: 1\n"
_TIME = "time: {end: 0.5, step: 0.1}\noutput: {every: 0.25, figures: false}\n"

# With membranes that open, a vessel, a quasi-steady species, motility by region, fibres, transfers and every boundary condition.
TISSUE = (
    _HEAD
    + """\
mesh: {kind: rectangle, cells: [6, 6], regions: {bed: {kind: rectangle, from: [0, 0], to: [0.5, 1]}}, interfaces: {basement: [bed, tissue]}}
parameters: {gamma: 1e-2, opening: 2}
model:
  cells:
    tumour:
      initial: {bed: "exp(-(x - 0.2)^2/0.02)"}
      motility: {bed: 1e-2, tissue: 5e-3}
      haptotaxis: {ecm: {kind: logarithmic, sensitivity: gamma}}
      secretes: {mmp2: 5}
      growth: {kind: logistic, rate: 0.5}
      becomes: {runner: 0.2}
    runner: {initial: 0, motility: 2e-2, fibres: {direction: [1, x], across: 0.2}}
  ecm: {initial: 1 - 0.5*x, degraded_by: {mmp2: 3}}
  solubles:
    mmp2: {diffusion: 5e-2, decay: 1}
    oxygen: {initial: 1, diffusion: 0.5, decay: tumour/(0.2 + oxygen), quasi_steady: true}
  membranes:
    basement: {degraded_by: {mmp2: opening}, permeability: {tumour: 1, mmp2: 1, oxygen: {rate: 1, follows_integrity: false}}}
  vessels:
    wall: {carries: blood, at: {boundary: right}, entry: {tumour: 1}, wall: {degraded_by: {mmp2: 20}}}
boundaries:
  left: {oxygen: {kind: fixed, value: 1}, tumour: {kind: outflow}}
  top: {mmp2: {kind: influx, value: 0.1}}
  bottom: {mmp2: {kind: exchange, rate: 1, value: 0.1}}
"""
    + _TIME
)
LINE = (
    _HEAD
    + """\
mesh: {kind: interval, cells: 30}
parameters: {gamma: 5e-3}
model:
  cells: {tumour: {initial: "exp(-x^2/0.01)", motility: 1e-3, haptotaxis: {ecm: gamma}, secretes: {mmp: 0.1}}}
  ecm: {initial: "1 - 0.5*exp(-x^2/0.01)", degraded_by: {mmp: 10}}
  solubles: {mmp: {initial: "0.5*exp(-x^2/0.01)", diffusion: 1e-3}}
"""
    + _TIME
)
MYOPIC = (
    _HEAD
    + """\
mesh: {kind: rectangle, cells: [5, 5]}
parameters: {gamma: 1e-2, fast: 2e-2}
model:
  cells: {tumour: {initial: 1, motility: fast*(1 + x), fibres: {direction: [1, 0.5], across: 0.2, law: myopic}, haptotaxis: {ecm: gamma}}}
  ecm: {initial: 1 - 0.5*x}
time: {end: 0.5}
output: {every: 0.25, figures: false}
"""
)
ALL = {"tissue": TISSUE, "line": LINE, "myopic": MYOPIC}


def write(folder: Path, name: str) -> Path:
    """A scenario of ALL as a file."""
    path = folder / f"{name}.yaml"
    path.write_text(ALL[name], encoding="utf-8")
    return path
