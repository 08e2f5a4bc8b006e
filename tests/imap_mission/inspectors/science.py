"""Products of IMAP MAG: a CDF file for the whole day in its name."""

from __future__ import annotations

import re
from datetime import datetime, time
from pathlib import Path

from dbprocessing import Version, inspector

CDF_3 = bytes.fromhex("cdf30001")  # how a file of CDF version 3 begins


class Inspector(inspector.inspector):
    """One inspector for all levels; its argument says which, e.g. ``what=l1a_norm-mago``."""

    code_name = "science.py"

    def inspect(self, kwargs: dict[str, str]) -> str | None:
        """Say whether the file is of the product, and its day and version (v001.0203 is 1.2.3)."""
        pattern = rf"imap_mag_{kwargs['what']}_(\d{{8}})_v(\d{{3}})\.(\d\d)(\d\d)\.cdf"
        name = re.fullmatch(pattern, self.basename)
        if not name:
            return None
        with Path(self.filename).open("rb") as file:
            if file.read(len(CDF_3)) != CDF_3:
                return None
        day = datetime.strptime(name[1], "%Y%m%d")
        params = self.diskfile.params
        params["utc_file_date"] = day.date()
        params["utc_start_time"] = day
        params["utc_stop_time"] = datetime.combine(day, time.max)
        params["version"] = Version.Version(*(int(part) for part in name.groups()[1:]))
        return "science"
