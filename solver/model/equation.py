"""A balance law on one line, in the letters of the papers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ..scenario.expressions import Binary, Call, Expr, Name, Number, Unary
from ..scenario.tree import to_text
from .balance import Reaction, Species, Taxis

_WORDS = "alpha beta gamma delta epsilon zeta eta theta kappa lambda mu nu rho sigma tau phi chi psi omega"
_GREEK = dict(zip(_WORDS.split(), "αβγδεζηθκλμνρστφχψω", strict=True))
_POWERS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def letter(name: str) -> str:
    """A parameter's name with Greek letters: gamma_n1 becomes γ_n1."""
    head, line, tail = name.partition("_")
    return _GREEK.get(head, head) + line + tail


def pretty(expr: Expr, symbols: Mapping[str, str]) -> str:
    """An expression in symbols: products without a sign, small powers raised, a true minus."""
    text = to_text(expr, symbols)
    text = re.sub(r"\^(-?\d+)(?![\d.])", lambda m: m[1].translate(_POWERS), text)
    text = re.sub(r" \* (?=[\d.])", "·", text).replace(" * ", " ")
    return re.sub(r"-(?=\S)|(?<= )-(?= )", "−", re.sub(r"(\d)e-(\d)", r"\1e~\2", text)).replace("e~", "e-").replace("log(", "ln(")


def equation(
    law: Species,
    symbols: Mapping[str, str],
    gains: Sequence[tuple[str, Expr]] = (),
    reactions: Sequence[Reaction] = (),
    carrier: Species | None = None,
) -> str:
    """The balance law of a species on one line: ``∂n/∂t = ∇·(d_n ∇n) − ∇·(γ n ∇f)``; ``gains``: (species, rate) that turn into it.

    carrier: the law of what takes it along, where something does.
    """
    c = law.symbol
    parts = [] if carrier is None else _motion(carrier, c, symbols)
    parts += _motion(law, c, symbols)
    parts += [_signed(term.expr, symbols) for term in law.production]
    parts += [_signed(_times(term.expr, law.name), symbols) for term in law.growth]
    parts += [_signed(Unary("-", _times(term.expr, law.name)), symbols) for term in law.loss]
    if carrier is not None:
        parts += [_signed(Unary("-", _times(term.expr, law.name)), symbols) for term in carrier.loss]
        parts += [_signed(Unary("-", _times(t.rate, law.name)), symbols) for t in carrier.transfers]
    parts += [_signed(Unary("-", _times(t.rate, law.name)), symbols) for t in law.transfers]
    parts += [_signed(_times(rate, origin), symbols) for origin, rate in gains]
    parts += [_signed(_numbered(r.change[law.name], f"r_{r.name}"), symbols) for r in reactions if law.name in r.change]
    rate = " ".join(parts).removeprefix("+ ") or "0"
    return f"0 = {rate}" if law.quasi_steady else f"∂{c}/∂t = {rate}"


def _motion(law: Species, c: str, symbols: Mapping[str, str]) -> list[str]:
    """Diffusion and drift of a law, of the density c."""
    parts = []
    if law.diffusion is not None:
        d = "D" if isinstance(law.diffusion, Mapping) else pretty(law.diffusion, symbols)  # type: ignore[arg-type]
        d = d if law.room is None else f"w {bracketed(d)}"
        if law.myopic:
            parts.append(f"∇∇:({bracketed(d)} A {c})")
        else:
            parts.append(f"∇·({bracketed(d)} {'A ' if law.fibres else ''}∇{c})")
    room = "" if law.room is None else "w "
    return parts + [f"− ∇·({room}{bracketed(pretty(t.factor, symbols))} {c} {_gradient(t, symbols)})" for t in law.taxis]


def _numbered(number: float, name: str) -> Expr:
    """So many of a named rate."""
    whole: Expr = Name(name) if abs(number) == 1.0 else Binary("*", Number(abs(number)), Name(name))
    return whole if number > 0.0 else Unary("-", whole)


def _times(expr: Expr, name: str) -> Expr:
    return Unary("-", _times(expr.arg, name)) if isinstance(expr, Unary) and expr.op == "-" else Binary("*", expr, Name(name))


def _signed(expr: Expr, symbols: Mapping[str, str]) -> str:
    """A term with its sign before it."""
    if isinstance(expr, Unary) and expr.op == "-":
        inner = pretty(expr.arg, symbols)
        return f"− ({inner})" if isinstance(expr.arg, Binary) and expr.arg.op in ("+", "-") else f"− {inner}"
    return f"+ {pretty(expr, symbols)}"


def bracketed(text: str) -> str:
    """What stands as one factor: in brackets where it is a sum or a quotient."""
    return f"({text})" if re.search(r" [+−/] ", text) and not re.fullmatch(r"\([^()]*\)", text) else text


def _gradient(taxis: Taxis, symbols: Mapping[str, str]) -> str:
    match taxis.potential:
        case Name(id):
            return f"∇{symbols.get(id, id)}"
        case Call("log", (Name(id),)):
            return f"∇ ln {symbols.get(id, id)}"
        case Unary("-", Binary("/", Number(1.0), bound)):
            toward = symbols.get(taxis.toward, taxis.toward)
            return f"∇{toward} / ({pretty(bound, symbols)})²"
    return f"∇({pretty(taxis.potential, symbols)})"
