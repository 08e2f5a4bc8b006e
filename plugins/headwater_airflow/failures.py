"""How Headwater's errors become Airflow's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from airflow.sdk.exceptions import AirflowException, AirflowFailException

from headwater.core.errors import CatalogUnavailableError, HeadwaterError

CATALOG_RETRIES = 3
CATALOG_RETRY_DELAY = timedelta(seconds=10)


@contextmanager
def airflow_failures() -> Iterator[None]:
    """Tell Airflow in one sentence what went wrong, and whether trying again can help.

    A catalog that does not answer is tried again by Airflow's retries; every other known error
    would come again, so it fails the task at once.

    Raises
    ------
    AirflowException
        If the catalog does not answer.
    AirflowFailException
        For any other `HeadwaterError`.
    """
    try:
        yield
    except CatalogUnavailableError as error:
        raise AirflowException(str(error)) from error
    except HeadwaterError as error:
        raise AirflowFailException(str(error)) from error
