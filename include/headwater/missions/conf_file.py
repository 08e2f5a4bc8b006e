"""Mission files in the format of dbprocessing's ``addFromConfig.py`` (spec dbprocessing 2).

Where its old loader is wrong, the documented meaning counts: ``1`` is true, ``errordir`` is
kept, and inputs may name products that are already in the mission (spec dbprocessing 8).
"""

from __future__ import annotations

import configparser
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headwater.missions.conf_values import NoValueError, boolean, empty_is_none, input_triple
from headwater.missions.definition import MissionDefinition
from headwater.missions.problems import Loc, Places, Problems, nearest
from headwater.missions.validation import validated

_SINGLE = ("mission", "satellite", "instrument")
_INSPECTOR = (
    "filename",
    "relative_path",
    "description",
    "version",
    "output_interface",
    "active",
    "date_written",
    "newest_version",
    "arguments",
)
_CODE = (
    "filename",
    "relative_path",
    "start_date",
    "stop_date",
    "description",
    "version",
    "output_interface",
    "active",
    "date_written",
    "newest_version",
    "arguments",
    "cpu",
    "ram",
)
# Section -> key in the file -> way in the definition of that section.
_REQUIRED: Mapping[str, Mapping[str, Loc]] = {
    "mission": {
        "mission_name": ("name",),
        "rootdir": ("rootdir",),
        "incoming_dir": ("incoming_dir",),
    },
    "satellite": {"satellite_name": ("name",)},
    "instrument": {"instrument_name": ("name",)},
    "product": {
        "product_name": ("name",),
        "relative_path": ("relative_path",),
        "level": ("level",),
        "format": ("format",),
        "product_description": ("description",),
        **{f"inspector_{key}": ("inspector", key) for key in _INSPECTOR},
    },
    "process": {
        "process_name": ("name",),
        "output_product": ("output",),
        "output_timebase": ("timebase",),
        "extra_params": ("extra_params",),
        **{f"code_{key}": ("code", key) for key in _CODE},
    },
}
_OPTIONAL: Mapping[str, Mapping[str, Loc]] = {
    "mission": {key: (key,) for key in ("codedir", "inspectordir", "errordir")}
}
_BOOLEANS = ("active", "newest_version")
_TEXTS = ("extra_params", "arguments", "output")
_NUMBERS = ("cpu", "ram")
_INPUTS = {"required_input": "hard", "optional_input": "soft"}


def read_conf(path: Path, text: str, problems: Problems) -> MissionDefinition | None:
    """The definition in the file `path` with content `text`; its faults go into `problems`.

    Keys that the format does not have are left out with a warning, since the old loader accepted
    them.
    """
    parser = _parsed(path, text, problems)
    if parser is None or not _sections_fit(path, parser, problems):
        return None
    parser = _parsed(path, _substituted(text, parser), problems)
    if parser is None or not _sections_fit(path, parser, problems):
        return None
    return _Reading(path, parser, problems).definition()


def _parsed(path: Path, text: str, problems: Problems) -> configparser.ConfigParser | None:
    parser = configparser.ConfigParser()
    try:
        parser.read_string(text, source=str(path))
        for section in parser.sections():
            parser.items(section)
    except configparser.DuplicateSectionError as error:
        problems.add(f"{path}, line {error.lineno}", f"section [{error.section}] occurs twice")
    except configparser.DuplicateOptionError as error:
        place = f"{path}, line {error.lineno}, section [{error.section}], key {error.option}"
        problems.add(place, "the key occurs twice")
    except configparser.MissingSectionHeaderError as error:
        problems.add(f"{path}, line {error.lineno}", "expected a section such as [mission] first")
    except configparser.ParsingError as error:
        for line, content in error.errors:
            problems.add(f"{path}, line {line}", f"expected 'key = value', not {content}")
    except configparser.InterpolationError as error:
        place = f"{path}, section [{error.section}], key {error.option}"
        problems.add(place, "a '%' cannot be read: write '%%' for one per cent sign")
    else:
        return parser
    return None


def _family(section: str) -> str | None:
    if section in _SINGLE:
        return section
    return next((name for name in ("product", "process") if section.startswith(name)), None)


def _sections_fit(path: Path, parser: configparser.ConfigParser, problems: Problems) -> bool:
    before = len(problems.lines)
    for section in _SINGLE:
        if section not in parser:
            problems.add(str(path), f"section [{section}] is missing")
    for section in parser.sections():
        if _family(section) is None:
            hint = nearest(section, [*_SINGLE, "product_NAME", "process_NAME"])
            problems.add(f"{path}, section [{section}]", f"no such section; {hint}")
    return len(problems.lines) == before


