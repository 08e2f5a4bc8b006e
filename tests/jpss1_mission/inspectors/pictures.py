"""Quick-look pictures: a whole PNG, for the whole day in its name."""

from __future__ import annotations

import re
from datetime import datetime, time
from pathlib import Path

from dbprocessing import Version, inspector

NAME = re.compile(r"j01_ql_(\d{8})_v(\d+\.\d+\.\d+)\.png")


class Inspector(inspector.inspector):
    """A PNG begins with its signature and ends with the chunk IEND (ISO/IEC 15948)."""

    code_name = "pictures.py"

    def inspect(self, kwargs: dict[str, str]) -> str | None:
        """Say whether the file is a quick-look, and its day and version."""
        name = NAME.fullmatch(self.basename)
        data = Path(self.filename).read_bytes() if name else b""
        if not name or not data.startswith(b"\x89PNG\r\n\x1a\n") or data[-8:-4] != b"IEND":
            return None
        day = datetime.strptime(name[1], "%Y%m%d").date()
        params = self.diskfile.params
        params["utc_file_date"] = day
        params["utc_start_time"], params["utc_stop_time"] = (
            datetime.combine(day, time.min),
            datetime.combine(day, time(23, 59, 59)),
        )
        params["version"] = Version.Version.fromString(name[2])
        return "picture"
