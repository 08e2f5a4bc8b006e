"""What inspectors print: one stream of bytes, cut into one text per file by a marker."""

from __future__ import annotations

from collections import deque

from headwater.missions.inspection.printable import shown_lines

LONGEST = 64 * 1024  # bytes kept of one file's output
_MARKER_ROOM = 96  # bytes of a marker with its number and line end, at most


class Capture:
    """Cuts a stream at ``marker NUMBER newline`` and keeps the beginning of each piece."""

    def __init__(self, marker: str) -> None:
        """Use `marker`, a text that no inspector can know."""
        self.marker = marker
        self._mark = marker.encode()
        self._pieces: deque[str] = deque()
        self._begun = bytearray()
        self._dropped = 0

    def add(self, data: bytes) -> None:
        """Take the next bytes of the stream."""
        self._begun += data
        while (at := self._begun.find(self._mark)) >= 0:
            end = self._begun.find(b"\n", at)
            if end < 0:
                return
            self._pieces.append(self._text(self._begun[:at]))
            del self._begun[: end + 1]
            self._dropped = 0
        excess = len(self._begun) - LONGEST - _MARKER_ROOM
        if excess > 0:
            del self._begun[LONGEST : LONGEST + excess]
            self._dropped += excess

    def next(self) -> str | None:
        """Give the output of the next file that is complete."""
        return self._pieces.popleft() if self._pieces else None

    def rest(self) -> str:
        """Give what came after the last marker; for a stream that has ended."""
        text = self._text(self._begun)
        self._begun.clear()
        self._dropped = 0
        return text

    def _text(self, data: bytearray) -> str:
        dropped = self._dropped + max(0, len(data) - LONGEST)
        text = shown_lines(data[:LONGEST].decode("utf-8", "backslashreplace"))
        return f"{text}\n({dropped} more bytes were not kept)\n" if dropped else text
