"""The error of a cascade that cannot be: an InvasioError whose place is the option, as organs.beds.liver."""

from __future__ import annotations

from ..errors import InvasioError


class CirculationError(InvasioError):
    """Beds, chances or rates of the cascade do not go together."""

    exit_code = 2
