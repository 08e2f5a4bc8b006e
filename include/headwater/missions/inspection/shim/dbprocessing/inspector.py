"""The base class of inspectors and the functions that read dates and versions from names."""

from __future__ import annotations

import datetime
import functools
import re
import warnings
from pathlib import Path

from headwater.core import name_format

from . import DBlogging, Diskfile, Version
from .DBstrings import DBformatter

_REQUIRED = (
    "filename", "utc_file_date", "utc_start_time", "utc_stop_time", "data_level",
    "file_create_date", "exists_on_disk", "product_id", "version",
)  # fmt: skip
_FIRST_DAY = datetime.datetime(1957, 10, 4)
_LAST_DAY = datetime.datetime(2050, 1, 1)


class DefaultFields(dict):
    """Values of fields; a field without one is the regex that matches anything."""

    def __missing__(self, key):
        return "(.*)"


class DefaultFormatter(DBformatter):
    """A formatter that knows no wrong field: it keeps them in names, and matches anything."""

    def vformat(self, format_string, args, kwargs):
        """Fill the fields that have a value and keep the others as written."""
        texts = {name: name_format.printed(name, value) for name, value in kwargs.items()}
        return name_format.fill_known(format_string, texts)

    def re(self, format_string, *_args, **kwargs):
        """Make the regex of `format_string`; a field of unknown name is ``(.*)``."""
        texts = {name: name_format.printed(name, value) for name, value in kwargs.items()}
        return name_format.pattern(format_string, texts, unknown="any")


@functools.cache
def _regex(template):
    return DefaultFormatter().re(template)


class inspector:
    """Tells whether a file is of one product; a subclass ``Inspector`` defines ``inspect``.

    It runs when it is made; calling the object gives the Diskfile of a match, or None
    (spec dbprocessing 3).
    """

    code_name = None

    def __init__(self, filename, dbu, product, **kwargs):
        self.dbu = dbu
        self.filename = filename
        self.basename = Path(filename).name
        self.dirname = str(Path(filename).parent)
        self.product = product
        entry = dbu.getEntry("Product", product)
        self.filenameformat = entry.format
        self.filenameregex = _regex(entry.format)
        self.diskfile = Diskfile.Diskfile(filename, dbu)
        if self.inspect(kwargs) is None:
            self.diskfile = None
        else:
            self._populate(entry)

    def inspect(self, kwargs):
        """Fill ``self.diskfile.params`` and return anything but None if the file is of the product.

        `kwargs` are the inspector's arguments, all texts.
        """
        raise NotImplementedError("class Inspector has no method inspect(self, kwargs)")

    def _populate(self, entry):
        """Fill in what follows from the file and the product, but no checksum.

        Headwater makes the checksum as it puts the file into the archive, in the same pass.
        """
        params = self.diskfile.params
        if params.get("data_level") is not None:
            message = (
                f"{self.code_name}: data_level is the product's, what the inspector set is lost"
            )
            DBlogging.dblogger.warning(message)
            warnings.warn(message, stacklevel=2)
        modified = Path(self.diskfile.infile).stat().st_mtime
        params["file_create_date"] = datetime.datetime.fromtimestamp(modified)
        params["exists_on_disk"] = True
        params["product_id"] = self.product
        params["data_level"] = entry.level
        self.diskfile.mission = self.dbu.mission

    def unset(self):
        """List the parameters that a match must have and this one has not."""
        params = self.diskfile.params
        missing = [name for name in _REQUIRED if params.get(name) is None]
        return missing if self.diskfile.mission is not None else ["mission", *missing]

    def __call__(self):
        """Give the Diskfile if the file is of the product and all is set, else None."""
        if self.diskfile is None or self.unset():
            return None
        return self.diskfile

    def extract_YYYYMMDD(self):
        """Give the first date in the whole path, see the function of this name."""
        return extract_YYYYMMDD(self.filename)


def extract_YYYYMMDD(filename):
    """Give the first YYYYMMDD of `filename` as a datetime, between 1957-10-04 and 2050-01-01."""
    found = re.search(r"[12][90]\d\d[01]\d[0-3]\d", filename)
    try:
        day = datetime.datetime.strptime(found.group(), "%Y%m%d") if found else None
    except ValueError:
        return None
    return day if day is not None and _FIRST_DAY <= day <= _LAST_DAY else None


def extract_YYYYMM(filename):
    """Give the first YYYYMM of `filename` as the date of the month's first day, or None."""
    found = re.search(r"[12][90]\d\d[01]\d", filename)
    try:
        day = datetime.datetime.strptime(found.group(), "%Y%m") if found else None
    except ValueError:
        return None
    return day.date() if day is not None and _FIRST_DAY <= day <= _LAST_DAY else None


def valid_YYYYMMDD(inval):
    """Tell whether `inval` is a date YYYYMMDD."""
    try:
        datetime.datetime.strptime(inval, "%Y%m%d")
    except ValueError:
        return False
    return True


def extract_Version(filename, basename=False):
    """Give the first ``vX.Y.Z.`` of `filename` (the last dot is needed) as a Version, or None.

    With `basename`, give the pair of the Version and the text before it.
    """
    found = re.search(r"[vV](\d+)\.(\d+)\.(\d+)\.", filename)
    if found is None:
        return None
    version = Version.Version(*found.groups())
    return (version, filename[: found.start()]) if basename else version
