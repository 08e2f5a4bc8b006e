"""The watcher of an incoming folder, run by Airflow's triggerer.

It tells that settled files are there and knows no more: the run that it wakes claims whatever
the folder holds then. It uses no catalog and never blocks the triggerer's loop.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

IGNORED_ENDINGS = (".part", ".tmp")
NAMES_SHOWN = 20
"""How many names an event lists; the others are only counted."""
FORCE_POLLING_VARIABLE = "HEADWATER_FORCE_POLLING"


@dataclass(frozen=True, slots=True)
class Look:
    """What one file was at one scan: its inode, size in bytes and mtime in nanoseconds."""

    inode: int
    size: int
    modified: int


@dataclass(slots=True)
class Watch:
    """What the watcher remembers of a folder between two scans.

    Parameters
    ----------
    settle_seconds
        How long a file must stay the same before it is told.
    remind_seconds
        After how long a file that was told and is still there is told again.
    """

    settle_seconds: float
    remind_seconds: float
    _same_since: dict[str, tuple[Look, float]] = field(default_factory=dict)
    _told_at: dict[str, tuple[Look, float]] = field(default_factory=dict)

    def settled(self, found: Mapping[str, Look], now: float) -> list[str]:
        """The names to tell after a scan at `now` (seconds of a clock that never goes back)."""
        self._forget_gone(found)
        due = []
        for name, look in sorted(found.items()):
            known, since = self._same_since.setdefault(name, (look, now))
            if known != look:
                self._same_since[name] = (look, now)
            elif now - since >= self.settle_seconds and self._to_tell(name, look, now):
                self._told_at[name] = (look, now)
                due.append(name)
        return due

    def unsettled(self) -> bool:
        """Whether a file is there that has not been told yet, so that a look is due soon."""
        return any(
            self._told_at.get(name, (None, 0.0))[0] != look
            for name, (look, _since) in self._same_since.items()
        )

    def _to_tell(self, name: str, look: Look, now: float) -> bool:
        told, at = self._told_at.get(name, (None, 0.0))
        return told != look or now - at >= self.remind_seconds

    def _forget_gone(self, found: Mapping[str, Look]) -> None:
        for memory in (self._same_since, self._told_at):
            for name in memory.keys() - found.keys():
                del memory[name]


def scan(directory: str) -> dict[str, Look]:
    """What may be claimed in a folder, by printable name; empty where it cannot be read.

    Folders are told too: the claim ends them with their reason. Names that start with a dot or
    end in ``.part`` or ``.tmp`` are left out.
    """
    found: dict[str, Look] = {}
    with suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            if entry.name.startswith(".") or entry.name.endswith(IGNORED_ENDINGS):
                continue
            with suppress(OSError):  # gone since the folder was read
                stat = entry.stat(follow_symlinks=False)
                name = os.fsencode(entry.name).decode(errors="backslashreplace")
                found[name] = Look(stat.st_ino, stat.st_size, stat.st_mtime_ns)
    return found


class IncomingTrigger(BaseEventTrigger):
    """Wakes a mission's ``incoming`` DAG when settled files lie in its incoming folder.

    Parameters
    ----------
    directory
        The folder; it need not exist yet.
    settle_seconds
        How long a file must stay the same (inode, size, mtime) before it is told.
    scan_seconds
        The longest time between two scans. A change that inotify tells is looked at sooner.
    remind_seconds
        A file that is still there after this time is told again, so that none is forgotten.
    force_polling
        Never use inotify, which tells nothing of other hosts' writes on a network file system.
        The environment variable ``HEADWATER_FORCE_POLLING`` does the same.
    """

    def __init__(
        self,
        directory: str,
        settle_seconds: float = 1.0,
        scan_seconds: float = 1.0,
        remind_seconds: float = 60.0,
        force_polling: bool = False,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow's
        self.directory = directory
        self.settle_seconds = settle_seconds
        self.scan_seconds = scan_seconds
        self.remind_seconds = remind_seconds
        self.force_polling = force_polling

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The class and the arguments from which the triggerer makes it again."""
        return (
            "headwater_airflow.triggers.incoming.IncomingTrigger",
            {
                "directory": self.directory,
                "settle_seconds": self.settle_seconds,
                "scan_seconds": self.scan_seconds,
                "remind_seconds": self.remind_seconds,
                "force_polling": self.force_polling,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """One event for each scan that found something to tell; it ends only when cancelled."""
        watch = Watch(self.settle_seconds, self.remind_seconds)
        changed = asyncio.Event()
        watcher = asyncio.create_task(self._follow_changes(changed))
        try:
            while True:
                found = await asyncio.to_thread(scan, self.directory)
                due = watch.settled(found, time.monotonic())
                if due:
                    yield TriggerEvent(  # type: ignore[no-untyped-call]  # Airflow's
                        {
                            "directory": self.directory,
                            "count": len(due),
                            "names": due[:NAMES_SHOWN],
                        }
                    )
                await self._pause(changed, soon=watch.unsettled())
        finally:
            watcher.cancel()

    async def _pause(self, changed: asyncio.Event, *, soon: bool) -> None:
        """Wait for the next scan: until a change, or for the scan time at the longest."""
        changed.clear()
        longest = self.scan_seconds
        if soon:
            longest = min(longest, max(self.settle_seconds, 0.1))
        with suppress(TimeoutError):
            await asyncio.wait_for(changed.wait(), longest)
            await asyncio.sleep(min(0.1, longest))  # many changes come together

    async def _follow_changes(self, changed: asyncio.Event) -> None:
        """Set `changed` at each change that inotify tells; without inotify, do nothing."""
        if self.force_polling or os.environ.get(FORCE_POLLING_VARIABLE):
            return
        from watchfiles import awatch

        while True:
            if await asyncio.to_thread(Path(self.directory).is_dir):
                with suppress(OSError, RuntimeError):  # no inotify here: the scans go on
                    async for _changes in awatch(
                        self.directory,
                        watch_filter=None,
                        recursive=False,
                        debounce=100,
                        step=50,
                        ignore_permission_denied=True,
                    ):
                        changed.set()
            await asyncio.sleep(max(self.scan_seconds, 1.0))
