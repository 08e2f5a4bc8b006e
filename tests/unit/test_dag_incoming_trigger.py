"""The watcher of an incoming folder."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from headwater_airflow.triggers.incoming import IncomingTrigger, Look, Watch, scan

A = Look(1, 10, 100)


def test_a_file_is_told_once_it_stays_the_same() -> None:
    watch = Watch(settle_seconds=1, remind_seconds=60)
    assert watch.settled({"a": A}, 0.0) == []
    assert watch.settled({"a": A}, 0.5) == []
    assert watch.settled({"a": A}, 1.0) == ["a"]
    assert watch.settled({"a": A}, 2.0) == []


def test_a_file_that_grows_starts_over() -> None:
    watch = Watch(settle_seconds=1, remind_seconds=60)
    watch.settled({"a": A}, 0.0)
    grown = Look(1, 20, 200)
    assert watch.settled({"a": grown}, 1.0) == []
    assert watch.unsettled()
    assert watch.settled({"a": grown}, 2.0) == ["a"]
    assert not watch.unsettled()


def test_a_file_that_nobody_took_is_told_again() -> None:
    watch = Watch(settle_seconds=0, remind_seconds=60)
    assert watch.settled({"a": A}, 0.0) == ["a"]
    assert watch.settled({"a": A}, 59.0) == []
    assert watch.settled({"a": A}, 60.0) == ["a"]


def test_the_same_name_sent_again_is_a_new_arrival() -> None:
    watch = Watch(settle_seconds=0, remind_seconds=60)
    watch.settled({"a": A}, 0.0)
    assert watch.settled({}, 1.0) == []
    assert watch.settled({"a": Look(2, 10, 100)}, 2.0) == ["a"]


def test_unfinished_and_hidden_names_are_left_out(tmp_path: Path) -> None:
    for name in ("a.dat", ".hidden", "b.part", "c.tmp"):
        (tmp_path / name).write_text("x")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / os.fsdecode(b"bad\xff.dat")).write_text("x")
    assert sorted(scan(str(tmp_path))) == ["a.dat", "bad\\xff.dat", "fifo", "folder"]


def test_a_folder_that_is_missing_holds_nothing(tmp_path: Path) -> None:
    assert scan(str(tmp_path / "missing")) == {}


async def first_event(trigger: IncomingTrigger, act: Any) -> dict[str, Any]:
    events: AsyncIterator[Any] = trigger.run()
    waiting = asyncio.ensure_future(anext(events))
    await asyncio.sleep(0.2)
    act()
    event = await asyncio.wait_for(waiting, 20)
    await events.aclose()  # type: ignore[attr-defined]  # it is a generator
    return dict(event.payload)


@pytest.mark.parametrize("force_polling", [False, True])
def test_a_dropped_file_makes_one_event(tmp_path: Path, force_polling: bool) -> None:
    trigger = IncomingTrigger(str(tmp_path), 0.05, 0.1, force_polling=force_polling)
    payload = asyncio.run(first_event(trigger, lambda: (tmp_path / "a.dat").write_text("x")))
    assert payload == {"directory": str(tmp_path), "count": 1, "names": ["a.dat"]}


def test_inotify_tells_long_before_the_next_scan(tmp_path: Path) -> None:
    # A scan a day: only a change that is told can make the event come.
    trigger = IncomingTrigger(str(tmp_path), 0.05, 86400.0)
    payload = asyncio.run(first_event(trigger, lambda: (tmp_path / "a.dat").write_text("x")))
    assert payload["names"] == ["a.dat"]


def test_a_folder_that_appears_later_is_watched(tmp_path: Path) -> None:
    folder = tmp_path / "incoming"

    def make() -> None:
        folder.mkdir()
        (folder / "a.dat").write_text("x")

    payload = asyncio.run(first_event(IncomingTrigger(str(folder), 0.05, 0.1), make))
    assert payload["count"] == 1


def test_the_triggerer_can_make_it_again() -> None:
    path, arguments = IncomingTrigger("/in", 2.0, 3.0, 4.0, True).serialize()
    module, _, name = path.rpartition(".")
    assert (module, name) == (IncomingTrigger.__module__, IncomingTrigger.__name__)
    assert IncomingTrigger(**arguments).serialize() == (path, arguments)
