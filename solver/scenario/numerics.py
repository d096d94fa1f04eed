"""Options of the numerical scheme; the defaults are right for every shipped scenario."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .base import Options


class Linear(Options):
    """Linear solves."""

    rtol: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="residual relative to the right-hand side, unpreconditioned norm; less where a tolerance below 1e-5 asks for it; "
        "default: 1e-8; where steps adapt a thousandth of what a step may miss, 1e-6 to 1e-8, and less where dt D/h^2 > 1",
    )
    max_iterations: int = Field(500, ge=1, le=1_000_000, description="iterations before a solve counts as failed")
    solver: Literal["auto", "cg", "bicgstab", "gmres"] = Field("auto", description="Krylov method; auto: by symmetry")
    preconditioner: Literal["auto", "jacobi", "ilu", "gamg", "hypre"] = Field("auto", description="preconditioner; auto: by step size")


class Numerics(Options):
    """Space and time discretisation."""

    limiter: Literal["positivity", "local_bounds", "none"] = Field(
        "positivity",
        description="flux correction that keeps densities >= 0 (and below a stated `maximum`); local_bounds: also within those of the "
        "neighbours, which clips smooth peaks; none: for comparison only",
    )
    flux: Literal["central", "scharfetter_gummel"] = Field("central", description="high-order flux of drift and diffusion on an edge")
    scheme: Literal["tr_bdf2", "backward_euler"] = Field("tr_bdf2", description="time scheme; order 2, or 1")
    kinetics: Literal["partners", "cycles", "none"] = Field(
        "partners",
        description="which species are integrated together at every node: those that lose by each other, are made of each other or turn "
        "into each other; all whose rates depend on each other in a circle; none",
    )
    linear: Linear = Field(Linear(), description="linear solves")
    petsc: dict[str, str | float | int | bool] = Field(
        {}, description="PETSc options of linear solves, without the leading dash; they win over `linear`"
    )
