# ruff: noqa: E501  (remedies stay on one line, as they are printed)
"""Broken scenarios, each with everything that is said about it. ``{file}`` stands for the file's name."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.lib.messages import Said, said


@dataclass(frozen=True)
class Broken:
    """A scenario text, `--set` texts, other files beside it, and the faults that are said."""

    text: str
    faults: tuple[Said, ...]
    overrides: tuple[str, ...] = ()
    beside: dict[str, str] = field(default_factory=dict)


GOOD = """\
mesh: {kind: interval, cells: 10}
model:
  cells:
    tumour: {initial: 1, motility: 1e-3, haptotaxis: 5e-3, secretes: {mmp: 0.1}}
  ecm: {initial: 1, degraded_by: {mmp: 10}}
  solubles:
    mmp: {diffusion: 1e-3}
time: {end: 10, step: 0.1}
"""
SCALED = "scales: {length: 1 um, time: 1 h, cells: 1e5 /cm^2, mmp: 1 nM}\n" + GOOD


def _good(old: str, new: str, base: str = GOOD) -> str:
    if old not in base:
        raise ValueError(f"the good scenario does not contain {old!r}")
    return base.replace(old, new)


def _vessel(text: str) -> str:
    """The good scenario with a vessel, on line 9."""
    return _good("time:", f"  vessels:\n    v: {text}\ntime:")


def _schedule(text: str, *more: str) -> str:
    return "\n".join([f"schedules: {{plasma: {{{text}}}}}", *more, GOOD])


_PLASMA = "kind: pharmacokinetics, dose: 50, every: 12, count: 20, half_life: 9, volume: 1"

CASES = {
    "sweep_unknown_path": Broken(
        GOOD + "sweep:\n  kind: grid\n  vary:\n    model.cells.tumor.motility: [1, 2]\n",
        (
            said(
                "{file}:12:5: model.cells.tumor.motility",
                "unknown-key",
                "allowed in model.cells: tumour; did you mean 'model.cells.tumour'?",
                "(given 'tumor')",
            ),
        ),
    ),
    "sweep_bad_members": Broken(
        GOOD + "sweep:\n  kind: grid\n  vary:\n    time.step: [0.1, -1, 0]\n    model.cells.tumour.motility: [1e-3, nutrient]\n",
        (
            said("{file}:12:22: time.step", "out-of-bounds", "allowed: greater than 0", "(given -1)"),
            said("{file}:12:26: time.step", "out-of-bounds", "allowed: greater than 0", "(given 0)"),
            said(
                "{file}:13:41: model.cells.tumour.motility", "unknown-name", "allowed: ecm, mmp, t, tumour, x, y, z", "(given 'nutrient')"
            ),
        ),
    ),
    "sweep_of_itself": Broken(
        GOOD + "sweep: {kind: list, members: [{name: a}]}\n",
        (said("{file}:9:32: sweep.members[0].name", "cannot-vary", "name another option", "(given 'name')"),),
    ),
    "sweep_range": Broken(
        GOOD + "sweep: {kind: sobol, n: 4, vary: {time.end: {from: 0, to: 1, spacing: log}}}\n",
        (said("{file}:9:45: sweep.vary.time.end", "out-of-bounds", "with spacing: log both ends must be greater than 0", "(given 0)"),),
    ),
    "sweep_grid_without_count": Broken(
        GOOD + "sweep: {kind: grid, vary: {time.end: {from: 1, to: 2}}}\n",
        (said("{file}:9:38: sweep.vary.time.end.count", "missing-option", "give `count`"),),
    ),
    "sweep_kind": Broken(
        GOOD + "sweep: {kind: random, n: 3}\n",
        (said("{file}:9:15: sweep.kind", "unknown-kind", "allowed: grid, list, latin_hypercube, sobol", "(given 'random')"),),
    ),
    "fibres_components": Broken(
        _good("motility: 1e-3", "motility: 1e-3, fibres: {direction: [1, 0], across: 0.1}"),
        (said("{file}:4:62: model.cells.tumour.fibres.direction", "wrong-length", "allowed: 1", "(given 2)"),),
    ),
    "cells_larger_than_the_mesh": Broken(
        _good("{kind: interval, cells: 10}", "{kind: disc, radius: 2, size: 10}"),
        (said("{file}:1:37: mesh.size", "out-of-bounds", "allowed: at most 4", "cells larger than the mesh (given 10 for a length of 4)"),),
    ),
    "divided_by_zero": Broken(
        _good("initial: 1, motility", "initial: exp(-x/0), motility"),
        (
            said(
                "{file}:4:23: model.cells.tumour.initial",
                "out-of-bounds",
                "write a number other than 0, or where(...) around it",
                "division by 0 (given '-x / 0')",
            ),
        ),
    ),
    "divided_by_a_parameter_less_itself": Broken(
        _good("initial: 1, motility: 1e-3", "initial: 1, motility: 1e-3/(k - k)").replace("model:", "parameters: {k: 2}\nmodel:", 1),
        (
            said(
                "{file}:5:36: model.cells.tumour.motility",
                "out-of-bounds",
                "write a number other than 0, or where(...) around it",
                "division by 0",
            ),
        ),
    ),
    "fibres_across": Broken(
        _good("motility: 1e-3", "motility: 1e-3, fibres: {direction: [1], across: 1.5}"),
        (said("{file}:4:75: model.cells.tumour.fibres.across", "out-of-bounds", "allowed: at most 1", "(given 1.5)"),),
    ),
    "becomes_itself": Broken(
        _good("motility: 1e-3", "motility: 1e-3, becomes: {tumour: 1}"),
        (said("{file}:4:60: model.cells.tumour.becomes.tumour", "wrong-transfer", "name another"),),
    ),
    "becomes_unknown": Broken(
        _good("motility: 1e-3", "motility: 1e-3, becomes: {tumor: 1}"),
        (
            said(
                "{file}:4:52: model.cells.tumour.becomes.tumor", "no-species", "allowed: tumour; did you mean 'tumour'?", "(given 'tumor')"
            ),
        ),
    ),
    "becomes_ecm": Broken(
        _good("motility: 1e-3", "motility: 1e-3, becomes: {ecm: 1}"),
        (said("{file}:4:52: model.cells.tumour.becomes.ecm", "wrong-species", "allowed: tumour", "(given 'ecm')"),),
    ),
    "maximum_zero": Broken(
        _good("motility: 1e-3", "motility: 1e-3, maximum: 0"),
        (said("{file}:4:51: model.cells.tumour.maximum", "out-of-bounds", "allowed: greater than 0", "(given 0)"),),
    ),
    "motility_by_region_varies": Broken(
        _good("motility: 1e-3", "motility: {tissue: 1e-3*x}"),
        (
            said(
                "{file}:4:45: model.cells.tumour.motility.tissue",
                "formula-by-region",
                "a formula counts in all regions: write it without",
                "'x'",
            ),
        ),
    ),
    "integrity_of_nothing": Broken(
        _good("motility: 1e-3", "motility: 1e-3*integrity"),
        (
            said(
                "{file}:4:36: model.cells.tumour.motility",
                "name-not-usable",
                "allowed: the coordinates x, y, z and given fields, the time t, species, declared parameters",
                "(given '1e-3*integrity')",
                "'integrity'",
            ),
        ),
    ),
    "integrity_without_wall": Broken(
        _vessel("{carries: blood, at: {boundary: left}, entry: {tumour: 1 - integrity}}"),
        (said("{file}:9:63: model.vessels.v.entry.tumour.rate", "missing-option", "give `wall`"),),
    ),
    "integrity_as_a_name": Broken(
        "parameters: {integrity: 3}\n" + GOOD,
        (said("{file}:1:14: parameters.integrity", "bad-name", "choose another name", "(given 'integrity')"),),
    ),
    "permeability_negative": Broken(
        _good("time:", "  membranes: {m: {permeability: {tumour: 1 - 2, mmp: {kind: pressure, mobility: 2*q}}}}\ntime:"),
        (
            said(
                "{file}:8:42: model.membranes.m.permeability.tumour", "out-of-bounds", "allowed: at least 0", "(given '1 - 2', which is -1)"
            ),
            said(
                "{file}:8:81: model.membranes.m.permeability.mmp.mobility",
                "unknown-name",
                "allowed: ecm, integrity, mmp, t, tumour, x, y, z",
                "(given 'q')",
            ),
        ),
    ),
    "amount_zero": Broken(
        _good("initial: 1, motility", "initial: 1, amount: 1 - 1, motility"),
        (said("{file}:4:34: model.cells.tumour.amount", "out-of-bounds", "allowed: greater than 0", "(given '1 - 1', which is 0)"),),
    ),
    "amount_negative": Broken(
        _good("initial: 1, motility", "initial: 1, amount: -2, motility"),
        (said("{file}:4:34: model.cells.tumour.amount", "out-of-bounds", "allowed: greater than 0", "(given -2)"),),
    ),
    "amount_infinite": Broken(
        _good("initial: 1, motility", "initial: 1, amount: 1e200^2, motility"),
        (said("{file}:4:34: model.cells.tumour.amount", "out-of-bounds", "allowed: a finite number", "(given inf)"),),
    ),
    "amount_of_nothing": Broken(
        _good("mmp: {diffusion: 1e-3", "mmp: {amount: 3, diffusion: 1e-3"),
        (said("{file}:7:19: model.solubles.mmp.amount", "wrong-amount", "give it a shape, such as `initial: 1` for a uniform one", "0"),),
    ),
    "amount_of_position": Broken(
        _good("initial: 1, motility", "initial: 1, amount: 2*x, motility"),
        (said("{file}:4:34: model.cells.tumour.amount", "name-not-usable", "allowed: declared parameters", "(given '2*x')", "'x'"),),
    ),
    "amount_in_balance": Broken(
        _good("mmp: {diffusion: 1e-3", "mmp: {initial: 1, amount: 3, quasi_steady: true, diffusion: 1e-3"),
        (said("{file}:7:31: model.solubles.mmp.amount", "wrong-amount", "take `amount` out"),),
    ),
    "amount_unit": Broken(
        _good("initial: 1, motility", "initial: 1, amount: 5000 cells, motility", SCALED),
        (
            said(
                "{file}:5:34: model.cells.tumour.amount",
                "wrong-unit",
                "needed is 1/length",
                "(given '5000 cells')",
                "the text is a plain number",
            ),
        ),
    ),
    "amount_unit_of_a_file": Broken(
        _good("initial: 1, motility", "initial: 1, amount: 5000 h, motility", SCALED).replace(
            "{kind: interval, cells: 10}", "{kind: file, path: m.msh}"
        ),
        (said("{file}:5:34: model.cells.tumour.amount", "wrong-unit", "write a plain number, in own*length^d", "(given '5000 h')"),),
        beside={"m.msh": ""},
    ),
    "empty": Broken(
        "",
        (said("{file}:1:1", "empty-scenario", "`invasio scenarios copy quickstart` makes one to begin with"),),
    ),
    "list": Broken(
        "- a\n- b\n",
        (said("{file}:1:1", "wrong-type", "write lines `name: value`, without dashes"),),
    ),
    "tab": Broken(
        "mesh:\n\tkind: interval\n",
        (said("{file}:2:1", "not-yaml", "YAML is indented with spaces", "a tab"),),
    ),
    "bad_yaml": Broken(
        "mesh: {kind: interval\ntime: {end: 1}\n",
        (
            said(
                "{file}:1:7",
                "not-yaml",
                "look at this line and the one above it",
                "a '{' that is never closed, or a comma missing after an entry",
            ),
        ),
    ),
    "repeated_key": Broken(
        GOOD + "time: {end: 5}\n",
        (said("{file}:9:1: time", "repeated-key", "take one out", "(first on line 8)"),),
    ),
    "tag": Broken(
        GOOD + "title: !!python/object:os.system x\n",
        (said("{file}:9:8: title", "not-supported", "take the tag out", "(given tag:yaml.org,2002:python/object:os.system)"),),
    ),
    "merge_key": Broken(
        _good("{end: 10, step: 0.1}", "{<<: {end: 1}}"),
        (said("{file}:8:8: time.<<", "not-supported", "use `extends`"),),
    ),
    "unknown_key": Broken(
        _good("haptotaxis", "haptotaxsi"),
        (
            said(
                "{file}:4:42: model.cells.tumour.haptotaxsi",
                "unknown-key",
                "allowed: {options of cells}; did you mean 'haptotaxis'?",
                "(given 'haptotaxsi')",
            ),
        ),
    ),
    "unknown_top_key": Broken(
        GOOD + "ouput: {every: 1}\n",
        (
            said(
                "{file}:9:1: ouput",
                "unknown-key",
                "allowed: {options of scenario}; did you mean 'output'?",
                "(given 'ouput')",
            ),
        ),
    ),
    "unknown_kind": Broken(
        _good("interval", "intervall"),
        (
            said(
                "{file}:1:14: mesh.kind",
                "unknown-kind",
                "allowed: interval, rectangle, box, disc, ball, file, image; did you mean 'interval'?",
                "(given 'intervall')",
            ),
        ),
    ),
    "no_kind": Broken(
        _good("kind: interval, ", ""),
        (said("{file}:1:7: mesh.kind", "missing-option", "allowed: interval, rectangle, box, disc, ball, file, image"),),
    ),
    "no_kind_of_an_option": Broken(
        _good("motility: 1e-3", "motility: 1e-3, growth: {rate: 1}"),
        (said("{file}:4:50: model.cells.tumour.growth.kind", "missing-option", "allowed: exponential, logistic, volume_filling"),),
    ),
    "cells_in_parameters": Broken(
        "parameters: {N: 2000 cells, k: 1e5 cells/cm^2}\n" + _good("initial: 1, m", "initial: 1, amount: N, m", SCALED),
        (said("{file}:6:34: model.cells.tumour.amount", "wrong-unit", "needed is 1/length", "a plain number (given 'N')"),),
    ),
    "missing": Broken(
        _good("{end: 10, step: 0.1}", "{step: 0.1}"),
        (said("{file}:8:7: time.end", "missing-option", "give `end`, as in `end: 10`"),),
    ),
    "text_for_number": Broken(
        _good("cells: 10", "cells: '10'"),
        (said("{file}:1:31: mesh.cells", "wrong-type", "allowed: a whole number", "(given '10')"),),
    ),
    "not_whole": Broken(
        _good("cells: 10", "cells: 10.5"),
        (said("{file}:1:31: mesh.cells", "wrong-type", "allowed: a whole number", "(given 10.5)"),),
    ),
    "negative_rate": Broken(
        _good("mmp: 0.1", "mmp: -0.1"),
        (said("{file}:4:76: model.cells.tumour.secretes.mmp", "out-of-bounds", "allowed: at least 0", "(given -0.1)"),),
    ),
    "negative_rate_by_parameters": Broken(
        "parameters: {a: 1, b: 2}\n" + _good("mmp: 0.1", "mmp: a - b"),
        (said("{file}:5:76: model.cells.tumour.secretes.mmp", "out-of-bounds", "allowed: at least 0", "(given 'a - b', which is -1)"),),
    ),
    "negative_step": Broken(
        _good("step: 0.1", "step: -0.1"),
        (said("{file}:8:23: time.step", "out-of-bounds", "allowed: greater than 0", "(given -0.1)"),),
    ),
    "end_before_start": Broken(
        _good("step: 0.1", "start: 20"),
        (said("{file}:8:7: time", "wrong-order", "choose a later end", "(given end 10 and start 20)"),),
    ),
    "not_finite": Broken(
        _good("end: 10", "end: .inf"),
        (said("{file}:8:13: time.end", "out-of-bounds", "allowed: a finite number", "(given inf)"),),
    ),
    "unknown_choice": Broken(
        GOOD + "numerics: {scheme: crank_nicolson}\n",
        (said("{file}:9:20: numerics.scheme", "unknown-choice", "allowed: tr_bdf2, backward_euler", "(given 'crank_nicolson')"),),
    ),
    "unknown_choice_near": Broken(
        GOOD + "numerics: {flux: centrl}\n",
        (
            said(
                "{file}:9:18: numerics.flux",
                "unknown-choice",
                "allowed: central, scharfetter_gummel; did you mean 'central'?",
                "(given 'centrl')",
            ),
        ),
    ),
    "wrong_unit": Broken(
        _good("motility: 1e-3", "motility: 1e-10 cm/s", SCALED),
        (
            said(
                "{file}:5:36: model.cells.tumour.motility",
                "wrong-unit",
                "needed is length^2/time, such as um^2/h",
                "(given '1e-10 cm/s')",
                "the text is length/time",
            ),
        ),
    ),
    "unknown_unit": Broken(
        _good("motility: 1e-3", "motility: 1e-10 furlong^2/s", SCALED),
        (
            said(
                "{file}:5:36: model.cells.tumour.motility",
                "unknown-unit",
                "there are m, s, min, h, d, day, days, week, weeks, y, year, years, g, mol, M, L, l, Gy, Pa, mmHg, N, cell, cells, with prefixes such as u, m, k",
                "(given '1e-10 furlong^2/s')",
                "'furlong'",
            ),
        ),
    ),
    "unit_without_scales": Broken(
        _good("end: 10", "end: 10 d"),
        (
            said(
                "{file}:8:13: time.end",
                "no-scales",
                "state them, as in `scales: {length: 1 um, time: 1 h}`, or write a plain number",
                "(given '10 d')",
            ),
        ),
    ),
    "unit_of_key": Broken(
        _good("mmp: 10", "mmp: 10 /h", SCALED),
        (
            said(
                "{file}:6:40: model.ecm.degraded_by.mmp",
                "wrong-unit",
                "needed is length^3/amount/time, such as /h/nM",
                "(given '10 /h')",
                "the text is 1/time",
            ),
        ),
    ),
    "scale_unit": Broken(
        _good("length: 1 um", "length: 1 s", SCALED),
        (said("{file}:1:18: scales.length", "wrong-unit", "needed is a unit of length", "(given '1 s')"),),
    ),
    "unknown_scale": Broken(
        _good("mmp: 1 nM", "mmp2: 1 nM", SCALED),
        (
            said(
                "{file}:1:53: scales.mmp2",
                "unknown-key",
                "allowed: length, time, cells, depth, tumour, mmp, ecm; did you mean 'mmp'?",
                "(given 'mmp2')",
            ),
        ),
    ),
    "unknown_species_in_formula": Broken(
        _good("mmp: 10", "mmp: 10*tumor"),
        (
            said(
                "{file}:5:40: model.ecm.degraded_by.mmp",
                "unknown-name",
                "allowed: ecm, mmp, t, tumour, x, y, z; did you mean 'tumour'?",
                "(given 'tumor')",
            ),
        ),
    ),
    "formula_of_wrong_kind": Broken(
        _good("initial: 1, motility", "initial: '1 + mmp', motility"),
        (
            said(
                "{file}:4:23: model.cells.tumour.initial",
                "name-not-usable",
                "allowed: the coordinates x, y, z and given fields, declared parameters",
                "(given '1 + mmp')",
                "'mmp'",
            ),
        ),
    ),
    "unknown_function": Broken(
        _good("initial: 1, motility", "initial: 'sine(x)', motility"),
        (
            said(
                "{file}:4:23: model.cells.tumour.initial",
                "unknown-function",
                "allowed: exp, log, sqrt, sin, cos, tan, sinh, cosh, tanh, erf, abs, floor, ceil, mod, min, max, where, noise; did you mean 'sin'?",
                "(given 'sine')",
            ),
        ),
    ),
    "attribute": Broken(
        _good("initial: 1, motility", "initial: 'x.__class__', motility"),
        (
            said(
                "{file}:4:23: model.cells.tumour.initial",
                "wrong-formula",
                "write a formula such as 0.5*(1 - tumour)",
                "(given 'x.__class__')",
                "'.'",
                "2",
            ),
        ),
    ),
    "incomplete_formula": Broken(
        _good("initial: 1, motility", "initial: '2*(x + 1', motility"),
        (
            said(
                "{file}:4:23: model.cells.tumour.initial",
                "wrong-formula",
                "close parentheses, and put a value after the last operator",
                "(given '2*(x + 1')",
            ),
        ),
    ),
    "chained_comparison": Broken(
        _good("initial: 1, motility", "initial: 'where(0 < x < 1, 1, 0)', motility"),
        (said("{file}:4:23: model.cells.tumour.initial", "wrong-formula", "write 'a < b and b < c'", "(given 'where(0 < x < 1, 1, 0)')"),),
    ),
    "wrong_arguments": Broken(
        _good("initial: 1, motility", "initial: 'exp(x, y)', motility"),
        (said("{file}:4:23: model.cells.tumour.initial", "wrong-formula", "it takes 1 argument", "(given 'exp(x, y)')", "2"),),
    ),
    "unknown_species_key": Broken(
        _good("secretes: {mmp", "secretes: {mmp2"),
        (said("{file}:4:71: model.cells.tumour.secretes.mmp2", "no-species", "allowed: mmp; did you mean 'mmp'?", "(given 'mmp2')"),),
    ),
    "not_a_soluble": Broken(
        _good("degraded_by: {mmp", "degraded_by: {ecm"),
        (said("{file}:5:35: model.ecm.degraded_by.ecm", "wrong-species", "allowed: mmp, tumour", "(given 'ecm')"),),
    ),
    "reserved_name": Broken(
        _good("  cells:\n    tumour", "  cells:\n    exp"),
        (said("{file}:4:5: model.cells.exp", "bad-name", "choose another name", "(given 'exp')"),),
    ),
    "bad_name": Broken(
        _good("  cells:\n    tumour", "  cells:\n    tumour cells"),
        (
            said(
                "{file}:4:5: model.cells.tumour cells",
                "bad-name",
                "allowed: letters a to z, digits and _, not starting with a digit; did you mean 'tumour_cells'?",
                "(given 'tumour cells')",
            ),
        ),
    ),
    "name_twice": Broken(
        GOOD + "parameters: {ecm: 1}\n",
        (said("{file}:9:14: parameters.ecm", "repeated-name", "rename one", "(also in model.ecm)", "'ecm'"),),
    ),
    "unknown_region": Broken(
        _good("initial: 1, motility", "initial: {tisue: 1}, motility"),
        (said("{file}:4:24: model.cells.tumour.initial.tisue", "no-region", "allowed: tissue; did you mean 'tissue'?", "(given 'tisue')"),),
    ),
    "unknown_written_region": Broken(
        GOOD + "output: {regions: [tisue]}\n",
        (said("{file}:9:20: output.regions[0]", "no-region", "allowed: tissue; did you mean 'tissue'?", "(given 'tisue')"),),
    ),
    "no_written_region": Broken(
        GOOD + "output: {regions: []}\n",
        (said("{file}:9:19: output.regions", "nothing-given", "allowed: all, or a list of regions"),),
    ),
    "part_written_and_numbers_expected": Broken(
        GOOD + "output: {regions: [tissue]}\nexpect:\n  - {at: 10, what: integral, of: tumour, value: 1, tolerance: 0.1}\n",
        (said("{file}:9:19: output.regions", "partial-output", "allowed with expect: all"),),
    ),
    "unknown_boundary": Broken(
        GOOD + "boundaries: {top: {tumour: {kind: outflow}}}\n",
        (said("{file}:9:14: boundaries.top", "no-boundary", "allowed: left, right", "(given 'top')"),),
    ),
    "boundary_of_immobile": Broken(
        GOOD + "boundaries: {left: {ecm: {kind: fixed, value: 1}}}\n",
        (said("{file}:9:21: boundaries.left.ecm", "wrong-species", "allowed: mmp, tumour", "(given 'ecm')"),),
    ),
    "unknown_membrane": Broken(
        _good("  solubles:", "  membranes: {basement: {}}\n  solubles:"),
        (said("{file}:6:15: model.membranes.basement", "no-interface", "allowed: none", "(given 'basement')"),),
    ),
    "expect_incomplete": Broken(
        GOOD + "expect:\n  - {at: 10, what: position, of: tumour, value: 1, tolerance: 0.1}\n",
        (said("{file}:10:5: expect[0]", "missing-option", "give 'level'", "'position'", "'level'"),),
    ),
    "expect_species": Broken(
        GOOD + "expect:\n  - {at: 10, what: integral, of: tumor, value: 1, tolerance: 0.1}\n",
        (said("{file}:10:34: expect[0].of", "no-species", "allowed: ecm, mmp, tumour; did you mean 'tumour'?", "(given 'tumor')"),),
    ),
    "expect_column": Broken(
        GOOD + "expect:\n  - {at: 10, what: series, of: tumour.totl, value: 1, tolerance: 0.1}\n",
        (said("{file}:10:32: expect[0].of", "no-column", "did you mean 'tumour.total'?", "(given 'tumour.totl')"),),
    ),
    "expect_columns": Broken(
        GOOD
        + "expect:\n  - {at: 10, what: series, of: mmp.everything, value: 1, tolerance: 0.1}\n"
        + "  - {at: 10, what: series, of: ecm, region: tissue, value: 1, tolerance: 0.1}\n",
        (said("{file}:11:5: expect[1]", "meaningless-option", "take it out", "'region'", "'series'"),),
    ),
    "expect_column_of_a_species": Broken(
        GOOD + "expect:\n  - {at: 10, what: series, of: mmp.xyzzyxyzzy, value: 1, tolerance: 0.1}\n",
        (
            said(
                "{file}:10:32: expect[0].of",
                "no-column",
                "there are: mmp.total, mmp.min, mmp.max, mmp.born, mmp.dead, mmp.ledger, mmp.invaded_volume, mmp.front.xmin, "
                "mmp.front.xmax, mmp.front.distance",
                "(given 'mmp.xyzzyxyzzy')",
            ),
        ),
    ),
    "expect_late": Broken(
        GOOD + "expect:\n  - {at: 20, what: integral, of: tumour, value: 1, tolerance: 0.1}\n",
        (said("{file}:10:10: expect[0].at", "outside-run", "allowed: 0 to 10", "(given 20)"),),
    ),
    "missing_mesh_file": Broken(
        _good("{kind: interval, cells: 10}", "{kind: file, path: tissue.msh}"),
        (said("{file}:1:26: mesh.path", "file-not-found", "names are relative to the scenario's folder", "(given 'tissue.msh')"),),
    ),
    "no_species": Broken(
        "mesh: {kind: interval, cells: 10}\ntime: {end: 1}\n",
        (said("{file}:1:1", "empty-scenario", "give at least one in model.cells, model.ecm, model.solubles or species"),),
    ),
    "two_readings": Broken(
        "scales: {length: 1 um, time: 1 h, cells: 1e5 /cm^2}\nparameters: {d: 3, q: 2*d, r: 0.5 /d, s: 2 d}\n" + GOOD,
        (
            said("{file}:2:23: parameters.q", "two-readings", "give the parameter another name than 'd'", "(given '2*d')"),
            said("{file}:2:31: parameters.r", "two-readings", "give the parameter another name than 'd'", "(given '0.5 /d')"),
        ),
    ),
    "parameter_circle": Broken(
        "parameters: {a: 2*b, b: a}\n" + GOOD,
        (
            said("{file}:1:17: parameters.a", "circular-parameters", "give one of them a number", "(given '2*b')", "'b'"),
            said("{file}:1:25: parameters.b", "circular-parameters", "give one of them a number", "(given 'a')"),
        ),
    ),
    "all_at_once": Broken(
        "titel: x\n" + _good("end: 10", "end: -1").replace("mmp: 10", "mmp: -10").replace("1e-3}", "true}"),
        (
            said(
                "{file}:1:1: titel",
                "unknown-key",
                "allowed: {options of scenario}; did you mean 'title'?",
                "(given 'titel')",
            ),
            said("{file}:6:40: model.ecm.degraded_by.mmp", "out-of-bounds", "allowed: at least 0", "(given -10)"),
            said("{file}:8:22: model.solubles.mmp.diffusion", "wrong-type", "allowed: a number or an expression", "(given true)"),
            said("{file}:9:7: time", "wrong-order", "choose a later end", "(given end -1 and start 0)"),
        ),
    ),
    "extends_missing": Broken(
        "extends: base.yaml\n",
        (said("{file}:1:10: extends", "file-not-found", "check the name", "(given 'base.yaml')"),),
    ),
    "extends_circle": Broken(
        "extends: base.yaml\n",
        (said("base.yaml:1:10: extends", "wrong-extends", "take `extends` out of one", "({file} -> base.yaml -> {file})"),),
        beside={"base.yaml": "extends: {file}\n"},
    ),
    "error_in_base": Broken(
        "extends: base.yaml\ntime: {end: 5}\n",
        (
            said(
                "base.yaml:4:26: model.cells.tumour.mobility",
                "unknown-key",
                "allowed: {options of cells}; did you mean 'motility'?",
                "(given 'mobility')",
            ),
        ),
        beside={"base.yaml": _good("motility", "mobility")},
    ),
    "set_unknown": Broken(
        GOOD,
        (
            said(
                "--set: model.cells.tumour.haptotaxi",
                "unknown-key",
                "allowed in model.cells.tumour: {options of cells}; did you mean 'model.cells.tumour.haptotaxis'?",
                "(given 'haptotaxi')",
            ),
        ),
        ("model.cells.tumour.haptotaxi=2e-3",),
    ),
    "set_unknown_name": Broken(
        GOOD,
        (
            said(
                "--set: model.cells.tumor.haptotaxis",
                "unknown-key",
                "allowed in model.cells: tumour; did you mean 'model.cells.tumour'?",
                "(given 'tumor')",
            ),
        ),
        ("model.cells.tumor.haptotaxis=2e-3",),
    ),
    "set_no_value": Broken(
        GOOD,
        (said("--set", "not-an-assignment", "allowed: PATH=VALUE, such as time.end=10", "(given 'time.end')"),),
        ("time.end",),
    ),
    "set_wrong": Broken(
        GOOD,
        (
            said("--set: model.ecm.degraded_by.mmp", "out-of-bounds", "allowed: at least 0", "(given -1)"),
            said("--set: time.end", "not-a-quantity", "write a number with its unit, as in 0.05 /h", "(given 'soon')"),
        ),
        ("time.end=soon", "model.ecm.degraded_by.mmp=-1"),
    ),
    "set_list": Broken(
        GOOD + "expect:\n  - {at: 10, what: integral, of: tumour, value: 1, tolerance: 0.1}\n",
        (said("--set: expect.3.value", "unknown-key", "allowed in expect: 0", "(given '3')"),),
        ("expect.3.value=2",),
    ),
    "set_bad_yaml": Broken(
        GOOD,
        (
            said(
                "--set: time",
                "not-yaml",
                "look at this line and the one above it",
                "a '{' that is never closed, or a comma missing after an entry",
            ),
        ),
        ("time={end: 1",),
    ),
    "vessel_without_place": Broken(
        _vessel("{carries: lymph, at: {}, entry: {tumour: 1}}"),
        (said("{file}:9:29: model.vessels.v.at", "either-or", "allowed: one of boundary, interface, region, network", "(given nothing)"),),
    ),
    "vessel_of_unknown_kind": Broken(
        _vessel("{carries: bile, at: {boundary: left}, entry: {tumour: 1}}"),
        (said("{file}:9:18: model.vessels.v.carries", "unknown-choice", "allowed: blood, lymph, cavity", "(given 'bile')"),),
    ),
    "vessel_at_unknown_boundary": Broken(
        _vessel("{carries: blood, at: {boundary: lefft}, entry: {tumour: 1}}"),
        (said("{file}:9:30: model.vessels.v.at.boundary", "no-boundary", "allowed: left, right; did you mean 'left'?", "(given 'lefft')"),),
    ),
    "vessel_that_nothing_passes": Broken(
        _vessel("{carries: blood, at: {boundary: left}}"),
        (said("{file}:9:8: model.vessels.v", "missing-option", "give entry, ruptured or exchange"),),
    ),
    "vessel_entered_by_a_soluble": Broken(
        _vessel("{carries: blood, at: {boundary: left}, entry: {mmp: 1}}"),
        (said("{file}:9:55: model.vessels.v.entry.mmp", "wrong-species", "allowed: tumour", "(given 'mmp')"),),
    ),
    "vessel_negative_rate": Broken(
        _vessel("{carries: blood, at: {boundary: left}, entry: {tumour: -1}}"),
        (said("{file}:9:63: model.vessels.v.entry.tumour", "out-of-bounds", "allowed: at least 0", "(given -1)"),),
    ),
    "vessel_torn_nowhere": Broken(
        _vessel("{carries: blood, at: {boundary: left}, ruptured: {entry: 1}}"),
        (said("{file}:9:57: model.vessels.v.ruptured", "missing-option", "give where or parts"),),
    ),
    "vessel_torn_elsewhere": Broken(
        _vessel("{carries: blood, at: {boundary: left}, ruptured: {entry: 1, parts: [right]}}"),
        (said("{file}:9:68: model.vessels.v.ruptured.parts", "no-part", "allowed: left", "(given 'right')"),),
    ),
    "vessel_network_in_one_dimension": Broken(
        _vessel("{carries: blood, at: {network: {tree: {from: [0, 0], direction: [1, 0], radius: 1, length: 1}}}, entry: {tumour: 1}}"),
        (said("{file}:9:39: model.vessels.v.at.network", "network-dimension", "allowed in 1-D: boundary, interface, region"),),
    ),
    "vessel_network_nothing": Broken(
        _vessel("{carries: blood, at: {network: {}}, entry: {tumour: 1}}"),
        (said("{file}:9:39: model.vessels.v.at.network", "either-or", "give one of 'file' and 'tree'", "'file'", "'tree'"),),
    ),
    "vessel_lumen_expected_and_written": Broken(
        "mesh: {kind: interval, cells: 10, regions: {hole: {kind: interval, from: 0.4, to: 0.6}}, interfaces: {k: [hole, tissue]}}\n"
        + GOOD.split("\n", 1)[1].replace(
            "time:",
            "  vessels: {v: {carries: blood, at: {region: hole}, entry: {tumour: 1}}}\n  membranes: {k: {permeability: {tumour: 1}}}\ntime:",
        )
        + "output: {regions: [tissue, hole]}\nexpect: [{at: 10, what: integral, of: tumour, region: hole, value: 1, tolerance: 1}]\n",
        (
            said("{file}:9:18: model.membranes.k", "in-lumen", "give its `wall`, in model.vessels", "'v'"),
            said("{file}:11:19: output.regions", "partial-output", "allowed with expect: all"),
            said("{file}:11:28: output.regions[1]", "in-lumen", "name another region", "'hole'", "'v'"),
            said("{file}:12:55: expect[0].region", "in-lumen", "name another region", "'hole'", "'v'"),
        ),
    ),
    "vessel_lumen_with_cells": Broken(
        _vessel("{carries: blood, at: {region: hole}, entry: {tumour: 1}}")
        .replace("cells: 10}", "cells: 10, regions: {hole: {kind: interval, from: 0.5, to: 1}}}")
        .replace("initial: 1, motility", "initial: {hole: 1}, motility"),
        (said("{file}:4:30: model.cells.tumour.initial.hole", "in-lumen", "name another region", "'hole'", "'v'"),),
    ),
    "schedule_half_life": Broken(
        _schedule(_PLASMA.replace("half_life: 9", "half_life: 0")),
        (said("{file}:1:89: schedules.plasma.half_life", "out-of-bounds", "allowed: greater than 0", "(given 0)"),),
    ),
    "schedule_count": Broken(
        _schedule(_PLASMA.replace("count: 20", "count: -1")),
        (said("{file}:1:74: schedules.plasma.count", "out-of-bounds", "allowed: at least 0", "(given -1)"),),
    ),
    "schedule_how_far_apart": Broken(
        _schedule(_PLASMA.replace("every: 12, ", "")),
        (said("{file}:1:21: schedules.plasma", "missing-option", "give `every`", "20 times"),),
    ),
    "schedule_two_ways_in": Broken(
        _schedule(_PLASMA + ", duration: 2, absorption_half_life: 1"),
        (said("{file}:1:21: schedules.plasma", "either-or", "give one of 'duration' and 'absorption_half_life'"),),
    ),
    "schedule_two_ways_of_times": Broken(
        _schedule(_PLASMA + ", at: [1, 2]"), (said("{file}:1:21: schedules.plasma", "either-or", "give one of 'at' and 'every'"),)
    ),
    "schedule_overlapping_pulses": Broken(
        _schedule("kind: pulses, height: 1, width: 25, every: 24"),
        (
            said(
                "{file}:1:21: schedules.plasma",
                "overlapping-pulses",
                "make them shorter or rarer, or write `overlap: add`, which adds them up",
                "(given 25 and 24)",
            ),
        ),
    ),
    "schedule_overlapping_infusions": Broken(
        _schedule(_PLASMA + ", duration: 13"),
        (
            said(
                "{file}:1:21: schedules.plasma",
                "overlapping-pulses",
                "make them shorter or rarer, or write `overlap: add`, which adds them up",
                "(given 13 and 12)",
            ),
        ),
    ),
    "schedule_too_many": Broken(
        _schedule("kind: pulses, height: 1, width: 1e-9, every: 1e-8"),
        (said("{file}:1:67: schedules.plasma.every", "too-many", "allowed: at most 1e+06", "(given 1e-08 for a run of 10)"),),
    ),
    "table_times_do_not_rise": Broken(
        _schedule("kind: table, times: [0, 2, 2], values: [0, 1, 2]"),
        (said("{file}:1:21: schedules.plasma", "wrong-order", "put number 3 later, or take it out", "(given 2, then 2)"),),
    ),
    "table_lengths": Broken(
        _schedule("kind: table, times: [0, 2], values: [0, 1, 2]"),
        (said("{file}:1:21: schedules.plasma", "wrong-length", "give a value for each time", "2 times and 3 values"),),
    ),
    "table_half": Broken(
        _schedule("kind: table, times: [0, 2]"), (said("{file}:1:21: schedules.plasma", "either-or", "give one of 'values' and 'file'"),)
    ),
    "table_no_file": Broken(
        _schedule("kind: table, file: nothing.csv"),
        (said("{file}:1:21: schedules.plasma", "file-not-found", "names are relative to the scenario's folder"),),
    ),
    "table_bad_file": Broken(
        _schedule("kind: table, file: bad.csv"),
        (
            said(
                "{file}:1:21: schedules.plasma",
                "unreadable-file",
                "write a line of names, such as `time (h), dose (nM)`, and below it a time and a value in each line",
                "line 3 of bad.csv",
            ),
        ),
        beside={"bad.csv": "time,dose\n0,0\n10;5\n"},
    ),
    "table_units": Broken(
        "scales: {length: 1 um, time: 1 h, mmp: 1 nM}\n" + _schedule("kind: table, times: [0 h, 1 d], values: [1 nM, 2 uM]"),
        (said("{file}:2:21: schedules.plasma", "wrong-unit", "write all of them in one unit", "'2 uM'"),),
    ),
    "schedule_unit": Broken(
        "scales: {length: 1 um, time: 1 h, mmp: 1 nM}\n"
        + _schedule("kind: pulses, height: 5 mg/h, width: 30 min").replace("{diffusion: 1e-3}", "{diffusion: 1e-3, production: plasma}"),
        (said("{file}:9:40: model.solubles.mmp.production", "wrong-unit", "needed is amount/length^3/time", "mass/time"),),
    ),
    "schedule_name_taken": Broken(
        _schedule("kind: pulses, height: 1, width: 1").replace("plasma:", "tumour:"),
        (said("{file}:1:13: schedules.tumour", "repeated-name", "rename one", "model.cells.tumour"),),
    ),
    "schedule_not_usable": Broken(
        _schedule("kind: pulses, height: 1, width: 1").replace("ecm: {initial: 1", "ecm: {initial: plasma"),
        (
            said(
                "{file}:6:18: model.ecm.initial",
                "name-not-usable",
                "allowed: the coordinates x, y, z and given fields, declared parameters",
                "'plasma'",
            ),
        ),
    ),
}
