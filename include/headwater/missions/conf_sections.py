"""The text of a config file -> its sections, with the mission's own names filled in.

Sections are those of dbprocessing's ``addFromConfig.py`` (spec dbprocessing 2).
"""

from __future__ import annotations

import configparser
from pathlib import Path

from headwater.missions.problems import Problems, nearest

SINGLE = ("mission", "satellite", "instrument")
"""The sections that are there exactly once."""


def conf_sections(path: Path, text: str, problems: Problems) -> configparser.ConfigParser | None:
    """Parse `text` of the file `path`; none, and its faults in `problems`, where it is wrong.

    ``{MISSION}``, then ``{SPACECRAFT}``, then ``{INSTRUMENT}`` are filled in everywhere.
    """
    parser = _parsed(path, text, problems)
    if parser is None or not _sections_fit(path, parser, problems):
        return None
    parser = _parsed(path, _substituted(text, parser), problems)
    if parser is None or not _sections_fit(path, parser, problems):
        return None
    return parser


def family_of(section: str) -> str | None:
    """The kind of a section: its own name, ``product`` or ``process``; none if it is unknown."""
    if section in SINGLE:
        return section
    return next((name for name in ("product", "process") if section.startswith(name)), None)


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
        lines = text.splitlines()
        for line, _ in error.errors:
            found = lines[line - 1].strip()
            problems.add(
                f"{path}, line {line}", f"expected 'key = value' or '[section]', not {found!r}"
            )
    except configparser.InterpolationError as error:
        place = f"{path}, section [{error.section}], key {error.option}"
        problems.add(place, _about_percent(error))
    else:
        return parser if _default_once(path, text, problems) else None
    return None


def _about_percent(error: configparser.InterpolationError) -> str:
    if isinstance(error, configparser.InterpolationMissingOptionError):
        return (
            f"'%({error.reference})s' names a key that is not there: name one of this section or "
            "of [DEFAULT], or write '%%' for one per cent sign"
        )
    if isinstance(error, configparser.InterpolationDepthError):
        return "its '%(...)s' leads back to itself"
    return "a '%' cannot be read: write '%%' for one per cent sign"


def _default_once(path: Path, text: str, problems: Problems) -> bool:
    """The parser itself refuses any other section that occurs twice, but not this one."""
    lines = [
        number
        for number, line in enumerate(text.splitlines(), start=1)
        if line.startswith(f"[{configparser.DEFAULTSECT}]")
    ]
    if len(lines) < 2:
        return True
    problems.add(f"{path}, line {lines[1]}", f"section [{configparser.DEFAULTSECT}] occurs twice")
    return False


def _sections_fit(path: Path, parser: configparser.ConfigParser, problems: Problems) -> bool:
    before = len(problems.lines)
    for section in SINGLE:
        if section not in parser:
            problems.add(str(path), f"section [{section}] is missing")
    for section in parser.sections():
        if family_of(section) is None:
            hint = nearest(section, [*SINGLE, "product_NAME", "process_NAME"])
            problems.add(f"{path}, section [{section}]", f"no such section; {hint}")
    return len(problems.lines) == before


def _substituted(text: str, parser: configparser.ConfigParser) -> str:
    """The whole text with {MISSION}, then {SPACECRAFT}, then {INSTRUMENT} filled in."""
    marks = {"mission": "{MISSION}", "satellite": "{SPACECRAFT}", "instrument": "{INSTRUMENT}"}
    values: dict[str, str] = {}
    for section, mark in marks.items():
        value = parser.get(section, f"{section}_name", fallback=mark)
        for earlier, name in values.items():
            value = value.replace(earlier, name)
        if mark in value:
            continue  # not given, or named after itself: reported where it stands
        values[mark] = value
        text = text.replace(mark, value.replace("%", "%%"))  # it is parsed once more
    return text
