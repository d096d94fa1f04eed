"""The fixed list: every shipped scenario, shortened to seconds and at least ten steps, and everything at once.

A case is run to its end with two outputs and a checkpoint at each; then its last checkpoint is removed and it is resumed.
"""

from __future__ import annotations

from dataclasses import dataclass

COMMON = ("expect=[]", "output.figures=false", "output.at=[]")
ALWAYS = (1, 2, 3)

# Arrays and numbers that have other names here than in earlier versions: pattern for re.fullmatch on the old name, new name.
RENAMED: tuple[tuple[str, str], ...] = ()

_SQUARE = "published/anderson_2000/square"
_REJECTED = ("time.step=null", "time.first_step=0.4", "time.max_step=0.4", "time.tolerance=1e-4")  # steps that are far too long


@dataclass(frozen=True)
class Case:
    """What is run: a module with arguments, in the folder of the version; on how many ranks at most."""

    name: str
    module: str
    arguments: tuple[str, ...]
    most_ranks: int


def _shipped(name: str, end: float, *settings: str, most_ranks: int = 2, called: str = "") -> Case:
    """A shipped scenario until another end; times are in the scenario's unit. ``called``: what the settings make of it."""
    times = (f"time.end={end}", f"output.every={end / 2}", f"output.checkpoint_every={end / 2}")
    sets = [word for setting in (*COMMON, *times, *settings) for word in ("--set", setting)]
    return Case(f"{name} {called}".strip(), "invasio.solver.cli", ("run", f"scenarios/{name}.yaml", *sets), most_ranks)


def _everything(dim: int, limiter: str) -> Case:
    arguments = ("--dim", str(dim), "--limiter", limiter)
    return Case(f"everything/{dim}d_{limiter}", "tests.bits.everything", arguments, max(ALWAYS))


CASES = (
    _everything(2, "positivity"),
    _everything(2, "local_bounds"),
    _everything(3, "positivity"),
    _everything(3, "local_bounds"),
    _shipped("cascade/breast", 12, most_ranks=1),
    _shipped("cascade/colon", 12),
    _shipped("cascade/inhibitor", 12, most_ranks=1),
    _shipped("cascade/liver_site", 8),
    _shipped("cascade/lung", 12, most_ranks=1),
    _shipped("cascade/melanoma", 1, most_ranks=1),
    _shipped("cascade/oropharynx", 12, most_ranks=1),
    _shipped("cascade/ovary", 12),
    _shipped("cascade/pancreas", 12, most_ranks=1),
    _shipped("cascade/patients", 12, most_ranks=1),
    _shipped("cascade/prostate", 12, most_ranks=1),
    _shipped("fits/matrigel", 4, "mesh.cells=[12, 12, 45]"),
    _shipped("fits/matrigel_height", 12),
    _shipped("fits/xiao", 5),
    _shipped("published/anderson_2000/1d_h0.02", 1, most_ranks=3),
    _shipped("published/anderson_2000/1d_h0.01", 1),
    _shipped(_SQUARE, 1, "mesh.size=0.04"),
    _shipped(_SQUARE, 1, "mesh.size=0.04", *_REJECTED, most_ranks=3, called="adaptive"),
    _shipped(_SQUARE, 1, "mesh.size=0.04", "numerics.limiter=local_bounds", called="local_bounds"),
    _shipped(_SQUARE, 1, "mesh.size=0.04", "numerics.flux=scharfetter_gummel", called="scharfetter_gummel"),
    _shipped(_SQUARE, 1, "mesh.size=0.04", "numerics.scheme=backward_euler", "numerics.limiter=none", called="backward_euler"),
    _shipped("published/anderson_2000/ball", 1, "mesh.regions.core.size=0.05", most_ranks=3),
    _shipped("published/chaplain_lolas_2006/three_equations", 3, most_ranks=3),
    _shipped("published/franssen_2019/cascade", 1, "mesh.regions.colony.size=0.005", "mesh.regions.near.size=0.02", most_ranks=1),
    _shipped("published/franssen_2019/growth", 1, "mesh.regions.colony.size=0.005", "mesh.regions.near.size=0.02", most_ranks=1),
    _shipped("published/franssen_2019/mean_field", 1, "mesh.regions.colony.size=0.005", "mesh.regions.near.size=0.02", most_ranks=3),
    _shipped("published/franssen_2019/vessels", 1, "mesh.regions.colony.size=0.005", "mesh.regions.near.size=0.02", most_ranks=1),
    _shipped("published/karagiannis_2004/timp2_curve", 1),
    _shipped("published/xiao_2021/set0", 1, most_ranks=3),
    _shipped("quickstart", 12, most_ranks=1),
    _shipped("sweeps/haptotaxis_mmp", 2, "model.cells.tumour.haptotaxis.ecm=5e-3"),
    _shipped("sweeps/timp2", 1, most_ranks=1),
    _shipped("tissue/along_fibres", 12),
    _shipped("tissue/colon_lymph", 24, most_ranks=1),
    _shipped("tissue/crosslinked_collagen", 12, most_ranks=3),
    _shipped("tissue/dcis_duct", 8),
    _shipped("tissue/dcis_duct_3d", 4, most_ranks=3),
    _shipped("tissue/gland_breakout", 12, most_ranks=1),
    _shipped("tissue/hypoxic_cord", 12, "mesh.size=15", "mesh.regions.capillary.size=5"),
    _shipped("tissue/hypoxic_gland", 12, "mesh.size=40", "mesh.regions.gland.size=20"),
    _shipped("tissue/organotypic", 3),
    _shipped("tissue/resistance", 5, most_ranks=3),
    _shipped("tissue/tissue_block_3d", 12, "mesh.cells=[10, 10, 10]", most_ranks=3),
    _shipped("treatment/anti_angiogenic", 6),
    _shipped("treatment/hypoxic_core", 56),
    _shipped("treatment/mmp_inhibitor", 2),
    _shipped("treatment/radiation", 12),
    _shipped("treatment/two_drugs", 5),
    _shipped("verification/activation", 100, most_ranks=1),
    _shipped("verification/binding", 1),
    _shipped("verification/dosing", 20),
    _shipped("verification/ecm_decay", 0.4),
    _shipped("verification/exact_wave_1d", 0.4),
    _shipped("verification/exact_wave_2d", 0.2, most_ranks=3),
    _shipped("verification/exact_wave_3d", 0.1, "mesh.size=0.4"),
    _shipped("verification/haptotaxis_equilibrium", 150),
    _shipped("verification/intravasation", 0.2),
    _shipped("verification/membrane_flux", 10),
    _shipped("verification/membrane_opening", 0.6, most_ranks=3),
    _shipped("verification/membrane_pressure", 10),
    _shipped("verification/myopic_equilibrium", 150),
    _shipped("verification/oxygen_slab", 0.5),
    _shipped("verification/switching_along_fibres", 0.5, "mesh.size=0.04", most_ranks=3),
)
