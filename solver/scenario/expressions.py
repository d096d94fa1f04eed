"""Expression trees: the whitelisted language of scenario formulas (nodes only; parser beside)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Union

if TYPE_CHECKING:
    from .functions import Function


@dataclass(frozen=True)
class Number:
    value: float


@dataclass(frozen=True)
class Name:
    id: str  # a species, a parameter, or one of x y z t


@dataclass(frozen=True)
class Unary:
    op: str  # "-"  "not"
    arg: "Expr"


@dataclass(frozen=True)
class Binary:
    op: str  # + - * / **   < <= > >= == !=   and or
    left: "Expr"
    right: "Expr"


@dataclass(frozen=True)
class Call:
    function: str  # exp log sqrt sin cos tan sinh cosh tanh erf abs floor ceil mod min max where noise
    args: tuple["Expr", ...]


@dataclass(frozen=True)
class Timed:
    """A function of time that is known piece by piece; formulas of a scenario name it, the laws made of them hold it."""

    id: str  # what it is called
    function: "Function"
    piece: str = ""  # the name of the number of the piece that holds; "": that of the time
    slope: bool = False  # its derivative in time instead


Expr = Union[Number, Name, Unary, Binary, Call, Timed]
