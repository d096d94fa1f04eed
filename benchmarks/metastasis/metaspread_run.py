"""MetaSpread (Hernandez-Inostroza, Gjini 2024, doi:10.1101/2024.04.09.588670), unchanged, by its own Python; its numbers as JSON lines.

It reads its parameters from a file in the working directory when it is imported, so the file is written first. Doubling times are those
of Franssen et al. 2019, epithelial-like 2 and mesenchymal-like 3; the file that MetaSpread writes by itself has them the other way round.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

BASE: dict[str, Any] = {
    **{"th": 1e-3, "tha": 1e-3, "xh": 5e-3, "xha": 5e-3, "dM": 1e-4, "dE": 5e-5, "phiM": 5e-4, "phiE": 5e-4, "dmmp": 1e-3, "theta": 0.195},
    **{"Lambda": 0.1, "gamma1": 1, "gamma2": 1, "vasculature_time": 180, "doubling_time_M": 3000, "doubling_time_E": 2000},
    **{"single_cell_survival": 5e-4, "cluster_survival": 2.5e-2, "extravasation_probs": [0.75, 0.25], "dissagreggation_prob": 0.5},
    **{"carrying_capacity": 4, "normal_vessels_primary": 8, "ruptured_vessels_primary": 2, "secondary_sites_vessels": [10, 10]},
    **{"n_center_points_for_tumor": 97, "n_center_points_for_Vessels": 200, "gridsize": 201, "grids_number": 3},
    **{"mesenchymal_proportion": 0.6, "epithelial_proportion": 0.4, "number_of_initial_cells": 388},
}
# a block of tissue round the tumour without vessels, and the one empty site that MetaSpread cannot do without
BLOCK = {
    "gridsize": 61,
    "grids_number": 2,
    "extravasation_probs": [1],
    "secondary_sites_vessels": [1],
    "normal_vessels_primary": 0,
    "ruptured_vessels_primary": 0,
}


def configure(values: dict[str, Any]) -> None:
    """The file of parameters, in the working directory."""
    rows = "".join(f'{name},"{value}"\n' for name, value in values.items())
    Path("simulations_configs.csv").write_text("Names,Values\n" + rows)


def run(values: dict[str, Any], seed: int, steps: int, every: int) -> None:
    """So many steps of one history; a line of counts, ECM and processor seconds after each ``every`` of them."""
    import metaspread

    folder = Path(f"history_{seed}")
    for part in ("Mmp2", "Ecm", "Vasculature", "Time when grids were populated"):
        (folder / part).mkdir(parents=True)
    shape = (values["number_of_initial_cells"], values["gridsize"], values["gridsize"], values["grids_number"])
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        model = metaspread.CancerModel(*shape, steps, steps, str(folder), seed=seed)
    began = time.process_time()
    for step in range(1, steps + 1):
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            model.step()
        if step % every == 0:
            spent = time.process_time() - began
            print(json.dumps({"seed": seed, "steps": step, "seconds": spent, **state(model)}), flush=True)


def state(model: Any) -> dict[str, Any]:
    """Cells of the primary site and amounts of ECM and MMP-2, with what lies within rings of one grid point about the middle."""
    size = model.width
    middle = (size - 1) / 2
    epithelial, mesenchymal, degraded = [0.0] * (size + 1), [0.0] * (size + 1), [0.0] * (size + 1)
    for agent in model.schedule.agents:
        if agent.agent_type == "cell" and agent.grid_id == 1:
            x, y = agent.pos
            ring = round(((x - middle) ** 2 + (y - middle) ** 2) ** 0.5)
            (epithelial if agent.phenotype == "epithelial" else mesenchymal)[ring] += 1
    for x in range(size):
        for y in range(size):
            degraded[round(((x - middle) ** 2 + (y - middle) ** 2) ** 0.5)] += 1.0 - float(model.ecm[0][0, x, y])
    return {
        "epithelial": sum(epithelial),
        "mesenchymal": sum(mesenchymal),
        "ecm_degraded": sum(degraded),
        "mmp2": float(model.mmp2[0][0].sum()),
        "entered": sum(m + e for clusters in model.vasculature.values() for m, e in clusters),
        "rings": {"epithelial": epithelial, "mesenchymal": mesenchymal, "ecm_degraded": degraded},
    }


if __name__ == "__main__":
    case = json.loads(sys.argv[1])
    values = {**BASE, **(BLOCK if case["block"] else {})}
    configure(values)
    run(values, case["seed"], case["steps"], case["every"])
