"""A mission of the catalog -> a mission file in YAML."""

from __future__ import annotations

from typing import Any

import yaml
from sqlalchemy import Connection

from headwater.catalog.connection import Catalog
from headwater.core.errors import MissionFileError
from headwater.core.states import ExpectedWhen
from headwater.missions.definition import MissionDefinition
from headwater.missions.described import described, latest_codes, relative_to_root
from headwater.missions.loaded import LoadedProcess, load_mission


def export_mission(catalog: Catalog | Connection, name: str) -> str:
    """The mission as YAML: applied again, it changes nothing.

    One document an instrument; rootdir is absolute, other folders relative to it where they can
    be. Values that are the default are left out.

    Raises
    ------
    NotFoundError
        If the catalog has no such mission.
    MissionFileError
        If a process has several codes of one version in use, which no mission file can say.
    CatalogUnavailableError
        If the database does not answer.
    """
    mission = load_mission(catalog, name)
    for process in mission.processes.values():
        _one_code_a_version(process)
    documents = [_document(one) for one in described(mission)]
    return yaml.safe_dump_all(documents, sort_keys=False, allow_unicode=True, width=100)


def _one_code_a_version(process: LoadedProcess) -> None:
    """Refuse what an imported mission may have, for different dates (spec dbprocessing 12)."""
    listed = {code.id for code in latest_codes(process.codes)}
    for code in process.codes:
        if code.in_use and code.id not in listed:
            raise MissionFileError(
                f"process {process.name!r} has several codes of version {code.version} in use, and "
                "in a mission file a version is the identity of a code: replace one of them by a "
                "code of another version, then export"
            )


def _document(definition: MissionDefinition) -> dict[str, Any]:
    document = definition.model_dump(mode="json", exclude_defaults=True)
    mission = document["mission"]
    root = definition.mission.rootdir
    for key in ("incoming_dir", "codedir", "inspectordir", "errordir", "qa_dir"):
        if getattr(definition.mission, key) is None:
            continue
        mission[key] = relative_to_root(str(getattr(definition.mission, key)), root)
    mission["settings"] = definition.mission.model_dump(mode="json")["settings"]
    for process in document.get("processes", {}).values():
        process["inputs"] = [_short(one) for one in process.get("inputs", [])]
        process["outputs"] = [_short(one) for one in process.get("outputs", [])]
        for code in process["codes"]:
            code.setdefault("version", "1.0.0")
        for many, one in (("outputs", "output"), ("codes", "code")):
            if len(process[many]) == 1:
                process[one] = process.pop(many)[0]
            elif not process[many]:
                del process[many]
    for product in document.get("products", {}).values():
        product["inspector"].setdefault("version", "1.0.0")
        if "expected" in product and not product["expected"].keys() - {"when"}:
            product["expected"] = product["expected"].get("when", str(ExpectedWhen.ALWAYS))
    return document


def _short(part: dict[str, Any]) -> dict[str, Any] | str:
    return str(part["product"]) if list(part) == ["product"] else part
