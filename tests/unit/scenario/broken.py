# ruff: noqa: E501  (messages stay on one line, as they are printed)
"""Broken scenarios, each with everything that is said about it. ``{file}`` stands for the file's name."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Broken:
    """A scenario text, `--set` texts, other files beside it, and the exact lines of the message."""

    text: str
    lines: tuple[str, ...]
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


CASES = {
    "sweep_unknown_path": Broken(
        GOOD + "sweep:\n  kind: grid\n  vary:\n    model.cells.tumor.motility: [1, 2]\n",
        ("{file}:12:5: model.cells.tumor.motility: unknown path (given 'tumor'; allowed in model.cells: tumour; did you mean 'model.cells.tumour'?)",),
    ),
    "sweep_bad_members": Broken(
        GOOD + "sweep:\n  kind: grid\n  vary:\n    time.step: [0.1, -1, 0]\n    model.cells.tumour.motility: [1e-3, nutrient]\n",
        (
            "{file}:12:22: time.step: value out of bounds (given -1; allowed: greater than 0)",
            "{file}:12:26: time.step: value out of bounds (given 0; allowed: greater than 0)",
            "{file}:13:41: model.cells.tumour.motility: unknown name in the expression (given 'nutrient'; allowed: ecm, mmp, t, tumour, x, y, z)",
        ),
    ),
    "sweep_of_itself": Broken(
        GOOD + "sweep: {kind: list, members: [{name: a}]}\n",
        ("{file}:9:32: sweep.members[0].name: this cannot vary (given 'name')",),
    ),
    "sweep_range": Broken(
        GOOD + "sweep: {kind: sobol, n: 4, vary: {time.end: {from: 0, to: 1, spacing: log}}}\n",
        ("{file}:9:45: sweep.vary.time.end: with spacing: log both ends must be positive (given 0)",),
    ),
    "sweep_grid_without_count": Broken(
        GOOD + "sweep: {kind: grid, vary: {time.end: {from: 1, to: 2}}}\n",
        ("{file}:9:38: sweep.vary.time.end.count: missing, but needed",),
    ),
    "sweep_kind": Broken(
        GOOD + "sweep: {kind: random, n: 3}\n",
        ("{file}:9:15: sweep.kind: unknown kind (given 'random'; allowed: grid, list, latin_hypercube, sobol)",),
    ),
    "fibres_components": Broken(
        _good("motility: 1e-3", "motility: 1e-3, fibres: {direction: [1, 0], across: 0.1}"),
        (
            "{file}:4:62: model.cells.tumour.fibres.direction: needs one component per dimension of the mesh (given 2; allowed: 1)",
        ),
    ),
    "fibres_across": Broken(
        _good("motility: 1e-3", "motility: 1e-3, fibres: {direction: [1], across: 1.5}"),
        ("{file}:4:75: model.cells.tumour.fibres.across: value out of bounds (given 1.5; allowed: at most 1)",),
    ),
    "becomes_itself": Broken(
        _good("motility: 1e-3", "motility: 1e-3, becomes: {tumour: 1}"),
        ("{file}:4:60: model.cells.tumour.becomes.tumour: a species cannot turn into itself",),
    ),
    "becomes_unknown": Broken(
        _good("motility: 1e-3", "motility: 1e-3, becomes: {tumor: 1}"),
        ("{file}:4:52: model.cells.tumour.becomes.tumor: unknown species (given 'tumor'; allowed: tumour; did you mean 'tumour'?)",),
    ),
    "becomes_ecm": Broken(
        _good("motility: 1e-3", "motility: 1e-3, becomes: {ecm: 1}"),
        ("{file}:4:52: model.cells.tumour.becomes.ecm: species of the wrong kind (given 'ecm'; allowed: tumour)",),
    ),
    "maximum_zero": Broken(
        _good("motility: 1e-3", "motility: 1e-3, maximum: 0"),
        ("{file}:4:51: model.cells.tumour.maximum: value out of bounds (given 0; allowed: greater than 0)",),
    ),
    "motility_by_region_varies": Broken(
        _good("motility: 1e-3", "motility: {tissue: 1e-3*x}"),
        (
            "{file}:4:45: model.cells.tumour.motility.tissue: a value by region must be a number, but it uses 'x'; a formula counts in all regions: write it without",
        ),
    ),
    "integrity_of_nothing": Broken(
        _good("motility: 1e-3", "motility: 1e-3*integrity"),
        (
            "{file}:4:36: model.cells.tumour.motility: 'integrity' cannot be used here (allowed: the coordinates x, y, z, the time t, species, declared parameters)",
        ),
    ),
    "integrity_without_wall": Broken(
        _vessel("{carries: blood, at: {boundary: left}, entry: {tumour: 1 - integrity}}"),
        (
            "{file}:9:63: model.vessels.v.entry.tumour.rate: only a wall has an integrity, and this vessel has none (needed: `wall`)",
        ),
    ),
    "integrity_as_a_name": Broken(
        "parameters: {integrity: 3}\n" + GOOD,
        ("{file}:1:14: parameters.integrity: this word has a meaning of its own and cannot be a name (given 'integrity')",),
    ),
    "permeability_negative": Broken(
        _good("time:", "  membranes: {m: {permeability: {tumour: 1 - 2, mmp: {kind: pressure, mobility: 2*q}}}}\ntime:"),
        (
            "{file}:8:42: model.membranes.m.permeability.tumour: value out of bounds (given '1 - 2', which is -1; allowed: at least 0)",
            "{file}:8:81: model.membranes.m.permeability.mmp.mobility: unknown name in the expression (given 'q'; allowed: ecm, integrity, mmp, t, tumour, x, y, z)",
        ),
    ),
    "amount_zero": Broken(
        _good("initial: 1, motility", "initial: 1, amount: 1 - 1, motility"),
        ("{file}:4:34: model.cells.tumour.amount: value out of bounds (given '1 - 1', which is 0; allowed: greater than 0)",),
    ),
    "amount_negative": Broken(
        _good("initial: 1, motility", "initial: 1, amount: -2, motility"),
        ("{file}:4:34: model.cells.tumour.amount: value out of bounds (given -2; allowed: greater than 0)",),
    ),
    "amount_infinite": Broken(
        _good("initial: 1, motility", "initial: 1, amount: 1e200^2, motility"),
        ("{file}:4:34: model.cells.tumour.amount: wrong value (given inf; allowed: a finite number)",),
    ),
    "amount_of_nothing": Broken(
        _good("mmp: {diffusion: 1e-3", "mmp: {amount: 3, diffusion: 1e-3"),
        (
            "{file}:7:19: model.solubles.mmp.amount: `initial` is 0 everywhere, so there is nothing to scale; give it a shape, such as `initial: 1` for a uniform one",
        ),
    ),
    "amount_of_position": Broken(
        _good("initial: 1, motility", "initial: 1, amount: 2*x, motility"),
        ("{file}:4:34: model.cells.tumour.amount: 'x' cannot be used here (allowed: declared parameters)",),
    ),
    "amount_in_balance": Broken(
        _good("mmp: {diffusion: 1e-3", "mmp: {initial: 1, amount: 3, quasi_steady: true, diffusion: 1e-3"),
        (
            "{file}:7:31: model.solubles.mmp.amount: a quasi-steady species is in balance from the start, so its amount cannot be chosen; take `amount` out",
        ),
    ),
    "amount_unit": Broken(
        _good("initial: 1, motility", "initial: 1, amount: 5000 cells, motility", SCALED),
        ("{file}:5:34: model.cells.tumour.amount: wrong unit: the text is a plain number, needed is 1/length (given '5000 cells')",),
    ),
    "amount_unit_of_a_file": Broken(
        _good("initial: 1, motility", "initial: 1, amount: 5000 cells, motility", SCALED).replace("{kind: interval, cells: 10}", "{kind: file, path: m.msh}"),
        (
            "{file}:5:34: model.cells.tumour.amount: how many dimensions the mesh has is known only when it is read; write a plain number, in own*length^d (given '5000 cells')",
        ),
        beside={"m.msh": ""},
    ),
    "empty": Broken(
        "",
        ("{file}:1:1: the file is empty (`invasio scenarios copy quickstart` makes one to begin with)",),
    ),
    "list": Broken(
        "- a\n- b\n",
        ("{file}:1:1: a scenario is a mapping of options (lines `name: value`, without dashes)",),
    ),
    "tab": Broken(
        "mesh:\n\tkind: interval\n",
        ("{file}:2:1: a tab; YAML is indented with spaces [not-yaml]",),
    ),
    "bad_yaml": Broken(
        "mesh: {kind: interval\ntime: {end: 1}\n",
        ("{file}:1:7: not YAML: a '{' that is never closed, or a comma missing after an entry; look at this line and the one above it [not-yaml]",),
    ),
    "repeated_key": Broken(
        GOOD + "time: {end: 5}\n",
        ("{file}:9:1: time: repeated key (first on line 8)",),
    ),
    "tag": Broken(
        GOOD + "title: !!python/object:os.system x\n",
        ("{file}:9:8: title: tags are not allowed (given tag:yaml.org,2002:python/object:os.system)",),
    ),
    "merge_key": Broken(
        _good("{end: 10, step: 0.1}", "{<<: {end: 1}}"),
        ("{file}:8:8: time.<<: merge keys are not supported (use `extends`)",),
    ),
    "unknown_key": Broken(
        _good("haptotaxis", "haptotaxsi"),
        (
            "{file}:4:42: model.cells.tumour.haptotaxsi: unknown option (given 'haptotaxsi'; allowed: {options of cells}; did you mean 'haptotaxis'?)",
        ),
    ),
    "unknown_top_key": Broken(
        GOOD + "ouput: {every: 1}\n",
        (
            "{file}:9:1: ouput: unknown option (given 'ouput'; allowed: schema_version, extends, name, title, description, source, cost, ranks, scales, parameters, mesh, model, species, boundaries, time, numerics, output, expect, sweep; did you mean 'output'?)",
        ),
    ),
    "unknown_kind": Broken(
        _good("interval", "intervall"),
        (
            "{file}:1:14: mesh.kind: unknown kind (given 'intervall'; allowed: interval, rectangle, box, disc, ball, file, image; did you mean 'interval'?)",
        ),
    ),
    "no_kind": Broken(
        _good("kind: interval, ", ""),
        ("{file}:1:7: mesh.kind: missing, but needed (allowed: interval, rectangle, box, disc, ball, file, image)",),
    ),
    "no_kind_of_an_option": Broken(
        _good("motility: 1e-3", "motility: 1e-3, growth: {rate: 1}"),
        ("{file}:4:50: model.cells.tumour.growth.kind: missing, but needed (allowed: exponential, logistic, volume_filling)",),
    ),
    "cells_in_parameters": Broken(
        "parameters: {N: 2000 cells, k: 1e5 cells/cm^2}\n" + _good("initial: 1, m", "initial: 1, amount: N, m", SCALED),
        tuple(
            f"{{file}}:1:{column}: parameters.{name}: numbers of cells are not converted here; write them where they are used "
            f"(amount: 5000 cells), or a plain number in the scenario's scales, and `unit` for the reader (given {given!r})"
            for column, name, given in ((17, "N", "2000 cells"), (32, "k", "1e5 cells/cm^2"))
        ),
    ),
    "missing": Broken(
        _good("{end: 10, step: 0.1}", "{step: 0.1}"),
        ("{file}:8:7: time.end: missing, but needed",),
    ),
    "text_for_number": Broken(
        _good("cells: 10", "cells: '10'"),
        ("{file}:1:31: mesh.cells: wrong type (given '10'; allowed: a whole number)",),
    ),
    "not_whole": Broken(
        _good("cells: 10", "cells: 10.5"),
        ("{file}:1:31: mesh.cells: wrong type (given 10.5; allowed: a whole number)",),
    ),
    "negative_rate": Broken(
        _good("mmp: 0.1", "mmp: -0.1"),
        ("{file}:4:76: model.cells.tumour.secretes.mmp: value out of bounds (given -0.1; allowed: at least 0)",),
    ),
    "negative_rate_by_parameters": Broken(
        "parameters: {a: 1, b: 2}\n" + _good("mmp: 0.1", "mmp: a - b"),
        ("{file}:5:76: model.cells.tumour.secretes.mmp: value out of bounds (given 'a - b', which is -1; allowed: at least 0)",),
    ),
    "negative_step": Broken(
        _good("step: 0.1", "step: -0.1"),
        ("{file}:8:23: time.step: value out of bounds (given -0.1; allowed: greater than 0)",),
    ),
    "end_before_start": Broken(
        _good("step: 0.1", "start: 20"),
        ("{file}:8:7: time: the end must come after the start (given end 10 and start 20)",),
    ),
    "not_finite": Broken(
        _good("end: 10", "end: .inf"),
        ("{file}:8:13: time.end: wrong value (given inf; allowed: a finite number)",),
    ),
    "unknown_choice": Broken(
        GOOD + "numerics: {scheme: crank_nicolson}\n",
        ("{file}:9:20: numerics.scheme: unknown choice (given 'crank_nicolson'; allowed: tr_bdf2, backward_euler)",),
    ),
    "unknown_choice_near": Broken(
        GOOD + "numerics: {flux: centrl}\n",
        ("{file}:9:18: numerics.flux: unknown choice (given 'centrl'; allowed: central, scharfetter_gummel; did you mean 'central'?)",),
    ),
    "wrong_unit": Broken(
        _good("motility: 1e-3", "motility: 1e-10 cm/s", SCALED),
        ("{file}:5:36: model.cells.tumour.motility: wrong unit: the text is length/time, needed is length^2/time (given '1e-10 cm/s')",),
    ),
    "unknown_unit": Broken(
        _good("motility: 1e-3", "motility: 1e-10 furlong^2/s", SCALED),
        ("{file}:5:36: model.cells.tumour.motility: unknown unit 'furlong'; there are m, s, min, h, d, day, days, week, weeks, g, mol, M, L, l, Pa, N, cell, cells, with prefixes such as u, m, k (given '1e-10 furlong^2/s')",),
    ),
    "unit_without_scales": Broken(
        _good("end: 10", "end: 10 d"),
        (
            "{file}:8:13: time.end: the scenario states no scales, so a value with a unit has no meaning; write a plain number (given '10 d')",
        ),
    ),
    "unit_of_key": Broken(
        _good("mmp: 10", "mmp: 10 /h", SCALED),
        ("{file}:6:40: model.ecm.degraded_by.mmp: wrong unit: the text is 1/time, needed is length^3/amount/time (given '10 /h')",),
    ),
    "scale_unit": Broken(
        _good("length: 1 um", "length: 1 s", SCALED),
        ("{file}:1:18: scales.length: needs a unit of length (given '1 s')",),
    ),
    "unknown_scale": Broken(
        _good("mmp: 1 nM", "mmp2: 1 nM", SCALED),
        ("{file}:1:53: scales.mmp2: unknown scale (given 'mmp2'; allowed: length, time, cells, tumour, mmp, ecm; did you mean 'mmp'?)",),
    ),
    "unknown_species_in_formula": Broken(
        _good("mmp: 10", "mmp: 10*tumor"),
        (
            "{file}:5:40: model.ecm.degraded_by.mmp: unknown name in the expression (given 'tumor'; allowed: ecm, mmp, t, tumour, x, y, z; did you mean 'tumour'?)",
        ),
    ),
    "formula_of_wrong_kind": Broken(
        _good("initial: 1, motility", "initial: '1 + mmp', motility"),
        ("{file}:4:23: model.cells.tumour.initial: 'mmp' cannot be used here (allowed: the coordinates x, y, z, declared parameters)",),
    ),
    "unknown_function": Broken(
        _good("initial: 1, motility", "initial: 'sine(x)', motility"),
        (
            "{file}:4:23: model.cells.tumour.initial: unknown function (given 'sine'; allowed: exp, log, sqrt, sin, cos, tan, sinh, cosh, tanh, erf, abs, min, max, where, noise; did you mean 'sin'?)",
        ),
    ),
    "attribute": Broken(
        _good("initial: 1, motility", "initial: 'x.__class__', motility"),
        ("{file}:4:23: model.cells.tumour.initial: unexpected '.' at character 2 (given 'x.__class__')",),
    ),
    "incomplete_formula": Broken(
        _good("initial: 1, motility", "initial: '2*(x + 1', motility"),
        ("{file}:4:23: model.cells.tumour.initial: the expression ends too early (given '2*(x + 1')",),
    ),
    "chained_comparison": Broken(
        _good("initial: 1, motility", "initial: 'where(0 < x < 1, 1, 0)', motility"),
        (
            "{file}:4:23: model.cells.tumour.initial: comparisons cannot be chained; write 'a < b and b < c' (given 'where(0 < x < 1, 1, 0)')",
        ),
    ),
    "wrong_arguments": Broken(
        _good("initial: 1, motility", "initial: 'exp(x, y)', motility"),
        ("{file}:4:23: model.cells.tumour.initial: exp takes 1 argument, not 2 (given 'exp(x, y)')",),
    ),
    "unknown_species_key": Broken(
        _good("secretes: {mmp", "secretes: {mmp2"),
        ("{file}:4:71: model.cells.tumour.secretes.mmp2: unknown species (given 'mmp2'; allowed: mmp; did you mean 'mmp'?)",),
    ),
    "not_a_soluble": Broken(
        _good("degraded_by: {mmp", "degraded_by: {ecm"),
        ("{file}:5:35: model.ecm.degraded_by.ecm: species of the wrong kind (given 'ecm'; allowed: mmp, tumour)",),
    ),
    "reserved_name": Broken(
        _good("  cells:\n    tumour", "  cells:\n    exp"),
        ("{file}:4:5: model.cells.exp: this word has a meaning of its own and cannot be a name (given 'exp')",),
    ),
    "bad_name": Broken(
        _good("  cells:\n    tumour", "  cells:\n    tumour cells"),
        (
            "{file}:4:5: model.cells.tumour cells: not a name (given 'tumour cells'; allowed: letters a to z, digits and _, not starting with a digit; did you mean 'tumour_cells'?)",
        ),
    ),
    "name_twice": Broken(
        GOOD + "parameters: {ecm: 1}\n",
        ("{file}:9:14: parameters.ecm: the name 'ecm' is used twice (also in model.ecm)",),
    ),
    "unknown_region": Broken(
        _good("initial: 1, motility", "initial: {tisue: 1}, motility"),
        ("{file}:4:24: model.cells.tumour.initial.tisue: unknown region (given 'tisue'; allowed: tissue; did you mean 'tissue'?)",),
    ),
    "unknown_written_region": Broken(
        GOOD + "output: {regions: [tisue]}\n",
        ("{file}:9:20: output.regions[0]: unknown region (given 'tisue'; allowed: tissue; did you mean 'tissue'?)",),
    ),
    "no_written_region": Broken(
        GOOD + "output: {regions: []}\n",
        ("{file}:9:19: output.regions: no region is named (allowed: all, or a list of regions)",),
    ),
    "part_written_and_numbers_expected": Broken(
        GOOD + "output: {regions: [tissue]}\nexpect:\n  - {at: 10, what: integral, of: tumour, value: 1, tolerance: 0.1}\n",
        (
            "{file}:9:19: output.regions: expected numbers are measured in the whole tissue, so all regions must be written (allowed with expect: all)",
        ),
    ),
    "unknown_boundary": Broken(
        GOOD + "boundaries: {top: {tumour: {kind: outflow}}}\n",
        ("{file}:9:14: boundaries.top: unknown boundary (given 'top'; allowed: left, right)",),
    ),
    "boundary_of_immobile": Broken(
        GOOD + "boundaries: {left: {ecm: {kind: fixed, value: 1}}}\n",
        ("{file}:9:21: boundaries.left.ecm: species of the wrong kind (given 'ecm'; allowed: mmp, tumour)",),
    ),
    "unknown_membrane": Broken(
        _good("  solubles:", "  membranes: {basement: {}}\n  solubles:"),
        ("{file}:6:15: model.membranes.basement: unknown interface of the mesh (given 'basement'; allowed: none)",),
    ),
    "expect_incomplete": Broken(
        GOOD + "expect:\n  - {at: 10, what: position, of: tumour, value: 1, tolerance: 0.1}\n",
        ("{file}:10:5: expect[0]: 'position' needs a 'level'",),
    ),
    "expect_species": Broken(
        GOOD + "expect:\n  - {at: 10, what: integral, of: tumor, value: 1, tolerance: 0.1}\n",
        ("{file}:10:34: expect[0].of: unknown species (given 'tumor'; allowed: ecm, mmp, tumour; did you mean 'tumour'?)",),
    ),
    "expect_column": Broken(
        GOOD + "expect:\n  - {at: 10, what: series, of: tumour.totl, value: 1, tolerance: 0.1}\n",
        (
            "{file}:10:32: expect[0].of: series.csv has no such column (given 'tumour.totl'; did you mean 'tumour.total'?)",
        ),
    ),
    "expect_columns": Broken(
        GOOD
        + "expect:\n  - {at: 10, what: series, of: mmp.everything, value: 1, tolerance: 0.1}\n"
        + "  - {at: 10, what: series, of: ecm, region: tissue, value: 1, tolerance: 0.1}\n",
        (
            "{file}:11:5: expect[1]: 'region' has no meaning for 'series'",
        ),
    ),
    "expect_column_of_a_species": Broken(
        GOOD + "expect:\n  - {at: 10, what: series, of: mmp.xyzzyxyzzy, value: 1, tolerance: 0.1}\n",
        (
            "{file}:10:32: expect[0].of: series.csv has no such column (given 'mmp.xyzzyxyzzy'; there are: mmp.total, mmp.min, mmp.max, mmp.born, mmp.dead, mmp.ledger)",
        ),
    ),
    "expect_late": Broken(
        GOOD + "expect:\n  - {at: 20, what: integral, of: tumour, value: 1, tolerance: 0.1}\n",
        ("{file}:10:10: expect[0].at: outside the run (given 20; allowed: 0 to 10)",),
    ),
    "missing_mesh_file": Broken(
        _good("{kind: interval, cells: 10}", "{kind: file, path: tissue.msh}"),
        ("{file}:1:26: mesh.path: file not found in {folder} (given 'tissue.msh')",),
    ),
    "no_species": Broken(
        "mesh: {kind: interval, cells: 10}\ntime: {end: 1}\n",
        ("{file}:1:1: the scenario has no species (needed: at least one in model.cells, model.ecm, model.solubles or species)",),
    ),
    "parameter_circle": Broken(
        "parameters: {a: 2*b, b: a}\n" + GOOD,
        (
            "{file}:1:17: parameters.a: 'b' depends on this parameter, or has no value itself (given '2*b')",
            "{file}:1:25: parameters.b: 'a' depends on this parameter, or has no value itself (given 'a')",
        ),
    ),
    "all_at_once": Broken(
        "titel: x\n" + _good("end: 10", "end: -1").replace("mmp: 10", "mmp: -10").replace("1e-3}", "true}"),
        (
            "{file}:1:1: titel: unknown option (given 'titel'; allowed: schema_version, extends, name, title, description, source, cost, ranks, scales, parameters, mesh, model, species, boundaries, time, numerics, output, expect, sweep; did you mean 'title'?)",
            "{file}:6:40: model.ecm.degraded_by.mmp: value out of bounds (given -10; allowed: at least 0)",
            "{file}:8:22: model.solubles.mmp.diffusion: wrong type (given true; allowed: a number or an expression)",
            "{file}:9:7: time: the end must come after the start (given end -1 and start 0)",
        ),
    ),
    "extends_missing": Broken(
        "extends: base.yaml\n",
        ("{file}:1:10: extends: file not found (given 'base.yaml')",),
    ),
    "extends_circle": Broken(
        "extends: base.yaml\n",
        ("base.yaml:1:10: extends: the scenarios extend each other in a circle ({file} -> base.yaml -> {file})",),
        beside={"base.yaml": "extends: {file}\n"},
    ),
    "error_in_base": Broken(
        "extends: base.yaml\ntime: {end: 5}\n",
        (
            "base.yaml:4:26: model.cells.tumour.mobility: unknown option (given 'mobility'; allowed: {options of cells}; did you mean 'motility'?)",
        ),
        beside={"base.yaml": _good("motility", "mobility")},
    ),
    "set_unknown": Broken(
        GOOD,
        (
            "--set: model.cells.tumour.haptotaxi: unknown path (given 'haptotaxi'; allowed in model.cells.tumour: {options of cells}; did you mean 'model.cells.tumour.haptotaxis'?)",
        ),
        ("model.cells.tumour.haptotaxi=2e-3",),
    ),
    "set_unknown_name": Broken(
        GOOD,
        (
            "--set: model.cells.tumor.haptotaxis: unknown path (given 'tumor'; allowed in model.cells: tumour; did you mean 'model.cells.tumour'?)",
        ),
        ("model.cells.tumor.haptotaxis=2e-3",),
    ),
    "set_no_value": Broken(
        GOOD,
        ("--set: not an assignment (given 'time.end'; allowed: PATH=VALUE, such as time.end=10)",),
        ("time.end",),
    ),
    "set_wrong": Broken(
        GOOD,
        (
            "--set: model.ecm.degraded_by.mmp: value out of bounds (given -1; allowed: at least 0)",
            "--set: time.end: not a number with a unit (given 'soon')",
        ),
        ("time.end=soon", "model.ecm.degraded_by.mmp=-1"),
    ),
    "set_list": Broken(
        GOOD + "expect:\n  - {at: 10, what: integral, of: tumour, value: 1, tolerance: 0.1}\n",
        ("--set: expect.3.value: unknown path (given '3'; allowed in expect: 0)",),
        ("expect.3.value=2",),
    ),
    "set_bad_yaml": Broken(
        GOOD,
        ("--set: time: not YAML: a '{' that is never closed, or a comma missing after an entry; look at this line and the one above it [not-yaml]",),
        ("time={end: 1",),
    ),
    "vessel_without_place": Broken(
        _vessel("{carries: lymph, at: {}, entry: {tumour: 1}}"),
        ("{file}:9:29: model.vessels.v.at: a vessel is at one place (given nothing; allowed: one of boundary, interface, region, network)",),
    ),
    "vessel_of_unknown_kind": Broken(
        _vessel("{carries: bile, at: {boundary: left}, entry: {tumour: 1}}"),
        ("{file}:9:18: model.vessels.v.carries: unknown choice (given 'bile'; allowed: blood, lymph)",),
    ),
    "vessel_at_unknown_boundary": Broken(
        _vessel("{carries: blood, at: {boundary: lefft}, entry: {tumour: 1}}"),
        ("{file}:9:30: model.vessels.v.at.boundary: unknown boundary of the mesh (given 'lefft'; allowed: left, right; did you mean 'left'?)",),
    ),
    "vessel_that_nothing_passes": Broken(
        _vessel("{carries: blood, at: {boundary: left}}"),
        ("{file}:9:8: model.vessels.v: nothing passes this vessel's wall (needed: entry, ruptured or exchange)",),
    ),
    "vessel_entered_by_a_soluble": Broken(
        _vessel("{carries: blood, at: {boundary: left}, entry: {mmp: 1}}"),
        ("{file}:9:55: model.vessels.v.entry.mmp: species of the wrong kind (given 'mmp'; allowed: tumour)",),
    ),
    "vessel_negative_rate": Broken(
        _vessel("{carries: blood, at: {boundary: left}, entry: {tumour: -1}}"),
        ("{file}:9:63: model.vessels.v.entry.tumour: value out of bounds (given -1; allowed: at least 0)",),
    ),
    "vessel_torn_nowhere": Broken(
        _vessel("{carries: blood, at: {boundary: left}, ruptured: {entry: 1}}"),
        ("{file}:9:57: model.vessels.v.ruptured: say which part is torn (needed: where or parts)",),
    ),
    "vessel_torn_elsewhere": Broken(
        _vessel("{carries: blood, at: {boundary: left}, ruptured: {entry: 1, parts: [right]}}"),
        ("{file}:9:68: model.vessels.v.ruptured.parts: unknown part of vessel v (given 'right'; allowed: left)",),
    ),
    "vessel_network_in_one_dimension": Broken(
        _vessel("{carries: blood, at: {network: {tree: {from: [0, 0], direction: [1, 0], radius: 1, length: 1}}}, entry: {tumour: 1}}"),
        ("{file}:9:39: model.vessels.v.at.network: a network needs a tissue in 2-D or 3-D (allowed in 1-D: boundary, interface, region)",),
    ),
    "vessel_network_nothing": Broken(
        _vessel("{carries: blood, at: {network: {}}, entry: {tumour: 1}}"),
        ("{file}:9:39: model.vessels.v.at.network: give either 'file' or 'tree'",),
    ),
    "vessel_lumen_expected_and_written": Broken(
        "mesh: {kind: interval, cells: 10, regions: {hole: {kind: interval, from: 0.4, to: 0.6}}, interfaces: {k: [hole, tissue]}}\n"
        + GOOD.split("\n", 1)[1].replace(
            "time:",
            "  vessels: {v: {carries: blood, at: {region: hole}, entry: {tumour: 1}}}\n  membranes: {k: {permeability: {tumour: 1}}}\ntime:",
        )
        + "output: {regions: [tissue, hole]}\nexpect: [{at: 10, what: integral, of: tumour, region: hole, value: 1, tolerance: 1}]\n",
        (
            "{file}:9:18: model.membranes.k: this is the outline of the lumen of vessel 'v' (needed: its `wall`, in model.vessels)",
            "{file}:11:19: output.regions: expected numbers are measured in the whole tissue, so all regions must be written (allowed with expect: all)",
            "{file}:11:28: output.regions[1]: region 'hole' is the lumen of vessel 'v': no tissue is there",
            "{file}:12:55: expect[0].region: region 'hole' is the lumen of vessel 'v': no tissue is there",
        ),
    ),
    "vessel_lumen_with_cells": Broken(
        _vessel("{carries: blood, at: {region: hole}, entry: {tumour: 1}}").replace("cells: 10}", "cells: 10, regions: {hole: {kind: interval, from: 0.5, to: 1}}}").replace("initial: 1, motility", "initial: {hole: 1}, motility"),
        ("{file}:4:30: model.cells.tumour.initial.hole: region 'hole' is the lumen of vessel 'v': no tissue is there",),
    ),
}
