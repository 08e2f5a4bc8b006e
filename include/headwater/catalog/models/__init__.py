"""The tables of the catalog."""

from __future__ import annotations

from headwater.catalog.models.base import SCHEMA, Base
from headwater.catalog.models.file import Arrival, File, FileCode, FileLink, Intent, Release
from headwater.catalog.models.mission import (
    Code,
    Inspector,
    Instrument,
    Mission,
    Process,
    ProcessInput,
    ProcessOutput,
    Product,
    Satellite,
)
from headwater.catalog.models.work import Build, BuildInput, Event, Wake

__all__ = [
    "SCHEMA",
    "Arrival",
    "Base",
    "Build",
    "BuildInput",
    "Code",
    "Event",
    "File",
    "FileCode",
    "FileLink",
    "Inspector",
    "Instrument",
    "Intent",
    "Mission",
    "Process",
    "ProcessInput",
    "ProcessOutput",
    "Product",
    "Release",
    "Satellite",
    "Wake",
]
