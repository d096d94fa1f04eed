"""A model as people read it: equations, where they start, conditions, parameters, literature."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from ..scenario.expressions import Expr, Name, Number
from ..scenario.tree import number_text
from .balance import Boundary, Fibres, IntegrityLaw, Kinetics, Membrane, Model, Passage, Pool, Species, Taxis, Term, Vessel
from .equation import bracketed, equation, letter, pretty
from .invariants import conserved
from .kinetics import find_kinetics, speed
from .walk import sources


def explain(model: Model, title: str = "", non_dimensional: bool = True) -> str:
    """The whole model as text, in UTF-8."""
    symbols = {**{name: letter(name) for name in model.parameters}, **{law.name: law.symbol for law in model.species}}
    times = f" (times in {model.time_unit.strip('()')})" if model.time_unit else ""
    lines = [title, ""] if title else []
    lines.append("Equations" + (" (non-dimensional)" if non_dimensional else ""))
    laws = {law.name: law for law in model.species}
    for law in model.species:
        carrier = None if law.carried is None else laws[law.carried.by]
        gains = [(other.name, t.rate) for other in model.species for t in other.transfers if t.into == law.name]
        gains += _brought(law, laws)
        unit = f" [{law.unit.strip('()')}]" if law.unit else ""
        lines += ["", f"  {law.name} {law.symbol}{unit}", f"    {equation(law, symbols, gains, model.reactions, carrier)}"]
        lines += [] if carrier is None else [f"    {_goes_with(law, carrier, symbols)}"]
        if isinstance(law.diffusion, Mapping):
            lines.append("    D: " + "; ".join(f"{pretty(e, symbols)} in {region}" for region, e in law.diffusion.items()))
        if law.room is not None:
            lines.append(f"    w = {pretty(law.room, symbols)}, what pores of the matrix leave")
        if law.fibres:
            lines.append(f"    {_tensor(law.fibres, symbols)}")
        if law.maximum is not None:
            lines.append(f"    at most {law.maximum:g}, unless its own sources make more")
        lines.append(f"    start: {_start(law, symbols)}")
        if law.mobile:
            lines.append(f"    boundaries: {_conditions(law, symbols)}")
        lines += [f"    {name}: {short(source)}" for name, source in _sources(law)]
    lines += ["", "Reactions", *reaction_lines(model)] if model.reactions else []
    lines += ["", *map(together, model.kinetics)] if model.kinetics else []
    for pool in model.pools:
        lines += ["", *_pool(pool, symbols)]
    for vessel in model.vessels:
        lines += ["", *entry_laws(vessel, symbols)]
    for barrier in model.membranes:
        lines += ["", *_membrane(barrier, symbols)]
    if model.begins:
        lines += ["", f"Start: {model.begins}"]
    if model.fields:
        lines += ["", "Given fields", *(f"  {name}: {words}" for name, words in model.fields.items())]
    for removal in model.removals:
        stays = ", ".join(f"{symbols[name]} becomes {pretty(removal.stays, symbols)} {symbols[name]}" for name in removal.species)
        lines += ["", f"{removal.kind.capitalize()} {removal.name}{times}: {removal.words}", f"  {stays}"]
        lines += [f"  {short(removal.source)}"] if removal.source else []
    for drug, effects in model.drugs.items():
        lines += ["", f"Drug {drug}", *(f"  {effect}" for effect in effects)]
    if model.schedules:
        lines += ["", f"Schedules{times}", *(f"  {name}(t): {words}" for name, words in model.schedules.items())]
    if model.parameters:
        lines += ["", "Parameters", *_table(model)]
    if model.citations:
        lines += ["", "Literature", *(f"  {citation}" for citation in model.citations)]
    return "\n".join(lines) + "\n"


def _brought(law: Species, laws: Mapping[str, Species]) -> list[tuple[str, Expr]]:
    """What comes with carriers that were another species: (species, rate)."""
    others = [(other, other.carried) for other in laws.values() if other.carried is not None]
    return [(o.name, t.rate) for o, way in others for t in laws[way.by].transfers if way.turns.get(t.into) == law.name]


def _goes_with(law: Species, carrier: Species, symbols: Mapping[str, str]) -> str:
    """Of what a carrier takes along: how, and what is born with it."""
    assert law.carried is not None
    b, n = law.symbol, carrier.symbol
    born = {
        "shared": "what is born shares what there is",
        "each": f"what is born brings {pretty(law.carried.each, symbols)}",
        "alike": f"what is born brings as much as others have there, {b}/{n}",
    }
    return f"goes with {carrier.name}, {b}/{n} in each: moves, crosses, leaves and dies with it; {born[law.carried.newborn]}"


def reaction_lines(model: Model) -> list[str]:
    """Each reaction with its rate and source, and what all of them together conserve, species by their names."""
    symbols, lines = {name: letter(name) for name in model.parameters}, []
    for r in model.reactions:
        note = f"; {short(r.source)}" if r.source else ""
        lines.append(f"  {r.name}: {r.equation.replace('<->', '⇌').replace('->', '→')}, r_{r.name} = {pretty(speed(r), symbols)}{note}")
    for numbers in conserved(model.reactions):
        text = " + ".join(name if n == 1 else f"{n} {name}" for name, n in numbers.items()).replace("+ -", "− ")
        lines.append(f"  {text} is conserved by these reactions")
    return lines


def apart(model: Model) -> list[str]:
    """A warning for each set of species that react with each other where nothing integrates them together."""
    known = {name for kinetics in model.kinetics for name in kinetics.members}
    laws = [replace(law, transfers=()) for law in model.species]  # what turns is taken care of in any case
    sets = [kinetics.members for kinetics in find_kinetics(laws, "partners") if not known & set(kinetics.members)]
    return [
        f"{', '.join(members)} react with each other, but numerics.kinetics is none: steps longer than their reactions take are wrong"
        for members in sets
    ]


def together(kinetics: Kinetics) -> str:
    """Which species react with each other at every node."""
    products = f"; what they make of {', '.join(kinetics.products)} with them" if kinetics.products else ""
    return f"  integrated together at every node: {', '.join(kinetics.members)}{products}"


def entry_laws(vessel: Vessel, symbols: Mapping[str, str]) -> list[str]:
    """What passes a vessel's wall, a line per species: ``n: flux out = k n``."""
    where = "network" if vessel.place == "network" else f"{vessel.place} {', '.join(vessel.parts)}"
    lines = [f"  {vessel.name}, {vessel.carries} vessel ({where})"]
    b, symbols = vessel.integrity, {**symbols, "integrity": "b"}
    lines += [] if b is None else _integrity(b, symbols, False)
    for flux in vessel.fluxes:
        c = symbols[flux.species]
        speed = pretty(flux.opened, symbols)
        if flux.opened == Number(0.0) and flux.closed is None:
            lines.append(
                f"    {c}: no flux" + ("" if flux.torn is None else f"; where torn: flux out = {bracketed(pretty(flux.torn, symbols))} {c}")
            )
            continue
        if b is not None and flux.opened != flux.closed:
            closed = "" if flux.closed is None else f" + {bracketed(pretty(flux.closed, symbols))} (1 − g(b))"
            speed = f"{bracketed(speed)} g(b){closed}"
        jump = c if flux.inside is None else f"({c} − {bracketed(pretty(flux.inside, symbols))})"
        torn = "" if flux.torn is None else f"; where torn: {bracketed(pretty(flux.torn, symbols))} {c}"
        lines.append(f"    {c}: flux out = {bracketed(speed)} {jump}{torn}")
    if vessel.ruptured is not None or vessel.torn_parts:
        conditions = [] if vessel.ruptured is None else [pretty(vessel.ruptured, symbols)]
        lines.append(f"    torn: {'; '.join([*conditions, *vessel.torn_parts])}")
    return lines


