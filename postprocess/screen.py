"""A screen where there is none."""

from __future__ import annotations

import secrets


def virtual_screen() -> list[str]:
    """The words before a command that needs a screen.

    Two that begin at once look for free numbers from different ones on: numbers of processes would be the same in two sandboxes, whose
    files are apart but whose abstract sockets are not.
    """
    return ["xvfb-run", "-a", "-n", str(100 + secrets.randbelow(50_000))]
