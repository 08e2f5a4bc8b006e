"""How builds are spread over mapped tasks."""

from __future__ import annotations

from datetime import date, timedelta

from headwater_airflow.batches import (
    FEW,
    LARGEST,
    LARGEST_UNKNOWN,
    MOST_TASKS,
    ToMake,
    chunk_of,
    chunks_of,
)

START = date(2026, 1, 1)


def days(count: int, each: int = 1) -> list[ToMake]:
    return [
        ToMake(day * each + number, START + timedelta(days=day), f"{START + timedelta(days=day)}")
        for day in range(count)
        for number in range(each)
    ]


def all_builds(chunks: list[dict]) -> list[int]:
    return [build for chunk in chunks for build in chunk["builds"]]


def test_a_few_builds_have_a_task_each_named_by_their_interval() -> None:
    chunks = chunks_of(days(FEW))
    assert [chunk["builds"] for chunk in chunks] == [[number] for number in range(FEW)]
    assert chunks[0]["name"] == "2026-01-01"


def test_no_builds_are_no_tasks() -> None:
    assert chunks_of([]) == []


def test_many_builds_become_chunks_of_neighbouring_days_named_by_their_span() -> None:
    chunks = chunks_of(reversed(days(1000)))
    assert all_builds(chunks) == list(range(1000))
    assert len(chunks) == 1000 / LARGEST_UNKNOWN
    assert chunks[0]["name"] == "2026-01-01/2026-04-10 (100 builds)"


def test_somewhat_more_than_a_few_still_fill_the_cores() -> None:
    assert len(chunks_of(days(FEW + 1), cores=2)) >= 2


def test_quick_codes_share_larger_tasks_and_slow_ones_get_their_own() -> None:
    assert len(chunks_of(days(1000), seconds_each=0.005)) == 1000 / LARGEST
    assert len(chunks_of(days(150), seconds_each=60.0)) == 150
    assert len(chunks_of(days(1000), seconds_each=60.0)) == MOST_TASKS


def test_a_day_is_not_split() -> None:
    chunks = chunks_of(days(30, each=7))
    whole = {build // 7 for build in chunks[0]["builds"]}
    assert all(chunk["builds"][0] % 7 == 0 for chunk in chunks)
    assert len(chunks[0]["builds"]) == 7 * len(whole)


def test_a_day_larger_than_a_task_is_split() -> None:
    chunks = chunks_of(days(1, each=1000))
    assert len(chunks) > 1
    assert sorted(all_builds(chunks)) == list(range(1000))
    assert chunks[0]["name"] == "2026-01-01 (100 builds)"


def test_never_more_tasks_than_a_run_may_have() -> None:
    chunks = chunks_of(days(300, each=201))
    assert len(chunks) <= MOST_TASKS
    assert sorted(all_builds(chunks)) == list(range(300 * 201))


def test_a_plain_list_of_numbers_is_a_chunk_too() -> None:
    assert chunk_of([3, 4])["builds"] == [3, 4]
