# ruff: noqa: E501  (messages stay on one line, as they are printed)
"""Slips of the pen in a scenario of a gland, each with what is said about it: the line before, the line after, the messages."""

from __future__ import annotations

GLAND = """\
schema_version: 1
name: mine
scales: {length: 1 um, time: 1 h, cells: 1e5 /cm^2, ecm: 1, mmp2: 1 nM}
mesh:
  kind: rectangle
  to: [1000, 1000]
  cells: [20, 20]
  regions:
    gland: {kind: disc, centre: [500, 500], radius: 200}
  interfaces: {basement: [gland, tissue]}
parameters:
  speed: 2 um/h
model:
  cells:
    tumour:
      initial: {gland: 1}
      motility: 1e-10 cm^2/s
      haptotaxis: {ecm: 1e-9 cm^2/s}
      secretes: {mmp2: 0.1 nM/h}
  ecm: {initial: 1, degraded_by: {mmp2: 0.4 /nM/h}}
  solubles:
    mmp2: {diffusion: 1e-9 cm^2/s, decay: 0.05 /h}
  membranes:
    basement: {degraded_by: {mmp2: 0.2 /nM/h}, permeability: {tumour: speed}}
time: {end: 10 d}
output: {every: 6 h}
"""

# name: (old text, new text, messages)
SLIPS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "indented_less": (
        "      motility: 1e-10 cm^2/s\n",
        "     motility: 1e-10 cm^2/s\n",
        (
            "{file}:17:6: not YAML: wrong indentation: this line begins in a column in which no group above it begins; look at this line and the one above it [not-yaml]",
        ),
    ),
    "indented_more": (
        "      haptotaxis: {ecm: 1e-9 cm^2/s}\n",
        "        haptotaxis: {ecm: 1e-9 cm^2/s}\n",
        (
            "{file}:18:19: not YAML: a second ': ' in one line, or a line indented further than the group it belongs to; look at this line and the one above it [not-yaml]",
        ),
    ),
    "tab_in_the_indentation": (
        "      motility: 1e-10 cm^2/s\n",
        "      \tmotility: 1e-10 cm^2/s\n",
        (
            "{file}:17:7: a tab; YAML is indented with spaces [not-yaml]",
        ),
    ),
    "power_without_sign": (
        "      motility: 1e-10 cm^2/s\n",
        "      motility: 1e-10cm2/s\n",
        (
            "{file}:17:17: model.cells.tumour.motility: powers are written with ^: cm^2, not cm2 (given '1e-10cm2/s')",
        ),
    ),
    "power_raised": (
        "      motility: 1e-10 cm^2/s\n",
        "      motility: 1e-10 cm²/s\n",
        (
            "{file}:17:17: model.cells.tumour.motility: unexpected '²' at character 9; powers are written with ^, as in cm^2/s (given '1e-10 cm²/s')",
        ),
    ),
    "one_over_hour": (
        "    mmp2: {diffusion: 1e-9 cm^2/s, decay: 0.05 /h}\n",
        "    mmp2: {diffusion: 1e-9 cm^2/s, decay: 0.05 1/hr}\n",
        (
            "{file}:22:43: model.solubles.mmp2.decay: unexpected '1' at character 6; a number per time is written without the 1, as in 0.05 /h (given '0.05 1/hr')",
        ),
    ),
    "per_hour": (
        "    mmp2: {diffusion: 1e-9 cm^2/s, decay: 0.05 /h}\n",
        "    mmp2: {diffusion: 1e-9 cm^2/s, decay: 0.05 per hour}\n",
        (
            "{file}:22:43: model.solubles.mmp2.decay: unknown unit 'per'; there are m, s, min, h, d, day, days, week, weeks, g, mol, M, L, l, Pa, N, cell, cells, with prefixes such as u, m, k; per is written /, as in 0.05 /h (given '0.05 per hour')",
        ),
    ),
    "scale_in_micron": (
        "scales: {length: 1 um, time: 1 h, cells: 1e5 /cm^2, ecm: 1, mmp2: 1 nM}\n",
        "scales: {length: 1 micron, time: 1 h, cells: 1e5 /cm^2, ecm: 1, mmp2: 1 nM}\n",
        (
            "{file}:3:18: scales.length: unknown unit 'micron'; there are m, s, min, h, d, day, days, week, weeks, g, mol, M, L, l, Pa, N, cell, cells, with prefixes such as u, m, k; did you mean 'um'? (given '1 micron')",
        ),
    ),
    "per_cent": (
        "    mmp2: {diffusion: 1e-9 cm^2/s, decay: 0.05 /h}\n",
        "    mmp2: {diffusion: 1e-9 cm^2/s, decay: 5 %/h}\n",
        (
            "{file}:22:43: model.solubles.mmp2.decay: unexpected '%' at character 3; per cent are written as a fraction, as in 0.05 (given '5 %/h')",
        ),
    ),
    "decimal_comma_in_braces": (
        "    mmp2: {diffusion: 1e-9 cm^2/s, decay: 0.05 /h}\n",
        "    mmp2: {diffusion: 1e-9 cm^2/s, decay: 0,05 /h}\n",
        (
            "{file}:22:45: model.solubles.mmp2.05 /h: unknown option (given '05 /h'; allowed: initial, amount, diffusion, fibres, quasi_steady, decay, production; decimals are written with a point, as in 0.5)",
        ),
    ),
    "decimal_comma": (
        "      motility: 1e-10 cm^2/s\n",
        "      motility: 0,5\n",
        (
            "{file}:17:17: model.cells.tumour.motility: unexpected ',' at character 2; decimals are written with a point, as in 0.5 (given '0,5')",
        ),
    ),
    "another_unit": (
        "    mmp2: {diffusion: 1e-9 cm^2/s, decay: 0.05 /h}\n",
        "    mmp2: {diffusion: 1e-9 cm^2/s, decay: 0.05 um}\n",
        (
            "{file}:22:43: model.solubles.mmp2.decay: wrong unit: the text is length, needed is 1/time (given '0.05 um')",
        ),
    ),
    "name_with_accent": (
        "    tumour:\n",
        "    tumör:\n",
        (
            "{file}:15:5: model.cells.tumör: not a name (given 'tumör'; allowed: letters a to z, digits and _, not starting with a digit; did you mean 'tumor'?)",
            "{file}:24:63: model.membranes.basement.permeability.tumour: unknown species (given 'tumour'; allowed: mmp2, tumör; did you mean 'tumör'?)",
        ),
    ),
    "name_of_a_cell_line": (
        "    tumour:\n",
        "    MDA-MB-231:\n",
        (
            "{file}:15:5: model.cells.MDA-MB-231: not a name (given 'MDA-MB-231'; allowed: letters a to z, digits and _, not starting with a digit; did you mean 'MDA_MB_231'?)",
            "{file}:24:63: model.membranes.basement.permeability.tumour: unknown species (given 'tumour'; allowed: MDA-MB-231, mmp2)",
        ),
    ),
    "unknown_region_of_an_interface": (
        "  interfaces: {basement: [gland, tissue]}\n",
        "  interfaces: {basement: [gland, stroma]}\n",
        (
            "{file}:10:26: mesh.interfaces.basement: unknown region 'stroma' (allowed: tissue, gland)",
        ),
    ),
    "pow": (
        "      initial: {gland: 1}\n",
        '      initial: "exp(-pow(x,2))"\n',
        (
            "{file}:16:16: model.cells.tumour.initial: unknown function (given 'pow'; allowed: exp, log, sqrt, sin, cos, tan, sinh, cosh, tanh, erf, abs, min, max, where, noise); powers are written x^2",
        ),
    ),
    "numpy": (
        "      initial: {gland: 1}\n",
        '      initial: "np.exp(-x**2)"\n',
        (
            "{file}:16:16: model.cells.tumour.initial: unexpected '.' at character 3; functions have no prefix, as in exp(x) (given 'np.exp(-x**2)')",
        ),
    ),
    "product_without_sign": (
        "      initial: {gland: 1}\n",
        '      initial: "exp(-2x)"\n',
        (
            "{file}:16:16: model.cells.tumour.initial: unexpected 'x' at character 7; products are written with *, as in 2*x (given 'exp(-2x)')",
        ),
    ),
    "if_else": (
        "      initial: {gland: 1}\n",
        '      initial: "1 if x < 3 else 0"\n',
        (
            "{file}:16:16: model.cells.tumour.initial: unexpected 'if' at character 3; choices are written where(condition, value, otherwise) (given '1 if x < 3 else 0')",
        ),
    ),
    "single_equals": (
        "      initial: {gland: 1}\n",
        '      initial: "x = 3"\n',
        (
            "{file}:16:16: model.cells.tumour.initial: unexpected '=' at character 3; equality is written == (given 'x = 3')",
        ),
    ),
    "negative_diffusion": (
        "    mmp2: {diffusion: 1e-9 cm^2/s, decay: 0.05 /h}\n",
        "    mmp2: {diffusion: -1e-9 cm^2/s, decay: 0.05 /h}\n",
        (
            "{file}:22:23: model.solubles.mmp2.diffusion: value out of bounds (given '-1e-9 cm^2/s', which is -360; allowed: at least 0)",
        ),
    ),
    "swapped": (
        "  to: [1000, 1000]\n",
        "  from: [1000, 1000]\n  to: [0, 0]\n",
        (
            "{file}:7:7: mesh.to: every number of 'from' must be below the one of 'to' (given [1000.0, 1000.0] and [0.0, 0.0])",
        ),
    ),
    "alias_of_nothing": (
        "    tumour:\n",
        "    tumour:\n      <<: *base\n",
        (
            "{file}:16:11: not YAML: an alias (*name) without its anchor (&name); look at this line and the one above it [not-yaml]",
        ),
    ),
    "dashes": (
        "    tumour:\n      initial: {gland: 1}\n      motility: 1e-10 cm^2/s\n      haptotaxis: {ecm: 1e-9 cm^2/s}\n      secretes: {mmp2: 0.1 nM/h}\n",
        "    - tumour:\n        initial: {gland: 1}\n        motility: 1e-10 cm^2/s\n        haptotaxis: {ecm: 1e-9 cm^2/s}\n        secretes: {mmp2: 0.1 nM/h}\n",
        (
            "{file}:15:5: model.cells: wrong type (given a list; allowed: a mapping; write lines `name: value`, without dashes or [])",
            "{file}:24:63: model.membranes.basement.permeability.tumour: unknown species (given 'tumour'; allowed: mmp2)",
        ),
    ),
    "number_for_options": (
        "  ecm: {initial: 1, degraded_by: {mmp2: 0.4 /nM/h}}\n",
        "  ecm: 1\n",
        (
            "{file}:20:8: model.ecm: wrong type (given 1; allowed: a mapping of options); options: initial, degraded_by, remodelling",
        ),
    ),
    "huge_mesh": (
        "  cells: [20, 20]\n",
        "  cells: [20000000, 20000000]\n",
        (
            "{file}:7:10: mesh.cells: this makes more than 1e+10 cells (allowed: at most 1e+10)",
        ),
    ),
    "huge_region": (
        "  cells: [20, 20]\n  regions:\n    gland: {kind: disc, centre: [500, 500], radius: 200}\n",
        "  size: 20\n  structured: false\n  regions:\n    gland: {kind: disc, centre: [500, 500], radius: 200, size: 1e-6}\n",
        (
            "{file}:10:64: mesh.regions.gland.size: this makes some 1.6e+17 cells (given 1e-06 for a length of 400; allowed: at most 1e+10 cells)",
        ),
    ),
    "huge_number": (
        "    mmp2: {diffusion: 1e-9 cm^2/s, decay: 0.05 /h}\n",
        "    mmp2: {diffusion: 10000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000, decay: 0.05 /h}\n",
        (
            "{file}:22:23: model.solubles.mmp2.diffusion: the number must be finite (given 100000000000000000000000000000000000000000000000000000000...)",
        ),
    ),
    "tiny_step": (
        "time: {end: 10 d}\n",
        "time: {end: 10 d, step: 1e-30}\n",
        (
            "{file}:25:25: time.step: this makes 2.4e+32 steps (given 1e-30 for a run of 240; allowed: at most 1e+09 steps)",
        ),
    ),
    "too_many_outputs": (
        "output: {every: 6 h}\n",
        "output: {every: 1e-12 h}\n",
        (
            "{file}:26:17: output.every: this makes 2.4e+14 outputs (given 1e-12 for a run of 240; allowed: at most 1e+06 outputs)",
        ),
    ),
    "no_blank_after_a_colon": (
        "      motility: 1e-10 cm^2/s\n",
        "      motility:1e-10 cm^2/s\n",
        (
            "{file}:17:7: not YAML: a key without ': ' (a colon and a blank) after it; look at this line and the one above it [not-yaml]",
        ),
    ),
    "quote_not_closed": (
        "      initial: {gland: 1}\n",
        '      initial: "exp(-x\n',
        (
            "{file}:16:16: not YAML: a quote that is never closed; look at this line and the one above it [not-yaml]",
        ),
    ),
    "typographic_quotes": (
        "      initial: {gland: 1}\n",
        "      initial: “exp(-x)”\n",
        (
            '{file}:16:16: model.cells.tumour.initial: unexpected \'“\' at character 1; quotes are written " or \' (given \'“exp(-x)”\')',
        ),
    ),
    "typographic_minus": (
        "    mmp2: {diffusion: 1e-9 cm^2/s, decay: 0.05 /h}\n",
        "    mmp2: {diffusion: 1e−9 cm^2/s, decay: 0.05 /h}\n",
        (
            "{file}:22:23: model.solubles.mmp2.diffusion: unexpected '−' at character 3; a minus is written - (given '1e−9 cm^2/s')",
        ),
    ),
    "scale_without_number": (
        "scales: {length: 1 um, time: 1 h, cells: 1e5 /cm^2, ecm: 1, mmp2: 1 nM}\n",
        "scales: {length: 1 um, time: h, cells: 1e5 /cm^2, ecm: 1, mmp2: 1 nM}\n",
        (
            "{file}:3:30: scales.time: not a number with a unit; did you mean '1 h'? (given 'h')",
        ),
    ),
    "name_of_the_run": (
        "name: mine\n",
        "name: my tumour run\n",
        (
            "{file}:2:7: name: not a name (given 'my tumour run'; allowed: letters a to z, digits, _ . and -, starting with a letter or digit)",
        ),
    ),
    "nothing_after_a_colon": (
        "      motility: 1e-10 cm^2/s\n",
        "      motility:\n",
        (
            "{file}:17:7: model.cells.tumour.motility: wrong type (given nothing; allowed: a number or an expression)",
        ),
    ),
    "two_documents": (
        "output: {every: 6 h}\n",
        "output: {every: 6 h}\n---\nschema_version: 1\nname: mine\nscales: {length: 1 um, time: 1 h, cells: 1e5 /cm^2, ecm: 1, mmp2: 1 nM}\nmesh:\n  kind: rectangle\n  to: [1000, 1000]\n  cells: [20, 20]\n  regions:\n    gland: {kind: disc, centre: [500, 500], radius: 200}\n  interfaces: {basement: [gland, tissue]}\nparameters:\n  speed: 2 um/h\nmodel:\n  cells:\n    tumour:\n      initial: {gland: 1}\n      motility: 1e-10 cm^2/s\n      haptotaxis: {ecm: 1e-9 cm^2/s}\n      secretes: {mmp2: 0.1 nM/h}\n  ecm: {initial: 1, degraded_by: {mmp2: 0.4 /nM/h}}\n  solubles:\n    mmp2: {diffusion: 1e-9 cm^2/s, decay: 0.05 /h}\n  membranes:\n    basement: {degraded_by: {mmp2: 0.2 /nM/h}, permeability: {tumour: speed}}\ntime: {end: 10 d}\noutput: {every: 6 h}\n",
        (
            "{file}:27:1: not YAML: a second document ('---') where a scenario is one; look at this line and the one above it [not-yaml]",
        ),
    ),
    "no_colon": (
        "      haptotaxis: {ecm: 1e-9 cm^2/s}\n",
        "      haptotaxis: {ecm 1e-9 cm^2/s}\n",
        (
            "{file}:18:20: model.cells.tumour.haptotaxis.ecm 1e-9 cm^2/s: unknown species (given 'ecm 1e-9 cm^2/s'; allowed: ecm; is the colon after 'ecm' missing?)",
        ),
    ),
}
