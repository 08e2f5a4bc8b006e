"""Tables of level 1 and 2: the second line of a table says which span of UTC it covers."""

from __future__ import annotations

import re
from datetime import datetime
from itertools import islice
from pathlib import Path

from dbprocessing import Version, inspector


class Inspector(inspector.inspector):
    """One inspector for all tables; its argument says which, e.g. ``table=l1_pvt``."""

    code_name = "tables.py"

    def inspect(self, kwargs: dict[str, str]) -> str | None:
        """Say whether the file is a table of the product, and its times, version, granule."""
        product = kwargs["table"]
        pattern = rf"cygf7_{product}_\d{{8}}(?:_(\d{{6}}))?_v(\d+\.\d+\.\d+)\.csv"
        name = re.fullmatch(pattern, self.basename)
        if not name:
            return None
        with Path(self.filename).open(encoding="utf-8") as file:
            head = list(islice(file, 4))
        if len(head) < 4 or head[0] != f"# product: cygnss_{product}\n":
            return None  # a table without a row is not a product
        start, stop = (datetime.fromisoformat(text) for text in head[1].split()[-2:])
        params = self.diskfile.params
        params["utc_file_date"] = start.date()
        params["utc_start_time"], params["utc_stop_time"] = start, stop
        params["version"] = Version.Version.fromString(name[2])
        if name[1]:
            params["process_keywords"] = f"granule={name[1]}"
        return "table"
