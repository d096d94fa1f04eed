"""A second process that draws figures: it makes ready while the run computes, so that nothing waits for its libraries."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

_PATIENCE = 5  # seconds
_OWN = 0.5  # of a core: to spare


def core_is_free() -> bool:
    """Whether there is a core that nobody uses, besides the one of this process."""
    return os.getloadavg()[0] + 1.0 <= len(os.sched_getaffinity(0)) - _OWN


class Drawing:
    """Draws the figures of a run folder, in a second process where there is a core for it, else here; a context manager.

    wanted: whether there will be figures at all.
    """

    def __init__(self, wanted: bool = True) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        if wanted and core_is_free():
            with contextlib.suppress(OSError):
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "invasio.postprocess.drawing"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,  # the terminal's Ctrl-C is for the run
                )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._process is None:
            return
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        if kind is not None:
            self._process.terminate()
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def __call__(self, folder: Path) -> list[Path]:
        """The files. What the second process cannot draw is drawn here, so that errors are those of `make_figures`."""
        answer = self._asked(folder)
        if answer:
            found = json.loads(answer)
            for text in found["said"]:
                print(text, file=sys.stderr, flush=True)
            return [Path(path) for path in found["figures"]]
        from .figures import make_figures

        return make_figures(folder)

    def _asked(self, folder: Path) -> bytes:
        if self._process is None or self._process.poll() is not None:
            return b""
        assert self._process.stdin is not None and self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(str(folder)).encode() + b"\n")
            self._process.stdin.flush()
            return self._process.stdout.readline()
        return b""


def main() -> int:
    """A folder comes as a line of JSON on standard input, figures and what was said of them go back; ends with the input."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    import logging

    said: list[str] = []

    class Said(logging.Handler):
        """Remarks, for the process that asks."""

        def emit(self, record: logging.LogRecord) -> None:
            said.append(self.format(record))

    logging.getLogger("invasio").addHandler(Said(logging.WARNING))
    from . import curves  # noqa: F401  (with all that it needs, before there is anything to draw)
    from .figures import make_figures

    for line in sys.stdin:
        figures = make_figures(Path(json.loads(line)))
        print(json.dumps({"figures": [str(path) for path in figures], "said": said}), file=answers, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
