"""Names and texts from outside, made safe to store and to show."""

from __future__ import annotations

import re

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CONTROL_BUT_SPACE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def _escaped(found: re.Match[str]) -> str:
    return f"\\x{ord(found[0]):02x}"


def _no_surrogates(text: str) -> str:
    # Surrogates of os.fsdecode become the bytes they stand for, any other its own escape.
    raw = text.encode("utf-8", "surrogateescape" if text.isascii() else "surrogatepass")
    return raw.decode("utf-8", "backslashreplace")


def shown(name: str) -> str:
    r"""`name` on one line: undecodable bytes and control characters as ``\xNN``."""
    text = "".join(
        f"\\x{ord(char) - 0xDC00:02x}" if "\udc80" <= char <= "\udcff" else char for char in name
    )
    return _CONTROL.sub(_escaped, _no_surrogates(text))


def shown_lines(text: str) -> str:
    """`text` as :func:`shown`, with its line ends and tabs kept."""
    return _CONTROL_BUT_SPACE.sub(_escaped, _no_surrogates(text))
