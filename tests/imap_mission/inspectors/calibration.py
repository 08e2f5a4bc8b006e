"""Calibrations of IMAP MAG: valid from the date in the name, to the second one if there is one."""

from __future__ import annotations

import re
from datetime import datetime, time

from dbprocessing import Version, inspector

NAME = re.compile(r"imap_mag_l1b-calibration_(\d{8})(?:_(\d{8}))?_v(\d{3})\.cdf")
FOR_EVER = "20991231"


class Inspector(inspector.inspector):
    """The name says it all."""

    code_name = "calibration.py"

    def inspect(self, kwargs: dict[str, str]) -> str | None:
        """Say whether the file is a calibration, how long it is valid, and its version."""
        name = NAME.fullmatch(self.basename)
        if not name:
            return None
        first, last = (datetime.strptime(day or FOR_EVER, "%Y%m%d") for day in name.groups()[:2])
        params = self.diskfile.params
        params["utc_file_date"] = first.date()
        params["utc_start_time"] = first
        params["utc_stop_time"] = datetime.combine(last, time.max)
        params["version"] = Version.Version(int(name[3]), 0, 0)
        return "calibration"
