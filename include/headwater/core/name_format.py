"""Templates of file names and folders: ``{INSTRUMENT}_l1_{Y}{m}{d}_v{VERSION}.dat``.

The fields, how each is printed and the regex that stands for it are those of spec dbprocessing
2.1. Values are texts that are already printed; :func:`date_fields` and :func:`printed` make them.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

from headwater.core.errors import NameFormatError
from headwater.core.version import Version

_DATE = r"(19|2\d)\d\d(0\d|1[0-2])[0-3]\d"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

# Field -> (format specification that prints it, regex when its value is unknown).
_FIELDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "Y": ("04d", r"(19|2\d)\d\d"),
        "m": ("02d", r"(0\d|1[0-2])"),
        "b": ("", "|".join(_MONTHS)),
        "d": ("02d", r"[0-3]\d"),
        "y": ("02d", r"\d\d"),
        "j": ("03d", r"[0-3]\d\d"),
        "H": ("02d", r"[0-2]\d"),
        "M": ("02d", r"[0-6]\d"),
        "S": ("02d", r"[0-6]\d"),
        "MILLI": ("03d", r"\d{3}"),
        "MICRO": ("03d", r"\d{3}"),
        "QACODE": ("", "ok|ignore|problem"),
        "VERSION": ("", r"\d+\.\d+\.\d+"),
        "DATE": ("", _DATE),
        "datetime": ("", _DATE),
        "mday": ("d", r"-?\d+"),
        "APID": ("x", r"[\da-fA-F]+"),
        "??": ("", ".."),
        "???": ("", "..."),
        "????": ("", "...."),
        "nn": ("", r"\d\d"),
        "nnn": ("", r"\d\d\d"),
        "nnnn": ("", r"\d\d\d\d"),
    }
)
# A printed {datetime} has dashes, its regex has none (spec 2.1). Our own matcher takes both.
_EITHER_DATE = r"(19|2\d)\d\d-?(0\d|1[0-2])-?[0-3]\d"
_NO_VALUES: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    spec: str

    @property
    def own_spec(self) -> bool:
        """Whether the template prints this field in its own way, not in the default one."""
        return bool(self.spec) and self.spec != _FIELDS.get(self.name, ("", ""))[0]

    @property
    def written(self) -> str:
        return f"{{{self.name}:{self.spec}}}" if self.spec else f"{{{self.name}}}"


@lru_cache(maxsize=4096)
def _parts(template: str) -> tuple[str | _Field, ...]:
    """Literal texts and fields in their order; ``{{`` and ``}}`` are literal braces."""
    parts: list[str | _Field] = []
    try:
        for literal, name, spec, conversion in string.Formatter().parse(template):
            if literal:
                parts.append(literal)
            if name is None:
                continue
            if not name or name.isdigit() or conversion or "{" in (spec or ""):
                raise NameFormatError(
                    f"name format {template!r}: a field is written {{NAME}} or {{NAME:SPEC}}"
                )
            parts.append(_Field(name, spec or ""))
    except NameFormatError:
        raise
    except ValueError as error:
        raise NameFormatError(f"name format {template!r} cannot be read: {error}") from error
    return tuple(parts)


def fields_of(template: str) -> tuple[str, ...]:
    """Names of the fields of `template`, each once, in order of appearance.

    Raises
    ------
    NameFormatError
        If the braces of `template` do not pair, or a field has no name.
    """
    names = (part.name for part in _parts(template) if isinstance(part, _Field))
    return tuple(dict.fromkeys(names))


def printed(field: str, value: object) -> str:
    """`value` as `field` is printed by default: ``printed("m", 3)`` is ``03``.

    Raises
    ------
    NameFormatError
        If a number is needed and `value` is none.
    """
    spec = _FIELDS.get(field, ("", ""))[0]
    if not spec or isinstance(value, str):
        return str(value)
    return _formatted(field, value, spec)


def _formatted(field: str, value: object, spec: str) -> str:
    try:
        return format(value, spec)
    except (ValueError, TypeError) as error:
        raise NameFormatError(f"{value!r} cannot be printed as {{{field}:{spec}}}") from error


def date_fields(day: date | datetime) -> dict[str, str]:
    """Texts of the fields that follow from a UTC day: Y m d b y j DATE datetime.

    A `datetime` (its own clock, taken as UTC) also gives H M S MILLI MICRO; MICRO is the
    microsecond modulo 1000. ``datetime`` is always the day with dashes, as dbprocessing prints it
    when it builds an output name (spec dbprocessing 2.1). Month names are English everywhere.
    """
    fields = {
        "Y": f"{day.year:04d}",
        "m": f"{day.month:02d}",
        "d": f"{day.day:02d}",
        "b": _MONTHS[day.month - 1],
        "y": f"{day.year % 100:02d}",
        "j": f"{day.timetuple().tm_yday:03d}",
        "DATE": f"{day.year:04d}{day.month:02d}{day.day:02d}",
        "datetime": f"{day.year:04d}-{day.month:02d}-{day.day:02d}",
    }
    if isinstance(day, datetime):
        fields |= {
            "H": f"{day.hour:02d}",
            "M": f"{day.minute:02d}",
            "S": f"{day.second:02d}",
            "MILLI": f"{day.microsecond // 1000:03d}",
            "MICRO": f"{day.microsecond % 1000:03d}",
        }
    return fields


def _value(field: _Field, values: Mapping[str, str]) -> str:
    text = values[field.name]
    if not field.own_spec:
        return text
    number = text.lstrip("-").isdecimal() and field.spec[-1] in "bcdeEfFgGnoxX%"
    return _formatted(field.name, int(text) if number else text, field.spec)


def fill(template: str, values: Mapping[str, str]) -> str:
    """`template` with each field replaced by its value.

    Raises
    ------
    NameFormatError
        If a field has no value (the message names the template and all such fields), or the
        template cannot be read.
    """
    missing = [name for name in fields_of(template) if name not in values]
    if missing:
        names = ", ".join(f"{{{name}}}" for name in missing)
        raise NameFormatError(
            f"name format {template!r} cannot be filled: no value for {names}; "
            "use other fields, or give them by process_keywords of an input"
        )
    return fill_known(template, values)


def fill_known(template: str, values: Mapping[str, str]) -> str:
    """`template` with the fields of `values` replaced and all others left as written.

    Literal braces stay doubled while a field is left, so that the result is a template again;
    once none is left they are single.

    Raises
    ------
    NameFormatError
        If the template cannot be read, or a value does not fit the field's own format.
    """
    parts = _parts(template)
    left = any(isinstance(part, _Field) and part.name not in values for part in parts)

    def literal(text: str) -> str:
        return text.replace("{", "{{").replace("}", "}}") if left else text

    return "".join(
        literal(part)
        if isinstance(part, str)
        else literal(_value(part, values))
        if part.name in values
        else part.written
        for part in parts
    )


def pattern(
    template: str,
    values: Mapping[str, str] = _NO_VALUES,
    unknown: Literal["raise", "any"] = "raise",
) -> str:
    """Make the regex text that dbprocessing makes of `template` (spec dbprocessing 2.1, 3).

    A field with a value is that value; another known field is its regex in one capture group,
    so that groups nest; any other name is ``(.*)`` with ``unknown="any"``, as existing inspectors
    expect in ``self.filenameregex``. Literal text, also a dot, is **not** escaped, for the same
    reason: use :func:`matcher` wherever no inspector looks.

    Raises
    ------
    NameFormatError
        If the template cannot be read, or with ``unknown="raise"`` has a field of another name.
    """

    def piece(field: _Field) -> str:
        if field.name in values:
            return _value(field, values)
        if field.name in _FIELDS and not field.own_spec:
            return f"({_FIELDS[field.name][1]})"
        if unknown == "raise":
            raise NameFormatError(
                f"name format {template!r}: no pattern is known for {field.written}"
            )
        return "(.*)"

    return "".join(p if isinstance(p, str) else piece(p) for p in _parts(template))


def matcher(template: str, values: Mapping[str, str] = _NO_VALUES) -> re.Pattern[str]:
    """Compile a regex that a whole name of `template` matches, and nothing else.

    Literal text and values are escaped. A field whose name is an identifier is a named group, and
    must be the same text each time it occurs. Fields of unknown name match anything.

    Raises
    ------
    NameFormatError
        If the template cannot be read.
    """
    pieces = "".join(_match_pieces(template, values))
    return re.compile(rf"\A{pieces}\Z", re.ASCII | re.DOTALL)


def _match_pieces(template: str, values: Mapping[str, str]) -> Iterator[str]:
    seen: set[_Field] = set()
    named: set[str] = set()
    for part in _parts(template):
        if isinstance(part, str):
            yield re.escape(part)
        elif part.name in values:
            yield re.escape(_value(part, values))
        elif part in seen and part.name in named:
            yield f"(?P={part.name})"
        elif part.name.isidentifier() and part.name.isascii() and part.name not in named:
            seen.add(part)
            named.add(part.name)
            yield f"(?P<{part.name}>{_plain_regex(part)})"
        else:
            yield f"(?:{_plain_regex(part)})"


def _plain_regex(field: _Field) -> str:
    """Give the field's regex without capture groups of its own."""
    if field.name not in _FIELDS or field.own_spec:
        return ".*"
    regex = _EITHER_DATE if field.name == "datetime" else _FIELDS[field.name][1]
    return regex.replace("(", "(?:")


def directory(
    relative_path: str, *, utc_file_date: date, utc_start_time: datetime, version: Version
) -> str:
    """Make the folder of a file below the mission's rootdir.

    Y m d b y j DATE come from `utc_file_date`, H M S MILLI MICRO from `utc_start_time` (UTC), and
    VERSION from `version` (spec dbprocessing 2.1).

    Raises
    ------
    NameFormatError
        If `relative_path` has another field.
    """
    values = date_fields(utc_start_time) | date_fields(date(*utc_file_date.timetuple()[:3]))
    return fill(relative_path, values | {"VERSION": str(version)})
