"""The environment that a code is given.

dbprocessing's codes inherit the environment of the program that runs them, and existing codes
rely on it (``CDF_LIB``, ``LD_LIBRARY_PATH``, ``PGPLOT_DIR``, ...; spec dbprocessing 5.5). So a
code inherits everything, except what may be secret: the settings of Airflow, Headwater and
Postgres, variables whose name speaks of a secret, and addresses that hold a password. What a
mission sets for its codes is given to them as it is, whatever its name.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from headwater.core.secret_variables import is_secret


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
