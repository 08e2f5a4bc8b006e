"""The content of files that a person gives: mission files and tables."""

from __future__ import annotations

from pathlib import Path

from headwater.missions.problems import Problems

_LARGEST_BYTES = 16 * 2**20


def text_of(path: Path, problems: Problems) -> str | None:
    """The content of a file that a person gives us; none, and why in `problems`, if unusable."""
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            problems.add(str(path), "is larger than 16 MiB, expected a mission file or a table")
            return None
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        problems.add(str(path), f"is not UTF-8 text: byte {error.start} cannot be read")
    except OSError as error:
        problems.add(str(path), f"cannot be read: {error.strerror or error}")
    return None
