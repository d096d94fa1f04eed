"""Scenarios that are wrong on purpose, and the code of the message that each must get; "" where it must be accepted."""

from __future__ import annotations

from dataclasses import dataclass

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
NINES = "9" * 20_000
GRID = "sweep:\n  kind: grid\n  vary:\n"


@dataclass(frozen=True)
class Attack:
    """A text, texts of `--set`, and the code."""

    text: str
    code: str
    sets: tuple[str, ...] = ()


def _good(old: str, new: str, base: str = GOOD) -> str:
    if old not in base:
        raise ValueError(f"the good scenario does not contain {old!r}")
    return base.replace(old, new, 1)


def _axes(count: int) -> str:
    return "parameters:\n" + "".join(f"  p{i}: 1\n" for i in range(count))


def _sample(kind: str, members: int, axes: int) -> str:
    vary = "".join(f"    parameters.p{i}: {{from: 0, to: 1}}\n" for i in range(axes))
    return f"{GOOD}{_axes(axes)}sweep:\n  kind: {kind}\n  n: {members}\n  vary:\n{vary}"


def _many(mapping: str, entry: str, count: int) -> str:
    return mapping + "{" + ", ".join(entry.replace("#", str(i)) for i in range(count)) + "}"


def _bomb() -> str:
    rows = (f"{chr(98 + i)}: &{chr(98 + i)} [{','.join([f'*{chr(97 + i)}'] * 10)}]\n" for i in range(9))
    return "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(rows)


def _mesh(text: str) -> str:
    return _good("mesh: {kind: interval, cells: 10}", f"mesh: {text}")


_WITHIN = "{from: [0, 0], direction: [1, 0], radius: 1, length: 1, within: {kind: disc, radius: 1, foo: 2}}"

