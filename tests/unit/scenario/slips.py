# ruff: noqa: E501  (remedies stay on one line, as they are printed)
"""Slips of the pen in a scenario of a gland, each with what is said about it: the line before, the line after, the messages."""

from __future__ import annotations

from tests.lib.messages import Said, said

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
SLIPS: dict[str, tuple[str, str, tuple[Said, ...]]] = {
    "indented_less": (
        "      motility: 1e-10 cm^2/s\n",
        "     motility: 1e-10 cm^2/s\n",
        (
            said(
                "{file}:17:6",
                "not-yaml",
                "look at this line and the one above it",
                "wrong indentation: this line begins in a column in which no group above it begins",
            ),
        ),
    ),
    "indented_more": (
        "      haptotaxis: {ecm: 1e-9 cm^2/s}\n",
        "        haptotaxis: {ecm: 1e-9 cm^2/s}\n",
        (
            said(
                "{file}:18:19",
                "not-yaml",
                "look at this line and the one above it",
                "a second ': ' in one line, or a line indented further than the group it belongs to",
            ),
        ),
    ),
    "tab_in_the_indentation": (
        "      motility: 1e-10 cm^2/s\n",
        "      \tmotility: 1e-10 cm^2/s\n",
        (said("{file}:17:7", "not-yaml", "YAML is indented with spaces", "a tab"),),
    ),
    "power_without_sign": (
        "      motility: 1e-10 cm^2/s\n",
        "      motility: 1e-10cm2/s\n",
        (
            said(
                "{file}:17:17: model.cells.tumour.motility",
                "unknown-unit",
                "powers are written with ^: cm^2",
                "(given '1e-10cm2/s')",
                "'cm2'",
            ),
        ),
    ),
    "power_raised": (
        "      motility: 1e-10 cm^2/s\n",
        "      motility: 1e-10 cm²/s\n",
        (
            said(
                "{file}:17:17: model.cells.tumour.motility",
                "wrong-formula",
                "powers are written with ^, as in cm^2/s",
                "(given '1e-10 cm²/s')",
                "'²'",
                "9",
            ),
        ),
    ),
    "one_over_hour": (
        "    mmp2: {diffusion: 1e-9 cm^2/s, decay: 0.05 /h}\n",
        "    mmp2: {diffusion: 1e-9 cm^2/s, decay: 0.05 1/hr}\n",
        (
            said(
                "{file}:22:43: model.solubles.mmp2.decay",
                "wrong-formula",
                "a number per time is written without the 1, as in 0.05 /h",
                "(given '0.05 1/hr')",
                "'1'",
                "6",
            ),
        ),
    ),
    "per_hour": (
        "    mmp2: {diffusion: 1e-9 cm^2/s, decay: 0.05 /h}\n",
        "    mmp2: {diffusion: 1e-9 cm^2/s, decay: 0.05 per hour}\n",
        (
            said(
                "{file}:22:43: model.solubles.mmp2.decay",
                "unknown-unit",
                "there are m, s, min, h, d, day, days, week, weeks, y, year, years, g, mol, M, L, l, Gy, Pa, mmHg, N, cell, cells, with prefixes such as u, m, k; per is written /, as in 0.05 /h",
                "(given '0.05 per hour')",
                "'per'",
            ),
        ),
    ),
    "scale_in_micron": (
        "scales: {length: 1 um, time: 1 h, cells: 1e5 /cm^2, ecm: 1, mmp2: 1 nM}\n",
        "scales: {length: 1 micron, time: 1 h, cells: 1e5 /cm^2, ecm: 1, mmp2: 1 nM}\n",
        (
            said(
                "{file}:3:18: scales.length",
                "unknown-unit",
                "there are m, s, min, h, d, day, days, week, weeks, y, year, years, g, mol, M, L, l, Gy, Pa, mmHg, N, cell, cells, with prefixes such as u, m, k; did you mean 'um'?",
                "(given '1 micron')",
                "'micron'",
            ),
        ),
    ),
    "per_cent": (
        "    mmp2: {diffusion: 1e-9 cm^2/s, decay: 0.05 /h}\n",
        "    mmp2: {diffusion: 1e-9 cm^2/s, decay: 5 %/h}\n",
        (
            said(
                "{file}:22:43: model.solubles.mmp2.decay",
                "wrong-formula",
                "per cent are written as a fraction, as in 0.05",
                "(given '5 %/h')",
                "'%'",
                "3",
            ),
        ),
    ),
    "decimal_comma_in_braces": (
        "    mmp2: {diffusion: 1e-9 cm^2/s, decay: 0.05 /h}\n",
        "    mmp2: {diffusion: 1e-9 cm^2/s, decay: 0,05 /h}\n",
        (
            said(
                "{file}:22:45: model.solubles.mmp2.05 /h",
                "unknown-key",
                "allowed: initial, amount, diffusion, fibres, molar_mass, solubility, quasi_steady, decay, production; decimals are written with a point, as in 0.5",
                "(given '05 /h')",
            ),
        ),
    ),
    "decimal_comma": (
        "      motility: 1e-10 cm^2/s\n",
        "      motility: 0,5\n",
        (
            said(
                "{file}:17:17: model.cells.tumour.motility",
                "wrong-formula",
                "decimals are written with a point, as in 0.5",
                "(given '0,5')",
                "','",
                "2",
            ),
        ),
    ),
    "another_unit": (
        "    mmp2: {diffusion: 1e-9 cm^2/s, decay: 0.05 /h}\n",
        "    mmp2: {diffusion: 1e-9 cm^2/s, decay: 0.05 um}\n",
        (
            said(
                "{file}:22:43: model.solubles.mmp2.decay",
                "wrong-unit",
                "needed is 1/time, such as /h",
                "(given '0.05 um')",
                "the text is length",
            ),
        ),
    ),
    "block_in_another": (
        "  solubles:\n    mmp2:",
        "  output: {every: 1 h}\n  solubles:\n    mmp2:",
        (
            said(
                "{file}:21:3: model.output",
                "unknown-key",
                "allowed: cells, ecm, solubles, bound, reactions, proteolysis, pools, membranes, vessels; `output` stands at the left edge, in no other block",
                "(given 'output')",
            ),
        ),
    ),
    "block_in_another_like_one_there": (
        "  solubles:\n    mmp2:",
        "  radiation: {}\n  solubles:\n    mmp2:",
        (
            said(
                "{file}:21:3: model.radiation",
                "unknown-key",
                "allowed: cells, ecm, solubles, bound, reactions, proteolysis, pools, membranes, vessels; `radiation` stands at the left edge, in no other block",
                "(given 'radiation')",
            ),
        ),
    ),
    "option_of_another_block": (
        "time: {end: 10 d}\n",
        "time: {end: 10 d, every: 1 h}\n",
        (
            said(
                "{file}:25:19: time.every",
                "unknown-key",
                "allowed: end, start, step, tolerance, first_step, floor, max_step; it is an option of `output`",
                "(given 'every')",
            ),
        ),
    ),
    "mass_for_an_amount": (
        "{mmp2: 0.1 nM/h}",
        "{mmp2: 0.1 ng/mL/h}",
        (
            said(
                "{file}:19:24: model.cells.tumour.secretes.mmp2",
                "wrong-unit",
                "needed is amount/length^3/time, such as nM/h; or state the molar_mass of mmp2, as in `molar_mass: 72 kg/mol`",
                "(given '0.1 ng/mL/h')",
            ),
        ),
    ),
    "pressure_for_a_concentration": (
        "decay: 0.05 /h}",
        "decay: 0.05 /h, initial: 40 mmHg}",
        (
            said(
                "{file}:22:61: model.solubles.mmp2.initial",
                "wrong-unit",
                "needed is amount/length^3, such as nM; or state the solubility of mmp2, as in `solubility: 1.3 uM/mmHg`",
                "(given '40 mmHg')",
            ),
        ),
    ),
    "no_scale_for_what_has_a_unit": (
        ", mmp2: 1 nM}\n",
        "}\n",
        tuple(
            said(place, "wrong-unit", "needed is 1/time; mmp2 has no scale: state one, as in scales: {mmp2: 1 nM}")
            for place in (
                "{file}:19:24: model.cells.tumour.secretes.mmp2",
                "{file}:20:41: model.ecm.degraded_by.mmp2",
                "{file}:24:36: model.membranes.basement.degraded_by.mmp2",
            )
        ),
    ),
    "name_with_accent": (
        "    tumour:\n",
        "    tumör:\n",
        (
            said(
                "{file}:15:5: model.cells.tumör",
                "bad-name",
                "allowed: letters a to z, digits and _, not starting with a digit; did you mean 'tumor'?",
                "(given 'tumör')",
            ),
            said(
                "{file}:24:63: model.membranes.basement.permeability.tumour",
                "no-species",
                "allowed: mmp2, tumör; did you mean 'tumör'?",
                "(given 'tumour')",
            ),
        ),
    ),
    "name_of_a_cell_line": (
        "    tumour:\n",
        "    MDA-MB-231:\n",
        (
            said(
                "{file}:15:5: model.cells.MDA-MB-231",
                "bad-name",
                "allowed: letters a to z, digits and _, not starting with a digit; did you mean 'MDA_MB_231'?",
                "(given 'MDA-MB-231')",
            ),
            said(
                "{file}:24:63: model.membranes.basement.permeability.tumour", "no-species", "allowed: MDA-MB-231, mmp2", "(given 'tumour')"
            ),
        ),
    ),
    "unknown_region_of_an_interface": (
        "  interfaces: {basement: [gland, tissue]}\n",
        "  interfaces: {basement: [gland, stroma]}\n",
        (said("{file}:10:26: mesh.interfaces.basement", "no-region", "allowed: tissue, gland", "'stroma'"),),
    ),
    "pow": (
        "      initial: {gland: 1}\n",
        '      initial: "exp(-pow(x,2))"\n',
        (
            said(
                "{file}:16:16: model.cells.tumour.initial",
                "unknown-function",
                "allowed: exp, log, sqrt, sin, cos, tan, sinh, cosh, tanh, erf, abs, floor, ceil, mod, min, max, where, noise; powers are written x^2",
                "(given 'pow')",
            ),
        ),
    ),
    "numpy": (
        "      initial: {gland: 1}\n",
        '      initial: "np.exp(-x**2)"\n',
        (
            said(
                "{file}:16:16: model.cells.tumour.initial",
                "wrong-formula",
                "functions have no prefix, as in exp(x)",
                "(given 'np.exp(-x**2)')",
                "'.'",
                "3",
            ),
        ),
    ),
    "product_without_sign": (
        "      initial: {gland: 1}\n",
        '      initial: "exp(-2x)"\n',
        (
            said(
                "{file}:16:16: model.cells.tumour.initial",
                "wrong-formula",
                "products are written with *, as in 2*x",
                "(given 'exp(-2x)')",
                "'x'",
                "7",
            ),
        ),
    ),
    "if_else": (
        "      initial: {gland: 1}\n",
        '      initial: "1 if x < 3 else 0"\n',
        (
            said(
                "{file}:16:16: model.cells.tumour.initial",
                "wrong-formula",
                "choices are written where(condition, value, otherwise)",
                "(given '1 if x < 3 else 0')",
                "'if'",
            ),
        ),
    ),
    "single_equals": (
        "      initial: {gland: 1}\n",
        '      initial: "x = 3"\n',
        (said("{file}:16:16: model.cells.tumour.initial", "wrong-formula", "equality is written ==", "(given 'x = 3')", "'='"),),
    ),
    "negative_diffusion": (
        "    mmp2: {diffusion: 1e-9 cm^2/s, decay: 0.05 /h}\n",
        "    mmp2: {diffusion: -1e-9 cm^2/s, decay: 0.05 /h}\n",
        (
            said(
                "{file}:22:23: model.solubles.mmp2.diffusion",
                "out-of-bounds",
                "allowed: at least 0",
                "(given '-1e-9 cm^2/s', which is -360)",
            ),
        ),
    ),
    "swapped": (
        "  to: [1000, 1000]\n",
        "  from: [1000, 1000]\n  to: [0, 0]\n",
        (
            said(
                "{file}:7:7: mesh.to",
                "wrong-order",
                "every number of 'from' must be below the one of 'to'",
                "(given [1000.0, 1000.0] and [0.0, 0.0])",
                "'to'",
                "'from'",
            ),
        ),
    ),
    "alias_of_nothing": (
        "    tumour:\n",
        "    tumour:\n      <<: *base\n",
        (said("{file}:16:11", "not-yaml", "look at this line and the one above it", "an alias (*name) without its anchor (&name)"),),
    ),
    "dashes": (
        "    tumour:\n      initial: {gland: 1}\n      motility: 1e-10 cm^2/s\n      haptotaxis: {ecm: 1e-9 cm^2/s}\n      secretes: {mmp2: 0.1 nM/h}\n",
        "    - tumour:\n        initial: {gland: 1}\n        motility: 1e-10 cm^2/s\n        haptotaxis: {ecm: 1e-9 cm^2/s}\n        secretes: {mmp2: 0.1 nM/h}\n",
        (
            said(
                "{file}:15:5: model.cells",
                "wrong-type",
                "allowed: a mapping; write lines `name: value`, without dashes or []",
                "(given a list)",
            ),
            said("{file}:24:63: model.membranes.basement.permeability.tumour", "no-species", "allowed: mmp2", "(given 'tumour')"),
        ),
    ),
    "number_for_options": (
        "  ecm: {initial: 1, degraded_by: {mmp2: 0.4 /nM/h}}\n",
        "  ecm: 1\n",
        (
            said(
                "{file}:20:8: model.ecm",
                "wrong-type",
                "allowed: a mapping of options; options: initial, degraded_by, remodelling, deposited_by, opened_by, opens_into, becomes, releases",
                "(given 1)",
            ),
        ),
    ),
    "huge_mesh": (
        "  cells: [20, 20]\n",
        "  cells: [20000000, 20000000]\n",
        (said("{file}:7:10: mesh.cells", "too-many", "allowed: at most 1e+10 cells", "1e+10"),),
    ),
    "huge_region": (
        "  cells: [20, 20]\n  regions:\n    gland: {kind: disc, centre: [500, 500], radius: 200}\n",
        "  size: 20\n  structured: false\n  regions:\n    gland: {kind: disc, centre: [500, 500], radius: 200, size: 1e-6}\n",
        (
            said(
                "{file}:10:64: mesh.regions.gland.size",
                "too-many",
                "allowed: at most 1e+10 cells",
                "(given 1e-06 for a length of 400)",
                "1.6e+17",
            ),
        ),
    ),
    "huge_number": (
        "    mmp2: {diffusion: 1e-9 cm^2/s, decay: 0.05 /h}\n",
        "    mmp2: {diffusion: 10000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000, decay: 0.05 /h}\n",
        (
            said(
                "{file}:22:23: model.solubles.mmp2.diffusion",
                "out-of-bounds",
                "allowed: a finite number",
                "(given 100000000000000000000000000000000000000000000000000000000...)",
            ),
        ),
    ),
    "tiny_step": (
        "time: {end: 10 d}\n",
        "time: {end: 10 d, step: 1e-30}\n",
        (said("{file}:25:25: time.step", "too-many", "allowed: at most 1e+09 steps", "(given 1e-30 for a run of 240)", "2.4e+32"),),
    ),
    "too_many_outputs": (
        "output: {every: 6 h}\n",
        "output: {every: 1e-12 h}\n",
        (said("{file}:26:17: output.every", "too-many", "allowed: at most 1e+06 outputs", "(given 1e-12 for a run of 240)", "2.4e+14"),),
    ),
    "no_blank_after_a_colon": (
        "      motility: 1e-10 cm^2/s\n",
        "      motility:1e-10 cm^2/s\n",
        (said("{file}:17:7", "not-yaml", "look at this line and the one above it", "a key without ': ' (a colon and a blank) after it"),),
    ),
    "quote_not_closed": (
        "      initial: {gland: 1}\n",
        '      initial: "exp(-x\n',
        (said("{file}:16:16", "not-yaml", "look at this line and the one above it", "a quote that is never closed"),),
    ),
    "typographic_quotes": (
        "      initial: {gland: 1}\n",
        "      initial: “exp(-x)”\n",
        (
            said(
                "{file}:16:16: model.cells.tumour.initial", "wrong-formula", "quotes are written \" or '", "(given '“exp(-x)”')", "'“'", "1"
            ),
        ),
    ),
    "typographic_minus": (
        "    mmp2: {diffusion: 1e-9 cm^2/s, decay: 0.05 /h}\n",
        "    mmp2: {diffusion: 1e−9 cm^2/s, decay: 0.05 /h}\n",
        (
            said(
                "{file}:22:23: model.solubles.mmp2.diffusion", "wrong-formula", "a minus is written -", "(given '1e−9 cm^2/s')", "'−'", "3"
            ),
        ),
    ),
    "scale_without_number": (
        "scales: {length: 1 um, time: 1 h, cells: 1e5 /cm^2, ecm: 1, mmp2: 1 nM}\n",
        "scales: {length: 1 um, time: h, cells: 1e5 /cm^2, ecm: 1, mmp2: 1 nM}\n",
        (said("{file}:3:30: scales.time", "not-a-quantity", "did you mean '1 h'?", "(given 'h')"),),
    ),
    "name_of_the_run": (
        "name: mine\n",
        "name: my tumour run\n",
        (
            said(
                "{file}:2:7: name",
                "bad-name",
                "allowed: letters a to z, digits, _ . and -, starting with a letter or digit",
                "(given 'my tumour run')",
            ),
        ),
    ),
    "nothing_after_a_colon": (
        "      motility: 1e-10 cm^2/s\n",
        "      motility:\n",
        (said("{file}:17:7: model.cells.tumour.motility", "wrong-type", "allowed: a number or an expression", "(given nothing)"),),
    ),
    "two_documents": (
        "output: {every: 6 h}\n",
        "output: {every: 6 h}\n---\nschema_version: 1\nname: mine\nscales: {length: 1 um, time: 1 h, cells: 1e5 /cm^2, ecm: 1, mmp2: 1 nM}\nmesh:\n  kind: rectangle\n  to: [1000, 1000]\n  cells: [20, 20]\n  regions:\n    gland: {kind: disc, centre: [500, 500], radius: 200}\n  interfaces: {basement: [gland, tissue]}\nparameters:\n  speed: 2 um/h\nmodel:\n  cells:\n    tumour:\n      initial: {gland: 1}\n      motility: 1e-10 cm^2/s\n      haptotaxis: {ecm: 1e-9 cm^2/s}\n      secretes: {mmp2: 0.1 nM/h}\n  ecm: {initial: 1, degraded_by: {mmp2: 0.4 /nM/h}}\n  solubles:\n    mmp2: {diffusion: 1e-9 cm^2/s, decay: 0.05 /h}\n  membranes:\n    basement: {degraded_by: {mmp2: 0.2 /nM/h}, permeability: {tumour: speed}}\ntime: {end: 10 d}\noutput: {every: 6 h}\n",
        (said("{file}:27:1", "not-yaml", "look at this line and the one above it", "a second document ('---') where a scenario is one"),),
    ),
    "no_colon_after_an_option": (
        "    mmp2: {diffusion: 1e-9 cm^2/s, decay: 0.05 /h}\n",
        "    mmp2: {diffusion: 1e-9 cm^2/s, decay 0.05 /h}\n",
        (
            said(
                "{file}:22:36: model.solubles.mmp2.decay 0.05 /h",
                "unknown-key",
                "allowed: initial, amount, diffusion, fibres, molar_mass, solubility, quasi_steady, decay, production; is the colon after 'decay' missing?",
                "(given 'decay 0.05 /h')",
            ),
        ),
    ),
    "no_space_after_the_colon": (
        "    mmp2: {diffusion: 1e-9 cm^2/s, decay: 0.05 /h}\n",
        "    mmp2: {diffusion: 1e-9 cm^2/s, decay:0.05 /h}\n",
        (
            said(
                "{file}:22:36: model.solubles.mmp2.decay:0.05 /h",
                "unknown-key",
                "allowed: initial, amount, diffusion, fibres, molar_mass, solubility, quasi_steady, decay, production; is the space after `decay:` missing?",
                "(given 'decay:0.05 /h')",
            ),
        ),
    ),
    "decimal_comma_of_a_species": (
        "secretes: {mmp2: 0.1 nM/h}",
        "secretes: {mmp2: 0,1 nM/h}",
        (
            said(
                "{file}:19:26: model.cells.tumour.secretes.1 nM/h",
                "no-species",
                "allowed: mmp2; decimals are written with a point, as in 0.5",
                "(given '1 nM/h')",
            ),
        ),
    ),
    "too_many_coordinates": (
        "  to: [1000, 1000]\n",
        "  to: [1000, 1000, 1000]\n",
        (said("{file}:6:7: mesh.to", "wrong-length", "allowed: at most 2", "more values than there may be (given 3)"),),
    ),
    "no_colon": (
        "      haptotaxis: {ecm: 1e-9 cm^2/s}\n",
        "      haptotaxis: {ecm 1e-9 cm^2/s}\n",
        (
            said(
                "{file}:18:20: model.cells.tumour.haptotaxis.ecm 1e-9 cm^2/s",
                "no-species",
                "allowed: ecm; is the colon after 'ecm' missing?",
                "(given 'ecm 1e-9 cm^2/s')",
            ),
        ),
    ),
}
