"""The plan of a campaign in words: for a terminal, a log, and the question of its approval."""

from __future__ import annotations

from headwater.core.version import Bump
from headwater.processing.campaign_plan import CampaignSummary

REASONS_SHOWN = 12
"""How many reasons the plan of a campaign lists; the others are only counted."""
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")
_SECONDS = ((86400, "days"), (3600, "h"), (60, "min"))


def bytes_in_words(number: float) -> str:
    """A number of bytes for a person, in powers of 1000: ``1.5 GB``."""
    step = 0
    while number >= 1000 and step < len(_UNITS) - 1:
        number /= 1000
        step += 1
    return f"{number:.1f} {_UNITS[step]}" if step else f"{number:.0f} B"


def seconds_in_words(seconds: float | None) -> str:
    """A time for a person: ``about 2.5 h``."""
    if seconds is None:
        return "not known yet"
    for size, unit in _SECONDS:
        if seconds >= size:
            return f"about {seconds / size:.1f} {unit}"
    return f"about {seconds:.1f} s"


def summary_lines(summary: CampaignSummary) -> list[str]:
    """The plan of a campaign, a sentence a line; lines that begin with ``- `` belong to a list."""
    lines = [
        f"{summary.builds} builds on {summary.dates} dates, {summary.first} to {summary.last}; "
        f"they read {bytes_in_words(summary.input_bytes)}, write about "
        f"{bytes_in_words(summary.output_bytes)}, and take {seconds_in_words(summary.seconds)}."
    ]
    if summary.forced is not None:
        part = Bump(summary.forced).name.lower()
        lines.append(f"Everything is made anew, and the {part} of its version grows.")
    if summary.throttle is not None:
        lines.append(f"At most {summary.throttle} of its builds are under way at a time.")
    lines += [f"- {one.process}: {one.builds} builds on {one.dates} dates" for one in summary.work]
    shown = summary.reasons[:REASONS_SHOWN]
    lines += [f"- {one.process}, {one.action}: {one.builds}, {one.reason}" for one in shown]
    if len(summary.reasons) > len(shown):
        lines.append(f"- and {len(summary.reasons) - len(shown)} more reasons")
    lines += [
        f"Release {name}: {files} of its files get a newer version; the release keeps its own."
        for name, files in summary.released.items()
    ]
    lines += [
        f"Campaign {other.number} ({other.state}, by {other.approved_by or other.created_by}: "
        f"{other.reason}) has {other.dates} of these dates too: each is made once."
        for other in summary.others
    ]
    return lines