SCENARIOS = {
    "tower of powers": Attack(_good("initial: 1,", "initial: '9^9^9^9^9',"), "out-of-bounds"),
    "tower in a scale": Attack(_good("1 um", "'(((((((9^9)^9)^9)^9)^9)^9)^9) um'", SCALED), "out-of-bounds"),
    "tower in a parameter": Attack(SCALED + "parameters: {a: '((((((((9^9)^9)^9)^9)^9)^9)^9)^9)^9'}\n", "out-of-bounds"),
    "20,000 digits": Attack(_good("end: 10", f"end: {NINES}"), "out-of-bounds"),
    "20,000 hexadecimal digits": Attack(_good("end: 10", f"end: 0x{'f' * 20_000}"), "out-of-bounds"),
    "20,000 decimals": Attack(_good("end: 10", f"end: 10.{'0' * 20_000}"), ""),
    "20,000 digits in a formula": Attack(_good("initial: 1,", f"initial: '{NINES}',"), "wrong-formula"),
    "100,000 characters in a formula": Attack(_good("initial: 1,", f"initial: '{'1.1' * 33_000}',"), "wrong-formula"),
    "cells of 4,000 digits": Attack(_good("cells: 10", f"cells: {'9' * 4000}"), "out-of-bounds"),
    "ranks of 19 digits": Attack(GOOD + "ranks: 1000000000000000000\n", "out-of-bounds"),
    "an exponent of 5,000 digits": Attack(_good("end: 10", f"end: 1e{'9' * 5000}"), "out-of-bounds"),
    "an index of 5,000 digits": Attack(GOOD + "output: {at: [1]}\n", "unknown-key", (f"output.at[{'9' * 5000}]=1",)),
    "an index that is a power": Attack(GOOD + "output: {at: [1]}\n", "unknown-key", ("output.at[²]=1",)),
    "a path of 5,000 parts": Attack(GOOD, "unknown-key", (f"{'.'.join(['a'] * 5000)}=1",)),
    "a sweep of 1e9": Attack(f"{GOOD}{GRID}    time.step: {{from: 0.1, to: 1, count: 1000000000}}\n", "too-many"),
    "a sweep of 1e18": Attack(f"{GOOD}{GRID}    time.step: {{from: 0.1, to: 1, count: 1000000000000000000}}\n", "too-many"),
    "330 axes of 10 values": Attack(
        GOOD + _axes(330) + GRID + "".join(f"    parameters.p{i}: [0,1,2,3,4,5,6,7,8,9]\n" for i in range(330)), "too-many"
    ),
    "a sample of 1e9": Attack(_sample("latin_hypercube", 10**9, 1), "too-many"),
    "a Sobol sample of 1e9": Attack(_sample("sobol", 10**9, 1), "too-many"),
    "10,000 members with 330 axes": Attack(_sample("sobol", 10_000, 330), "too-many"),
    "a few members with 330 axes": Attack(_sample("sobol", 4, 330), ""),
    "3,000 axes": Attack(_sample("sobol", 2, 3000), "too-many"),
    "a range beyond numbers": Attack(f"{GOOD}{GRID}    time.step: {{from: -1.7e308, to: 1.7e308, count: 3}}\n", "out-of-bounds"),
    "2,000 parameters in a row": Attack(
        GOOD + "parameters:\n" + "".join(f"  p{i}: 'p{i + 1}+1'\n" for i in range(1999)) + "  p1999: 1\n", ""
    ),
    "1,000 parameters in a circle": Attack(
        GOOD + "parameters:\n" + "".join(f"  p{i}: 'p{(i + 1) % 1000}+1'\n" for i in range(1000)), "circular-parameters"
    ),
    "1,000 parameters of unknown names": Attack(GOOD + "parameters:\n" + "".join(f"  p{i}: 'q{i}'\n" for i in range(1000)), "unknown-name"),
    "5,000 parameters": Attack(GOOD + _axes(5000), "too-many"),
    "1,500 unknown options": Attack(GOOD + "".join(f"k{i}: {i}\n" for i in range(1500)), "unknown-key"),
    "1,500 unknown options inside": Attack(GOOD + _many("numerics: ", "limitr#: 1", 1500) + "\n", "unknown-key"),
    "1,500 unknown species": Attack(_good("{mmp: 0.1}", _many("", "mm#: 1", 1500)), "no-species"),
    "1,500 unknown boundaries": Attack(GOOD + _many("boundaries: ", "left#: {tumour: {kind: no_flux}}", 1500) + "\n", "no-boundary"),
    "1,500 unknown columns": Attack(
        GOOD + "expect:\n" + "".join(f"  - {{at: 10, what: series, of: t{i}, value: 1, tolerance: 1}}\n" for i in range(1500)), "no-column"
    ),
    "1,000 species": Attack(GOOD + _many("species: ", "n#: {diffusion: 1, initial: 1}", 1000) + "\n", "too-many"),
    "brackets": Attack("a: " + "[" * 5000 + "]" * 5000 + "\n", "not-yaml"),
    "mappings in mappings": Attack("mesh: " + "{a: " * 200 + "1" + "}" * 200 + "\n", "not-yaml"),
    "aliases of aliases": Attack(_bomb(), "too-large"),
    "an alias of itself": Attack("a: &a [*a]\n", "too-large"),
    "a huge list": Attack(GOOD + "output: {at: [" + "1," * 300_000 + "1]}\n", "too-large"),
    "a file of 5 MB": Attack(GOOD + "title: " + "x" * 5_000_000 + "\n", "too-large"),
    "a key of 300 characters": Attack(GOOD + f"? {'x' * 300}\n: 1\n", "bad-name"),
    "a name of 100,000 characters": Attack(GOOD + f"name: {'a' * 100_000}\n", "wrong-length"),
    "NUL in a title": Attack(GOOD + 'title: "a\\0b"\n', "not-text"),
    "an escape of a terminal": Attack(GOOD + 'title: "\\e[2J"\n', "not-text"),
    "half a character": Attack(GOOD + 'title: "\\ud800"\n', "not-text"),
    "half a character as a key": Attack(GOOD + '"\\ud800": 1\n', "bad-name"),
    "half a character in --set": Attack(GOOD, "not-text", ("name=\udce4",)),
    "a code point that is none": Attack(GOOD + 'title: "\\UFFFFFFFF"\n', "not-yaml"),
    "a directive of 5,000 digits": Attack(f"%YAML 1.{'9' * 5000}\n---\n{GOOD}", "not-yaml"),
    "a tag that runs Python": Attack("a: !!python/object/apply:os.system ['true']\n" + GOOD, "unknown-key"),
    "a path of 5,000 characters": Attack(_mesh(f"{{kind: file, path: {'a' * 5000}}}"), "file-not-found"),
    "a path of 50,000 folders": Attack(_mesh(f"{{kind: file, path: {'a/' * 50_000}}}"), "file-not-found"),
    "somebody's home": Attack(_mesh("{kind: file, path: ~nobodyatall/x.msh}"), "file-not-found"),
    "a device": Attack(_mesh("{kind: file, path: /dev/zero}"), "file-not-found"),
    "extends a long path": Attack(f"extends: {'a' * 5000}\n", "file-not-found"),
    "extends NUL": Attack('extends: "a\\0"\n', "not-text"),
    "extends a device": Attack("extends: /dev/zero\n", "file-not-found"),
    "what is no picture of scikit-image": Attack(_mesh("{kind: image, image: 'skimage:data_dir', regions: {tissue: brown}}"), "no-picture"),
    "a function of scikit-image": Attack(_mesh("{kind: image, image: 'skimage:download_all', regions: {tissue: brown}}"), "no-picture"),
    "an end at 1e-320": Attack(_good("end: 10, step: 0.1", "end: 1e-320"), "out-of-bounds"),
    "a start at 1e16": Attack(_good("end: 10, step: 0.1", "end: 1e16, start: 9999999999999998"), "out-of-bounds"),
    "a span beyond numbers": Attack(_good("end: 10, step: 0.1", "end: 1.7e308, start: -1.7e308"), "out-of-bounds"),
    "steps at 1e-320": Attack(_good("step: 0.1", "max_step: 1e-320"), "out-of-bounds"),
    "steps below the gap of numbers": Attack(_good("end: 10, step: 0.1", "start: 1e9, end: 1000000001, max_step: 1e-9"), "out-of-bounds"),
    "a mesh of 1e-320": Attack(_good("cells: 10", "from: 0, to: 1e-320, cells: 10"), "out-of-bounds"),
    "a mesh of one gap": Attack(_good("cells: 10", "from: 1, to: 1.0000000000000002, cells: 10"), "out-of-bounds"),
    "a mesh beyond numbers": Attack(_good("cells: 10", "from: -1.7e308, to: 1.7e308, cells: 10"), "out-of-bounds"),
    "a line break in a region": Attack(_mesh('{kind: interval, cells: 10, region: "a\\nb"}'), "bad-name"),
    "U+2028 in a region": Attack(
        _mesh('{kind: interval, cells: 10, regions: {"a\\u2028b": {kind: interval, from: 0, to: 1}}}'), "bad-name"
    ),
    "a line break in a parameter": Attack(GOOD + 'parameters: {"ab\\n": 1}\n', "bad-name"),
    "an unknown key within a network": Attack(
        _good("time:", f"  vessels: {{v: {{carries: blood, at: {{network: {{tree: {_WITHIN}}}}}, entry: {{tumour: 1}}}}}}\ntime:"),
        "unknown-key",
    ),
    "options of PETSc from a file": Attack(GOOD + "numerics: {petsc: {options_file: /etc/passwd}}\n", "petsc-option"),
    "Python in PETSc": Attack(GOOD + "numerics: {petsc: {tumour_pc_type: python}}\n", "petsc-option"),
    "a file written by PETSc": Attack(GOOD + "numerics: {petsc: {tumour_ksp_view: 'ascii:a.yaml'}}\n", "petsc-option"),
}
