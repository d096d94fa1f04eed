"""A screen where there is none."""

from __future__ import annotations

import os


def virtual_screen() -> list[str]:
    """The words before a command that needs a screen. Two that begin at once look for free numbers from different ones on."""
    return ["xvfb-run", "-a", "-n", str(100 + os.getpid() % 50_000)]
