"""Level 0: a file of CYGNSS packets. Its times are those of its packets, not of its name."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path

from dbprocessing import Version, inspector

NAME = re.compile(r"cygf7_l0_(\d{8})_(\d{6})_v(\d+\.\d+\.\d+)\.tlm")


def packet_times(path: str) -> list[datetime]:
    """Return the UTC time of each packet; none if the file is not whole packets with a time."""
    data, times, at = Path(path).read_bytes(), [], 0
    while (bits := int.from_bytes(data[at + 8 : at + 16], "big")) >> 46 & 4095:
        clock = timedelta(0, bits >> 20 & 63, bits & 0xFFFFF, 0, bits >> 26 & 63, bits >> 32 & 31)
        times.append(datetime(bits >> 46 & 4095, 1, 1) + timedelta((bits >> 37 & 511) - 1) + clock)
        at += 7 + int.from_bytes(data[at + 4 : at + 6], "big")
    return times if at == len(data) else []


class Inspector(inspector.inspector):
    """Name and packets must agree on the day; the granule goes into the names of products."""

    code_name = "packets.py"

    def inspect(self, kwargs: dict[str, str]) -> str | None:
        """Say whether the file is level 0, and its times, version and granule."""
        name = NAME.fullmatch(self.basename)
        times = packet_times(self.filename) if name else []
        if not name or not times or f"{min(times):%Y%m%d}" != name[1]:
            return None
        params = self.diskfile.params
        params["utc_file_date"] = min(times).date()
        params["utc_start_time"], params["utc_stop_time"] = min(times), max(times)
        params["version"] = Version.Version.fromString(name[3])
        params["process_keywords"] = f"granule={name[2]}"
        return "level 0 packets"
