"""The page of htmlCoverage.py: products across, dates down, versions where they meet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from html import escape

from headwater.catalog.queries.product_files import NewestFile
from headwater.missions.loaded import LoadedProduct

_STYLE = """
:root { color-scheme: light dark; --ground: #fff; --text: #1c2024; --faint: #5f6872;
  --line: #d9dde2; --head: #eef1f4; --there: #e3f3e8; --lost: #fbe3df; --lost-text: #a02415; }
@media (prefers-color-scheme: dark) { :root { --ground: #14171a; --text: #e4e7ea;
  --faint: #9aa4ae; --line: #343b42; --head: #20262b; --there: #16341f; --lost: #47201b;
  --lost-text: #ff9d8f; } }
* { box-sizing: border-box; }
body { margin: 0; padding: 1rem; background: var(--ground); color: var(--text);
  font: 14px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.3rem; margin: 0 0 .2rem; overflow-wrap: anywhere; }
p { margin: 0 0 .8rem; color: var(--faint); }
.table { overflow: auto; max-height: calc(100vh - 8.5rem); max-width: 100%; width: fit-content;
  border: 1px solid var(--line); border-radius: 6px; }
table { border-collapse: separate; border-spacing: 0; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--line); text-align: left;
  white-space: nowrap; }
thead th { position: sticky; top: 0; z-index: 1; background: var(--head); vertical-align: bottom;
  min-width: 7rem; max-width: 11rem; white-space: normal; overflow-wrap: anywhere; }
thead small { display: block; font-weight: normal; color: var(--faint); white-space: nowrap; }
tbody th { position: sticky; left: 0; background: var(--ground); font-weight: normal; }
thead th:first-child { left: 0; z-index: 2; }
tbody th small { color: var(--faint); margin-left: .4rem; }
tr.month th, tr.month td { border-top: 2px solid var(--faint); }
tr:last-child > * { border-bottom: 0; }
td.there { background: var(--there); }
td.lost { background: var(--lost); color: var(--lost-text); }
td.none { color: var(--faint); }
@media (max-width: 600px) { body { padding: .6rem; font-size: 13px; }
  th, td { padding: .25rem .4rem; } tbody th small { display: none; }
  thead th { min-width: 6rem; max-width: 8rem; } }
"""


@dataclass(frozen=True, slots=True)
class CoveragePage:
    """What a page shows: the products of a satellite, and dates from the latest down, UTC."""

    mission: str
    satellite: str
    made_at: datetime
    products: Sequence[LoadedProduct]
    dates: Sequence[date]
    files: Mapping[tuple[int, date], Sequence[NewestFile]]
    """Product id and date -> its newest files."""

    def html(self) -> str:
        """The page, complete."""
        title = f"{escape(self.mission)}, {escape(self.satellite)}: files present"
        return (
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{title}</title>\n<style>{_STYLE}</style></head>\n<body>\n<h1>{title}</h1>\n"
            f"<p>{self.made_at:%Y-%m-%d %H:%M:%S} UTC. A cell is the version of the newest file of "
            f"a date.</p>\n{self._table()}\n</body></html>\n"
        )

    def _table(self) -> str:
        if not self.dates or not self.products:
            return "<p>There are no files.</p>"
        heads = "".join(
            f'<th scope="col">{escape(product.name)}<small>{product.id}, level '
            f"{product.level:g}</small></th>"
            for product in self.products
        )
        rows = "\n".join(self._row(day) for day in self.dates)
        return (
            f'<div class="table" tabindex="0"><table>\n<thead><tr><th scope="col">Date</th>{heads}'
            f"</tr></thead>\n<tbody>\n{rows}\n</tbody></table></div>"
        )

    def _row(self, day: date) -> str:
        cells = "".join(_cell(self.files.get((product.id, day), ())) for product in self.products)
        last_of_month = ' class="month"' if (day.month, day.year) != _month_after(day) else ""
        return (
            f'<tr{last_of_month}><th scope="row">{day.isoformat()}<small>{day:%Y-%j}</small></th>'
            f"{cells}</tr>"
        )


def _month_after(day: date) -> tuple[int, int]:
    following = date.fromordinal(min(day.toordinal() + 1, date.max.toordinal()))
    return following.month, following.year


def _cell(files: Sequence[NewestFile]) -> str:
    if not files:
        return '<td class="none">&ndash;</td>'
    versions = sorted({file.version for file in files})
    shown = ", ".join(str(version) for version in versions)
    many = f" &times;{len(files)}" if len(files) > len(versions) else ""
    lost = [file for file in files if not file.exists_on_disk]
    names = escape("\n".join(file.name for file in files))
    kind, mark = ("lost", " lost") if lost else ("there", "")
    return f'<td class="{kind}" title="{names}">{shown}{many}{mark}</td>'
