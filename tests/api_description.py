"""The description of the native API in the docs, from which the pages have their types.

``make api-description`` writes it anew after a change of the API.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from headwater.web.app import create_app

FILE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "openapi.json"


def described() -> str:
    """What the app says of itself, as the file has it."""

    def nothing(*_: Any) -> Any:
        raise AssertionError("a description needs no catalog and no caller")

    return json.dumps(create_app(nothing, nothing).openapi(), indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(described())
