"""Rates of reading: what a person writes, and how a reader keeps to it."""

from __future__ import annotations

import pytest

from headwater.archive.pacing import Pace, rate_of
from headwater.core.errors import SettingError


@pytest.mark.parametrize(
    ("text", "rate"),
    [("50MB/s", 50e6), ("1.5 gb/s", 1.5e9), ("20kB", 20e3), ("7B/s", 7.0), ("none", None)],
)
def test_a_rate_is_bytes_a_second(text: str, rate: float | None) -> None:
    assert rate_of(text) == rate


@pytest.mark.parametrize("text", ["", "fast", "0MB/s", "-1MB/s", "5 TB/s", "MB/s"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(SettingError, match="is no rate: expected one such as 50MB/s"):
        rate_of(text)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def __call__(self) -> float:
        return self.now


def test_a_reader_waits_until_its_bytes_are_due() -> None:
    clock = Clock()
    pace = Pace(1000.0, clock.sleep, clock)
    for _ in range(50):
        pace.passed(1000)
    assert 48.5 <= clock.now - 100.0 <= 50.5


def test_what_a_slow_disk_saved_up_is_not_made_up_for_by_a_burst() -> None:
    clock = Clock()
    pace = Pace(1000.0, clock.sleep, clock)
    clock.now += 60
    pace.passed(0)
    started = clock.now
    pace.passed(11_000)
    assert clock.now - started == pytest.approx(10.0)


def test_without_a_rate_nobody_waits() -> None:
    clock = Clock()
    Pace(None, clock.sleep, clock).passed(10**12)
    assert clock.now == 100.0
