"""How tasks reach the catalog: by the Airflow connection ``headwater_catalog``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from headwater.catalog.connection import Catalog
from headwater.core.errors import SettingError

CONNECTION = "headwater_catalog"


def catalog_address() -> str:
    """The catalog's address, with its password.

    Raises
    ------
    SettingError
        If Airflow has no such connection.
    """
    try:
        connection = BaseHook.get_connection(CONNECTION)
    except AirflowNotFoundException as error:
        raise SettingError(
            f"Airflow has no connection {CONNECTION!r}: add one of type postgres, or set "
            f"AIRFLOW_CONN_{CONNECTION.upper()} for its processes"
        ) from error
    return str(connection.get_uri())


@contextmanager
def open_catalog() -> Iterator[Catalog]:
    """The catalog, closed at the end.

    Raises
    ------
    SettingError
        If Airflow has no such connection.
    """
    catalog = Catalog(catalog_address(), pool_size=2)
    try:
        yield catalog
    finally:
        catalog.close()
