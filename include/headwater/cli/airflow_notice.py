"""Airflow told of a mission's new revision, as far as it runs here."""

from __future__ import annotations

from headwater.catalog.connection import Catalog
from headwater.cli.output import err
from headwater.core.errors import HeadwaterError


def tell_airflow(catalog: Catalog, missions: list[str]) -> list[str]:
    """Give the DAG files the missions' new revisions; the catalog has them whatever comes of it."""
    from headwater.local.announce import announce  # loads much that few commands need

    try:
        return announce(catalog, missions)
    except HeadwaterError as error:
        err.print(
            f"headwater: the mission is applied, but Airflow was not told: {error}", markup=False
        )
        return []
