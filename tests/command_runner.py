"""The `headwater` command run in the test's own process, as a person would call it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from headwater.catalog.connection import Catalog
from headwater.cli import main


@dataclass(frozen=True)
class Said:
    """What a command gave back."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> list[dict[str, object]]:
        return json.loads(self.out)


Command = Callable[..., Said]


@pytest.fixture
def headwater(
    catalog: Catalog,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Command:
    """Run a command in this process, on a fresh catalog and with no local stack."""
    url = catalog.url.render_as_string(hide_password=False)
    monkeypatch.setenv("HEADWATER_CATALOG_URL", url)
    monkeypatch.setenv("HEADWATER_HOME", str(tmp_path / "no-stack"))

    def call(*words: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["headwater", *words])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main.run()
            sys.exit(0)
        captured = capfd.readouterr()
        code = ended.value.code
        return Said(code if isinstance(code, int) else 0, captured.out, captured.err)

    return call
