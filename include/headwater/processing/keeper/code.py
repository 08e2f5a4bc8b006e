"""One code while it runs: the order, what was measured, and the verdict."""

from __future__ import annotations

import os
import time

from headwater.processing.keeper.channel import Message
from headwater.processing.keeper.ending import EndedBy, status_sentence


class Code:
    """What a warden knows of the code that it runs; times are seconds, sizes bytes.

    `status` is the wait status of the code's own process, None while it lives; `verdict` says
    who ended it and why, where it did not end by itself.
    """

    def __init__(self, order: Message) -> None:
        self.key: str = order["key"]
        self.argv: list[str] = order["argv"]
        self.cwd: str = order["cwd"]
        self.environment: dict[str, str] = order["environment"]
        self.time_limit: float | None = order["time_limit"]
        self.log_path: str = order["log_path"]
        self.log_limit: int = order["log_limit"]
        self.pid = 0
        self.started_at = time.time()
        self.started = time.monotonic()
        self.ended: float | None = None
        self.status: int | None = None
        self.cpu_seconds = 0.0
        self.max_rss_bytes = 0
        self.verdict: tuple[EndedBy, str] | None = None
        if "cancelled" in order:
            self.verdict = EndedBy.CANCEL, order["cancelled"]
        self.left_behind = 0

    def report(self, note: str = "") -> Message:
        """Return the message that says how it ended."""
        exit_code = number = None
        if self.status is not None:
            if os.WIFSIGNALED(self.status):
                number = os.WTERMSIG(self.status)
            else:
                exit_code = os.WEXITSTATUS(self.status)
        if self.verdict is not None:
            ended_by, reason = self.verdict
        else:
            ended_by = EndedBy.EXIT if number is None else EndedBy.SIGNAL
            reason = status_sentence(self.argv[0], exit_code, number)
        if self.left_behind:
            reason += f"; {self.left_behind} process(es) that it left behind were killed"
        return {
            "key": self.key,
            "ended_by": ended_by.value,
            "exit_code": exit_code,
            "signal": number,
            "started_at": self.started_at,
            "wall_seconds": (self.ended or time.monotonic()) - self.started,
            "cpu_seconds": self.cpu_seconds,
            "max_rss_bytes": self.max_rss_bytes,
            "reason": reason + note,
            "left_behind": self.left_behind,
        }