def _substituted(text: str, parser: configparser.ConfigParser) -> str:
    """The whole text with {MISSION}, then {SPACECRAFT}, then {INSTRUMENT} filled in."""
    marks = {"mission": "{MISSION}", "satellite": "{SPACECRAFT}", "instrument": "{INSTRUMENT}"}
    values: dict[str, str] = {}
    for section, mark in marks.items():
        value = parser.get(section, f"{section}_name", raw=True, fallback=mark)
        for earlier, name in values.items():
            value = value.replace(earlier, name)
        values[mark] = value
        text = text.replace(mark, value)
    return text


@dataclass
class _Reading:
    """One pass over the sections of a file."""

    path: Path
    parser: configparser.ConfigParser
    problems: Problems
    names: dict[Loc, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def definition(self) -> MissionDefinition | None:
        before = len(self.problems.lines)
        raw: dict[str, Any] = {"products": {}, "processes": {}}
        for section in self.parser.sections():
            family = _family(section)
            if family in _SINGLE:
                raw[section] = self._values(section, family, (section,))
            elif family == "product":
                raw["products"][section] = self._values(section, family, ("products", section))
            elif family == "process":
                raw["processes"][section] = self._process(section)
        places = Places(str(self.path), self.names)
        definition = validated(raw, places, self.warnings, self.problems)
        return definition if len(self.problems.lines) == before else None

    def _values(self, section: str, family: str, base: Loc) -> dict[str, Any]:
        """The values of a section by their ways in the definition."""
        self.names[base] = f"section [{section}]"
        required, optional = _REQUIRED[family], _OPTIONAL.get(family, {})
        for key, way in required.items():
            self.names[base + way] = f"section [{section}], key {key}"
            if key not in self.parser[section]:
                self.problems.add(self._place(section, key), "is missing, and must be given")
        values: dict[str, Any] = {}
        for key, text in self.parser[section].items():
            found = required.get(key) or optional.get(key)
            if found is None:
                self._unknown(section, key, [*required, *optional], family)
                continue
            self.names[base + found] = f"section [{section}], key {key}"
            inner = values
            for step in found[:-1]:
                inner = inner.setdefault(str(step), {})
            try:
                inner[str(found[-1])] = _value(str(found[-1]), text)
            except NoValueError as error:
                self.problems.add(self._place(section, key), str(error))
            except KeyError:
                continue  # an empty number: the default counts
        return _with_all(values, required)

    def _process(self, section: str) -> dict[str, Any]:
        base: Loc = ("processes", section)
        values = self._values(section, "process", base)
        inputs: list[dict[str, Any]] = []
        for key, text in self.parser[section].items():
            kind = next((kind for word, kind in _INPUTS.items() if key.startswith(word)), None)
            if kind is None:
                continue
            self.names[(*base, "inputs", len(inputs))] = f"section [{section}], key {key}"
            try:
                product, before, after = input_triple(text)
            except NoValueError as error:
                self.problems.add(self._place(section, key), str(error))
                continue
            inputs.append(
                {"product": product, "kind": kind, "days_before": before, "days_after": after}
            )
        return values | {"inputs": inputs}

    def _unknown(self, section: str, key: str, known: list[str], family: str) -> None:
        inputs = [f"{word}1" for word in _INPUTS] if family == "process" else []
        if key in self.parser.defaults() or (inputs and key.startswith(tuple(_INPUTS))):
            return
        hint = nearest(key, [*known, *inputs])
        self.warnings.append(f"{self._place(section, key)}: unknown key, left out; {hint}")

    def _place(self, section: str, key: str) -> str:
        return f"{self.path}, section [{section}], key {key}"


def _value(key: str, text: str) -> object:
    if key in _BOOLEANS:
        return boolean(text)
    if key in _TEXTS:
        return empty_is_none(text)
    if key in _NUMBERS and empty_is_none(text) is None:
        raise KeyError(key)
    return text


def _with_all(values: dict[str, Any], required: Mapping[str, Loc]) -> dict[str, Any]:
    """`values` with the parts that hold them, so that each missing key is reported by its name."""
    for way in required.values():
        if len(way) > 1:
            values.setdefault(str(way[0]), {})
    return values
