"""testInspector.py: what one inspector says of one file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from headwater.cli.dbprocessing.named import open_mission, product_of
from headwater.cli.dbprocessing.script_parser import add_mission, script_parser
from headwater.cli.dbprocessing.speaking import say, say_aside
from headwater.core.errors import InspectorError
from headwater.missions.inspection.host import InspectorHost
from headwater.missions.inspection.specs import Identification


def main(arguments: Sequence[str]) -> int:
    """Print what the inspector found, or None and why; 1 if the inspector failed."""
    parser = script_parser("testInspector.py", "Run one inspector on one file; files nothing.")
    add_mission(parser)
    parser.add_argument("-f", "--file", required=True, type=Path, help="the file")
    parser.add_argument(
        "-i", "--inspector", required=True, type=Path, help="the inspector's source"
    )
    parser.add_argument("-p", "--product", required=True, help="name or number of its product")
    parser.add_argument("-a", "--args", help="arguments of the inspector: key=value key=value")
    options = parser.parse_args(arguments)
    for path in (options.file, options.inspector):
        if not path.exists():
            parser.error(f"there is no file {path}")
    with open_mission(options.mission) as (_, mission):
        product = product_of(mission, options.product)
        spec = mission.inspector_spec(product, options.inspector.absolute(), options.args)
        with InspectorHost(mission.facts(), [spec]) as host:
            (answer,) = host.identify([options.file])
    _show(answer)
    if answer.troubles:
        raise InspectorError("; ".join(answer.troubles))
    return 0


def _show(answer: Identification) -> None:
    if answer.output:
        say_aside(answer.output.rstrip("\n"))
    if answer.facts is None:
        say("None")
        if not answer.troubles:
            say(answer.reason)
        return
    say(f"params['filename'] = {Path(answer.path).name}")
    say(f"params['product_id'] = {answer.product_id}")
    for name in asdict(answer.facts):
        say(f"params['{name}'] = {getattr(answer.facts, name)}")
