"""Which PETSc options a scenario or a command line may set: those of linear solves, by name and with plain values.

PETSc's options can also read further options from files, load libraries, run Python and write files, and a scenario is data.
A name is a prefix of a solver (``tumour_``, ``tumour_low_``, ``sub_``, ``mg_levels_``), then one of the names below.
"""

from __future__ import annotations

import re

_KRYLOV = (
    *("none", "preonly", "richardson", "chebyshev", "cg", "fcg", "pipecg", "groppcg", "cr", "minres", "bcgs", "bcgsl", "fbcgs", "fbcgsr"),
    *("ibcgs", "pipebcgs", "tfqmr", "gmres", "fgmres", "lgmres", "pgmres", "gcr"),
)
_PRECONDITIONERS = (
    *("none", "jacobi", "pbjacobi", "bjacobi", "sor", "eisenstat", "ilu", "icc", "lu", "cholesky", "asm", "gasm", "mg", "gamg", "hypre"),
)
TYPES = {
    "ksp_type": _KRYLOV,
    "pc_type": _PRECONDITIONERS,
    "pc_hypre_type": ["boomeramg", "euclid", "parasails", "pilut"],
    "pc_factor_mat_solver_type": ["petsc", "mumps", "superlu", "superlu_dist", "umfpack", "klu", "cholmod", "strumpack"],
}
_MONITORS = ("ksp_monitor", "ksp_monitor_true_residual", "ksp_monitor_singular_value")
_FLAGS = ("ksp_view", "ksp_converged_reason", "ksp_converged_rate", *_MONITORS)
_NAME = re.compile(
    r"(?:[A-Za-z][A-Za-z0-9_]*_)?(?P<name>"
    r"ksp_(?:type|rtol|atol|divtol|max_it|min_it|norm_type|pc_side|initial_guess_nonzero|knoll|check_norm_iteration|lag_norm|"
    r"reuse_preconditioner|diagonal_scale|diagonal_scale_fix|error_if_not_converged|converged_use_initial_residual_norm|"
    r"gmres_[a-z_]+|fgmres_[a-z_]+|lgmres_[a-z_]+|bcgsl_[a-z_]+|gcr_[a-z_]+|cg_[a-z_]+|fcg_[a-z_]+|richardson_[a-z_]+|chebyshev_[a-z_]+|"
    r"view|monitor|monitor_true_residual|monitor_singular_value|converged_reason|converged_rate)"
    r"|pc_(?:type|side|use_amat|factor_[a-z_]+|jacobi_[a-z_]+|bjacobi_[a-z_]+|sor_[a-z_]+|asm_[a-z_]+|gasm_[a-z_]+|gamg_[a-z_]+|mg_[a-z_]+|"
    r"eisenstat_[a-z_]+|hypre_type|hypre_boomeramg_[a-z_]+|hypre_euclid_[a-z_]+|hypre_parasails_[a-z_]+|hypre_pilut_[a-z_]+)"
    r"|mat_(?:no_inode|inode_limit|mumps_icntl_[0-9]+|mumps_cntl_[0-9]+|superlu_dist_[a-z_]+))",
    re.ASCII,
)
_NEVER = re.compile(r"file|view_|dump|python|matlab|plugin|path|dll|print|icntl_22|shell|user_")
_PLAIN = re.compile(r"[A-Za-z0-9_.,+-]*", re.ASCII)
_SAID = ("", "true", "1", "yes", "on")


def refusal(name: str, value: object) -> tuple[str, str]:
    """What is wrong with an option (without its dash) and the remedy; two empty texts where nothing is."""
    found = _NAME.fullmatch(name) if len(name) <= 200 else None
    if found is None or _NEVER.search(found["name"]):
        return f"{name[:60]!r} is none of the PETSc options that can be set", "allowed: options of KSP, PC and Mat, such as tumour_ksp_type"
    key, text = found["name"], str(value)
    if key in _FLAGS and text.lower() not in _SAID:
        return f"{name!r} prints and takes no value (given {text[:60]!r})", "leave the value out (in a scenario: true)"
    if key in TYPES and text not in TYPES[key]:
        return f"{name!r} cannot be {text[:60]!r}", f"allowed: {', '.join(TYPES[key])}"
    if len(text) > 60 or not _PLAIN.fullmatch(text):
        return f"{name!r} cannot have this value (given {text[:60]!r})", "allowed: a number, a word, or several with commas"
    return "", ""
