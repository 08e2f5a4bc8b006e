"""Notes of each test that injects faults what it injected and how it went, for the table of faults.

``HEADWATER_FAULT_RECORD`` names the file; without it nothing is noted. Each test marked
``fault(numbers)`` adds a line of JSON; :func:`injected` says how many faults a test injected, if
not one, and what was lost, duplicated or falsely green by its count.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pytest

RECORD = "HEADWATER_FAULT_RECORD"


@dataclass
class Injected:
    """What one test did and found; the last three must stay 0."""

    faults: int = 1
    lost: int = 0
    duplicated: int = 0
    false_green: int = 0
    steps: int = 0
    """Steps of histories that were played."""
    what: list[str] = field(default_factory=list)
    """One word for each kind of fault, for the table."""


_KEY = pytest.StashKey[Injected]()


@pytest.fixture
def injected(request: pytest.FixtureRequest) -> Injected:
    """The counts of this test."""
    return request.node.stash.setdefault(_KEY, Injected())


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    outcome: Any = yield
    report = outcome.get_result()
    target = os.environ.get(RECORD)
    marks = list(item.iter_markers("fault"))
    told = report.when == "call" or (report.when == "setup" and report.outcome != "passed")
    if not (target and marks and told):
        return
    line = {
        "test": item.nodeid,
        "numbers": sorted({number for mark in marks for number in mark.args}),
        "outcome": report.outcome,
        **asdict(item.stash.get(_KEY, Injected())),
    }
    with Path(target).open("a") as record:  # one short write, so that two workers do not mix
        record.write(json.dumps(line) + "\n")
