"""What routes are given: the catalog, and the mission of their path."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request

from headwater.catalog.connection import Catalog
from headwater.missions.loaded import LoadedMission, load_mission
from headwater.web.fields import MissionName

OpenCatalog = Callable[[], Catalog]
"""Gives the process's one catalog."""


def _catalog(request: Request) -> Catalog:
    opened: OpenCatalog = request.app.state.open_catalog
    return opened()


TheCatalog = Annotated[Catalog, Depends(_catalog)]


def _mission(mission: MissionName, catalog: TheCatalog) -> LoadedMission:
    return load_mission(catalog, mission)


TheMission = Annotated[LoadedMission, Depends(_mission)]
