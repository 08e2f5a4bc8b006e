"""How tasks reach Airflow's REST interface: by the Airflow connection ``headwater_airflow``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from headwater.core.errors import SettingError
from headwater.flows.airflow_rest import AirflowRest

CONNECTION = "headwater_airflow"


@contextmanager
def open_airflow() -> Iterator[AirflowRest]:
    """Airflow's REST interface with Headwater's service account, closed at the end.

    Raises
    ------
    SettingError
        If Airflow has no such connection.
    """
    base, username, password = _account()
    with AirflowRest(base, username, password) as rest:
        yield rest


@contextmanager
def open_airflow_as(token: str) -> Iterator[AirflowRest]:
    """Airflow's REST interface with the token of a person who has logged in.

    So Airflow's own rules decide what they may, and its audit log names them.

    Raises
    ------
    SettingError
        If Airflow has no such connection, which tells the address.
    """
    with AirflowRest(_account()[0], token=token) as rest:
        yield rest


def _account() -> tuple[str, str, str]:
    """The address, and the service account's name and password."""
    try:
        connection = BaseHook.get_connection(CONNECTION)
    except AirflowNotFoundException as error:
        raise SettingError(
            f"Airflow has no connection {CONNECTION!r}: add one of type http for an account that "
            f"may trigger DAGs, or set AIRFLOW_CONN_{CONNECTION.upper()} for its processes"
        ) from error
    scheme = connection.schema or "http"
    port = f":{connection.port}" if connection.port else ""
    base = f"{scheme}://{connection.host}{port}"
    return base, connection.login or "", connection.password or ""
