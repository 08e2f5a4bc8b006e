"""The environment that a code is given.

dbprocessing's codes inherit the environment of the program that runs them, and existing codes
rely on it (``CDF_LIB``, ``LD_LIBRARY_PATH``, ``PGPLOT_DIR``, ...; spec dbprocessing 5.5). So a
code inherits everything, except what may be secret: the settings of Airflow, Headwater and
Postgres, variables whose name speaks of a secret, and addresses that hold a password. What a
mission sets for its codes is given to them as it is, whatever its name.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping

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
    """Whether a variable may tell a code something that it has no business to know."""
    upper = name.upper().lstrip("_")
    if upper.startswith(_SYSTEMS) and not upper.startswith(_NOT_POSTGRES):
        return True
    if any(word in upper for word in _SECRET_WORDS):
        return True
    return _ADDRESS_WITH_PASSWORD.search(value) is not None


def code_environment(base: Mapping[str, str], extra: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a code: `base` without secrets, then `extra`, which wins.

    `base` is usually ``os.environ``; `extra` is what the mission sets for its codes. ``PATH``
    starts with the folder of the running interpreter, so that ``#!/usr/bin/env python3`` finds
    the packages that Headwater was installed with, unless `extra` sets it.
    """
    inherited = {name: value for name, value in base.items() if not is_secret(name, value)}
    own_folder = os.path.dirname(sys.executable)  # noqa: PTH120 - as text, like PATH itself
    folders = [own_folder, *inherited.get("PATH", os.defpath).split(os.pathsep)]
    inherited["PATH"] = os.pathsep.join(dict.fromkeys(folders))
    return inherited | dict(extra)
