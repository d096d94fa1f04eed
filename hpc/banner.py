"""Keeping mpirun's announcements of an exit code (and of old names) out of the user's sight; everything else passes."""

from __future__ import annotations

import os
import re
from typing import IO, TextIO

_RULE = re.compile(rb"\s*[-=]{60,}\s*")
_ANNOUNCES = (
    b"exited with non-zero status",
    b"noticed that process rank",
    b"MPI_ABORT was invoked",
    b"has exited due to process rank",
    b"BAD TERMINATION",
    b"A deprecated MCA variable",  # Open MPI 6 renamed one that 5 needs
)
# What MPICH says behind its block, or instead of it; and races in Open MPI's launcher when ranks end.
_SIGNAL = re.compile(rb"YOUR APPLICATION TERMINATED WITH THE EXIT STRING: .*\(signal (\d+)\)\s*")
_REMARKS = (
    b"This typically refers to a problem with your application.",
    b"Please see the FAQ page for debugging suggestions",
    b": application called MPI_Abort(",
    b"MPICH: freeing inactive persistent request",  # of halos, where an error ended the ranks before these were freed
    b"[warn] Epoll ",  # MOD, ADD, DEL
    b"PMIX ERROR: PMIX_ERR_UNREACH",  # a rank that has ended is told something
)
_LONGEST = 30  # lines: a block that is longer is no announcement


class BannerFilter:
    """Copies a launcher's error stream, leaving out blocks between rules that only announce how ranks ended (MPICH: its output).

    ``signal`` is the signal that ended a rank according to them, or 0.
    """

    def __init__(self, out: TextIO) -> None:
        self.signal = 0
        self._out = out
        self._block: list[bytes] = []
        self._empty: list[bytes] = []  # a line that is held back until it is known what follows

    def copy(self, stream: IO[bytes]) -> None:
        """Copy until the end of the stream, each piece as soon as it cannot be part of an announcement."""
        pending = b""
        while piece := os.read(stream.fileno(), 65536):
            *lines, pending = (pending + piece.replace(b"\0", b"")).split(b"\n")  # Open MPI ends an announcement with NUL
            for line in lines:
                self._line(line + b"\n")
            if pending and not self._block and pending.strip()[:1] not in (b"-", b"="):
                self._write(pending)  # a progress line without an end
                pending = b""
        if pending:
            self._line(pending)
        self._flush()

    def _line(self, line: bytes) -> None:
        rule = _RULE.fullmatch(line)
        if self._block:
            self._block.append(line)
            if rule:
                self._close()
            elif len(self._block) > _LONGEST:
                self._flush()
        elif rule:
            self._block = [*self._empty, line]
            self._empty = []
        elif not line.strip():
            self._flush()
            self._empty = [line]  # MPICH's announcement begins with it
        elif told := _SIGNAL.fullmatch(line):
            self.signal = int(told.group(1))
        elif not any(remark in line for remark in _REMARKS):
            self._write(line)

    def _close(self) -> None:
        text = b"".join(self._block)
        if any(phrase in text for phrase in _ANNOUNCES):
            number = re.search(rb"signal\s+(\d+)", text)
            if number:
                self.signal = int(number.group(1))
            self._block = []
        else:
            self._flush()

    def _flush(self) -> None:
        held, self._empty, self._block = [*self._empty, *self._block], [], []
        for line in held:
            self._write(line)

    def _write(self, data: bytes) -> None:
        if self._empty:
            self._flush()
        self._out.write(data.decode(errors="replace"))
        self._out.flush()
