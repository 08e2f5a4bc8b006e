"""``dblogger``: a logger of the standard library whose records end in the file's output."""

from __future__ import annotations

import logging
import sys

LEVELS = {
    name: getattr(logging, name.upper())
    for name in ("debug", "info", "warning", "error", "critical")
}


class _ToStderr(logging.StreamHandler):
    """Writes to the ``sys.stderr`` of the moment, which inspectors may replace."""

    @property
    def stream(self):
        """The stream of the moment."""
        return sys.stderr

    @stream.setter
    def stream(self, _ignored):
        """Accept what the base class sets; the stream is never a fixed one."""


dblogger = logging.getLogger("dbprocessing")
dblogger.propagate = False
dblogger.setLevel(logging.INFO)
if not dblogger.handlers:
    dblogger.addHandler(_ToStderr())
    dblogger.handlers[0].setFormatter(logging.Formatter("%(levelname)s %(message)s"))
