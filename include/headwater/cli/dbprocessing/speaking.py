"""What the scripts say: lines with the time in front, and the log that other programs read."""

from __future__ import annotations

import logging
import os
import time
from datetime import datetime
from pathlib import Path

import typer
from concurrent_log_handler import ConcurrentRotatingFileHandler

from headwater.core.errors import SettingError

LOG_FOLDER = "DBPROCESSING_LOG_DIR"
_LOG_NAME = "dbprocessing_log.log"
_LOG_BYTES = 2_000_000
_LOG_BACKUPS = 5
_FORM = "%(asctime)s - %(module)s:%(lineno)d - %(levelname)s - %(message)s"


def say(text: str = "") -> None:
    """Print a line."""
    typer.echo(text)


def say_aside(text: str) -> None:
    """Print a line that is no part of the answer: to standard error."""
    typer.echo(text, err=True)


def say_timed(text: str) -> None:
    """Print a line with the local time in front, as dbprocessing did."""
    typer.echo(f"[{datetime.now().replace(microsecond=0).isoformat()}] {text}")


def script_log(level: str = "debug") -> logging.Logger:
    """The log ``$DBPROCESSING_LOG_DIR/dbprocessing_log.log``, else below ``~/dbprocessing_logs``.

    Its lines have dbprocessing's form, UTC, which histogramCodes.py reads. Any number of
    processes may write it; it is rotated at 2,000,000 bytes, and 5 old ones are kept.

    Raises
    ------
    SettingError
        If the folder cannot be made or written.
    """
    log = logging.getLogger("headwater.dbprocessing")
    folder = Path(os.environ.get(LOG_FOLDER) or "~/dbprocessing_logs").expanduser()
    for handler in list(log.handlers):
        if isinstance(handler, ConcurrentRotatingFileHandler):
            if Path(handler.baseFilename).parent == folder.absolute():
                return log
            log.removeHandler(handler)
            handler.close()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        rotating = ConcurrentRotatingFileHandler(
            str(folder / _LOG_NAME), maxBytes=_LOG_BYTES, backupCount=_LOG_BACKUPS, encoding="utf-8"
        )
    except OSError as error:
        raise SettingError(
            f"the log folder {folder} cannot be used: {error}; set {LOG_FOLDER} to another one"
        ) from error
    form = logging.Formatter(_FORM)
    form.converter = time.gmtime
    rotating.setFormatter(form)
    log.addHandler(rotating)
    log.propagate = False
    log.setLevel(level.upper())
    return log
