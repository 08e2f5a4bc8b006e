"""A warden: runs one code at a time and leaves nothing of it behind.

It is a child subreaper, so every process that a code starts stays its descendant. When
`os.wait4` says that there is no child left, the whole tree of the code has ended: no walk over
``/proc`` is needed for a code that leaves nothing.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import selectors
import signal
import time
from collections.abc import Callable
from typing import Any, NoReturn

from headwater.processing.keeper import descent
from headwater.processing.keeper.channel import Channel, Message
from headwater.processing.keeper.code import Code
from headwater.processing.keeper.code_log import CodeLog
from headwater.processing.keeper.ending import EndedBy, find_program, not_started_sentence
from headwater.processing.keeper.wake import WakePipe

LINGER = 0.2
"""Seconds that processes may outlive their code before they count as left behind."""
KILL_LIMIT = 10.0
"""Seconds after which a process that SIGKILL does not end is given up (a hanging disk)."""

_READ = 1 << 16
_DEFAULT_SIGNALS = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}


def serve(orders: Channel, keeper: int, grace: float) -> NoReturn:
    """Be a warden of the process `keeper` until `orders` closes; for a freshly forked child.

    `grace` is the seconds between SIGTERM and SIGKILL.
    """
    wake = WakePipe(signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    descent.notice_parents_death(signal.SIGTERM)
    descent.adopt_orphans()
    descent.show_name("hw-warden")
    os.setsid()
    os.chdir("/")
    warden = _Warden(orders, wake, grace)
    if os.getppid() == keeper:
        warden.serve()
    os._exit(0)


class _Warden:
    def __init__(self, orders: Channel, wake: WakePipe, grace: float) -> None:
        self._orders = orders
        self._wake = wake
        self._grace = grace
        self._inbox: list[Message] = []
        self._stopping = False
        self._childless = True
        self._code: Code | None = None
        self._log: CodeLog | None = None
        self._output = -1
        self._selector = selectors.DefaultSelector()
        self._selector.register(orders, selectors.EVENT_READ, self._on_orders)
        self._selector.register(wake, selectors.EVENT_READ, self._on_signal)

    def serve(self) -> None:
        """Run what is ordered, one after the other, until the keeper closes or we are told."""
        while True:
            while not self._inbox and not self._stopping:
                self._pump(None)
            if self._stopping:
                return
            report = self._run(Code(self._inbox.pop(0)))
            with contextlib.suppress(OSError):  # the keeper died: nobody wants to know
                self._orders.send({"ended": report})
            if not self._childless:
                return  # what cannot be killed falls to the keeper, the next code gets another us

    # events

    def _pump(self, timeout: float | None) -> None:
        for key, _ in self._selector.select(timeout):
            key.data()

    def _pump_until(self, done: Callable[[], bool], seconds: float | None) -> bool:
        """Handle events until `done`, or for so many seconds; return whether it is done."""
        end = None if seconds is None else time.monotonic() + seconds
        while not done():
            left = None if end is None else end - time.monotonic()
            if left is not None and left <= 0:
                return False
            self._pump(left)
        return True

    def _on_orders(self) -> None:
        messages = self._orders.receive()
        if messages is None:
            self._stop("the keeper ended")
            return
        for message in messages:
            if "cancel" in message:
                self._cancel(message["cancel"], message["reason"])
            else:
                self._inbox.append(message["run"])

    def _on_signal(self) -> None:
        if self._wake.taken() - {signal.SIGCHLD}:
            self._stop("its warden was told to stop")
        self._reap()

    def _on_output(self) -> None:
        piece = os.read(self._output, _READ)
        if piece and self._log is not None:
            self._log.add(piece)
        elif not piece:
            self._selector.unregister(self._output)
            os.close(self._output)
            self._output = -1

    def _stop(self, reason: str) -> None:
        self._stopping = True
        with contextlib.suppress(KeyError):
            self._selector.unregister(self._orders)
        if self._code is not None:
            self._condemn(EndedBy.CANCEL, reason, self._code.key)

    def _cancel(self, key: str, reason: str) -> None:
        self._condemn(EndedBy.CANCEL, reason, key)
        for order in self._inbox:  # it may come before the code is started
            if order["key"] == key:
                order["cancelled"] = reason

    def _condemn(self, ended_by: EndedBy, reason: str, key: str) -> None:
        """Decide that the running code is to be killed, unless it ended by itself before."""
        code = self._code
        if code is not None and code.key == key and code.status is None and code.verdict is None:
            code.verdict = ended_by, reason

    def _reap(self) -> None:
        """Collect every child that has ended, the code's own processes and its orphans."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                self._childless = True
                return
            if pid == 0:
                return
            code = self._code
            if code is None:
                continue
            code.cpu_seconds += usage.ru_utime + usage.ru_stime
            code.max_rss_bytes = max(code.max_rss_bytes, usage.ru_maxrss * 1024)
            if pid == code.pid:
                code.status, code.ended = status, time.monotonic()

    # one code

    def _run(self, code: Code) -> Message:
        if code.verdict is not None:
            return code.report()
        try:
            self._log = CodeLog(code.log_path, code.argv, code.log_limit)
        except OSError as error:
            reason = f"log {code.log_path} cannot be written: {error.strerror}"
            code.verdict = EndedBy.NOT_STARTED, reason
            return code.report()
        try:
            if not self._start(code):
                return code.report()
            self._code = code
            self._pump_until(
                lambda: code.status is not None or code.verdict is not None, code.time_limit
            )
            if code.status is None and code.verdict is None:
                reason = f"ran longer than its limit of {code.time_limit:g} s"
                code.verdict = EndedBy.TIME_LIMIT, reason
            survivors = self._end_tree(code)
            self._drain()
            return code.report(survivors)
        finally:
            self._code = None
            self._log.close()
            self._log = None

    def _start(self, code: Code) -> bool:
        """Start the code; False, with the verdict set, when the system refuses."""
        read_end, write_end = os.pipe2(os.O_CLOEXEC)
        actions: list[tuple[Any, ...]] = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, write_end, 1),
            (os.POSIX_SPAWN_DUP2, write_end, 2),
        ]
        program = find_program(code.argv[0], code.environment.get("PATH", os.defpath))
        try:
            os.chdir(code.cwd)
            code.pid = os.posix_spawn(
                program,
                code.argv,
                code.environment,
                file_actions=actions,
                setsid=True,
                setsigmask=(),
                setsigdef=_DEFAULT_SIGNALS,
            )
        except (OSError, ValueError) as error:
            os.close(read_end)
            code.verdict = (
                EndedBy.NOT_STARTED,
                not_started_sentence(program, code.cwd, error),
            )
            return False
        finally:
            os.close(write_end)
            os.chdir("/")
        self._childless = False
        fcntl.fcntl(read_end, fcntl.F_SETFL, os.O_NONBLOCK)
        self._output = read_end
        self._selector.register(read_end, selectors.EVENT_READ, self._on_output)
        return True

    def _end_tree(self, code: Code) -> str:
        """Kill whatever is left of the code; return a note on what could not be killed.

        SIGTERM first, SIGKILL after the grace, again and again until no child is left, since a
        process may be made while ``/proc`` is read.
        """
        by_itself = code.verdict is None
        self._reap()
        if by_itself and self._pump_until(self._is_childless, LINGER):
            return ""
        own = os.getpid()
        victims = descent.signal_descendants(own, signal.SIGTERM)
        end = time.monotonic() + self._grace + KILL_LIMIT
        wait = self._grace
        while not self._pump_until(self._is_childless, wait):
            if time.monotonic() > end:
                left = sorted(process.pid for process in descent.descendants(own))
                return f"; these of its processes cannot be killed: {left}"
            victims |= descent.signal_descendants(own, signal.SIGKILL)
            wait = 0.02
        if by_itself:
            code.left_behind = len(victims)
        return ""

    def _is_childless(self) -> bool:
        return self._childless

    def _drain(self) -> None:
        """Read what the ended processes left in the pipe; bounded, should one have survived."""
        for _ in range(64):
            if self._output < 0:
                return
            try:
                self._on_output()
            except BlockingIOError:
                break
        if self._output >= 0:
            self._selector.unregister(self._output)
            os.close(self._output)
            self._output = -1
