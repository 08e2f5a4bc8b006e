"""What a mission took in and made lately: for the plots of its page."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from processing_lab import Lab
from sqlalchemy import text

from headwater.catalog.connection import Catalog
from headwater.catalog.queries.throughput import Lately, Piece, throughput
from headwater.core.states import Disposition
from headwater.ingest.service import ingest_pending
from ingest_mission import ACTOR, drop, make_mission


def lately(catalog: Catalog, mission_id: int, how: Lately = Lately.DAY) -> list[Piece]:
    with catalog.read() as connection:
        return throughput(connection, mission_id, how)


@pytest.mark.parametrize(
    ("how", "pieces", "length"),
    [
        (Lately.DAY, 24, timedelta(hours=1)),
        (Lately.WEEK, 28, timedelta(hours=6)),
        (Lately.MONTH, 30, timedelta(days=1)),
    ],
)
def test_time_is_told_in_pieces_without_a_gap_up_to_now(
    catalog: Catalog, tmp_path: Path, how: Lately, pieces: int, length: timedelta
) -> None:
    found = lately(catalog, make_mission(catalog, tmp_path).id, how)
    assert len(found) == pieces
    starts = [piece.start for piece in found]
    assert all(later - before == length for before, later in pairwise(starts))
    assert {(piece.arrived_bytes, len(piece.arrived), len(piece.ended)) for piece in found} == {
        (0, 0, 0)
    }


def test_arrivals_are_counted_by_what_became_of_them(catalog: Catalog, tmp_path: Path) -> None:
    mission = make_mission(catalog, tmp_path)
    drop(mission, "l0_20200101_v1.0.0.dat", b"four")
    drop(mission, "odd.dat", b"odd")
    ingest_pending(catalog, mission, ACTOR)
    last = lately(catalog, mission.id)[-1]
    assert last.arrived == {Disposition.ADOPTED: 1, Disposition.QUARANTINED: 1}
    assert last.arrived_bytes == 7


def test_each_end_of_a_build_counts_in_the_piece_of_time_when_it_ended(
    catalog: Catalog, tmp_path: Path
) -> None:
    lab = Lab(catalog, tmp_path)
    lab.settings(retry_delay_seconds=0.0)
    lab.put("l0", date(2020, 1, 1))
    lab.process()
    assert lately(catalog, lab.mission.id)[-1].ended == {"built": 2}
    with catalog.begin() as connection:
        connection.execute(text("update headwater.event set at = at - interval '1 day 1 hour'"))
    lab.code("copy.sh", "#!/bin/sh\nexit 3\n")
    lab.put("l0", date(2020, 1, 1), "1.1.0")
    lab.process()
    found = lately(catalog, lab.mission.id)
    assert found[-1].ended == {"failed": 1, "held": 1}
    assert sum(piece.ended.get("built", 0) for piece in found) == 0
    week = lately(catalog, lab.mission.id, Lately.WEEK)
    assert sum(piece.ended.get("built", 0) for piece in week) == 2
