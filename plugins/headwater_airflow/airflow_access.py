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
    with AirflowRest(base, connection.login or "", connection.password or "") as rest:
        yield rest
