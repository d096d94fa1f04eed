"""A small tumour beside a vein and a lymph vessel, with the whole cascade behind them."""

from __future__ import annotations

CASCADE = """\
scales: {length: 1 um, time: 1 d, cells: 1e8 /cm^3, depth: 100 um}
mesh: {kind: interval, to: 100, cells: 10}
model:
  cells: {tumour: {initial: 1, motility: 1e-10 cm^2/s, growth: {kind: logistic, rate: 0.3}}}
  vessels:
    vein: {carries: blood, at: {boundary: right}, entry: {tumour: 0.5 um/h}}
    duct: {carries: lymph, at: {boundary: left}, entry: {tumour: 0.5 um/h}}
circulation:
  seed: 7
  stands_for: 200
  end: 2 y
  after: none
  clusters: {mean: 1.03}
  blood: {transit: 2 h, survival: {single: 5e-4, cluster: 2.5e-2}, disaggregation: 0.5}
  lymph: {levels: [{name: II, hold: 0.8}, {name: III, hold: 0.5}]}
organs:
  anatomy: human_adult
  capture: 0.9
  extravasation: 0.8
  soil: {liver: 0.02, bone: 0.02, lungs: 0.005, others: 0.001}
  dormancy: {enter: 0.6, wake: 0.002 /d}
  colony: {birth: 0.25 /d, death: 0.2 /d, micro: 50 cells, macro: 1e6 cells}
time: {end: 10, step: 0.5}
output: {every: 5}
"""


def changed(*pairs: tuple[str, str], text: str = CASCADE) -> str:
    """The scenario with texts replaced, each of which must be there."""
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text
