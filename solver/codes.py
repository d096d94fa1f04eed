"""The codes of messages: what each means, and with which exit codes it ends the program."""

from __future__ import annotations

from typing import NamedTuple


class Code(NamedTuple):
    """The meaning of a code in a sentence, and the exit codes of the errors that bear it."""

    meaning: str
    exits: tuple[int, ...]


FILES: dict[str, Code] = {
    "cannot-write": Code("A file or folder cannot be written: no permission, no room, or no such folder.", (1, 2, 3, 4)),
    "faulty-documents": Code("The documents have faults: links that lead nowhere, pages that no list names.", (1,)),
    "file-exists": Code("A file that would be written is there already.", (2,)),
    "file-not-found": Code("A file or folder that was named is not there.", (2, 3)),
    "missing-package": Code("What was asked for needs a program or library that is not installed.", (1, 3)),
    "mixed-packages": Code("Packages that are installed do not belong together.", (3,)),
    "no-documents": Code("The documents are not part of what was installed.", (1,)),
    "no-scenario": Code("No shipped scenario has this name.", (2,)),
    "not-a-file": Code("A folder is named where a file is needed.", (2, 3)),
    "not-text": Code("A file is no text in UTF-8, or holds control characters.", (2, 3)),
    "not-yaml": Code("A text is not YAML: indentation, brackets, quotes or colons are wrong.", (2, 3)),
    "unknown-format": Code("The ending of a file's name belongs to no format that is read or written here.", (2, 3)),
    "unreadable-file": Code("A file is there, but cannot be read, or does not hold what its format demands.", (2, 3)),
    "unsafe-folder": Code("A run folder holds links that would be followed in writing, or programs that would be run.", (1,)),
}
OPTIONS: dict[str, Code] = {
    "bad-name": Code("A text cannot be a name: it has other characters than letters, digits and _, or a meaning of its own.", (2, 3)),
    "either-or": Code("Exactly one of several options is needed, and none or more of them are given.", (2,)),
    "empty-scenario": Code("A scenario is empty or has no species.", (2,)),
    "meaningless-option": Code("An option has no meaning together with the others.", (2,)),
    "missing-option": Code("An option that is needed is not given.", (2,)),
    "not-a-number": Code("A number is needed where something else stands.", (2, 3)),
    "not-an-assignment": Code("A text of `--set` is not PATH=VALUE.", (2,)),
    "not-supported": Code("Tags and merge keys of YAML are not read.", (2, 3)),
    "nothing-given": Code("A list or mapping that needs an entry is empty.", (2,)),
    "out-of-bounds": Code("A number is too small, too large or not finite.", (1, 2, 3)),
    "overlapping-pulses": Code("Pulses or infusions of a schedule last longer than the time from one to the next.", (2,)),
    "petsc-option": Code("An option of PETSc is none of those of linear solves, or its value is not plain.", (2,)),
    "repeated-key": Code("A key stands twice in a mapping.", (2, 3)),
    "repeated-name": Code("A name is given to two things of which each needs its own.", (2, 3)),
    "too-large": Code("A scenario or a table has too many values, or an alias of YAML contains itself.", (2, 3)),
    "too-many": Code("A scenario asks for more steps, outputs, cells or members than can be done.", (2,)),
    "unknown-choice": Code("A word is none of those that an option can be.", (2,)),
    "unknown-key": Code("There is no option or entry of this name in its place.", (2, 3)),
    "unknown-kind": Code("There is no such kind of what a `kind` chooses.", (2, 3)),
    "wrong-extends": Code("Scenarios extend each other in a circle or too deeply.", (2,)),
    "wrong-length": Code("A list, text or vector has too few or too many parts.", (2,)),
    "wrong-order": Code("An upper end does not lie above the lower one.", (2,)),
    "wrong-pattern": Code("A text does not have the form that is needed.", (2,)),
    "wrong-type": Code("A value of another type is needed: a number, a text, a list, a mapping.", (2, 3)),
    "wrong-value": Code("A value is not allowed here.", (2,)),
}
QUANTITIES: dict[str, Code] = {
    "circular-parameters": Code("Parameters are computed from each other in a circle, or from one without a value.", (2,)),
    "equal-in-time": Code("A formula compares what changes in time for equality, which holds at instants only.", (2,)),
    "formula-by-region": Code("A value given by region is a formula, which would count in all regions.", (2,)),
    "name-not-usable": Code("A name in a formula exists, but cannot be used in this place.", (2,)),
    "no-scales": Code("A value has a unit, but the scenario states no scales to convert it with.", (2,)),
    "noise-arguments": Code("A random field does not have the arguments that it takes.", (2,)),
    "not-a-quantity": Code("A text is not a number with a unit.", (2,)),
    "two-readings": Code("A text is a number with a unit and, with a parameter of the unit's name, a formula.", (2,)),
    "unknown-function": Code("There is no function of this name.", (2,)),
    "unknown-name": Code("A formula uses a name that is not declared.", (2,)),
    "unknown-unit": Code("There is no unit of this name.", (2,)),
    "wrong-equation": Code("A text is no equation of a reaction, or one that changes nothing.", (2,)),
    "wrong-formula": Code("A text is no formula.", (2,)),
    "wrong-unit": Code("A quantity has another dimension than is needed.", (2,)),
}
NAMES: dict[str, Code] = {
    "no-boundary": Code("No boundary of the mesh has this name.", (2, 3)),
    "no-column": Code("There is no column of this name in series.csv.", (2,)),
    "no-interface": Code("No interface of the mesh has this name.", (2, 3)),
    "no-level": Code("There is no level of lymph nodes of this name.", (2,)),
    "no-organ": Code("There is no organ, bed or surface of this name.", (2,)),
    "no-part": Code("A vessel has no part of this name.", (2,)),
    "no-region": Code("No region of the mesh has this name.", (2, 3)),
    "no-species": Code("No species of the scenario has this name.", (2,)),
    "same-region": Code("An interface is to lie between a region and itself.", (2,)),
}
MODEL: dict[str, Code] = {
    "bad-rate": Code("A rate, motility, permeability or boundary value that a formula gives is negative or no number.", (2, 4)),
    "immobile-species": Code("A species that does not move has a condition on a boundary, membrane or wall.", (2,)),
    "in-lumen": Code("Something is asked for in the lumen of a vessel, where no tissue is.", (2,)),
    "myopic-diffusion": Code("Myopic diffusion is combined with what it does not know.", (2,)),
    "no-balance": Code("Nothing removes a quasi-steady species, or not from a part of the tissue, so it has no balance.", (2, 4)),
    "no-loss": Code("What goes round in a loop of beds is never arrested or lost.", (2,)),
    "no-rate": Code("A drug acts on an option that is no rate, or multiplies a rate that is 0.", (2,)),
    "no-route": Code("A bed is never reached, leads nowhere or in a circle, or there is no such way.", (2,)),
    "no-unique-balance": Code("Uptake of a quasi-steady species falls where there is more of it: it has more than one balance.", (4,)),
    "outside-run": Code("A time lies before the start or after the end of the run.", (2,)),
    "partial-output": Code("Numbers are expected of the whole tissue, but only some regions are written.", (2,)),
    "place-taken": Code("Two vessels have a wall at the same place.", (2,)),
    "stated-twice": Code("The same thing is stated at two places.", (2,)),
    "wrong-amount": Code("The amount of a species cannot be chosen, or there is nothing that it could scale.", (2,)),
    "wrong-initial": Code("An initial density or integrity is not within what it may be.", (2,)),
    "wrong-reaction": Code("A reaction changes a species that it cannot change, or uses up what is not there.", (2,)),
    "wrong-shares": Code("Shares that are a whole together do not add up to 1.", (2,)),
    "wrong-species": Code("A species is of another kind than is needed.", (2,)),
    "wrong-transfer": Code("A species cannot turn into this one.", (2,)),
}
SWEEPS: dict[str, Code] = {
    "broken-worker": Code("A process that evaluates runs of a fit has ended by itself.", (4,)),
    "cannot-vary": Code("An option cannot differ between the members of a sweep, or between patients.", (2,)),
    "failed-run": Code("A run of a sensitivity analysis fails, or an outcome of it has no number.", (4,)),
    "failed-start": Code("The run fails with which the search of a fit would begin.", (2,)),
    "no-effect": Code("A value of an arm changes nothing in the scenario.", (2,)),
    "no-fit": Code("A scenario has no fit, or no sensitivity analysis.", (2,)),
    "same-arm": Code("Two arms are the same scenario.", (2,)),
}
CLUSTERS: dict[str, Code] = {
    "job-active": Code("Jobs of this run, sweep or series are queued or running.", (1, 2)),
    "launcher-mismatch": Code("The launcher that started the ranks does not belong to the MPI that they use.", (1,)),
    "measurement-failed": Code("A measurement of scaling ended with an error.", (1,)),
    "no-consent": Code("Commands that came with a run folder were not agreed to.", (2,)),
    "no-profile": Code("No profile of a cluster has this name.", (2,)),
    "no-series": Code("A folder holds no scaling series.", (1,)),
    "nothing-measured": Code("A scaling series has no result yet.", (1,)),
    "queue-failed": Code("A command of Slurm failed, did not answer, or said what is not understood.", (1,)),
    "ranks-differ": Code("Different numbers of ranks gave different results.", (1,)),
    "unsuitable-mesh": Code("A weak series needs a mesh that is generated.", (2,)),
    "wrong-time-limit": Code("A text is no time limit of a job, or the limit is too short.", (2,)),
}
RUNS: dict[str, Code] = {
    "already-finished": Code("The run of this folder is finished.", (2,)),
    "cannot-resume": Code("Files of a run do not fit what would be appended to them.", (4,)),
    "damaged-checkpoint": Code("No checkpoint of a run can be read.", (4,)),
    "disk-full": Code("The next output does not fit on the disk.", (4,)),
    "folder-in-use": Code("Another program is working in this folder.", (2,)),
    "holds-run": Code("A folder holds a run already, and it is not said what shall become of it.", (2,)),
    "no-free-name": Code("All names that a new folder could have are taken.", (2,)),
    "not-a-folder": Code("A file is named where a folder is needed.", (2,)),
    "other-files": Code("A folder for results holds files that are not the program's.", (1, 2)),
    "other-run": Code("A folder or checkpoint belongs to another scenario, mesh, sweep or series.", (1, 2)),
    "other-version": Code("A checkpoint was written by a version whose checkpoints this one cannot read.", (2,)),
    "stopped-early": Code("The run was asked to stop; it left a good checkpoint.", (85,)),
    "wrong-arguments": Code("Arguments of a command do not go together.", (1, 2)),
}
SOLVER: dict[str, Code] = {
    "balance-failed": Code("The balance of quasi-steady species could not be solved.", (4,)),
    "internal-fault": Code("What must not happen has happened; this is a fault of the program.", (4,)),
    "linear-solver": Code("A linear system could not be solved, even with the smallest step.", (4,)),
    "not-finite": Code("Densities are not finite numbers any more.", (4,)),
    "out-of-memory": Code("The system gave no more memory.", (4,)),
    "step-failed": Code("A time step could not be solved.", (4,)),
    "system-refuses": Code("The system refused something that it was asked for, as to open or write a file.", (4,)),
    "unbalanced-ledger": Code("The ledger does not balance; this is a fault of the program.", (4,)),
}
RESULTS: dict[str, Code] = {
    "no-field": Code("A run has no field, or a simulation no species, of this name.", (2,)),
    "no-front": Code("A run has no cells, so it has no front.", (2,)),
    "no-output": Code("A run has written no output yet.", (2, 3)),
    "no-run": Code("A folder is not that of a run.", (2, 3)),
    "no-sweep": Code("A scenario or a folder has no sweep or arms.", (2,)),
    "no-time": Code("A run has no output at this time.", (2,)),
    "no-units": Code("The columns of a run have no units.", (2,)),
    "not-comparable": Code("Runs differ in what must be the same for the comparison.", (2,)),
    "not-measurable": Code("An expected number cannot be measured in this run.", (2,)),
    "program-failed": Code("Another program, such as ffmpeg or ParaView, failed.", (1,)),
    "too-few-outputs": Code("A run has fewer outputs than are needed.", (2,)),
    "wrong-dimension": Code("A picture or number makes no sense for a run of this dimension.", (2,)),
    "wrong-line": Code("A line along which results are shown is none, or lies outside.", (2,)),
}
MESH: dict[str, Code] = {
    "ambiguous-tags": Code("A mesh file holds several arrays of whole numbers, any of which could hold the regions or boundaries.", (3,)),
    "bad-coordinates": Code("Coordinates of a node are not finite, or are too few or too many.", (3,)),
    "cells-without-group": Code("Some cells of a mesh file belong to no named group, so they have no region.", (3,)),
    "converted-mesh": Code("Names or a unit are given for a converted mesh, which has its own.", (3,)),
    "double-nodes": Code("Nodes of a mesh lie at the same place, so neighbouring cells are not connected.", (3,)),
    "empty-interface": Code("An interface has no facets: its regions do not touch.", (3,)),
    "empty-region": Code("No cell lies in a region.", (3,)),
    "flat-cells": Code("Cells of a mesh have no volume.", (3,)),
    "folded-cells": Code("Hexahedra, wedges or pyramids are folded, so that no simplices fill them.", (3,)),
    "interface-on-boundary": Code("Facets of an interface lie on the outside of the tissue.", (3,)),
    "isolated-lumen": Code("The lumen of a vessel touches no tissue.", (3,)),
    "loose-facets": Code("Facets of a boundary or interface are no sides of cells.", (3,)),
    "mesh-generator": Code("The mesh generator failed.", (3,)),
    "mixed-group": Code("A group of facets lies partly on the outside and partly inside the tissue.", (3,)),
    "no-cells": Code("A mesh file holds no cells.", (3,)),
    "no-converted-mesh": Code("An HDF5 file is not a mesh that `invasio mesh convert` wrote.", (3,)),
    "no-facets": Code("A file of facets holds none of the dimension that the mesh needs.", (3,)),
    "no-group": Code("A mesh file has no group of this name or number.", (3,)),
    "no-tags": Code("A mesh file has no array of whole numbers of this name.", (3,)),
    "no-tissue": Code("Nothing is left of the mesh without the lumens of vessels.", (3,)),
    "not-flat": Code("A mesh or network of a plane leaves the plane.", (3,)),
    "one-sided-interface": Code("An interface has one side only, as a Moebius strip has, and cannot be cut.", (3,)),
    "overlapping-cells": Code("Cells of a mesh overlap.", (3,)),
    "overlapping-regions": Code("Cells belong to two regions.", (3,)),
    "repeated-cells": Code("Cells are listed twice in a mesh file.", (3,)),
    "shared-facets": Code("Two interfaces share facets.", (3,)),
    "uncrossable-interface": Code("All nodes of a piece of an interface lie on its rim, so nothing can cross it.", (3,)),
    "undefined-nodes": Code("Cells refer to nodes that the mesh file does not define.", (3,)),
}
PICTURES: dict[str, Code] = {
    "ambiguous-picture": Code("A file of a picture or volume can be taken in several ways; an option decides.", (3,)),
    "no-direction": Code("A picture has no lines, so it has no direction of fibres.", (3,)),
    "no-hole": Code("A hole was not found in the picture.", (3,)),
    "no-picture": Code("No picture of this name is shipped with scikit-image.", (2, 3)),
    "picture-axes": Code("A picture has another number of axes than is needed.", (2, 3)),
    "ragged-outlines": Code("The outlines of regions in a picture cannot be made into a mesh.", (3,)),
    "region-rule": Code("Regions are told apart in a way that does not fit the picture.", (3,)),
    "too-fine": Code("A volume would be meshed with more cells than any machine holds.", (3,)),
    "wrong-crop": Code("The part of a picture that was asked for does not lie in it.", (3,)),
    "wrong-level": Code("A picture has no level of this number.", (3,)),
}
NETWORKS: dict[str, Code] = {
    "ambiguous-radius": Code("A network file holds several arrays, any of which could be the radius.", (3,)),
    "empty-network": Code("A network has no segments.", (3,)),
    "loose-end": Code("A node with one segment is marked neither inlet, outlet nor tip.", (3,)),
    "network-dimension": Code("A network and its tissue have different dimensions.", (2, 3)),
    "network-entry": Code("A row or entry of a network does not have the form that is needed.", (3,)),
    "no-array": Code("A file has no array or column of this name.", (3,)),
    "no-length": Code("Both nodes of a segment lie at the same place.", (3,)),
    "no-positions": Code("A table of positions has no rows.", (3,)),
    "no-wall": Code("The place of a vessel has no facets, so it has no wall.", (3,)),
    "outside-shape": Code("The trunk of a generated tree leaves the shape that it shall fill.", (3,)),
    "outside-tissue": Code("A node of a mesh, a segment, a single cell, or a place of a measurement lies outside the tissue.", (2, 3)),
    "unknown-node": Code("A segment or an end of a network names a node that is not there.", (3,)),
    "unused-node": Code("A node of a network belongs to no segment.", (3,)),
    "wrong-end": Code("A node is marked as an end that it cannot be.", (3,)),
    "wrong-radius": Code("A segment of a network has no radius, or one that is not above 0.", (3,)),
}
SIMULATIONS: dict[str, Code] = {
    "broken-state": Code("A simulation was interrupted within a step, or a step could not be done or recorded.", (4,)),
    "closed-simulation": Code("A simulation is used that has been closed.", (4,)),
    "no-folder": Code("What was asked for needs a run folder, but the simulation is in memory.", (4,)),
    "run-at-end": Code("A step was asked for at the end of the run.", (4,)),
}
FAMILIES: dict[str, dict[str, Code]] = {
    "Files and programs": FILES,
    "Options of a scenario": OPTIONS,
    "Quantities and formulas": QUANTITIES,
    "Names": NAMES,
    "Models": MODEL,
    "Sweeps and fits": SWEEPS,
    "Clusters": CLUSTERS,
    "Runs and folders": RUNS,
    "Solution": SOLVER,
    "Results": RESULTS,
    "Meshes": MESH,
    "Pictures": PICTURES,
    "Networks of vessels": NETWORKS,
    "Simulations driven from Python": SIMULATIONS,
}
CODES: dict[str, Code] = {code: entry for family in FAMILIES.values() for code, entry in family.items()}


def markdown() -> str:
    """The page of all codes, as `invasio schema --messages` prints it."""
    lines = [
        "# Messages",
        "",
        "An error is one line, `invasio: place: what is wrong; what to do [code]`. Of a scenario all faults are said at once, a line each.",
        "The code stays the same when the words change: scripts can look for it. The program ends with the exit code.",
        "This page is made by `./invasio schema --messages > docs/messages.md`.",
    ]
    for title, family in FAMILIES.items():
        lines += ["", f"## {title}", "", "| code | meaning | exit code |", "| --- | --- | --- |"]
        lines += [f"| `{code}` | {entry.meaning} | {', '.join(map(str, entry.exits))} |" for code, entry in family.items()]
    return "\n".join(lines) + "\n"
