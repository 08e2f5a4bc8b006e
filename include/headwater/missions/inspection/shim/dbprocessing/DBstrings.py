"""``DBformatter``: names from templates and regexes from templates (spec dbprocessing 2.1)."""

from __future__ import annotations

import string

from headwater.core import name_format


def _texts(values):
    """Print `values` as their fields are; a ``datetime`` gives the fields that follow from it."""
    moment = values.get("datetime")
    texts = name_format.date_fields(moment) if hasattr(moment, "timetuple") else {}
    own = {name: name_format.printed(name, value) for name, value in values.items()}
    return texts | own


class DBformatter(string.Formatter):
    """Formats templates; ``datetime=`` fills all fields of date and time."""

    def vformat(self, format_string, args, kwargs):
        """Fill `format_string`; a field without value raises KeyError, as dbprocessing does."""
        for name in name_format.fields_of(format_string):
            if name not in _texts(kwargs):
                raise KeyError(name)
        return name_format.fill(format_string, _texts(kwargs))

    def re(self, format_string, *_args, **kwargs):
        """Make the regex of `format_string`; an unknown field without value raises KeyError."""
        try:
            return name_format.pattern(format_string, _texts(kwargs))
        except name_format.NameFormatError as error:
            raise KeyError(str(error)) from error
