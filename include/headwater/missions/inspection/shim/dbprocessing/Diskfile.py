"""The file on disk and the parameters that an inspector fills in."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

_PARAMETERS = (
    "utc_file_date", "utc_start_time", "utc_stop_time", "data_level", "check_date",
    "verbose_provenance", "quality_comment", "caveats", "file_create_date", "met_start_time",
    "met_stop_time", "exists_on_disk", "quality_checked", "product_id", "shasum", "version",
    "filefilelink", "filecodelink", "newest_version", "process_keywords",
)  # fmt: skip


class ReadError(Exception):
    """The file cannot be read."""


class WriteError(Exception):
    """The file cannot be written, so that it could not be moved."""


class FilenameError(Exception):
    """The name of a file is wrong."""


class InputError(Exception):
    """A wrong argument was given."""


class DigestError(Exception):
    """The checksum of a file cannot be made."""


class Diskfile:
    """One file: ``params`` holds what its row will hold, all None but the ``filename``.

    Raises
    ------
    ReadError, WriteError
        If the file cannot be read, or, unless it is a link, not be written.
    """

    def __init__(self, infile, dbu):
        self.infile = infile
        self.checkAccess()
        self.path = str(Path(infile).parent)
        self.filename = Path(infile).name
        self.params = dict.fromkeys(_PARAMETERS)
        self.params["filename"] = self.filename
        self.dbu = dbu
        self.mission = dbu.mission

    def checkAccess(self):
        """Set READ_ACCESS and WRITE_ACCESS, or raise what is missing."""
        self.READ_ACCESS = os.access(self.infile, os.R_OK)
        if not self.READ_ACCESS:
            raise ReadError(f"{self.infile} cannot be read")
        self.WRITE_ACCESS = os.access(self.infile, os.W_OK)
        if not self.WRITE_ACCESS and not Path(self.infile).is_symlink():
            raise WriteError(f"{self.infile} cannot be written")

    def __repr__(self):
        return f"<Diskfile {self.infile}>"


def calcDigest(infile):
    """Give the SHA-1 of the file's bytes as 40 hexadecimal digits; DigestError if unreadable."""
    try:
        with Path(infile).open("rb") as stream:
            return hashlib.file_digest(stream, "sha1").hexdigest()
    except OSError as error:
        raise DigestError(f"{infile} cannot be read: {error.strerror}") from error
