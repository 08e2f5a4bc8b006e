"""Which environment variables may hold a secret, so that no program of a mission is given them."""

from __future__ import annotations

import re

_SYSTEMS = ("AIRFLOW", "HEADWATER", "PG")
_NOT_POSTGRES = "PGPLOT"  # a plotting library of the field, named before Postgres was
_SECRET_WORDS = (
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "SECRET",
    "TOKEN",
    "KEY",
    "CREDENTIAL",
    "JWT",
    "DATABASE_URL",
    "SQLALCHEMY",
    "DSN",
)
_ADDRESS_WITH_PASSWORD = re.compile(r"://[^/@\s]*:[^/@\s]+@")


def is_secret(name: str, value: str) -> bool:
    """Whether a variable may tell a program something that it has no business to know.

    Those are the settings of Airflow, Headwater and Postgres, names that speak of a secret, and
    addresses that hold a password.
    """
    upper = name.upper().lstrip("_")
    if upper.startswith(_SYSTEMS) and not upper.startswith(_NOT_POSTGRES):
        return True
    if any(word in upper for word in _SECRET_WORDS):
        return True
    return _ADDRESS_WITH_PASSWORD.search(value) is not None
