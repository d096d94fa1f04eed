"""Options of reactions: an equation, and rates by mass action or a law of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

from pydantic import AfterValidator, Field, GetCoreSchemaHandler, ValidationError, ValidationInfo, model_validator
from pydantic_core import CoreSchema, core_schema

from .base import Context, Options
from .equations import Equation, read_equation
from .formulas import Formula, Over, State
from .named import raised_again, unknown_species
from .parameters import FreeName
from .units import ONE, Measure
from .wrong import joined, wrong

SPEED, ONWARD, BACKWARD = "density/time", "density/time/left", "density/time/right"


def _known(text: str, info: ValidationInfo) -> str:
    """The text, if it is an equation of species that there are, measured alike where it changes them."""
    equation, context = read_equation(text), Context.of(info)
    for name in equation.names:
        if context.species and name not in context.species:
            raise unknown_species(name, list(context.species))
    changed = list(equation.change)
    for name in changed[1:]:
        one, other = context.scale(changed[0]), context.scale(name)
        if one.dimension != other.dimension:
            what = f"{changed[0]} and {name} are measured in different kinds of units, so one of the first cannot become one of the other"
            remedy = "give both a scale of one kind, as in scales: {a: 1 nM, b: 1 nM}, or name one on both sides"
            raise wrong(what, code="wrong-unit", remedy=remedy)
    return text


class ByEquation:
    """Marks a reaction: while it is validated, its equation tells the dimensions of its rates."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_wrap_validator_function(self._validate, handler(source))

    def _validate(self, value: Any, inner: Any, info: ValidationInfo) -> Any:
        before = Context.of(info)
        text = value.get("equation") if isinstance(value, Mapping) else None
        if not info.context or before.scales is None or not isinstance(text, str):
            return inner(value)
        try:
            equation = read_equation(text)
        except ValueError:  # which is said at the equation
            return inner(value)
        words = {"density": together({next(iter(equation.change)): 1}, before)}
        words |= {"left": together(equation.left, before), "right": together(equation.right, before)}
        units = {f"{word} of {text}": unit for word, unit in words.items()}
        slots = {**before.slots, **{word: f"{word} of {text}" for word in words}}
        info.context["context"] = replace(before, scales={**before.scales, **units}, slots=slots)
        try:
            return inner(value)
        except ValidationError as error:
            bare = [name for name in equation.names if name not in before.scales and before.species.get(name) != "cells"]
            faults = error.errors(include_url=False)
            if not bare or not any(fault["type"] == "wrong-unit" for fault in faults):
                raise
            raise ValidationError.from_exception_data("reaction", [_unscaled(fault, bare[0]) for fault in faults]) from None
        finally:
            info.context["context"] = before


def _unscaled(fault: Any, species: str) -> Any:
    """A fault of a reaction, with what a wrong unit may come from where a species has no scale."""
    if fault["type"] == "wrong-unit":
        said = fault["ctx"]
        remedy = joined(said["remedy"], f"{species} has no scale: state one, as in scales: {{{species}: 1 nM}}")
        fault = {**fault, "ctx": {**said, "remedy": remedy, "text": joined(said["what"], remedy)}}
    return raised_again(fault)


def together(side: Mapping[str, int], context: Context) -> Measure:
    """The product of one unit of each species of a side of an equation, as often as it stands there."""
    found = ONE
    for name, count in side.items():
        found *= context.scale(name).power(count)
    return found


class Reaction(Options):
    """A reaction and its rate v: by mass action, v = rate * the product of the densities on the left, or by a law."""

    equation: Annotated[str, AfterValidator(_known)] = Field(
        description="such as `2 a + e -> d + e`, or `a + b <-> c` where it goes both ways; whole numbers; a side may be empty"
    )
    rate: Annotated[Formula, Over(ONWARD, State, 0)] | None = Field(
        None, description="k of an equation with ->; of order n in units such as /s, /nM/s, /nM^2/s"
    )
    forward: Annotated[Formula, Over(ONWARD, State, 0)] | None = Field(None, description="k from left to right of an equation with <->")
    backward: Annotated[Formula, Over(BACKWARD, State, 0)] | None = Field(None, description="k from right to left of an equation with <->")
    law: Annotated[Formula, Over(SPEED, State)] | None = Field(
        None, description="in place of mass action: v, reactions per volume and time; negative only with <->"
    )
    source: str = Field("", description="literature of the reaction")

    @model_validator(mode="after")
    def _rates(self) -> Reaction:
        given = [name for name in ("rate", "forward", "backward", "law") if getattr(self, name) is not None]
        needed = ["forward", "backward"] if self.balance.reversible else ["rate"]
        if given not in (["law"], needed):
            arrow = "<->" if self.balance.reversible else "->"
            what = f"an equation with {arrow} and {' and '.join(given) or 'no rate'}"
            raise wrong(what, code="either-or", remedy=f"give {' and '.join(needed)}, or law; nothing else")
        return self

    @property
    def balance(self) -> Equation:
        """The equation as numbers."""
        return read_equation(self.equation)


ReactionMap = dict[FreeName, Annotated[Reaction, ByEquation()]]
