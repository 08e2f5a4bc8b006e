"""How builds are spread over mapped tasks: one a task when few, neighbouring dates when many."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any, TypedDict

FEW = 20
"""Up to so many builds, each has a task of its own."""
MOST_TASKS = 200
"""The most mapped tasks of one run: scheduling costs grow with them (spec airflow 13)."""
LARGEST, LARGEST_UNKNOWN = 250, 100
"""The most builds of one task, as long as that keeps within `MOST_TASKS`: where the codes are
known to be quick, and where their time is not known yet."""
TASK_SECONDS = 30.0
"""A task is to have about so much work: a third of a second of CPU is lost on each."""


class Chunk(TypedDict):
    """The builds of one mapped task, as XCom carries them."""

    name: str
    builds: list[int]


@dataclass(frozen=True, slots=True)
class ToMake:
    """A build that is to be made: its number, its date (UTC) and its interval's name."""

    build_id: int
    utc_date: date
    interval_key: str


def chunks_of(
    builds: Iterable[ToMake], *, cores: int = 2, seconds_each: float | None = None
) -> list[Chunk]:
    """Spread `builds` over tasks.

    The days of a task are neighbours, and a day is split only if it alone is larger than a task
    may be. `cores` is how many tasks work at the same time: many builds become at least so many
    tasks. `seconds_each` is how long one build usually takes, if that is known.
    """
    ordered = sorted(builds, key=lambda build: (build.utc_date, build.interval_key, build.build_id))
    if len(ordered) <= FEW:
        return [_chunk([build]) for build in ordered]
    size = _size(len(ordered), max(cores, 1), seconds_each)
    chunks: list[list[ToMake]] = [[]]
    for _day, found in groupby(ordered, key=lambda build: build.utc_date):
        for part in _parts(list(found), size):
            if chunks[-1] and len(chunks[-1]) + len(part) > size:
                chunks.append([])
            chunks[-1] += part
    return [_chunk(chunk) for chunk in _at_most(chunks, MOST_TASKS)]


def _size(count: int, cores: int, seconds_each: float | None) -> int:
    """How many builds one task takes."""
    wanted = LARGEST_UNKNOWN
    if seconds_each is not None:
        wanted = max(1, min(LARGEST, int(TASK_SECONDS / max(seconds_each, 0.001))))
    return max(min(wanted, math.ceil(count / cores)), math.ceil(count / MOST_TASKS))


def _parts(day: list[ToMake], size: int) -> list[list[ToMake]]:
    return [day[at : at + size] for at in range(0, len(day), size)]


def _at_most(chunks: Sequence[list[ToMake]], most: int) -> list[list[ToMake]]:
    """Join neighbours where whole days have made more chunks than a run may have."""
    step = math.ceil(len(chunks) / most)
    return [
        [build for chunk in chunks[at : at + step] for build in chunk]
        for at in range(0, len(chunks), step)
    ]


def _chunk(builds: Sequence[ToMake]) -> Chunk:
    first, last = builds[0], builds[-1]
    if len(builds) == 1:
        name = first.interval_key
    elif first.utc_date == last.utc_date:
        name = f"{first.utc_date} ({len(builds)} builds)"
    else:
        name = f"{first.utc_date}/{last.utc_date} ({len(builds)} builds)"
    return Chunk(name=name, builds=[build.build_id for build in builds])


def chunk_of(value: Mapping[str, Any] | Sequence[int]) -> Chunk:
    """A chunk as it comes back from XCom, or a plain list of build numbers."""
    if not isinstance(value, Mapping):
        return Chunk(name=f"{len(value)} builds", builds=[int(build) for build in value])
    return Chunk(name=str(value["name"]), builds=[int(build) for build in value["builds"]])
