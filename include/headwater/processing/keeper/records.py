"""What a keeper is asked to run, and what it tells of the end."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from headwater.processing.keeper.ending import EndedBy

LOG_LIMIT = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class CodeCommand:
    """One code to run.

    `key` names it in every answer; with leases it is ``<build id>:<token>``. `argv` is the
    command line, no shell: its first item is a path, or a name that is found on the ``PATH`` of
    `environment`. `log_path` is the file that gets stdout and stderr, of which `log_limit` bytes
    are kept. `time_limit` is in seconds of wall time, None for no limit. `environment` is the
    whole environment of the code, see `environment.code_environment`.
    """

    key: str
    argv: tuple[str, ...]
    cwd: str
    log_path: str
    time_limit: float | None
    environment: Mapping[str, str]
    log_limit: int = LOG_LIMIT

    def __post_init__(self) -> None:
        if not self.argv or not self.argv[0]:
            raise ValueError(f"code {self.key!r} has an empty command line")

    def message(self) -> dict[str, Any]:
        """Return it as the keeper reads it, with absolute paths."""
        return {
            "key": self.key,
            "argv": self.argv,
            "cwd": os.path.abspath(self.cwd),  # noqa: PTH100 - Path.absolute keeps ".."
            "log_path": os.path.abspath(self.log_path),  # noqa: PTH100 - as above
            "time_limit": self.time_limit,
            "environment": dict(self.environment),
            "log_limit": self.log_limit,
        }


@dataclass(frozen=True, slots=True)
class CodeEnded:
    """How one code ended.

    `exit_code` and `signal` are those of the code's own process, whatever ended it; both are
    None if it was not started or its end was not seen. `started_at` is UTC. `wall_seconds` runs
    to the end of the code's own process, `cpu_seconds` and `max_rss_bytes` are of it and of all
    that it started (the largest single process, never less than a warden's own size, about
    15 MB, which the kernel counts before the program is loaded). `reason` is one sentence.
    `left_behind` counts the processes that were killed after the code had ended by itself.
    """

    key: str
    ended_by: EndedBy
    exit_code: int | None
    signal: int | None
    started_at: datetime
    wall_seconds: float
    cpu_seconds: float
    max_rss_bytes: int
    reason: str
    left_behind: int

    @classmethod
    def from_message(cls, message: Mapping[str, Any]) -> CodeEnded:
        """Return the record of a message of the keeper."""
        values = dict(message)
        values["ended_by"] = EndedBy(values["ended_by"])
        values["started_at"] = datetime.fromtimestamp(values["started_at"], UTC)
        return cls(**values)

    @classmethod
    def unseen(cls, key: str, ended_by: EndedBy, reason: str) -> CodeEnded:
        """Return the record of a code whose end nobody could see."""
        return cls(key, ended_by, None, None, datetime.now(UTC), 0.0, 0.0, 0, reason, 0)
