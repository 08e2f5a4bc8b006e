"""What the tests of the keeper share: commands, patience, and a look for leftovers."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from keeper_trials import MARK, MakeCommand, eventually, marked_processes

from headwater.processing.keeper.client import CodeCommand, Keeper
from headwater.processing.keeper.environment import code_environment


@pytest.fixture(autouse=True)
def mark(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Mark every process of the test, and fail if one is alive, or our zombie, after it."""
    value = uuid.uuid4().hex
    monkeypatch.setenv(MARK, value)
    before = _children()
    yield value
    gone = eventually(lambda: not marked_processes(value), 5.0)
    left = [] if gone else marked_processes(value)
    for process in left:
        process.kill()
    assert not left, f"left behind: {left}"
    assert _children() <= before, "a child or a zombie of the test process is left"


def _children() -> set[int]:
    """Our descendants, without those of the session's Postgres, which come and go."""
    found = set()
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # it went while we looked
            if child.name() != "postgres":
                found.add(child.pid)
    return found


@pytest.fixture
def command(tmp_path: Path) -> MakeCommand:
    """Make commands that run in ``tmp_path`` and log to ``<key>.prob`` there."""

    def make(
        *argv: str,
        key: str = "1",
        time_limit: float | None = None,
        log_limit: int = 10 * 1024 * 1024,
        extra: dict[str, str] | None = None,
    ) -> CodeCommand:
        environment = code_environment(os.environ, extra or {})
        log = str(tmp_path / f"{key}.prob")
        return CodeCommand(key, argv, str(tmp_path), log, time_limit, environment, log_limit)

    return make


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., str]:
    """Write an executable Python script and return its path."""

    def write(text: str, name: str = "code.py", mode: int = stat.S_IRWXU) -> str:
        path = tmp_path / name
        path.write_text(f"#!{sys.executable}\n{text}")
        path.chmod(mode)
        return str(path)

    return write


@pytest.fixture
def keeper() -> Iterator[Keeper]:
    with Keeper() as opened:
        yield opened
