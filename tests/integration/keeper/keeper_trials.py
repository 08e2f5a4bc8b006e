"""How the tests of the keeper run codes, wait with patience, and look at processes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import psutil

from headwater.processing.keeper.client import CodeCommand, CodeEnded, Keeper

MARK = "HW_TEST_MARK"
"""The environment variable that every process of one test inherits."""


class MakeCommand(Protocol):
    def __call__(
        self,
        *argv: str,
        key: str = "1",
        time_limit: float | None = None,
        log_limit: int = 10 * 1024 * 1024,
        extra: dict[str, str] | None = None,
    ) -> CodeCommand: ...


def marked_processes(mark: str) -> list[psutil.Process]:
    """Living processes that inherited the mark of one test."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
                continue
            if process.environ().get(MARK) == mark:
                found.append(process)
        except psutil.Error:
            continue
    return found


def eventually(seen: Callable[[], bool], seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while not seen():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def run_one(keeper: Keeper, command: CodeCommand, seconds: float = 20.0) -> CodeEnded:
    """Start one code and return how it ended."""
    keeper.start(command)
    (ended,) = keeper.ended(seconds)
    return ended


def wait_for_file(path: Path, lines: int = 1) -> list[str]:
    """Wait until a file has so many lines and return them."""
    assert eventually(lambda: path.exists() and path.read_text().count("\n") >= lines)
    return path.read_text().split()


def is_dead(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
