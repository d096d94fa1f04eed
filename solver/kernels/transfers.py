r"""What leaves one species and enters another, node by node: the two stages of MPRK22, and what there is no room for.

Source: Burchard, Deleersnijder, Meister 2003, doi:10.1016/S0168-9274(03)00101-6; see components.transfers for the equations.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .carried import FLOOR
from .compiled import compiled

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]


@compiled
def implicit(origins: Numbers, targets: Numbers, rates: Floats, h: float, old: Floats, new: Floats, system: Floats) -> None:
    """new = old + h sum_k (e_b - e_a) r_k new_a at every node: Gauss elimination without pivots, which an M-matrix does not need.

    old, new (species, n); rates (transfers, n); system (species, species + 1): scratch.
    """
    size = len(old)
    for i in range(old.shape[1]):
        for a in range(size):
            for b in range(size):
                system[a, b] = 1.0 if a == b else 0.0
            system[a, size] = old[a, i]
        for k in range(len(origins)):
            flow = h * rates[k, i]
            system[origins[k], origins[k]] += flow
            system[targets[k], origins[k]] -= flow
        for a in range(size):
            for b in range(a + 1, size):
                factor = system[b, a] / system[a, a]
                if factor != 0.0:
                    for column in range(a, size + 1):
                        system[b, column] -= factor * system[a, column]
        for a in range(size - 1, -1, -1):
            value = system[a, size]
            for b in range(a + 1, size):
                value -= system[a, b] * new[b, i]
            new[a, i] = value / system[a, a]


@compiled
def patankar(origins: Numbers, before: Floats, after: Floats, old: Floats, middle: Floats) -> None:
    """before = (r(c) c_a + r(U) U_a) / (2 U_a), the rates of the second stage; their mean where there is nothing left."""
    for k in range(len(origins)):
        a = origins[k]
        for i in range(old.shape[1]):
            ratio = old[a, i] / middle[a, i] if middle[a, i] > 1e-200 else 1.0
            before[k, i] = 0.5 * (before[k, i] * ratio + after[k, i])


@compiled
def hold_back(
    origins: Numbers, targets: Numbers, tops: Floats, h: float, old: Floats, new: Floats, rates: Floats, share: Floats, give: Floats
) -> None:
    """Lower the rates at every node until nothing that comes in lifts a species s above tops_s; share, give (species,): scratch.

    Each species takes a share of what comes in, lowered from 1 until all fits, what leaves it counted. Where that does not
    end soon (transfers in a ring), what leaves is not counted, and limited to what is there.
    """
    for i in range(old.shape[1]):
        share[:] = 1.0
        give[:] = 1.0
        over = True
        for attempt in range(2 * len(old) + 1):
            over = False
            last = attempt == 2 * len(old)
            for s in range(len(old)):
                coming = going = 0.0
                for k in range(len(origins)):
                    flow = h * rates[k, i] * new[origins[k], i]
                    if targets[k] == s:
                        coming += flow
                    elif origins[k] == s:
                        going += flow if last else share[targets[k]] * flow
                room = tops[s] - old[s, i]
                if last:
                    share[s] = 1.0 if coming <= max(0.0, room) else max(0.0, room) / coming
                    give[s] = 1.0 if going <= old[s, i] else old[s, i] / going
                elif coming > 0.0 and share[s] > 0.0 and share[s] * coming - going > room + 1e-15 * tops[s]:
                    over = True
                    share[s] = max(0.0, room + going) / coming
            if not over:
                break
        for k in range(len(origins)):
            rates[k, i] *= min(share[targets[k]], give[origins[k]])


@compiled
def carry(
    origins: Numbers, targets: Numbers, rates: Floats, h: float, old: Floats, new: Floats, on: Numbers, before: Numbers, fresh: Floats,
    mass: Floats, n_owned: int, loads: Floats, ratio: Floats, share: Floats, booked: Floats,
) -> None:  # fmt: skip
    """What is carried goes along: of load l each that leaves takes r_l, of what was there and half of what comes within h.

    old, new (species, n): carriers before, and those that leave by h rates new. on (loads): which of them carries.
    before (loads, transfers): what load becomes l by a transfer, -1 where those bring ``fresh`` (loads, n).
    loads (loads, n) is changed. booked (loads, 3): amounts that came and went, and what was kept from going below 0.
    ratio, share (loads): scratch.
    """
    booked[:] = 0.0
    for i in range(loads.shape[1]):
        for a in range(len(on)):
            there = old[on[a], i]
            ratio[a] = loads[a, i] / there if there > FLOOR else -1.0
        for a in range(len(on)):  # where there was nobody, all that leave have come within h
            if ratio[a] < 0.0:
                coming = brought = 0.0
                for k in range(len(origins)):
                    source = before[a, k]
                    if targets[k] == on[a] and (source < 0 or ratio[source] >= 0.0):
                        flow = h * rates[k, i] * new[origins[k], i]
                        coming += flow
                        brought += flow * (ratio[source] if source >= 0 else fresh[a, i])
                share[a] = brought / coming if coming > FLOOR else 0.0
        for a in range(len(on)):
            if ratio[a] < 0.0:
                ratio[a] = share[a]
        for a in range(len(on)):
            coming = brought = going = 0.0
            for k in range(len(origins)):
                flow = h * rates[k, i] * new[origins[k], i]
                if targets[k] == on[a]:
                    coming += flow
                    brought += flow * (ratio[before[a, k]] if before[a, k] >= 0 else fresh[a, i])
                elif origins[k] == on[a]:
                    going += flow
            there = old[on[a], i]
            part = 0.5 if going <= there else 1.0
            within = there + part * coming
            share[a] = (loads[a, i] + part * brought) / within if within > FLOOR else 0.0
        for a in range(len(on)):
            came = went = 0.0
            for k in range(len(origins)):
                flow = h * rates[k, i] * new[origins[k], i]
                if targets[k] == on[a]:
                    came += flow * (share[before[a, k]] if before[a, k] >= 0 else fresh[a, i])
                elif origins[k] == on[a]:
                    went += flow * share[a]
            value = loads[a, i] + came - went
            loads[a, i] = max(0.0, value)
            if i < n_owned:
                booked[a, 0] += mass[i] * came
                booked[a, 1] += mass[i] * went
                booked[a, 2] += mass[i] * max(0.0, -value)


@compiled
def moved(origin: int, target: int, rate: Floats, h: float, mass: Floats, new: Floats, n_owned: int, density: Floats) -> float:
    """Add what one transfer moves to density (2, n): out of the origin, into the target; returns its amount over owned nodes."""
    total = 0.0
    for i in range(density.shape[1]):
        flow = h * rate[i] * new[origin, i]
        density[origin, i] -= flow
        density[target, i] += flow
        if i < n_owned:
            total += mass[i] * flow
    return total
