"""``headwater demo``: real level-0 packets to their last product, through Airflow."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from headwater.catalog.connection import Catalog
from headwater.cli.output import out, progress_bar, show_table
from headwater.cli.stack_commands import HomeOption
from headwater.local.demo.run import Drop, MadeFile, make_drop, prepare
from headwater.local.home import LocalHome
from headwater.local.stack import LocalStack


def demo(
    home: HomeOption = None,
    days: Annotated[
        int | None,
        typer.Option("--synthetic", min=1, help="The generated mission with so many days instead."),
    ] = None,
    stay: Annotated[
        bool | None,
        typer.Option(
            "--stay/--no-stay",
            help="Keep the UI up until Ctrl-C. [default: on a terminal, unless CI=true]",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Run the demo mission on real level-0 packets to its last product, and show what was made.

    Starts the local stack if it does not run. Exit 0 only if every expected product was made.
    """
    stack = LocalStack(LocalHome(home))
    own = not stack.status().is_running
    if own:
        stack.start(tied=True, report=_say)
    try:
        _show(stack, days)
        for line in stack.sign_in_lines():
            _say(line)
        if own and (_on_a_terminal() if stay is None else stay):
            _stay(stack)
    except KeyboardInterrupt:
        _say("stopping")
    finally:
        if own:
            stack.stop(_say)


def _say(line: str) -> None:
    out.print(line, markup=False, soft_wrap=True)


def _on_a_terminal() -> bool:
    return sys.stdout.isatty() and os.environ.get("CI", "").lower() not in ("1", "true")


def _show(stack: LocalStack, days: int | None) -> None:
    catalog = Catalog(stack.catalog_url())
    try:
        mission, drops = prepare(stack, catalog, days)
        _say(f"mission {mission}: drop files into {_incoming(stack, days)} yourself, at any time")
        for drop in drops:
            with progress_bar(drop.title, len(drop.expected) or None) as move:
                made = make_drop(catalog, mission, drop, days, move)
            _show_made(drop, made, brief=days is not None)
    finally:
        catalog.close()


def _incoming(stack: LocalStack, days: int | None) -> Path:
    return stack.home.root / ("synthetic" if days else "demo") / "incoming"


def _show_made(drop: Drop, made: list[MadeFile], *, brief: bool) -> None:
    if brief:
        counts = Counter(one.product for one in made)
        last = max((one.seconds for one in made), default=0.0)
        shown = ", ".join(f"{count} {product}" for product, count in sorted(counts.items()))
        _say(f"{shown}: all there {last:.1f} s after the drop")
        return
    rows = [
        {
            "product": one.product,
            "date": one.utc_date,
            "version": one.version,
            "file": one.name,
            "made from": one.parents or "arrived",
            "seconds": f"{one.seconds:.1f}" if one.seconds else "before",
        }
        for one in made
    ]
    show_table(
        rows, ("product", "date", "version", "file", "made from", "seconds"),
        title=drop.title, none="nothing was made",
    )  # fmt: skip


def _stay(stack: LocalStack) -> None:
    _say("The UI stays up; Ctrl-C stops everything.")
    while stack.status().is_running:
        time.sleep(1)
