"""What a rule of the consistency check is, and the pieces of SQL that several share."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import TextClause


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: what is wrong, how it is found, and what mends it.

    `find` gives a row for each fault of the mission ``:mission``: subject and problem, two texts;
    with `look_again` also process_id and utc_date. `repair` are statements that mend all that
    can be mended; the ids of files that a statement returns are the newest now, and what reads
    them is looked at again. With `look_again` the mending is that the plan decides anew.
    """

    name: str
    wrong: str
    remedy: str
    """What a repair does or, where there is none, what a person does."""
    find: TextClause
    repair: tuple[TextClause, ...] = ()
    look_again: bool = False

    @property
    def mends(self) -> bool:
        """Whether a repair is known; else the faults are held for a person."""
        return bool(self.repair) or self.look_again


def version_text(table: str) -> str:
    """SQL for the version of a row as text."""
    parts = ("interface_version", "quality_version", "revision_version")
    return f"concat_ws('.', {', '.join(f'{table}.{part}' for part in parts)})"


def version_row(table: str) -> str:
    """SQL for the version of a row, to be compared."""
    return f"({table}.interface_version, {table}.quality_version, {table}.revision_version)"


def not_open(process: str, day: str) -> str:
    """SQL that leaves out a date of a process that is being looked at, made or held already."""
    return f"""
      not exists (select from headwater.wake w
                  where w.process_id = {process} and w.utc_date = {day})
  and not exists (select from headwater.build o
                  where o.process_id = {process} and o.utc_date = {day}
                    and o.state in ('pending', 'waiting', 'running', 'failed', 'held'))"""  # noqa: S608  both are columns that this package names
