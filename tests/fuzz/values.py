"""Values that no careful author would write, and what they would write where; drawn by a seeded generator."""

from __future__ import annotations

import random
from typing import Any

NUMBERS = (
    *(0, -1, 1, 2, 10**3, 10**9, 10**18, 2**31, 2**63, 2**64, 10**400, -(10**400)),
    *(0.0, -0.0, 1e-320, 5e-324, 1e-300, 1e-16, 1e16, 1e300, 1.7976931348623157e308, -1e308, float("inf"), float("nan")),
)
TEXTS = (
    *("", " ", "x", "0", "-", ".", "..", "/", "~", "~nobody/x", "/dev/zero", "a" * 300, "a/" * 3000, "a\nb", "a\u2028b", "a\0b", "\ud800"),
    *("\x1b[31m", "null", "true", "1 um", "1e-9 cm^2/s", "1 um^9999", "((9^9)^9)^9 um", "1e999 um", "-1 h", "1 per h", "0,5", "1_000"),
    *("9^9^9^9", "x", "t", "tumour", "ecm*tumour", "where(x<1, 2, 3)", "noise(0.1, 1)", "noise(0, 1)", "noise(1e-320, 1e9)", "1/0"),
    *("(" * 60 + "x" + ")" * 60, "x+" * 200 + "x", "exp(" * 30 + "x" + ")" * 30, "9" * 20000, "e" * 5000, "1." * 5000, " " * 5000),
    *("x^" * 39 + "x", "log(-1)", "\u0661", "tissue", "a/b:c", "skimage:data_dir", "skimage:brick", "skimage:../../x", "own", "key"),
    *("radius", "all", "auto", "%s", "{0}", "${HOME}"),
)
KEYS = (
    *("kind", "name", "initial", "from", "to", "", " ", "a b", "a.b", "a[0]", "\u2028", "ü", "x" * 250, "length", "t", "0", "1.5"),
    *("<<", "-"),
)
_BYTES = b"\0\n\t\r :,-[]{}#&*!|>'\"%@`\xff\xe2\x80\xa80123456789.eE+xyz"


def value(chance: random.Random, depth: int = 0) -> Any:
    """Any value of YAML."""
    kind = chance.random()
    if kind < 0.35:
        return chance.choice(NUMBERS)
    if kind < 0.75:
        return chance.choice(TEXTS)
    if kind < 0.85 or depth > 2:
        return chance.choice((None, True, False, [], {}))
    if kind < 0.93:
        return [value(chance, depth + 1) for _ in range(chance.choice((1, 2, 3, 30)))]
    return {chance.choice(KEYS): value(chance, depth + 1) for _ in range(chance.choice((1, 2, 5)))}


def changed(tree: Any, chance: random.Random) -> Any:
    """A copy of a tree of data with one thing in it changed: a value, a key, an entry more or less, two entries swapped."""
    if isinstance(tree, dict) and tree and chance.random() < 0.85:
        key = chance.choice(list(tree))
        return {k: changed(v, chance) if k == key else v for k, v in tree.items()}
    if isinstance(tree, list) and tree and chance.random() < 0.7:
        at = chance.randrange(len(tree))
        return [*tree[:at], changed(tree[at], chance), *tree[at + 1 :]]
    if isinstance(tree, dict) and tree:
        key, deed = chance.choice(list(tree)), chance.random()
        if deed < 0.25:
            return {k: v for k, v in tree.items() if k != key}
        if deed < 0.5:
            return {**tree, chance.choice(KEYS): value(chance)}
        if deed < 0.75:
            return {chance.choice(KEYS) if k == key else k: v for k, v in tree.items()}
        other = chance.choice(list(tree))
        return {**tree, key: tree[other], other: tree[key]}
    return value(chance)


def damaged(raw: bytes, chance: random.Random) -> bytes:
    """A copy of a file with some of its bytes changed, taken out, doubled, or cut off at the end."""
    for _ in range(chance.choice((1, 1, 2, 5, 20))):
        at, deed = chance.randrange(len(raw) + 1), chance.random()
        length = chance.choice((1, 1, 4, 40))
        if deed < 0.3:
            raw = raw[:at] + bytes(chance.choice(_BYTES) for _ in range(length)) + raw[at:]
        elif deed < 0.5:
            raw = raw[:at] + raw[at + length :]
        elif deed < 0.7:
            raw = raw[:at] + raw[at : at + 40 * length] + raw[at:]
        elif deed < 0.95 and raw:
            at = min(at, len(raw) - 1)
            raw = raw[:at] + bytes([raw[at] ^ (1 << chance.randrange(8))]) + raw[at + 1 :]
        else:
            raw = raw[:at]
    return raw
