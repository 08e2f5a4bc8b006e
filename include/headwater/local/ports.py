"""Ports on the loopback address: which is taken, and a free one."""

from __future__ import annotations

import socket
from collections.abc import Collection

from headwater.core.errors import StackError

LOOPBACK = "127.0.0.1"


def is_free(port: int) -> bool:
    """Return whether a server could listen on this port of the loopback address now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_port(avoid: Collection[int] = ()) -> int:
    """Return a port that is free now and not in ``avoid``.

    Another program can take it before it is used, so who starts a server retries.
    """
    while True:
        with socket.socket() as probe:
            probe.bind((LOOPBACK, 0))
            port = int(probe.getsockname()[1])
        if port not in avoid:
            return port


def given_port(port: int, purpose: str) -> int:
    """Return ``port`` if it can be used; raise `StackError` with a sentence if not."""
    if not 1 <= port <= 65535:
        raise StackError(f"{port} is not a port for {purpose}: give a number from 1 to 65535.")
    if not is_free(port):
        raise StackError(
            f"Port {port} for {purpose} cannot be used: another program listens there, or it needs "
            "more rights. Give another port, or none to have a free one chosen."
        )
    return port
