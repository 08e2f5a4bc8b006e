"""The environment that inspectors are given: nothing secret, nothing of Airflow."""

from __future__ import annotations

from collections.abc import Mapping

from headwater.core.secret_variables import is_secret

# A parent that writes no bytecode would make each start of a helper slow.
_UNWANTED = frozenset({"PYTHONDONTWRITEBYTECODE"})


def quiet_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """`environment` without what could tell a secret (DESIGN 6), by the rule for codes."""
    return {
        name: text
        for name, text in environment.items()
        if name not in _UNWANTED and not is_secret(name, text)
    }
