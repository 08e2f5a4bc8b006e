"""printProcessQueue.py: the files from which something has still to be made."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from headwater.catalog.queries.due_work import DueFile, due_files
from headwater.cli.dbprocessing.named import open_mission, product_of
from headwater.cli.dbprocessing.script_parser import script_parser
from headwater.cli.dbprocessing.speaking import say
from headwater.missions.loaded import LoadedProduct

_MOST = 255  # what an exit code holds


def main(arguments: Sequence[str]) -> int:
    """Print the queue; with ``-e`` or ``-c`` the exit code tells of it."""
    options = _options(arguments)
    with open_mission(options.database) as (catalog, mission):
        products = [product_of(mission, text) for text in options.product or ()]
        with catalog.read() as connection:
            files = due_files(connection, mission.id)
    wanted = {product.id for product in products}
    chosen = [file for file in files if not wanted or file.product_id in wanted]
    if options.sort:
        chosen.sort(key=lambda file: (file.utc_file_date, file.product))
    if not options.quiet:
        made = (_html if options.html else _text)(mission.name, chosen, products)
        if options.output is None:
            say(made)
        else:
            Path(options.output).write_text(made, encoding="utf-8")
    if options.exist:
        return int(not chosen)
    return min(len(chosen), _MOST) if options.count else 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = script_parser("printProcessQueue.py", "Print the files that are still to be used.")
    parser.add_argument("--html", action="store_true", help="output in HTML")
    parser.add_argument("-q", "--quiet", action="store_true", help="print nothing")
    parser.add_argument("-o", "--output", help="write to a file")
    parser.add_argument("database", help="the mission, or its database in dbprocessing")
    parser.add_argument("-p", "--product", nargs="+", help="only these products")
    parser.add_argument("-s", "--sort", action="store_true", help="by date, then product")
    code = parser.add_mutually_exclusive_group()
    code.add_argument("-e", "--exist", action="store_true", help="exit code 1 if it is empty")
    code.add_argument("-c", "--count", action="store_true", help="exit code: how many, up to 255")
    options = parser.parse_args(arguments)
    if options.quiet and (options.html or options.output or options.sort):
        parser.error("--html, -o, and -s are useless with -q.")
    return options


def _text(mission: str, files: Sequence[DueFile], products: Sequence[LoadedProduct]) -> str:
    lines = [mission, datetime.now(UTC).replace(tzinfo=None).isoformat()]
    if products:
        lines += ["Products", *(f"{product.id}\t{product.name}" for product in products)]
    lines += ["ProcessQueue"]
    lines += [f"{number}\t{file.name}\t{file.product}" for number, file in enumerate(files)]
    return "\n".join(lines) + "\n"


def _html(mission: str, files: Sequence[DueFile], products: Sequence[LoadedProduct]) -> str:
    chosen = f"<p>Products: {escape(', '.join(one.name for one in products))}</p>"
    rows = "\n".join(
        f"<tr><td>{number}</td><td>{escape(file.name)}</td><td>{escape(file.product)}</td></tr>"
        for number, file in enumerate(files)
    )
    return (
        f"<!DOCTYPE html>\n<html lang='en'><head><meta charset='utf-8'><title>{escape(mission)}: "
        f"process queue</title></head>\n<body><h1>{escape(mission)}</h1>"
        f"<p>{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC</p>{chosen if products else ''}\n"
        f"<table><tr><th>file #</th><th>filename</th><th>product</th></tr>\n{rows}\n"
        "</table></body></html>\n"
    )
