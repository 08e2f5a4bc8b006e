"""What is wrong in mission files, gathered so that a person sees all of it at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from headwater.core.errors import MissionFileError

Loc = tuple[str | int, ...]
"""The way to a value in a definition: ``("products", "l0", "inspector", "version")``."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where in a file the values of a definition stand, in the file's own words.

    `names` gives the words for some ways; for a longer way the nearest of them and the rest.
    """

    file: str = "the definition"
    names: Mapping[Loc, str] = field(default_factory=dict)
    joint: str = ", "
    """What stands between such words and the rest of a way."""

    def place(self, *loc: str | int) -> str:
        """The place of a value: ``lab.conf, section [product_l0], key level``."""
        for length in range(len(loc), 0, -1):
            name = self.names.get(loc[:length])
            if name is not None:
                rest = dotted(loc[length:])
                joint = "" if rest.startswith("[") or not rest else self.joint
                return f"{self.file}, {name}{joint}{rest}"
        return f"{self.file}, {dotted(loc)}" if loc else self.file


def dotted(loc: Sequence[str | int]) -> str:
    """The way as text: ``processes.l1.inputs[0]``."""
    text = ""
    for part in loc:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint to go behind a message about an unknown word."""
    names = sorted(set(known))
    folded = {name.lower(): name for name in names}
    found = difflib.get_close_matches(word.lower(), list(folded), n=1, cutoff=0.6)
    if found:
        return f"did you mean {folded[found[0]]!r}?"
    if not names:
        return "there are none"
    return "known are " + ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")


class Problems:
    """A growing list of what is wrong."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(self, place: str, text: str) -> None:
        """Note that at `place` something is wrong; `text` says what, and what was expected.

        What was said there already, perhaps in more words, is not said again.
        """
        line = f"{place}: {text}"
        if not any(known.startswith(line) for known in self.lines):
            self.lines.append(line)

    def refuse(self) -> None:
        """End here if anything was noted.

        Raises
        ------
        MissionFileError
            With one line a problem.
        """
        if len(self.lines) == 1:
            raise MissionFileError(self.lines[0])
        if self.lines:
            raise MissionFileError(
                f"{len(self.lines)} problems, nothing was applied:\n" + "\n".join(self.lines)
            )
