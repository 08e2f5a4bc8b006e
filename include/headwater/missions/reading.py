"""Read mission files of either format."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from headwater.missions.conf_file import read_conf
from headwater.missions.definition import MissionDefinition
from headwater.missions.given_text import text_of
from headwater.missions.problems import Problems
from headwater.missions.settling import settled
from headwater.missions.yaml_file import read_yaml


def read_mission_files(paths: Iterable[Path | str]) -> list[MissionDefinition]:
    """Read mission files in their order: ``.yaml`` or ``.yml``, any other as dbprocessing's.

    Names, folders and references are final in the result: see :func:`settling.settled`. Nothing
    is compared with a catalog.

    Raises
    ------
    MissionFileError
        If a file cannot be read or is wrong; the message lists all problems of all files.
    """
    problems = Problems()
    definitions: list[MissionDefinition] = []
    for path in (Path(path) for path in paths):
        text = text_of(path, problems)
        if text is None:
            continue
        if path.suffix.lower() in (".yaml", ".yml"):
            read = read_yaml(path, text, problems)
        else:
            one = read_conf(path, text, problems)
            read = [one] if one is not None else []
        definitions += [settled(definition, path.parent, problems) for definition in read]
    problems.refuse()
    return definitions
