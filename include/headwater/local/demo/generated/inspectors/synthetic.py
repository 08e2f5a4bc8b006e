"""Files of the generated mission: everything is in the name, e.g. synth_l0_20200101_v1.0.0.dat."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from dbprocessing import Version, inspector

NAME = re.compile(r"synth_l(\d+)_(\d{8})_v(\d+\.\d+\.\d+)\.dat")


class Inspector(inspector.inspector):
    """One inspector for all levels; its argument says which, e.g. ``level=1``."""

    code_name = "synthetic.py"

    def inspect(self, kwargs: dict[str, str]) -> str | None:
        """Say whether the file is of the level, and its day and version."""
        name = NAME.fullmatch(self.basename)
        if not name or name[1] != kwargs["level"]:
            return None
        day = datetime.strptime(name[2], "%Y%m%d")
        params = self.diskfile.params
        params["utc_file_date"] = day.date()
        params["utc_start_time"], params["utc_stop_time"] = (
            day,
            day + timedelta(hours=23, minutes=59, seconds=59),
        )
        params["version"] = Version.Version.fromString(name[3])
        return "generated file"
