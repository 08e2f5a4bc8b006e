"""The routes behind the mission's page: what it did lately, and its room on the disk."""

from __future__ import annotations

from datetime import date

import pytest
from processing_lab import Lab

from web.api_lab import Api


@pytest.mark.parametrize(("lately", "pieces"), [("day", 24), ("week", 28), ("month", 30)])
def test_what_was_made_stands_in_the_last_pieces_of_time(
    api: Api, lab: Lab, lately: str, pieces: int
) -> None:
    lab.put("l0", date(2020, 1, 1))
    lab.process()
    found = api.get(f"/throughput?lately={lately}")
    assert len(found) == pieces
    assert found[0]["start"].endswith(":00:00Z")
    assert sum(piece["ended"].get("built", 0) for piece in found[-2:]) == 2
    assert all(piece["arrived"] == {} for piece in found)


def test_another_length_of_time_is_refused(api: Api) -> None:
    assert "'day', 'week' or 'month'" in api.refused(400, "/throughput?lately=year")


def test_each_file_system_is_told_once(api: Api, lab: Lab) -> None:
    [room] = api.get("/disk")
    assert 0 < room["free_bytes"] < room["total_bytes"]
    assert room["folder"] == str(lab.root)
