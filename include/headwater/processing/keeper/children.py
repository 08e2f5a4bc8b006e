"""The processes directly below the keeper: made, let go, and what they leave killed."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import time
import traceback
from collections.abc import Callable, Collection, Iterator
from typing import NoReturn

from headwater.processing.keeper import descent
from headwater.processing.keeper.channel import Channel

SWEEP_LIMIT = 5.0
"""Seconds after which a process that SIGKILL does not end is given up (a hanging disk)."""


class Child:
    """A warden or the renewer: its process and our end of its channel."""

    def __init__(self, pid: int, channel: Channel) -> None:
        self.pid = pid
        self.channel = channel
        self.key: str | None = None  # the code that a warden runs now


class Children:
    """The living children of this process, each with a channel that `selector` watches.

    `on_readable` is called with the child whose channel is to be read. Of the descriptors of
    this process a child keeps standard input, output, error, its channel and `keep`.
    """

    def __init__(
        self,
        selector: selectors.BaseSelector,
        on_readable: Callable[[Child], None],
        *,
        keep: int,
    ) -> None:
        self._selector = selector
        self._on_readable = on_readable
        self._keep = keep
        self._known: dict[int, Child] = {}
        self._statuses: dict[int, int] = {}

    def __contains__(self, child: Child) -> bool:
        return child.pid in self._known

    def __iter__(self) -> Iterator[Child]:
        return iter(self._known.values())

    def fork(self, become: Callable[[Channel, int], NoReturn]) -> Child:
        """Start a child that does `become` with its end of a new channel and our process id.

        Raises OSError if the system has no room for one more process.
        """
        ours, theirs = socket.socketpair()
        parent = os.getpid()
        try:
            pid = os.fork()
        except OSError:
            ours.close()
            theirs.close()
            raise
        if pid == 0:
            try:
                _close_all_but({0, 1, 2, theirs.fileno(), self._keep})
                become(Channel(theirs), parent)
            finally:  # a forked child must never return to the caller
                traceback.print_exc()
                os._exit(1)
        theirs.close()
        child = Child(pid, Channel(ours))
        self._known[pid] = child
        self._selector.register(
            child.channel, selectors.EVENT_READ, lambda: self._on_readable(child)
        )
        return child

    def part_from(self, child: Child) -> int:
        """Close a child's channel, which ends it, and return the status that it ended with.

        Also for a child that has died: its channel closes before its own children become ours,
        and only its end makes them so.
        """
        self._selector.unregister(child.channel)
        child.channel.close()
        if child.pid not in self._statuses:
            self._statuses[child.pid] = os.waitpid(child.pid, 0)[1]
        del self._known[child.pid]
        return self._statuses.pop(child.pid)

    def reap(self) -> None:
        """Collect the children that have ended, ours and the orphans that became ours."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in self._known:
                self._statuses[pid] = status

    def sweep(self) -> int:
        """Kill every descendant that no known child guards, and return how many there were.

        Two walks over ``/proc`` must find none, since a process may be made during one.
        """
        victims: set[int] = set()
        quiet = 0
        end = time.monotonic() + SWEEP_LIMIT
        while quiet < 2 and time.monotonic() < end:
            found = descent.signal_descendants(os.getpid(), signal.SIGKILL, without=self._known)
            victims |= found
            quiet = 0 if found else quiet + 1
            if found:
                time.sleep(0.01)
            self.reap()
        return len(victims)


def _close_all_but(kept: Collection[int]) -> None:
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - names only, as in descent
        if int(name) not in kept:
            with contextlib.suppress(OSError):  # the descriptor of this listing is closed already
                os.close(int(name))
