"""What is odd in an old database, and what was done about it (spec dbprocessing 8 and 12)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

_MOST_SHOWN = 1000  # rows of one oddity that are kept by name; all are counted


@dataclass(slots=True)
class Oddity:
    """One kind of oddity: what it is, in which rows, and what was done.

    `rows` are at most the first 1000; `count` counts all.
    """

    what: str
    done: str
    rows: list[str] = field(default_factory=list)
    count: int = 0

    def as_dict(self) -> dict[str, Any]:
        """The form for JSON and for the event."""
        return {"what": self.what, "count": self.count, "rows": self.rows, "done": self.done}


class Oddities:
    """A growing list, in the order of first mention."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Oddity] = {}

    def __iter__(self) -> Iterator[Oddity]:
        return iter(self._found.values())

    def add(self, what: str, done: str, row: str) -> None:
        """Note one row."""
        self.add_all(what, done, [row])

    def add_all(self, what: str, done: str, rows: Iterable[str]) -> None:
        """Note rows; nothing is noted where there are none."""
        for row in rows:
            one = self._found.setdefault((what, done), Oddity(what, done))
            one.count += 1
            if len(one.rows) < _MOST_SHOWN:
                one.rows.append(row)

    def add_counted(self, what: str, done: str, count: int, rows: Iterable[str]) -> None:
        """Note `count` rows, of which `rows` are the first."""
        if count:
            one = self._found.setdefault((what, done), Oddity(what, done))
            one.count += count
            one.rows += list(rows)[: _MOST_SHOWN - len(one.rows)]