def _pool(pool: Pool, symbols: Mapping[str, str]) -> list[str]:
    """A number with a law of its own."""
    unit = f" [{pool.unit.strip('()')}]" if pool.unit else ""
    gain = [] if pool.inflow == Number(0.0) else [pretty(pool.inflow, symbols)]
    loss = [] if pool.loss == Number(0.0) else [f"− {bracketed(pretty(pool.loss, symbols))} {pool.name}"]
    lines = [f"  pool {pool.name}{unit}", f"    d{pool.name}/dt = {' '.join([*gain, *loss]) or '0'}"]
    lines.append(f"    start: {pool.name} = {pretty(pool.initial, symbols)}")
    return [*lines, *([f"    {short(pool.source)}"] if pool.source else [])]


def _membrane(barrier: Membrane, symbols: Mapping[str, str]) -> list[str]:
    """A membrane on a few lines: how its integrity changes, how it opens, and the flux of each species."""
    b = barrier.integrity
    lines = [f"  membrane {barrier.name} b (of no thickness; [c] = c₀ − c₁, from side 0 to side 1; ⟨ ⟩ mean of both)"]
    lines += _integrity(b, symbols, True)
    lines += [f"    flux of {p.species}: {_flux(p, symbols)}" for p in barrier.passages]
    return [*lines, *(f"    {short(source)}" for source in sources(barrier))]


