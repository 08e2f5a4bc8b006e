"""Small functions that inspectors import. The module's name is dbprocessing's."""

from __future__ import annotations

import datetime

from . import Version


def strargs_to_args(strargs):
    """Read ``k=v k=v``: split at blanks, each item at ``=``, the value up to the next ``=``.

    The first item without ``=`` ends the reading silently. None stays None.
    """
    if strargs is None:
        return None
    arguments = {}
    for item in strargs.split():
        key, *values = item.split("=")
        if not values:
            break
        arguments[key] = values[0]
    return arguments


def parseDate(text):
    """Read ``YYYY-MM-DD`` as a datetime at 00:00:00."""
    return datetime.datetime.strptime(text, "%Y-%m-%d")


def parseVersion(text):
    """Read ``X.Y.Z`` as a Version."""
    return Version.Version.fromString(text)


def datetimeToDate(moment):
    """Give the date of a datetime; a date stays as it is."""
    return moment.date() if isinstance(moment, datetime.datetime) else moment


def daterange_to_dates(daterange):
    """List every day from the first to the last of `daterange`, both inclusive, as datetimes."""
    days = [datetime.datetime(day.year, day.month, day.day) for day in daterange]
    first, last = min(days), max(days)
    return [first + datetime.timedelta(days=number) for number in range((last - first).days + 1)]


def toBool(value):
    """Tell whether `value` is True or one of True true Yes yes Y y; 1 is not."""
    return value is True or value in ("True", "true", "Yes", "yes", "Y", "y")


def toNone(value):
    """Make None of '' None none NONE; anything else stays."""
    return None if value in (None, "", "None", "none", "NONE") else value


def unique(sequence):
    """List each item of `sequence` once, in the order in which they first come."""
    return list(dict.fromkeys(sequence))


def chunker(sequence, size):
    """Give the pieces of `sequence` of `size` items, the last maybe shorter."""
    return (sequence[start : start + size] for start in range(0, len(sequence), size))


def flatten(nested):
    """Give the items of lists and tuples inside `nested`, however deep."""
    for item in nested:
        if isinstance(item, (list, tuple)):
            yield from flatten(item)
        else:
            yield item
