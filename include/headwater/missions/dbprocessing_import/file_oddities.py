"""What is odd in the rows of files, links, releases and the queue of an old database.

Each question is one statement over all rows; it gives the first rows in words, and how many there
are.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

from headwater.missions.dbprocessing_import.oddities import Oddities
from headwater.missions.dbprocessing_import.source import OldDatabase

_QUESTIONS: tuple[tuple[str, str, str], ...] = (
    (
        "files that cannot be files here",
        "left out, with their links; they stay on disk",
        "select name || ': ' || reason from old_place where why = 'row'",
    ),
    (
        "file names that are not unique",
        "the first is taken, the others are left out, with their links",
        "select name || ': number ' || old_id from old_place where why = 'name'",
    ),
    (
        "files of one product, date and version",
        "one on disk with the lowest name is taken, the others are left out, with their links; "
        "they stay on disk. If a day may have several files, import with --several-per-day",
        "select name || ': ' || reason from old_place where why = 'version'",
    ),
    (
        "files of a product, date and version that another file has here already",
        "left out, with their links",
        "select name || ': ' || reason from old_place where why = 'here'",
    ),
    (
        "files of a name that was filed here, not imported",
        "left as they are here",
        "select name from old_place where why is null and not imported",
    ),
    (
        "files without a UTC start or stop time",
        "they count for the whole day of their date",
        "select name from old_file where note is not null and reason is null",
    ),
    (
        "files whose level is not that of their product",
        "they keep their level, which nothing reads",
        "select f.name || ': level ' || f.level || ', ' || d.name || ' has ' || d.level"
        " from old_place p join old_file f using (old_id)"
        " join headwater.product d on d.id = p.product_id"
        " where p.why is null and f.level <> d.level",
    ),
    (
        "files of a made product without the code that made them",
        "taken as external: no code is made up for them",
        "select p.name from old_place p where p.why is null and exists (select from"
        " headwater.process_output o where o.product_id = p.product_id)"
        " and not exists (select from old_code_link l where l.resulting = p.old_id)",
    ),
    (
        "files with several codes that made them",
        "the code of the highest version is taken",
        "select p.name || ': codes ' || string_agg(l.code::text, ', ' order by l.code)"
        " from old_code_link l join old_place p on p.old_id = l.resulting"
        " group by p.old_id, p.name having count(*) > 1",
    ),
    (
        "links between files of which one is not there",
        "left out",
        "select l.source || ' -> ' || l.resulting from old_link l"
        " left join old_place s on s.old_id = l.source"
        " left join old_place r on r.old_id = l.resulting"
        " where s.old_id is null or r.old_id is null",
    ),
    (
        "links between files of which one was left out",
        "left out: an output without all its inputs is made again when its date is looked at",
        "select s.name || ' -> ' || r.name from old_link l"
        " join old_place s on s.old_id = l.source join old_place r on r.old_id = l.resulting"
        " where s.why is not null or r.why is not null",
    ),
    (
        "links to a code or a file that is not there",
        "left out: the file has no code",
        "select coalesce(p.name, 'file ' || l.resulting) || ': code ' || l.code"
        " from old_code_link l left join old_place p on p.old_id = l.resulting"
        " left join old_code o on o.old_id = l.code where p.old_id is null or o.old_id is null",
    ),
    (
        "releases of a file that is not here",
        "left out",
        "select o.release_num || ': ' || coalesce(p.name, 'file ' || o.file) from old_release o"
        " left join old_place p on p.old_id = o.file"
        " where p.new_id is null or length(o.release_num) > 20",
    ),
    (
        "queue entries of a file that is not here",
        "left out",
        "select coalesce(p.name, 'file ' || q.file) from old_queue q"
        " left join old_place p on p.old_id = q.file where p.new_id is null",
    ),
    (
        "files of an earlier import that the old database no longer has",
        "they stay here",
        "select f.name from headwater.imported_id n join headwater.file f on f.id = n.new_id"
        " where n.mission_id = :mission and n.kind = 'file'"
        " and not exists (select from old_place p where p.name = f.name)",
    ),
)

_CHECKED: tuple[tuple[str, str, str], ...] = (
    (
        "files that the old database has on disk and that are not there",
        "they count as not on disk",
        "select f.path from old_check k join old_file f using (old_id)"
        " where not k.found and k.trouble is null and f.exists_on_disk",
    ),
    (
        "files that cannot be read",
        "they count as not on disk",
        "select f.path || ' ' || k.trouble from old_check k join old_file f using (old_id)"
        " where k.trouble is not null",
    ),
    (
        "files that are there and that the old database has not on disk",
        "they count as on disk",
        "select f.path from old_check k join old_file f using (old_id)"
        " where k.found and not f.exists_on_disk and k.sha1 = coalesce(f.sha1, k.sha1)",
    ),
    (
        "files whose bytes are not those that were recorded",
        "they count as not on disk; if they are right, let updateSHAsum.py record them and import "
        "again",
        "select f.path || ': sha1 ' || k.sha1 || ' on disk, ' || f.sha1 || ' recorded'"
        " from old_check k join old_file f using (old_id) where k.found and k.sha1 <> f.sha1",
    ),
    (
        "files without a recorded checksum",
        "those of their bytes as they are now are recorded",
        "select f.path from old_check k join old_file f using (old_id)"
        " where k.found and f.sha1 is null",
    ),
)


def note_files(
    connection: Connection, mission_id: int, oddities: Oddities, *, checked: bool
) -> None:
    """Note what is odd in the staged rows, now that it is known which row each file is."""
    for what, done, question in (*_QUESTIONS, *(_CHECKED if checked else ())):
        asked = text(
            f"select said, count(*) over () as many from ({question}) as q (said)"  # noqa: S608  ours
            " order by said limit 1000"
        )
        values = {"mission": mission_id} if ":mission" in question else {}
        rows = connection.execute(asked, values).all()
        if rows:
            oddities.add_counted(what, done, rows[0].many, (row.said for row in rows))


def note_unixtime(old: OldDatabase, oddities: Oddities) -> None:
    """Note the rows that a purge leaves behind in `unixtime` (spec dbprocessing 7, s45)."""
    oddities.add_all(
        "rows of unixtime whose file is not there",
        "ignored: times are taken from the files' rows",
        (f"file {number}" for number in old.orphans("unixtime", "file_id", "file", "file_id")),
    )