def _integrity(b: IntegrityLaw, symbols: Mapping[str, str], sided: bool) -> list[str]:
    """How the integrity of a membrane or wall changes, and how it opens."""
    loss = [f"− {_sided(d.expr, symbols, d.sides) if sided else pretty(d.expr, symbols)} b" for d in b.degradation]
    repair = [] if b.repair == Number(0.0) else [f"+ {pretty(b.repair, symbols)} (1 − b)"]
    closed, q = pretty(b.threshold, symbols), b.sharpness
    inside = "1 − b" if b.threshold == Number(1.0) else f"1 − b/{closed}"
    opening = inside if q == Number(1.0) else f"({inside})^{pretty(q, symbols)}"
    return [
        "    ∂b/∂t = " + (" ".join([*loss, *repair]) or "0"),
        f"    start: b = {pretty(b.initial, symbols)}",
        f"    open: g(b) = {opening} where b < {closed}, else 0; breached where b < {pretty(b.breach, symbols)}",
    ]


def _sided(expr: Expr, symbols: Mapping[str, str], sides: str) -> str:
    """A rate with what it reads on both sides: mean or sum."""
    text = pretty(expr, symbols)
    return f"⟨{text}⟩" if sides == "mean" else f"({text})₀₊₁"


def _flux(p: Passage, symbols: Mapping[str, str]) -> str:
    c, rate = symbols.get(p.species, p.species), pretty(p.rate, {**symbols, "integrity": "b"})
    rate = rate if isinstance(p.rate, (Name, Number)) else f"⟨{rate}⟩"
    rate += " g(b)" if p.follows_integrity else ""
    if p.kind == "pressure":
        power = pretty(p.exponent, symbols)
        scaled = c if p.reference == Number(1.0) else f"{c}/{pretty(p.reference, symbols)}"
        return f"{rate} [Π({c})], Π′ = {c} f′, f = ({scaled})^{power}"
    return f"{rate} [{c}]" + (", with drift through the opening" if p.taxis else "")


def short(source: str) -> str:
    """A citation as authors and year: ``Anderson et al. 2000``."""
    found = re.match(r"([^,\d]+)(, [^\d]*?)? ((?:19|20)\d\d)\b", source)
    if not found:
        return source
    others = (found[2] or "").count(",")
    return f"{found[1]}{' et al.' if others > 1 else f' and{found[2][1:]}' if others else ''} {found[3]}"


def _start(law: Species, symbols: Mapping[str, str]) -> str:
    sign = "=" if law.amount is None else "∝"
    total = "" if law.amount is None else f"; ∫ {law.symbol} = {pretty(law.amount, symbols)} over the whole tissue"
    if "" in law.initial:
        return f"{law.symbol} {sign} {pretty(law.initial[''], symbols)}{total}"
    values = "; ".join(f"{law.symbol} {sign} {pretty(expr, symbols)} in {region}" for region, expr in law.initial.items())
    return f"{values}; 0 elsewhere{total}"


def _tensor(fibres: Fibres, symbols: Mapping[str, str]) -> str:
    """The tensor that movement along fibres multiplies motility by."""
    if fibres.across == 1.0:
        return "A = I"
    rest = f"{1 - fibres.across:g}"
    if fibres.field is not None:
        return f"A = (1 - {rest} {fibres.field}) I + {rest} Q, Q the mean of {fibres.field} e eᵀ, e along the fibres of {fibres.field}"
    return f"A = {fibres.across:g} I + {rest} e eᵀ, e along ({', '.join(pretty(e, symbols) for e in fibres.direction)})"


def _conditions(law: Species, symbols: Mapping[str, str]) -> str:
    stated = [f"{at}: {_condition(law.symbol, condition, symbols)}" for at, condition in law.boundaries.items()]
    return "; ".join([*stated, "no flux elsewhere"]) if stated else "no flux"


def _condition(c: str, condition: Boundary, symbols: Mapping[str, str]) -> str:
    value = pretty(condition.value, symbols) if condition.value is not None else "0"
    if condition.kind == "fixed":
        return f"{c} = {value}"
    if condition.kind == "influx":
        return f"flux in = {value}"
    if condition.kind == "exchange" and condition.rate is not None:
        rate = bracketed(pretty(condition.rate, symbols))
        return f"flux out = {rate} {c}" if value == "0" else f"flux out = {rate} ({c} − {bracketed(value)})"
    return "outflow"


def _sources(law: Species) -> list[tuple[str, str]]:
    parts: tuple[Taxis | Term, ...] = (*law.taxis, *law.production, *law.growth, *law.loss)
    turns = [(f"becomes {t.into}", t.source) for t in law.transfers if t.source]
    return turns + [(part.name, part.source) for part in parts if part.source]


def _table(model: Model) -> list[str]:
    rows = [("", "value", "unit", "meaning", "source")]
    rows += [
        (letter(p.name), number_text(float(f"{p.told[0]:.12g}")), p.told[1] or "-", p.meaning or "-", p.source or "-")
        for p in model.parameters.values()
    ]
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    return ["  " + "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[4]]).rstrip() for row in rows]
