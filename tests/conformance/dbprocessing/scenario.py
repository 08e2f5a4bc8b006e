"""The recorded scenarios: what they hold, and the state in which they are to end."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class ScenarioError(Exception):
    """The file of scenarios cannot be used; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class FileState:
    """What is compared of a file."""

    name: str
    product: str
    date: str
    version: str
    newest: bool
    exists: bool
    keywords: str | None

    @property
    def place(self) -> tuple[str, str, str]:
        """What at most one newest file has: product, date and keywords."""
        return self.product, self.date, self.keywords or ""

    @property
    def numbers(self) -> tuple[int, ...]:
        """The version, to be ordered."""
        return tuple(int(part) for part in self.version.split("."))


@dataclass(frozen=True, slots=True)
class FinalState:
    """Files by name, links from file to file, and from file to ``CODE vX.Y.Z``."""

    files: Mapping[str, FileState]
    links: frozenset[tuple[str, str]]
    codes: frozenset[tuple[str, str]]

    def parents(self, name: str) -> frozenset[str]:
        """The files that a file was made from."""
        return frozenset(source for source, made in self.links if made == name)

    def code(self, name: str) -> str | None:
        """The code that made a file; none for a file that arrived."""
        return next((code for made, code in self.codes if made == name), None)

    def newest(self) -> dict[tuple[str, str, str], FileState]:
        """The newest file of each product, date and keywords."""
        return {file.place: file for file in self.files.values() if file.newest}


@dataclass(frozen=True, slots=True)
class Scenario:
    """One recorded run: configs, steps, and how it ended."""

    id: str
    title: str
    kind: str
    """``reference``, ``quirk`` or ``bug``."""
    better: str | None
    configs: Sequence[str]
    steps: Sequence[Mapping[str, Any]]
    assets: Mapping[str, str]
    has_error_folder: bool
    expected: FinalState | None
    wanted: FinalState | None
    digest: str
    """Of all that is played: what is written down of a scenario is found by it, not by the id."""


def read_scenarios(path: Path) -> list[Scenario]:
    """The scenarios of a file.

    Raises
    ------
    ScenarioError
        If it is not a file of that form.
    """
    try:
        whole = json.loads(path.read_text(encoding="utf-8"))
        assets = whole.get("assets", {})
        return [_scenario(one, assets) for one in whole["scenarios"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ScenarioError(f"{path} is not a file of scenarios: {error!r}") from error


def _scenario(one: Mapping[str, Any], assets: Mapping[str, str]) -> Scenario:
    config = one["config"]
    configs = [config] if isinstance(config, str) else list(config)
    own = {**assets, **one.get("assets", {})}
    played = json.dumps([configs, one["steps"], own], sort_keys=True)
    return Scenario(
        one["id"],
        one.get("title", ""),
        one["cls"],
        one.get("better"),
        configs,
        one["steps"],
        own,
        not one.get("no_errors_dir", False),
        final_state(one.get("expect_final")),
        final_state(one.get("wanted")),
        hashlib.sha256(played.encode()).hexdigest(),
    )


def final_state(recorded: Mapping[str, Any] | None) -> FinalState | None:
    """A recorded state; none where nothing was recorded."""
    if recorded is None:
        return None
    files = [
        FileState(
            file["filename"],
            file["product"],
            str(file["utc_file_date"]),
            file["version"],
            bool(file["newest"]),
            bool(file["exists_on_disk"]),
            file.get("process_keywords") or None,
        )
        for file in recorded.get("files", ())
    ]
    return FinalState(
        {file.name: file for file in files},
        frozenset((a, b) for a, b in recorded.get("filefilelink", ())),
        frozenset((a, b) for a, b in recorded.get("filecodelink", ())),
    )


def as_recorded(state: FinalState) -> dict[str, Any]:
    """A state in the form of the recordings."""
    return {
        "files": [
            {
                "filename": file.name,
                "product": file.product,
                "utc_file_date": file.date,
                "version": file.version,
                "newest": file.newest,
                "exists_on_disk": file.exists,
                "process_keywords": file.keywords,
            }
            for file in sorted(state.files.values(), key=lambda file: file.name)
        ],
        "filefilelink": sorted(map(list, state.links)),
        "filecodelink": sorted(map(list, state.codes)),
    }
