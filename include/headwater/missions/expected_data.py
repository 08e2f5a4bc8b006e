"""When files of a product are expected, as a mission file says it."""

from __future__ import annotations

import hashlib
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from headwater.core.expected import WEEKDAYS, WORKDAYS, ExpectedRule, contact_days, contact_text
from headwater.core.states import ExpectedWhen
from headwater.missions.part import Part
from headwater.missions.value_kinds import Day, PathText


def _weekday(value: object) -> object:
    word = value.strip().lower() if isinstance(value, str) else ""
    found = [name for name in WEEKDAYS if word in (name, name[:3])]
    if not found:
        raise ValueError(f"{value!r:.80} is no day of the week, expected one of "
                         + ", ".join(WEEKDAYS))  # fmt: skip
    return found[0]


def _contact(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError(f"{value!r:.80} is no contact, expected START/STOP, two times in UTC")
    return contact_text(*value.partition("/")[::2])


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


class ExpectedDefinition(Part):
    """The days on which a file is expected; a day without one is a gap only then."""

    when: Annotated[ExpectedWhen, BeforeValidator(_lower)] = ExpectedWhen.ALWAYS
    """If absent, ``weekdays`` or ``contacts`` where that key is there, else ``always``."""
    weekdays: list[Annotated[str, BeforeValidator(_weekday)]] = Field(default_factory=list)
    """The days of the week; Monday to Friday if absent."""
    contacts: PathText | None = None
    """A CSV file with the columns start and stop (UTC), beside the mission file; it is read at
    apply, and a day is expected if a contact touches it."""
    contact_times: list[Annotated[str, BeforeValidator(_contact)]] = Field(default_factory=list)
    """The contacts themselves, as ``START/STOP``: the form in which an export has them."""
    first: Day | None = None
    """The first day on which one is expected; if absent, that of the first file."""
    last: Day | None = None
    """The last such day; if absent, there is none."""

    @model_validator(mode="before")
    @classmethod
    def _when_from_other_keys(cls, value: object) -> object:
        if isinstance(value, dict) and "when" not in value:
            if "weekdays" in value:
                return {"when": ExpectedWhen.WEEKDAYS, **value}
            if "contacts" in value or "contact_times" in value:
                return {"when": ExpectedWhen.CONTACTS, **value}
        return value

    @model_validator(mode="after")
    def _keys_fit(self) -> Self:
        """Each way of saying it has its own keys."""
        given = self.model_fields_set - {"when"}
        own = {ExpectedWhen.WEEKDAYS: {"weekdays"},
               ExpectedWhen.CONTACTS: {"contacts", "contact_times"}}  # fmt: skip
        dates: set[str] = set() if self.when is ExpectedWhen.NEVER else {"first", "last"}
        for key in sorted(given - own.get(self.when, set()) - dates):
            if getattr(self, key):
                raise ValueError(f"{key} says nothing where when is {str(self.when)!r}: leave one "
                                 "of the two out")  # fmt: skip
        if self.when is ExpectedWhen.CONTACTS and not (self.contacts or self.contact_times):
            raise ValueError("expected contacts: the CSV file with the columns start and stop")
        if self.contacts and self.contact_times:
            raise ValueError("expected either contacts or contact_times, not both")
        if self.first and self.last and self.first > self.last:
            raise ValueError(f"first {self.first} is after last {self.last}")
        if self.when is ExpectedWhen.WEEKDAYS:
            self.weekdays = [name for name in WEEKDAYS if name in (self.weekdays or WORKDAYS)]
        return self

    @property
    def rule(self) -> ExpectedRule:
        """What it means for each day."""
        return ExpectedRule(
            self.when,
            frozenset(WEEKDAYS.index(name) for name in self.weekdays),
            contact_days(self.contact_times),
            self.first,
            self.last,
        )

    def __str__(self) -> str:
        """It in one line: ``weekdays monday, thursday, from 2026-01-01``."""
        said = str(self.when)
        if self.when is ExpectedWhen.WEEKDAYS:
            said += " " + ", ".join(self.weekdays)
        if self.contact_times:
            starts, table = sorted(self.contact_times), "\n".join(self.contact_times)
            digest = hashlib.sha256(table.encode()).hexdigest()[:8]
            said = (f"{len(starts)} contacts from {starts[0][:10]} to {starts[-1][:10]} "
                    f"(table {digest})")  # fmt: skip
        dates = (("from", self.first), ("to", self.last))
        return ", ".join([said, *(f"{word} {day}" for word, day in dates if day)])


def _as_expected(value: object) -> object:
    return {"when": value} if isinstance(value, str) else value


ExpectedOrWord = Annotated[
    ExpectedDefinition | None,
    BeforeValidator(_as_expected, json_schema_input_type=str | ExpectedDefinition | None),
]
"""An :class:`ExpectedDefinition`, or its `when` alone."""
