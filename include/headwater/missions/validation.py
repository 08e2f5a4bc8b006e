"""From the plain values of a file to a checked definition; pydantic's findings in our words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from headwater.missions.definition import MissionDefinition
from headwater.missions.problems import Loc, Places, Problems, nearest


def validated(
    raw: Mapping[str, Any], places: Places, warnings: Sequence[str], problems: Problems
) -> MissionDefinition | None:
    """The definition that `raw` stands for; none, and its faults in `problems`, if it is wrong."""
    if not _storable(raw, (), places, problems):
        return None
    try:
        definition = MissionDefinition.model_validate(raw)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            problems.add(_place(places, detail), _sentence(detail))
        return None
    definition._places = places
    definition._warnings = tuple(warnings)
    return definition


def _storable(value: object, loc: Loc, places: Places, problems: Problems) -> bool:
    """Whether Postgres can keep all texts: no NUL, no half of a surrogate pair."""
    if isinstance(value, str):
        bad = re.search(r"[\0\ud800-\udfff]", value)
        if bad is not None:
            problems.add(places.place(*loc), f"{value!r:.80} holds a character that is no text")
        return bad is None
    if isinstance(value, Mapping):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    else:
        return True
    return all([_storable(part, (*loc, key), places, problems) for key, part in items])


def _place(places: Places, detail: ErrorDetails) -> str:
    return places.place(*(part for part in detail["loc"] if part != "[key]"))


def _sentence(detail: ErrorDetails) -> str:
    kind, value = detail["type"], detail["input"]
    key = detail["loc"][-1] if detail["loc"] else ""
    if kind == "missing":
        return "is missing, and must be given"
    if kind == "extra_forbidden":
        return f"unknown key; {nearest(str(key), _known_keys(detail['loc'][:-1]))}"
    if kind == "value_error":
        return str(detail["ctx"]["error"])
    if kind == "string_too_short":
        return "is empty, and must be given"
    text = detail["msg"].replace("Input should", "expected to").replace("expected to be ", "")
    text = text.partition(", unable to parse")[0]
    if text.startswith(("greater", "less")):
        text = f"a value {text}"
    shown = "nothing" if value is None else repr(value)[:80]
    return f"{shown} cannot be used, expected {text}"


def _known_keys(loc: Sequence[str | int]) -> list[str]:
    """The keys that the model at `loc` knows."""
    kind: Any = MissionDefinition
    for part in loc:
        model = _model_in(kind)
        if model is not None and part in model.model_fields:
            kind = model.model_fields[str(part)].annotation
        else:
            kind = get_args(kind)[-1] if get_args(kind) else kind
    model = _model_in(kind)
    return list(model.model_fields) if model is not None else []


def _model_in(kind: object) -> type[BaseModel] | None:
    """The model that a type is, or holds beside None; not that of a container's items."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    if get_origin(kind) in (dict, list):
        return None
    models = (_model_in(part) for part in get_args(kind) if isinstance(part, type))
    return next((model for model in models if model is not None), None)
