"""Headwater's pages inside the Airflow UI: one script, and where it is to be shown.

The script is made from ``src`` when Headwater is installed (``hatch_build.py``); each page is a
React component that the script leaves under its name.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).parent / "dist" / "pages.js"

_ICON = (
    "data:image/svg+xml;utf8,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' "
    "fill='none' stroke='{}' stroke-width='2' stroke-linecap='round'>"
    "<path d='M12 3c-3 4-5 6.500-5 9.500a5 5 0 0 0 10 0C17 9.500 15 7 12 3z'/>"
    "<path d='M2 20c2 0 2-1 4-1s2 1 4 1 2-1 4-1 2 1 4 1 2-1 4-1'/></svg>"
)


def pages() -> list[dict[str, Any]]:
    """Each page as Airflow lists it: its name, its place in the UI, and the script."""
    common = {
        "bundle_url": f"headwater/pages.js?v={_stamp()}",
        "icon": _ICON.format("slategray"),
        "icon_dark_mode": _ICON.format("silver"),
    }
    return [
        {"name": "Headwater", "url_route": "headwater", "destination": "nav",
         "nav_top_level": True, **common},
        {"name": "Builds", "url_route": "builds-of-run", "destination": "dag_run", **common},
        {"name": "Builds", "url_route": "builds-of-task", "destination": "task_instance",
         **common},
    ]  # fmt: skip


def _stamp() -> int:
    """A number that changes with the script, so that no browser runs the one of before."""
    try:
        return SCRIPT.stat().st_mtime_ns
    except FileNotFoundError:
        return 0
