"""What a script says whose work has no meaning any more: why, and exit code 0."""

from __future__ import annotations

from collections.abc import Sequence

from headwater.cli.dbprocessing.script_parser import script_parser
from headwater.cli.dbprocessing.speaking import say


def nothing_to_do(script: str, arguments: Sequence[str], why: str) -> int:
    """Say why; the script's old arguments are accepted, whatever they are."""
    parser = script_parser(script, f"Nothing to do any more: {why}.")
    parser.parse_known_args(arguments)
    say(f"nothing to do: {why}")
    return 0
