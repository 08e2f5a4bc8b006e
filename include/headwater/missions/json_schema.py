"""The JSON schema of mission files in YAML, for editors and checkers."""

from __future__ import annotations

from typing import Any

from headwater.missions.definition import MissionDefinition


def mission_schema() -> dict[str, Any]:
    """The schema (draft 2020-12) of one document of a mission file.

    An editor shows its descriptions and completes its keys. What it cannot say, for example that
    inputs name products that exist, is checked by ``headwater mission apply``.
    """
    schema = MissionDefinition.model_json_schema(mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
