r"""Messages between the processes of a keeper: one JSON object a line, over a stream socket.

Names on disk that are not UTF-8 travel as the lone surrogates that `os.fsdecode` makes; JSON's
``\udcXX`` escapes carry them unharmed.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from typing import Any

Message = dict[str, Any]

_CHUNK = 1 << 16


class Channel:
    """One end of a socket on which whole messages are sent and received.

    A message is complete or it is not delivered: a line that the other side did not finish
    before it closed is dropped.
    """

    def __init__(self, end: socket.socket) -> None:
        self.socket = end
        self._received = bytearray()
        self._unsent = bytearray()

    def fileno(self) -> int:
        """Return the socket's descriptor, so that a selector takes the channel itself."""
        return self.socket.fileno()

    def send(self, message: Mapping[str, Any]) -> None:
        """Send one message and wait until the socket took it; raises OSError if it is closed."""
        self.socket.sendall(_line(message))

    def queue(self, message: Mapping[str, Any]) -> None:
        """Keep one message for `flush`; never waits."""
        self._unsent += _line(message)

    def flush(self) -> bool:
        """Send what the socket takes now; True when nothing is left. Raises OSError if closed."""
        while self._unsent:
            try:
                taken = self.socket.send(self._unsent, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return False
            del self._unsent[:taken]
        return True

    def receive(self, *, wait: bool = True) -> list[Message] | None:
        """Read once and return the messages that are complete now; None when the end is closed.

        Without `wait`, and with nothing to read, returns an empty list.
        """
        try:
            piece = self.socket.recv(_CHUNK, 0 if wait else socket.MSG_DONTWAIT)
        except BlockingIOError:
            return []
        except OSError:
            return None  # reset by a peer that was killed: the same as closed
        if not piece:
            return None
        self._received += piece
        if b"\n" not in piece:
            return []
        *lines, rest = self._received.split(b"\n")
        self._received = bytearray(rest)
        return [json.loads(line) for line in lines]

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()


def _line(message: Mapping[str, Any]) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode("ascii") + b"\n"
