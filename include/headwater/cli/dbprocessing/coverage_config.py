"""The config file of coveragePlot.py: sections settings, panel, and one a plot."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from dateutil import parser as free_form

from headwater.cli.dbprocessing.config_sections import read_sections
from headwater.core.errors import SettingError, VersionError
from headwater.core.interval import DAY, DateSpan
from headwater.core.version import Version

_LATER = re.compile(r"(?P<day>.+?)\s*(?P<sign>[+-])\s*\{(?P<days>\d+)\s+DAYS\}\s*")
_NUMBERED = re.compile(r"(product|plot)(\d+)")


@dataclass(frozen=True, slots=True)
class WantedProduct:
    """A row: the product, which names count, and the lowest version that counts."""

    product: str
    glob: str
    lowest: Version | None


@dataclass(frozen=True, slots=True)
class Panel:
    """One plot: its label, and its rows from the bottom up."""

    label: str
    products: tuple[WantedProduct, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CoverageConfig:
    """What to draw; `span` is in UTC dates, both included."""

    mission: str
    outfile: Path
    form: str
    span: DateSpan
    days_a_page: int
    title: str
    panels: tuple[Panel, ...]
    colours: tuple[str, str, str]
    """Of what is present, missing, and not expected before later."""

    def pages(self) -> Iterator[DateSpan]:
        """The span in pieces of so many days."""
        first = self.span.first
        while first <= self.span.last:
            last = min(first + (self.days_a_page - 1) * DAY, self.span.last)
            yield DateSpan(first, last)
            first = last + DAY


def read_coverage_config(path: Path, today: date) -> CoverageConfig:
    """Read a config file; ``{TODAY}`` and ``{N DAYS}`` are replaced.

    Raises
    ------
    SettingError
        If it cannot be read or used; the message names file, section and key.
    """
    return _Reader(path, read_sections(path), today).config()


@dataclass(frozen=True, slots=True)
class _Reader:
    path: Path
    sections: Mapping[str, Mapping[str, str]]
    today: date

    def config(self) -> CoverageConfig:
        form = self._need("settings", "outformat").lower().lstrip(".")
        name = self._need("settings", "filename_format").replace("{TODAY}", f"{self.today:%Y%m%d}")
        if "/" in name or "{" in name:
            raise self._wrong("settings", "filename_format", name, "a name, maybe with {TODAY}")
        folder = self.sections["settings"].get("outdirectory", ".")
        first, last = self._date("startdate"), self._date("enddate")
        if last < first:
            raise self._wrong("settings", "enddate", str(last), f"a date from {first} on")
        panel = self._section("panel")
        plots = _in_order(panel, "plot")
        if not plots:
            raise SettingError(f"{self.path} [panel] names no plot: give plot1")
        return CoverageConfig(
            mission=os.path.expandvars(str(Path(self._need("settings", "mission")).expanduser())),
            outfile=Path(os.path.expandvars(folder)).expanduser() / f"{name}.{form}",
            form=form,
            span=DateSpan(first, last),
            days_a_page=self._positive("panel", "daysperplot"),
            title=self._need("panel", "title"),
            panels=tuple(self._panel(panel[key]) for key in plots),
            colours=(
                panel.get("preset", "#2e8b57"),
                panel.get("missing", "#d1453b"),
                panel.get("expected", "#b5bbc1"),
            ),
        )

    def _panel(self, name: str) -> Panel:
        keys = self._section(name)
        products = _in_order(keys, "product")
        if not products:
            raise SettingError(f"{self.path} [{name}] names no product: give product1")
        return Panel(
            self._need(name, "ylabel"),
            tuple(self._product(name, keys, key) for key in products),
            tuple(keys.get(key.replace("product", "yticklabel"), keys[key]) for key in products),
        )

    def _product(self, name: str, keys: Mapping[str, str], key: str) -> WantedProduct:
        lowest = keys.get(f"{key}_version")
        try:
            version = Version.parse(lowest) if lowest else None
        except VersionError as error:
            raise SettingError(f"{self.path} [{name}] {key}_version: {error}") from error
        return WantedProduct(keys[key], keys.get(f"{key}_glob", "*"), version)

    def _section(self, name: str) -> Mapping[str, str]:
        if name not in self.sections:
            raise SettingError(f"{self.path} has no section [{name}]")
        return self.sections[name]

    def _need(self, name: str, key: str) -> str:
        value = self._section(name).get(key, "").strip()
        if not value:
            raise SettingError(f"{self.path} [{name}] lacks {key}")
        return value

    def _positive(self, name: str, key: str) -> int:
        text = self._need(name, key)
        if not text.isdecimal() or int(text) < 1:
            raise self._wrong(name, key, text, "a number of days, 1 or more")
        return int(text)

    def _date(self, key: str) -> date:
        text = self._need("settings", key)
        later = _LATER.fullmatch(text)
        days = int(later["sign"] + later["days"]) if later else 0
        day = (later["day"] if later else text).replace("{TODAY}", f"{self.today:%Y%m%d}")
        try:
            return free_form.parse(day).date() + timedelta(days=days)
        except (ValueError, OverflowError) as error:
            expected = "a date such as 20120901, {TODAY}, or {TODAY} + {7 DAYS}"
            raise self._wrong("settings", key, text, expected) from error

    def _wrong(self, name: str, key: str, value: str, expected: str) -> SettingError:
        return SettingError(f"{self.path} [{name}] {key}: {value!r}, expected {expected}")


def _in_order(keys: Mapping[str, str], kind: str) -> list[str]:
    """The keys ``kind1``, ``kind2``, ... by their numbers."""
    found = {key: _NUMBERED.fullmatch(key) for key in keys}
    numbers = {key: int(one[2]) for key, one in found.items() if one and one[1] == kind}
    return sorted(numbers, key=lambda key: numbers[key])
