"""SPICE text kernels: valid from their first entry on; one with a higher number replaces them."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

from dateutil import parser
from dbprocessing import Version, inspector

KINDS = {  # the name, and the variable whose first entry is the start
    "lsk": (r"naif(\d{4})\.tls", "DELTET/DELTA_AT"),
    "sclk": (r"imap_sclk_(\d{4})\.tsc", "SCLK01_COEFFICIENTS_43"),
}
FOR_EVER = datetime(2099, 12, 31)


class Inspector(inspector.inspector):
    """One inspector for both kinds: ``kind=lsk`` leap seconds, ``kind=sclk`` spacecraft clock."""

    code_name = "kernels.py"

    def inspect(self, kwargs: dict[str, str]) -> str | None:
        """Say whether the file is a kernel of the kind, when it begins, and its version."""
        pattern, variable = KINDS[kwargs["kind"]]
        name = re.fullmatch(pattern, self.basename)
        if not name:
            return None
        text = Path(self.filename).read_text(encoding="ascii")
        entry = re.search(rf"{variable}\s*=[^@=]*@(\d+-[A-Z]{{3}}-\d+)", text)
        if not entry:
            raise ValueError(f"it has no entry of {variable}")
        start = parser.parse(entry[1])
        params = self.diskfile.params
        params["utc_file_date"] = start.date()
        params["utc_start_time"], params["utc_stop_time"] = start, FOR_EVER
        params["version"] = Version.Version(1, 0, int(name[1]))
        return "kernel"
