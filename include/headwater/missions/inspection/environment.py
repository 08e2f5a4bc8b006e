"""The environment that code of a mission is given: nothing secret, nothing of Airflow."""

from __future__ import annotations

import re
from collections.abc import Mapping

# Libpq reads PG*; Airflow's variables hold connections and keys; our own URLs hold passwords.
_PRIVATE = re.compile(
    r"HEADWATER_.*URL|_?AIRFLOW.*|PG[A-Z]*|DATABASE_URL"
    r"|.*(PASSWORD|PASSWD|SECRET|TOKEN|CREDENTIAL|PRIVATE_KEY|API_KEY|ACCESS_KEY).*",
    re.IGNORECASE,
)
# A parent that writes no bytecode would make each start of a helper slow.
_UNWANTED = frozenset({"PYTHONDONTWRITEBYTECODE"})


def quiet_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """`environment` without what could tell a secret (DESIGN 6).

    Dropped are ``HEADWATER_*URL``, ``AIRFLOW*``, ``PG*``, ``DATABASE_URL`` and every name that
    speaks of a password, secret, token, credential or key.
    """
    return {
        name: text
        for name, text in environment.items()
        if name not in _UNWANTED and _PRIVATE.fullmatch(name) is None
    }
