"""The one catalog of an API server process, for all requests."""

from __future__ import annotations

import threading

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from headwater.catalog import schema
from headwater.catalog.connection import Catalog, catalog_url
from headwater.core.errors import SettingError
from headwater.web.errors import NotSetUpError
from headwater_airflow.catalog_access import CONNECTION

LONGEST_STATEMENT_MS = 30_000
"""A page that asks for so much that it takes longer is told so, and frees its connection."""
_POOL = 4

_opening = threading.Lock()
_opened: dict[str, Catalog] = {}
_checked: set[str] = set()


def shared_catalog() -> Catalog:
    """The catalog of the Airflow connection ``headwater_catalog``, opened once in this process.

    It is opened by the first request, so after any fork.

    Raises
    ------
    NotSetUpError
        If Airflow has no such connection, or it is not one of Postgres.
    CatalogSchemaError
        If its schema is not the one that is needed.
    CatalogUnavailableError
        If the database does not answer.
    """
    try:
        address = BaseHook.get_connection(CONNECTION).get_uri()
        url = catalog_url(address)
    except (AirflowNotFoundException, SettingError) as error:
        raise NotSetUpError(
            f"the API server has no usable connection {CONNECTION!r} of type postgres: {error}"
        ) from error
    with _opening:
        if address not in _opened:
            limits = {"options": f"-c statement_timeout={LONGEST_STATEMENT_MS}"}
            _opened[address] = Catalog(url.update_query_dict(limits), pool_size=_POOL)
        catalog = _opened[address]
    if address not in _checked:
        schema.check(catalog)
        _checked.add(address)
    return catalog
