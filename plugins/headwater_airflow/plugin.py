"""The plug-in that Airflow finds by the entry point ``airflow.plugins: headwater``.

Every Airflow process imports this module, so it imports nothing heavy.
"""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

from headwater_airflow import listeners
from headwater_airflow.lazy_app import LazyApp
from headwater_airflow.persons import PersonMiddleware
from headwater_airflow.views import pages


class HeadwaterPlugin(AirflowPlugin):
    """What Headwater adds to Airflow."""

    name = "headwater"
    fastapi_apps = [  # noqa: RUF012  as below
        {"app": LazyApp(), "url_prefix": "/headwater", "name": "Headwater"}
    ]
    react_apps = pages()
    listeners = [listeners]  # noqa: RUF012  Airflow reads it as the class has it
    fastapi_root_middlewares = [  # noqa: RUF012  as above
        {"middleware": PersonMiddleware, "args": [], "kwargs": {}, "name": "headwater: who asks"}
    ]
