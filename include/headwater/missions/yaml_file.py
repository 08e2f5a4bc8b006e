"""Mission files in YAML: one document an instrument, usually one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from headwater.missions.definition import MissionDefinition
from headwater.missions.problems import Loc, Places, Problems, dotted
from headwater.missions.validation import validated


class _Loader(yaml.SafeLoader):
    """Dates stay text, so that a wrong one is reported with its key, and a name may be one."""


_Loader.yaml_implicit_resolvers = {
    first: [pair for pair in pairs if pair[0] != "tag:yaml.org,2002:timestamp"]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_yaml(path: Path, text: str, problems: Problems) -> list[MissionDefinition]:
    """The definitions of the file `path` with content `text`; its faults go into `problems`.

    Names and folders are still as written; `settling.settled` fills in their fields.
    """
    definitions: list[MissionDefinition] = []
    try:
        for node, raw in _documents(text):
            names: dict[Loc, str] = {}
            _walk(node, (), names, str(path), problems)
            places = Places(str(path), names, ".")
            if not isinstance(raw, dict):
                problems.add(str(path), "expected the keys mission, satellite, instrument, ...")
                continue
            definition = validated(raw, places, (), problems)
            if definition is not None:
                definitions.append(definition)
    except yaml.MarkedYAMLError as error:
        line = f" line {error.problem_mark.line + 1}" if error.problem_mark else ""
        problems.add(f"{path}{line}", f"this is not YAML: {error.problem}")
        return []
    except RecursionError:
        problems.add(str(path), "this is no mission file: it is nested without end")
        return []
    except (yaml.YAMLError, ValueError) as error:
        problems.add(str(path), f"this is not YAML: {' '.join(str(error).split())}")
        return []
    if not definitions and not problems.lines:
        problems.add(str(path), "the file is empty")
    return definitions


def _documents(text: str) -> Iterator[tuple[yaml.Node, Any]]:
    loader = _Loader(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            if node is not None:
                yield node, loader.construct_document(node)
    finally:
        loader.dispose()


def _walk(node: yaml.Node, loc: Loc, names: dict[Loc, str], file: str, problems: Problems) -> None:
    """Note the line of each value, and keys that occur twice (YAML itself takes the last)."""
    names[loc] = f"line {node.start_mark.line + 1}" + (f", {dotted(loc)}" if loc else "")
    if isinstance(node, yaml.SequenceNode):
        for position, item in enumerate(node.value):
            _walk(item, (*loc, position), names, file, problems)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            place = (*loc, str(key.value))
            if place in names:
                line = key.start_mark.line + 1
                problems.add(f"{file}, line {line}, {dotted(place)}", "the key occurs twice")
                continue
            _walk(value, place, names, file, problems)
            names[place] = f"line {key.start_mark.line + 1}, {dotted(place)}"
