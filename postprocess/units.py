"""Units as figures write them: 1e9 /cm^3 as 10⁹ cm⁻³."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .run import Run

_PRESSURES = ("mmHg", "Pa", "hPa", "kPa")
_HIGH = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_NUMBER = re.compile(r"([0-9.]+)(?:e([-+]?[0-9]+))?(?=$|[\s/])", re.IGNORECASE)


def unit_text(unit: str) -> str:
    """A unit as figures write it; "" of a plain number, or of one that is not known."""
    text, amount = unit.strip(), ""
    if "(" in text:  # written as it is, with raised powers
        text = re.sub(r"\^(-?\d+)", lambda m: m[1].translate(_HIGH), text)
    elif match := _NUMBER.match(text):
        text = text[match.end() :].strip()
        head = float(match[1])
        power = f"10{superscript(int(match[2]))}" if match[2] and int(match[2]) else ""
        amount = power if power and head == 1 else f"{head:g}" + (f"×{power}" if power else "") if head != 1 else ""
    if text and "(" not in text:
        over, *under = (part.strip() for part in text.split("/"))
        factors = [_raised(word, 1) for word in over.split()] if over != "1" else []
        text = " ".join(factors + [_raised(word, -1) for part in under for word in part.split()])
    text = re.sub(r"\bu(?=m\b|M\b|l\b|L\b|g\b|mol\b|m[²³⁻]|s\b)", "µ", text)
    return " ".join(part for part in (amount, text) if part)


def superscript(number: int) -> str:
    """A whole number raised: ⁻³."""
    return str(number).translate(_HIGH)


def _raised(word: str, sign: int) -> str:
    """cm^3 as cm³, and below a stroke as cm⁻³."""
    name, _, power = word.partition("^")
    try:
        number = sign * (int(power) if power else 1)
    except ValueError:
        return word
    return name if number == 1 else name + superscript(number)


def power_text(value: float) -> str:
    """A number as figures write it: 10⁻⁵, 3×10⁴, 0.01."""
    return f"{value:g}" if value == 0 or 1e-3 <= abs(value) < 1e4 else as_power(value)


def as_power(value: float) -> str:
    """A number as a power of ten: 10⁻², 3×10⁴."""
    head, _, power = f"{value:.1e}".partition("e")
    high = "10" + superscript(int(power))
    return high if float(head) == 1 else f"{float(head):g}×{high}"


def plain_unit(unit: str) -> tuple[float, str]:
    """How much one of a unit is, and of which unit: (2.4, "mm") of "2.4 mm"; powers of ten stay (1.0, "1e9 /cm^3")."""
    text = unit.strip()
    match = None if "(" in text else _NUMBER.match(text)
    if not match or float(match[1]) in (0.0, 1.0):
        return 1.0, text
    return float(match[1]) * 10.0 ** int(match[2] or 0), text[match.end() :].strip()


def with_unit(run: Run, name: str) -> str:
    """A column or field with its unit: "tumour.total (cells)"; without one where it is a plain number, or not known."""
    unit = unit_text(run.units.get(name, ""))
    return f"{name} ({unit})" if unit else name


def amount_text(run: Run, name: str, value: float) -> str:
    """A value of a column or field with its unit, 4.6×10⁶ cm⁻³: 0.0046 of 1e9 /cm^3."""
    return value_text(value, run.units.get(name, ""))


def value_text(value: float, unit: str) -> str:
    """A number of a unit, in which the number that the unit begins with is a factor of it."""
    text = unit.strip()
    if "(" not in text and (match := _NUMBER.match(text)):
        value *= float(match[1]) * 10.0 ** int(match[2] or 0)
        text = text[match.end() :].strip()
    return " ".join(part for part in (power_text(float(f"{value:.2g}")), unit_text(text)) if part)


def quantity(kinds: set[str], unit: str) -> str:
    """What an axis shows, with its unit: a pressure, the concentration of what is dissolved or bound, else the density."""
    molar = bool(re.search(r"(^|\s)[pnuµm]?M$", unit))
    what = "concentration" if molar or (kinds and kinds <= {"soluble", "bound"}) else "density"
    text = unit_text(unit)
    what = "partial pressure" if text in _PRESSURES else what
    return f"{what} ({text})" if text else what


def scale(run: Run, what: str) -> tuple[float, str]:
    """How much one unit of "length" or "time" is and in which unit: (1.0, "µm"); (1.0, "") when non-dimensional."""
    text = str((run.scenario.get("scales") or {}).get(what) or "")
    match = re.fullmatch(r"\s*([-+0-9.eE]+)?\s*(.*?)\s*", text)
    if not match or not text:
        return 1.0, ""
    try:
        factor = float(match[1]) if match[1] else 1.0
    except ValueError:
        return 1.0, ""
    return factor, unit_text(match[2])


def axis_label(run: Run, name: str) -> str:
    """An axis of space with its unit."""
    unit = scale(run, "length")[1]
    return f"{name} ({unit})" if unit else name


def length_label(run: Run, name: str, length: float) -> str:
    """A length with its unit: z = 100 µm."""
    factor, unit = scale(run, "length")
    text = f"{length * factor:.3g}"
    text = f"{float(text):.0f}" if "e+" in text and length * factor < 1e5 else text  # 1240, not 1.24e+03
    return f"{name} = {text}" + (f" {unit}" if unit else "")
