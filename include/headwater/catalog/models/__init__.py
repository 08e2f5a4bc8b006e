"""The tables of the catalog."""

from __future__ import annotations

from headwater.catalog.models.airflow_run import FeedPosition, RunMark, RunTask
from headwater.catalog.models.asked_action import AskedAction
from headwater.catalog.models.base import Base
from headwater.catalog.models.campaign import Campaign, CampaignDate, CampaignOutput, Pass
from headwater.catalog.models.file import (
    Arrival,
    File,
    FileCode,
    FileLink,
    Intent,
    OrbitFile,
    QaFile,
    Release,
    ReleaseName,
    Tombstone,
)
from headwater.catalog.models.imported import (
    ImportedId,
    ImportedKind,
    ImportedQueueEntry,
    LeftOutFile,
)
from headwater.catalog.models.mission import (
    Code,
    Inspector,
    Instrument,
    Mission,
    MissionDatabase,
    Orbit,
    Process,
    ProcessInput,
    ProcessOutput,
    Product,
    Satellite,
)
from headwater.catalog.models.work import Build, BuildInput, Event, Wake
from headwater.catalog.schema import SCHEMA

__all__ = [
    "SCHEMA",
    "Arrival",
    "AskedAction",
    "Base",
    "Build",
    "BuildInput",
    "Campaign",
    "CampaignDate",
    "CampaignOutput",
    "Code",
    "Event",
    "FeedPosition",
    "File",
    "FileCode",
    "FileLink",
    "ImportedId",
    "ImportedKind",
    "ImportedQueueEntry",
    "Inspector",
    "Instrument",
    "Intent",
    "LeftOutFile",
    "Mission",
    "MissionDatabase",
    "Orbit",
    "OrbitFile",
    "Pass",
    "Process",
    "ProcessInput",
    "ProcessOutput",
    "Product",
    "QaFile",
    "Release",
    "ReleaseName",
    "RunMark",
    "RunTask",
    "Satellite",
    "Tombstone",
    "Wake",
]
