"""A screen where there is none."""

from __future__ import annotations

import secrets


def virtual_screen() -> list[str]:
    """The words before a command that needs a screen.

    Two that begin at once look for free numbers from different ones on: numbers of processes would be the same in two sandboxes, whose
    files are apart but whose abstract sockets are not. Without -noreset the screen starts anew when its last client leaves, and refuses
    the next one meanwhile: MPI looks at it and leaves before ParaView draws.
    """
    return ["xvfb-run", "-a", "-n", str(100 + secrets.randbelow(50_000)), "-s", "-screen 0 1280x1024x24 -noreset"]
