"""The log of a code: its command line, a line of dashes, then what it wrote, up to a limit."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence


class CodeLog:
    """The file that gets stdout and stderr of one code, in dbprocessing's ``.prob`` form.

    The first line is the command line, quoted as a shell would need it, so that it can be
    repeated by hand; then a line of dashes; then the output (spec dbprocessing 5.5). Of the
    output at most `limit` bytes are kept; the rest is counted, and a last line says how much.

    Raises OSError if the file cannot be made or its head cannot be written.
    """

    def __init__(self, path: str, argv: Sequence[str], limit: int) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        self._descriptor = os.open(path, flags, 0o666)
        self._limit = limit
        self._kept = 0
        self._dropped = 0
        self._error: OSError | None = None
        self._last = b"\n"
        try:
            head = os.fsencode(shlex.join(argv)) + b"\n" + b"-" * 80 + b"\n"
            _write_all(self._descriptor, head)
        except BaseException:
            os.close(self._descriptor)
            raise

    def add(self, output: bytes) -> None:
        """Append output; beyond the limit, or when the disk refuses it, it is only counted."""
        room = self._limit - self._kept
        kept = output[:room] if self._error is None and room > 0 else b""
        if kept:
            try:
                _write_all(self._descriptor, kept)
            except OSError as error:
                self._error, kept = error, b""
            else:
                self._kept += len(kept)
                self._last = kept[-1:]
        self._dropped += len(output) - len(kept)

    def close(self) -> None:
        """Say what was dropped, if anything was, and close the file."""
        try:
            if self._dropped:
                _write_all(self._descriptor, self._closing_line())
        except OSError:
            pass  # the disk is full: there is no place left to say so
        finally:
            os.close(self._descriptor)

    def _closing_line(self) -> bytes:
        why = f"this log keeps {self._limit} bytes"
        if self._error is not None:
            why = f"the log could not be written: {self._error.strerror}"
        line = f"-- {self._dropped} bytes of output were dropped: {why}\n".encode()
        return line if self._last == b"\n" else b"\n" + line


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
