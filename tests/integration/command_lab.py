"""The command run in this process, as a person or a cron job runs it."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass

import pytest

from headwater.cli import main


@dataclass(frozen=True)
class Said:
    """What a command gave back."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def data(self) -> list[dict[str, object]]:
        return json.loads(self.out)

    def is_problem(self, code: int, sentence: str) -> bool:
        """Whether it ended so, with that sentence on standard error and no traceback."""
        return self.code == code and sentence in self.err and "Traceback" not in self.err


def run_command(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Said:
    """Run ``headwater WORDS...``."""
    monkeypatch.setattr(sys, "argv", ["headwater", *words])
    capfd.readouterr()
    with pytest.raises(SystemExit) as ended:
        main.run()
        sys.exit(0)
    said = capfd.readouterr()
    code = ended.value.code
    return Said(code if isinstance(code, int) else 0, said.out, said.err)
