"""Names and texts from outside, made safe to store and to show."""

from __future__ import annotations

import re

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CONTROL_BUT_SPACE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def _escaped(found: re.Match[str]) -> str:
    return f"\\x{ord(found[0]):02x}"


def _no_surrogates(text: str) -> str:
    try:
        raw = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a surrogate that stands for no byte
        raw = text.encode("utf-8", "backslashreplace")
    return raw.decode("utf-8", "backslashreplace")


def shown(name: str) -> str:
    r"""Put `name` on one line: undecodable bytes and control characters as ``\xNN``."""
    return name if name.isprintable() else _CONTROL.sub(_escaped, _no_surrogates(name))


def shown_lines(text: str) -> str:
    """Do the same as :func:`shown` with `text`, its line ends and tabs kept."""
    return text if text.isprintable() else _CONTROL_BUT_SPACE.sub(_escaped, _no_surrogates(text))
