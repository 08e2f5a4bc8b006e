"""Two days of a healthy mission, and ways to break it by hand and to see what is told."""

from __future__ import annotations

from datetime import date

from processing_lab import Lab
from sqlalchemy import text

from headwater.archive.promises import broken_promises
from headwater.catalog.connection import Catalog

D1, D2 = date(2020, 1, 1), date(2020, 1, 2)
L0, L1 = "l0/l0_20200101_v1.0.0.dat", "l1/l1_20200101_v1.0.0.dat"


def run(catalog: Catalog, *statements: str) -> None:
    """Change the catalog behind the program's back."""
    with catalog.begin() as connection:
        connection.execute(text("set local search_path to headwater"))
        for statement in statements:
            connection.execute(text(statement))


def broken(lab: Lab, **options: bool) -> list[str]:
    return [str(one) for one in broken_promises(lab.catalog, "lab", **options)]
