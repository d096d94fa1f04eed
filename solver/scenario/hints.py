"""What may be meant by a text that is no quantity and no formula: remedies for the usual slips of the pen."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

NAMED = "a unit stands beside a number alone: in formulas, give it a name, as in parameters: {width: 200 um}"
DECIMALS = "decimals are written with a point, as in 0.5"
_SLIPS: tuple[tuple[str, str], ...] = (
    (r"[“”„‘’«»]", "quotes are written \" or '"),
    (r"[−–—]", "a minus is written -"),
    (r"[×·⋅]\s*10", "powers of ten are written 1e-9"),
    (r"[²³⁻¹]", "powers are written with ^, as in cm^2/s"),
    (r"(?<![\w.^])\d+,\d+(?![\w,]*\))", DECIMALS),
    (r"%", "per cent are written as a fraction, as in 0.05"),
    (r"\bper\b", "per is written /, as in 0.05 /h"),
    (r"^\s*[\d.eE+-]+\s+1\s*/", "a number per time is written without the 1, as in 0.05 /h"),
    (r"\b(np|numpy|math)\.", "functions have no prefix, as in exp(x)"),
    (r"\bpow\s*\(", "powers are written x^2"),
    (r"\b(if|else)\b|\?", "choices are written where(condition, value, otherwise)"),
    (r"(?<![<>=!])=(?!=)", "equality is written =="),
    (r"&&|\|\|", "conditions are joined by `and`, `or`"),
    (r"(?<![\w.])[\d.]+\s+/?\s*([fpnumk]?(m|s|g|mol|M|L|l|Pa)|min|h|d|days?|weeks?|y|years?|mmHg|cells?)(?!\w)", NAMED),
    (r"(?<![\w.])[\d.]+\s*[A-Za-z_(]", "products are written with *, as in 2*x"),
)

_LOOKED_AT = 400  # characters
# ways to write a unit that are not those of the table
SPELT = {
    **dict.fromkeys(("hr", "hrs", "hour", "hours", "H"), "h"),
    **dict.fromkeys(("sec", "secs", "second", "seconds", "S"), "s"),
    **dict.fromkeys(("mins", "minute", "minutes"), "min"),
    **dict.fromkeys(("D", "dy"), "d"),
    **dict.fromkeys(("micron", "microns", "micrometer", "micrometre", "mcm"), "um"),
    **dict.fromkeys(("molar", "Molar"), "M"),
    **dict.fromkeys(("Mol", "mole", "moles"), "mol"),
    **dict.fromkeys(("liter", "litre", "liters", "litres"), "L"),
}


def hint(text: str) -> str:
    """The first remedy that fits: ``"decimals are written with a point, as in 0.5"``; "" if none does."""
    text = re.sub(r"(\d\.?)[eE][-+]?\d+", r"\1", text[:_LOOKED_AT])
    return next((remedy for pattern, remedy in _SLIPS if re.search(pattern, text)), "")


def glued(key: str, known: Iterable[str]) -> str:
    """The remedy for a key that holds its value as well, as in `decay 0.1` or `decay:0.1`; "" if it begins with none that is known."""
    for name in known:
        if re.match(rf"{re.escape(name)}\s*:\s*\S", key):
            return f"is the space after `{name}:` missing?"
        if re.match(rf"{re.escape(name)}\s+\S", key):
            return f"is the colon after {name!r} missing?"
    return ""


def as_name(text: str) -> str:
    """The nearest name that is allowed: letters, digits and _; "" if nothing is left."""
    import unicodedata

    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"\W+", "_", plain).strip("_").lstrip("0123456789_")


def nearby(path: Path, endings: Iterable[str] = (".yaml", ".yml")) -> str:
    """The remedy for a missing file: the one beside it that may be meant."""
    try:
        names = {p.stem: p.name for p in path.parent.iterdir() if p.suffix in endings and p.is_file()}
    except FileNotFoundError:
        return f"the folder {str(path.parent)!r} is not there"
    except (OSError, ValueError):
        return "check the name"
    near = get_close_matches(path.stem, names, n=1, cutoff=0.7)
    return f"did you mean {str(path.with_name(names[near[0]]))!r}?" if near else "check the name"
