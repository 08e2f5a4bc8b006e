"""How the scripts read their arguments: their old flags, parsed as they were."""

from __future__ import annotations

import argparse
from datetime import date, datetime

from dateutil import parser as free_form
from dateutil.relativedelta import relativedelta


def script_parser(script: str, description: str) -> argparse.ArgumentParser:
    """A parser that names the script as its program."""
    return argparse.ArgumentParser(prog=script, description=description)


def add_mission(parser: argparse.ArgumentParser) -> None:
    """Add ``-m``, and ``--echo``, which nothing needs any more."""
    parser.add_argument(
        "-m", "--mission", required=True, help="the mission, or its database in dbprocessing"
    )
    parser.add_argument("--echo", action="store_true", help="accepted; SQL is not shown")


def add_dates(parser: argparse.ArgumentParser, *, required: bool = False) -> None:
    """Add ``-s`` and ``-e``, the first and the last date."""
    parser.add_argument(
        "-s", "--startDate", type=first_date, required=required, help="first date, UTC"
    )
    parser.add_argument(
        "-e", "--endDate", type=last_date, required=required,
        help="last date, UTC; YYYYMM is the end of that month",
    )  # fmt: skip


def add_force(parser: argparse.ArgumentParser) -> None:
    """Add ``--force``."""
    parser.add_argument(
        "--force", type=int, choices=(0, 1, 2),
        help="make anew even what is up to date; grow interface (0), quality (1) or revision (2)",
    )  # fmt: skip


def first_date(text: str) -> date:
    """A date in any form that dateutil reads, as the scripts always did."""
    return _date(text)


def last_date(text: str) -> date:
    """The same, but ``YYYYMM`` is the last day of that month (spec dbprocessing 6)."""
    try:
        month = datetime.strptime(text, "%Y%m")
    except ValueError:
        return _date(text)
    return (month + relativedelta(months=1, days=-1)).date()


def _date(text: str) -> date:
    try:
        return free_form.parse(text).date()
    except (ValueError, OverflowError) as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date such as 2012-10-02") from error
