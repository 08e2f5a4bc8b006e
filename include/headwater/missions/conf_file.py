"""Mission files in the format of dbprocessing's ``addFromConfig.py`` (spec dbprocessing 2).

Where its old loader is wrong, the documented meaning counts: ``1`` is true, ``errordir`` is
kept, and inputs may name products that are already in the mission (spec dbprocessing 8).
"""

from __future__ import annotations

import configparser
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headwater.core.states import InputKind
from headwater.missions.conf_sections import SINGLE, conf_sections, family_of
from headwater.missions.conf_values import NoValueError, boolean, empty_is_none, input_triple
from headwater.missions.definition import MissionDefinition
from headwater.missions.problems import Loc, Places, Problems, nearest
from headwater.missions.validation import validated

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
REQUIRED_KEYS: Mapping[str, Mapping[str, Loc]] = {
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
OPTIONAL_KEYS: Mapping[str, Mapping[str, Loc]] = {
    "mission": {key: (key,) for key in ("codedir", "inspectordir", "errordir", "qa_dir")}
}
_BOOLEANS = ("active", "newest_version")
_TEXTS = ("extra_params", "arguments", "output")
_NUMBERS = ("cpu", "ram")
INPUT_KEYS = {"required_input": "hard", "optional_input": "soft"}
"""How the keys of inputs begin, and the kind that each stands for."""
_INPUTS = tuple(INPUT_KEYS)
_COMMENT = re.compile(r"\s[#;]")


def read_conf(path: Path, text: str, problems: Problems) -> MissionDefinition | None:
    """The definition in the file `path` with content `text`; its faults go into `problems`.

    Keys that the format does not have are left out with a warning, since the old loader accepted
    them.
    """
    parser = conf_sections(path, text, problems)
    return _Reading(path, parser, problems).definition() if parser is not None else None


@dataclass
class _Reading:
    """One pass over the sections of a file."""

    path: Path
    parser: configparser.ConfigParser
    problems: Problems
    names: dict[Loc, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    """All keys that some section could use."""

    def definition(self) -> MissionDefinition | None:
        before = len(self.problems.lines)
        raw: dict[str, Any] = {"products": {}, "processes": {}}
        for section in self.parser.sections():
            family = family_of(section)
            if family in SINGLE:
                raw[section] = self._values(section, family, (section,))
            elif family == "product":
                raw["products"][section] = self._values(section, family, ("products", section))
            elif family == "process":
                raw["processes"][section] = self._process(section)
        self._unused_defaults()
        places = Places(str(self.path), self.names)
        definition = validated(raw, places, self.warnings, self.problems)
        return definition if len(self.problems.lines) == before else None

    def _values(self, section: str, family: str, base: Loc) -> dict[str, Any]:
        """The values of a section by their ways in the definition."""
        self.names[base] = f"section [{section}]"
        required, optional = REQUIRED_KEYS[family], OPTIONAL_KEYS.get(family, {})
        for key, way in required.items():
            self.names[base + way] = f"section [{section}], key {key}"
            if key not in self.parser[section]:
                self.problems.add(self._place(section, key), self._missing(section, key))
        self.known |= {*required, *optional}
        values: dict[str, Any] = {}
        for key, text in self.parser[section].items():
            found = required.get(key) or optional.get(key)
            if found is None:
                self._unknown(section, key, [*required, *optional], family)
                continue
            self._comment(section, key, text)
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
        if values.get("timebase") == "RUN" and values.get("output") in self.parser:
            # The old loader took it, and its runs went without it (spec dbprocessing 5.3).
            values["output"] = None
            self.warnings.append(
                f"{self._place(section, 'output_product')}: left out, since a RUN process has no "
                "output"
            )
        inputs: list[dict[str, Any]] = []
        for key, text in self.parser[section].items():
            if not key.startswith(_INPUTS):
                continue
            self.names[(*base, "inputs", len(inputs))] = f"section [{section}], key {key}"
            try:
                product, before, after = input_triple(text)
            except NoValueError as error:
                self.problems.add(self._place(section, key), str(error))
                continue
            kind = self._kind(section, key)
            inputs.append(
                {"product": product, "kind": kind, "days_before": before, "days_after": after}
            )
        return values | {"inputs": inputs}

    def _kind(self, section: str, key: str) -> InputKind:
        """The kind of an input: the word `optional` anywhere in its key makes it soft."""
        if "optional" not in key:
            return InputKind.HARD
        if not key.startswith("optional"):
            self.warnings.append(
                f"{self._place(section, key)}: read as an optional input, since its key has the "
                "word 'optional'"
            )
        return InputKind.SOFT

    def _missing(self, section: str, key: str) -> str:
        """What to say of a key that is not there; its line may have gone to another."""
        said = "is missing, and must be given"
        begun = re.compile(rf"\n{re.escape(key)}\s*[=:]", re.IGNORECASE)
        for other, text in self.parser[section].items():
            if begun.search(text):
                said += f"; its line begins with a blank, so that it belongs to key {other}"
        return said

    def _comment(self, section: str, key: str, text: str) -> None:
        if _COMMENT.search(text) and not key.endswith("description"):
            self.warnings.append(
                f"{self._place(section, key)}: a comment is read only on a line of its own, so "
                f"the value is all of {text!r}"
            )

    def _unused_defaults(self) -> None:
        """A key of [DEFAULT] that nothing uses is as unknown as one of another section."""
        sections = [self.parser[section] for section in self.parser.sections()]
        raw = [value for section in sections for _, value in self.parser.items(section.name, True)]
        for key in self.parser.defaults():
            used = key in self.known or key.startswith(_INPUTS)
            if not used and not any(f"%({key})s" in value for value in raw):
                hint = nearest(key, self.known)
                place = self._place(self.parser.default_section, key)
                self.warnings.append(f"{place}: unknown key, left out; {hint}")

    def _unknown(self, section: str, key: str, known: list[str], family: str) -> None:
        inputs = [f"{word}1" for word in _INPUTS] if family == "process" else []
        if key in self.parser.defaults() or (inputs and key.startswith(_INPUTS)):
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
