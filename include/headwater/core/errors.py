"""The one family of errors that Headwater raises.

Each message names the thing, says what is wrong and what to do, and is safe to show to a user.
The technical cause, where there is one, is chained as ``__cause__`` and belongs in a log.
"""

from __future__ import annotations


class HeadwaterError(Exception):
    """Something that Headwater can explain to a person in one sentence."""


class SettingError(HeadwaterError, ValueError):
    """A setting, an environment variable or a command-line value cannot be used."""


class TooLateError(SettingError):
    """What was asked cannot be done any more, since somebody has been there first."""


class NotFoundError(HeadwaterError, LookupError):
    """A mission, product, process, file or build that was named does not exist."""


class SelectionTooLargeError(HeadwaterError, ValueError):
    """More was selected than is shown or done at once; the message tells number and limit."""


class CatalogUnavailableError(HeadwaterError, ConnectionError):
    """The catalog's database does not answer."""


class CatalogBusyError(CatalogUnavailableError):
    """Another transaction stood in the way of this one, which has changed nothing: try again."""


class CatalogSchemaError(HeadwaterError):
    """The catalog's schema is not the one that this program knows."""


class MissionFileError(HeadwaterError, ValueError):
    """A mission file is wrong; the message names file, section, key and what was expected."""


class OldDatabaseError(HeadwaterError):
    """A dbprocessing database cannot be read, or does not hold what can be imported."""


class QaFileError(HeadwaterError, ValueError):
    """A file with checks of quality is wrong; the message names file and line."""


class NameFormatError(HeadwaterError, ValueError):
    """A name or path template cannot be filled or turned into a pattern."""


class VersionError(HeadwaterError, ValueError):
    """A text is not a version ``interface.quality.revision``."""


class IntervalError(HeadwaterError, ValueError):
    """A text is not a date or an interval of dates."""


class ArchiveError(HeadwaterError, OSError):
    """A file cannot be put into, read from or removed from the archive."""


class ArchiveFullError(ArchiveError):
    """There is no room on the disk for what was to be written."""


class UnsafePathError(ArchiveError):
    """A name or path may not be used: it leaves its folder or holds what no path may hold."""


class InspectorError(HeadwaterError):
    """The helper process of the inspectors cannot be started or does not answer."""


class ProcessingError(HeadwaterError):
    """A build cannot be planned, claimed, run or adopted."""


class StackError(HeadwaterError):
    """The local stack (Postgres, Airflow) cannot be started or stopped."""
