"""The parent's side of the keeper: start codes, learn how they ended, cancel them."""

from __future__ import annotations

import contextlib
import logging
import os
import select
import socket
import subprocess
import sys
import threading
import time
from types import TracebackType
from typing import Any, Self

from headwater.core.errors import ProcessingError
from headwater.processing.keeper.channel import Channel
from headwater.processing.keeper.ending import EndedBy, signal_name
from headwater.processing.keeper.environment import code_environment
from headwater.processing.keeper.lease import LeaseRenewal, parse_key
from headwater.processing.keeper.records import CodeCommand, CodeEnded

__all__ = ["CodeCommand", "CodeEnded", "EndedBy", "Keeper", "LeaseRenewal"]

log = logging.getLogger(__name__)

_CANCELLED = "every code of this task was cancelled"
_END_SECONDS = 15.0


class Keeper:
    """Runs codes under a keeper process; every code that is started is reported exactly once.

    A context manager: leaving it kills what still runs and waits until all of it is gone, so
    does the death of this process, by whatever signal. It starts no more codes than it is asked
    to; how many run at once is the caller's choice.

    Should the keeper process itself die, its codes are killed and reported with `EndedBy.SIGNAL`,
    and the next `start` makes a new one. With `lease`, keys are ``<build id>:<token>`` and the
    leases of running builds are renewed, see `lease.LeaseRenewal`. `grace` is the seconds between
    SIGTERM and SIGKILL.

    `start`, `cancel` and `cancel_all` may be called from any thread while another waits in
    `ended`; `cancel_all` also from a signal handler.
    """

    def __init__(self, *, lease: LeaseRenewal | None = None, grace: float = 1.0) -> None:
        self._lease = lease
        self._grace = grace
        self._running: dict[str, None] = {}
        self._cancelled = False
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: Channel | None = None
        self._writing = threading.Lock()
        self._reading = threading.Lock()

    def __enter__(self) -> Self:
        self._begin()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def running(self) -> frozenset[str]:
        """The keys of the codes that were started and not yet returned by `ended`."""
        return frozenset(self._running)

    @property
    def pid(self) -> int | None:
        """The keeper's process id; None when there is no keeper process."""
        return None if self._process is None else self._process.pid

    def start(self, command: CodeCommand) -> None:
        """Start a code and return at once; that it could not be started is told by `ended`.

        Raises
        ------
        ProcessingError
            If a code of this key is running, the key is not one of a build though leases are
            renewed, or no keeper process can be started.
        """
        if command.key in self._running:
            raise ProcessingError(f"code {command.key!r} is running already: wait for its end")
        if self._lease is not None:
            try:
                parse_key(command.key)
            except ValueError as error:
                raise ProcessingError(f"the lease cannot be renewed: {error}") from error
        with self._writing:
            if self._channel is None and not self._cancelled:
                self._begin()
            self._running[command.key] = None
            self._send({"run": command.message()})

    def ended(self, timeout: float | None) -> list[CodeEnded]:
        """Wait until at least one code has ended and return all that have.

        Returns ``[]`` after `timeout` seconds (None: no limit), and at once when nothing runs.
        """
        end = None if timeout is None else time.monotonic() + timeout
        with self._reading:
            while self._running:
                found = self._collect()
                if found:
                    return found
                left = None if end is None else end - time.monotonic()
                if left is not None and left <= 0:
                    break
                self._wait(left)
            return []

    def cancel(self, key: str, reason: str = "cancelled") -> None:
        """Kill a code and all that it started; without effect on one that has ended."""
        with self._writing:
            if key in self._running:
                self._send({"cancel": key, "reason": reason})

    def cancel_all(self) -> None:
        """Kill every code, now and for good: whatever is started later ends with CANCEL.

        Quick, takes no lock and may be called by a signal handler: it only closes our side of
        the socket, which for the keeper is the same as our death.
        """
        self._cancelled = True
        channel = self._channel
        if channel is not None:
            with contextlib.suppress(OSError):  # the keeper is gone already
                channel.socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Kill what runs and wait until the keeper and all below it are gone."""
        self.cancel_all()
        end = time.monotonic() + _END_SECONDS
        with self._reading:
            while self._channel is not None and time.monotonic() < end:
                self._collect()
                self._wait(0.5)
            self._part()

    def _begin(self) -> None:
        ours, theirs = socket.socketpair()
        number = theirs.fileno()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "headwater.processing.keeper", str(number)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=code_environment(os.environ, {}),
                pass_fds=(number,),
                start_new_session=True,
            )
        except OSError as error:
            ours.close()
            raise ProcessingError(f"the keeper cannot be started: {error.strerror}") from error
        finally:
            theirs.close()
        self._channel = Channel(ours)
        lease = None if self._lease is None else self._lease._asdict()
        hello = {"parent": os.getpid(), "grace": self._grace, "lease": lease}
        self._send({"hello": hello})

    def _send(self, message: dict[str, Any]) -> None:
        try:
            if self._channel is not None:
                self._channel.send(message)
        except OSError:
            pass  # the keeper is gone, or we cancelled; whoever waits in `ended` is told

    def _wait(self, seconds: float | None) -> None:
        channel = self._channel
        if channel is None:
            return
        poll = select.poll()
        poll.register(channel.fileno(), select.POLLIN)
        poll.poll(None if seconds is None else max(0.0, seconds) * 1000)

    def _collect(self) -> list[CodeEnded]:
        """Return the codes whose end is known now, without waiting."""
        found: list[CodeEnded] = []
        while self._channel is not None:
            messages = self._channel.receive(wait=False)
            if messages is None:
                return found + self._part()
            if not messages:
                return found
            for message in messages:
                if "log" in message:
                    log.warning("keeper: %s", message["log"])
                else:
                    record = CodeEnded.from_message(message["ended"])
                    del self._running[record.key]
                    found.append(record)
        return self._part()

    def _part(self) -> list[CodeEnded]:
        """Part from a keeper that is gone; return the codes of which it can tell nothing more.

        Its socket closes only when its wardens are gone too, so these codes are dead.
        """
        with self._writing:
            if self._channel is not None:
                self._channel.close()
                self._channel = None
            status = self._wait_for_process()
            ended_by, reason = EndedBy.CANCEL, _CANCELLED
            if not self._cancelled:
                cause = f"signal {signal_name(-status)}" if status < 0 else f"exit code {status}"
                ended_by, reason = EndedBy.SIGNAL, f"the keeper died ({cause}), the code was killed"
            rest = [CodeEnded.unseen(key, ended_by, reason) for key in self._running]
            self._running.clear()
            return rest

    def _wait_for_process(self) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        try:
            return process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()  # its wardens notice, and kill what is theirs
            return process.wait()
