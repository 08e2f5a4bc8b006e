"""The keeper's own process: gives codes to wardens, reports their ends, ends everything."""

from __future__ import annotations

import contextlib
import os
import select
import selectors
import signal
import socket
import time
from collections.abc import Mapping
from typing import Any, NoReturn

from headwater.processing.keeper import descent, lease, warden
from headwater.processing.keeper.channel import Channel, Message
from headwater.processing.keeper.children import Child, Children
from headwater.processing.keeper.ending import EndedBy, signal_name
from headwater.processing.keeper.wake import WakePipe

_IDLE_WARDENS = 8
"""Wardens kept for the next codes; more are let go."""
_FLUSH_LIMIT = 5.0


def main(argv: list[str]) -> int:
    """Run the keeper on the inherited socket named by ``argv[1]``; return the exit code."""
    inherited = socket.socket(fileno=int(argv[1]))
    inherited.set_inheritable(False)  # a code must not hold, or write to, the parent's socket
    parent = Channel(inherited)
    messages: list[Message] | None = []
    while messages is not None and not messages:
        messages = parent.receive()
    if messages is None:
        return 0
    return Supervisor(parent, messages[0]["hello"]).serve(messages[1:])


class Supervisor:
    """The keeper: one thread, one selector, no waiting on anything but the selector.

    `hello` holds ``parent`` (the process id whose death ends everything), ``grace`` (seconds
    between SIGTERM and SIGKILL) and ``lease`` (the settings of `lease.LeaseRenewal`, or None).
    """

    def __init__(self, parent: Channel, hello: Mapping[str, Any]) -> None:
        descent.hide_memory()
        descent.adopt_orphans()
        descent.show_name("hw-keeper")
        self._wake = WakePipe(
            signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1
        )
        descent.notice_parents_death(signal.SIGUSR1)
        self._parent = parent
        self._parent_pid: int = hello["parent"]
        self._grace: float = hello["grace"]
        self._lease: dict[str, Any] | None = hello["lease"]
        self._busy: dict[str, Child] = {}
        self._idle: list[Child] = []
        self._renewer: Child | None = None
        self._renewing = False
        self._renew_at = time.monotonic()
        self._stopping: str | None = None
        self._selector = selectors.DefaultSelector()
        self._selector.register(parent, selectors.EVENT_READ, self._on_parent)
        self._selector.register(self._wake, selectors.EVENT_READ, self._on_signal)
        # a warden holds the parent's socket open: the parent then sees it close only when the
        # keeper and the last warden, with all it had to kill, are gone
        self._children = Children(self._selector, self._on_child, keep=parent.fileno())

    def serve(self, messages: list[Message]) -> int:
        """Work until told to stop and nothing runs; return the exit code."""
        if os.getppid() != self._parent_pid:
            return 0  # the parent died before we could ask to be told
        self._take(messages)
        while self._stopping is None or self._busy:
            for key, _ in self._selector.select(self._renewal_wait()):
                key.data()
            self._renew_leases()
            self._flush()
        self._end()
        return 0

    # the parent

    def _on_parent(self) -> None:
        messages = self._parent.receive()
        if messages is None:
            self._stop("every code of this task was cancelled")
        else:
            self._take(messages)

    def _take(self, messages: list[Message]) -> None:
        for message in messages:
            if "run" in message:
                self._run(message["run"])
            else:
                self._cancel(message["cancel"], message["reason"])

    def _flush(self) -> None:
        """Send what the parent takes now; wait for it in the selector only if some is left."""
        events = 0 if self._stopping is not None else selectors.EVENT_READ
        try:
            if not self._parent.flush():
                events |= selectors.EVENT_WRITE
        except OSError:
            events = 0
            self._stop("the parent process died")
        registered = self._selector.get_map().get(self._parent)
        if (registered.events if registered else 0) == events:
            return
        if registered:
            self._selector.unregister(self._parent)
        if events:
            on_event = self._on_parent if self._stopping is None else self._flush
            self._selector.register(self._parent, events, on_event)

    def _report(self, ended: Message) -> None:
        self._parent.queue({"ended": ended})

    def _fail(self, key: str, ended_by: EndedBy, reason: str, number: int | None = None) -> None:
        """Report a code of which no warden can tell the end."""
        self._report(
            {
                "key": key,
                "ended_by": ended_by.value,
                "exit_code": None,
                "signal": number,
                "started_at": time.time(),
                "wall_seconds": 0.0,
                "cpu_seconds": 0.0,
                "max_rss_bytes": 0,
                "reason": reason,
                "left_behind": 0,
            }
        )

    # codes

    def _run(self, order: Message) -> None:
        key: str = order["key"]
        if self._stopping is not None:
            self._fail(key, EndedBy.CANCEL, self._stopping)
            return
        while True:
            try:
                child = self._idle.pop() if self._idle else self._children.fork(self._be_warden)
            except OSError as error:
                reason = f"code {order['argv'][0]} cannot be started: {error.strerror}"
                self._fail(key, EndedBy.NOT_STARTED, reason)
                return
            try:
                child.channel.send({"run": order})
            except OSError:
                self._lost(child)  # it was killed while it had nothing to do
                continue
            child.key = key
            self._busy[key] = child
            return

    def _cancel(self, key: str, reason: str) -> None:
        child = self._busy.get(key)
        if child is None:
            return  # it has ended, and its report is on its way
        try:
            child.channel.send({"cancel": key, "reason": reason})
        except OSError:
            self._lost(child)

    def _stop(self, reason: str) -> None:
        """Kill everything and take nothing more."""
        if self._stopping is None:
            self._stopping = reason
            for key in list(self._busy):
                self._cancel(key, reason)

    # processes below us

    def _be_warden(self, orders: Channel, keeper: int) -> NoReturn:
        warden.serve(orders, keeper, self._grace)

    def _be_renewer(self, orders: Channel, keeper: int) -> NoReturn:
        self._parent.close()
        lease.serve(orders, keeper, self._lease or {})

    def _on_child(self, child: Child) -> None:
        messages = child.channel.receive()
        if messages is None:
            self._lost(child)
            return
        for message in messages:
            if "ended" in message:
                self._ended(child, message["ended"])
            else:
                self._renewed(message)

    def _ended(self, child: Child, ended: Message) -> None:
        del self._busy[ended["key"]]
        child.key = None
        self._report(ended)
        if len(self._idle) < _IDLE_WARDENS:
            self._idle.append(child)
        else:
            self._part_from(child)

    def _part_from(self, child: Child) -> int:
        """Let a child go and return the status that it ended with."""
        if child in self._idle:
            self._idle.remove(child)
        return self._children.part_from(child)

    def _lost(self, child: Child) -> None:
        """Deal with a child that ended unasked: it was killed, or left what it cannot kill."""
        if child not in self._children:
            return
        status = self._part_from(child)
        if child is self._renewer:
            self._renewer, self._renewing = None, False
            return
        orphans = self._children.sweep()
        if child.key is None:
            return
        del self._busy[child.key]
        if self._stopping is not None:
            self._fail(child.key, EndedBy.CANCEL, self._stopping)
            return
        number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else signal.SIGKILL.value
        reason = (
            f"the process that guards the code died, killed by signal {signal_name(number)}; "
            f"the code was killed, {orphans} process(es)"
        )
        self._fail(child.key, EndedBy.SIGNAL, reason, number)

    def _on_signal(self) -> None:
        numbers = self._wake.taken()
        self._children.reap()
        if signal.SIGUSR1 in numbers and os.getppid() != self._parent_pid:
            self._stop("the parent process died")
        if numbers & {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}:
            self._stop("the keeper was told to stop")

    def _end(self) -> None:
        """Let all children go, kill what is nobody's, and give the parent its last reports."""
        if self._renewer is not None:
            os.kill(self._renewer.pid, signal.SIGKILL)  # it may be waiting for the database
        for child in list(self._children):
            self._part_from(child)
        self._children.sweep()
        end = time.monotonic() + _FLUSH_LIMIT
        with contextlib.suppress(OSError):  # the parent died: nobody is there to read them
            while not self._parent.flush() and time.monotonic() < end:
                select.select([], [self._parent], [], 1.0)

    # leases

    def _renewal_wait(self) -> float | None:
        if self._lease is None or not self._busy:
            return None
        return max(0.0, self._renew_at - time.monotonic())

    def _renew_leases(self) -> None:
        """Once a period, hand the running builds to the renewer, unless it still has some."""
        if self._lease is None or not self._busy or time.monotonic() < self._renew_at:
            return
        self._renew_at = time.monotonic() + self._lease["period"]
        if self._renewing:
            return
        try:
            if self._renewer is None:
                self._renewer = self._children.fork(self._be_renewer)
            self._renewer.channel.send({"renew": list(self._busy)})
            self._renewing = True
        except OSError as error:
            self._parent.queue({"log": f"the leases cannot be renewed now: {error.strerror}"})

    def _renewed(self, answer: Message) -> None:
        self._renewing = False
        for key, reason in answer["stop"].items():
            self._cancel(key, reason)
        if answer["log"]:
            self._parent.queue({"log": answer["log"]})
