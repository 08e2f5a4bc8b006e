"""The small mission, its inspectors in a helper process, and one pass of its ingest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from headwater.catalog.connection import Catalog
from headwater.ingest.report import EndedArrival
from headwater.ingest.service import ingest_pending
from headwater.missions.inspection.host import InspectorHost
from headwater.missions.loaded import LoadedMission
from ingest_mission import ACTOR, make_mission


@pytest.fixture
def mission(catalog: Catalog, tmp_path: Path) -> LoadedMission:
    return make_mission(catalog, tmp_path)


@pytest.fixture
def host(mission: LoadedMission) -> Iterator[InspectorHost]:
    with InspectorHost(mission.facts(), mission.inspector_specs(), time_limit=20) as host:
        yield host


@pytest.fixture
def ingest(
    catalog: Catalog, mission: LoadedMission, host: InspectorHost
) -> Callable[[], dict[str, EndedArrival]]:
    def once() -> dict[str, EndedArrival]:
        report = ingest_pending(catalog, mission, ACTOR, host=host)
        return {arrival.name: arrival for arrival in report.ended}

    return once
