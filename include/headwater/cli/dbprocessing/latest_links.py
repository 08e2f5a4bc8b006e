"""Links to the newest versions of files: what a section of makeLatestSymlinks' config asks for."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from dateutil import parser as free_form

from headwater.cli.dbprocessing.config_sections import read_sections
from headwater.core.errors import SettingError

_VERSION = re.compile(r"[vV](\d+)\.(\d+)\.(\d+)(?=\.|$)")
_DAY = re.compile(r"(?:19|20)\d\d[01]\d[0-3]\d")
_MONTH = re.compile(r"(?:19|20)\d\d[01]\d")
_TRUE = ("true", "yes", "1", "y", "on")
_KEYS = (
    "sourcedir", "destdir", "deltadays", "startdate", "enddate", "filter", "linkdirs", "outmode",
    "nodate",
)  # fmt: skip


@dataclass(slots=True)
class Links:
    """What one synchronisation did: links made and removed, and what could not be done."""

    sources: int
    made: list[Path] = field(default_factory=list)
    removed: list[Path] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class LinkTask:
    """One section: link what matches `globs` in `source` into `target`, the newest versions only.

    `first` and `last` limit the dates in the names, unless that is none.
    """

    source: Path
    target: Path
    globs: tuple[str, ...]
    first: date | None
    last: date | None
    folders_too: bool
    mode: int
    """The permissions of `target` if it is made."""

    def sync(self, glob: str) -> Links:
        """Make the links that are missing, and remove those of this glob that are not wanted.

        Only links are ever removed.
        """
        sources = [path for path in sorted(self.source.glob(glob)) if self._is_wanted(path)]
        wanted = {path.name: path for path in _newest(sources) if self._in_time(path.name)}
        done = Links(len(sources))
        self._remove(glob, wanted, done)
        if wanted:
            self._make(wanted, done)
        return done

    def _is_wanted(self, path: Path) -> bool:
        return path.is_file() or (self.folders_too and path.is_dir())

    def _in_time(self, name: str) -> bool:
        if self.first is None or self.last is None:
            return True
        day = date_in(name)
        return day is not None and self.first <= day <= self.last

    def _remove(self, glob: str, wanted: Mapping[str, Path], done: Links) -> None:
        for link in sorted(self.target.glob(glob)):
            if not link.is_symlink():
                if link.name not in wanted:
                    done.troubles.append(f"{link} is no link: it is left alone")
            elif link.name not in wanted or link.readlink() != wanted[link.name]:
                link.unlink(missing_ok=True)
                done.removed.append(link)

    def _make(self, wanted: Mapping[str, Path], done: Links) -> None:
        try:
            self.target.mkdir(self.mode, parents=True, exist_ok=True)
        except OSError as error:
            raise SettingError(f"{self.target} cannot be made: {error.strerror}") from error
        for name, path in wanted.items():
            link = self.target / name
            if link.is_symlink():
                continue
            try:
                link.symlink_to(path)
            except OSError as error:
                done.troubles.append(f"{link} cannot be made: {error.strerror}")
            else:
                done.made.append(link)


def _newest(paths: Sequence[Path]) -> list[Path]:
    """Of paths whose names differ in their version alone the highest, and all without one."""
    best: dict[str, tuple[tuple[int, ...], Path]] = {}
    for path in paths:
        found = _VERSION.search(path.name)
        version = tuple(int(part) for part in found.groups()) if found else ()
        base = path.name[: found.start()] + "\0" + path.name[found.end() :] if found else path.name
        if base not in best or best[base][0] < version:
            best[base] = version, path
    return [path for _, path in best.values()]


def date_in(name: str) -> date | None:
    """The first YYYYMMDD, or else the first YYYYMM, in a name; none if there is no date."""
    for pattern, form in ((_DAY, "%Y%m%d"), (_MONTH, "%Y%m")):
        found = pattern.search(name)
        try:
            if found:
                return datetime.strptime(found.group(), form).date()
        except ValueError:
            continue
    return None


def read_tasks(config: Path) -> dict[str, LinkTask]:
    """The sections of a config file, by name.

    Raises
    ------
    SettingError
        If it cannot be read; the message names file, section and key.
    """
    return {name: _task(f"{config} [{name}]", keys) for name, keys in read_sections(config).items()}


def _task(place: str, keys: Mapping[str, str]) -> LinkTask:
    missing = [key for key in _KEYS if key not in keys]
    if missing:
        raise SettingError(f"{place} lacks {', '.join(missing)}")
    hidden = timedelta(days=_number(place, keys, "deltadays", 10))
    first, last = (_date(place, keys, key) for key in ("startdate", "enddate"))
    always = keys["nodate"].strip().lower() in _TRUE
    return LinkTask(
        source=_folder(keys["sourcedir"]),
        target=_folder(keys["destdir"]),
        globs=_globs(place, keys["filter"]),
        first=None if always else first,
        last=None if always else min(last, datetime.now(UTC).date() - hidden),
        folders_too=keys["linkdirs"].strip().lower() in _TRUE,
        mode=_number(place, keys, "outmode", 8),
    )


def _globs(place: str, text: str) -> tuple[str, ...]:
    globs = tuple(glob.strip() for glob in text.split(",") if glob.strip())
    for glob in globs:
        if "/" in glob:
            raise SettingError(f"{place} filter: {glob!r} is no pattern for names in sourcedir")
    return globs


def _folder(text: str) -> Path:
    return Path(os.path.expandvars(text)).expanduser().absolute()


def _number(place: str, keys: Mapping[str, str], key: str, base: int) -> int:
    try:
        return int(keys[key], base)
    except ValueError as error:
        raise SettingError(f"{place} {key}: {keys[key]!r} is not a number") from error


def _date(place: str, keys: Mapping[str, str], key: str) -> date:
    try:
        return free_form.parse(keys[key]).date()
    except (ValueError, OverflowError) as error:
        raise SettingError(f"{place} {key}: {keys[key]!r} is not a date") from error
