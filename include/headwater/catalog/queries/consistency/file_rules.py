"""Rules about the rows of files: which is the newest, and what a row says of itself."""

from __future__ import annotations

from sqlalchemy import text

from headwater.catalog.queries.consistency.rule import Rule, not_open, version_row, version_text

_INTERVAL = """p.name || ' of ' || f.interval_key
       || case f.keywords when '' then '' else ' (' || f.keywords || ')' end"""

_PLACES = f"""
    select f.id, f.newest, row_number() over (
        partition by f.product_id, f.interval_key, f.keywords
        order by {version_row("f")} desc, f.name) = 1 as highest
    from headwater.file f where f.mission_id = :mission
"""  # noqa: S608  the pieces are constants of this package

_DEMOTE = text(f"""
with place as ({_PLACES})
update headwater.file f set newest = false
from place where place.id = f.id and place.newest and not place.highest
""")  # noqa: S608  as above
"""Take the mark 'newest' from all but the highest version, of equal ones the lowest name."""

_PROMOTE = text(f"""
with place as ({_PLACES})
update headwater.file f set newest = true
from place where place.id = f.id and place.highest and not place.newest returning f.id
""")  # noqa: S608  as above
"""Give the mark to the highest version."""

_MARK_HIGHEST = (_DEMOTE, _PROMOTE)

NO_NEWEST = Rule(
    "no newest",
    "files of an interval, and none of them is the newest",
    "the highest version becomes the newest, and what reads it is looked at again",
    text(f"""
select {_INTERVAL} as subject, 'has ' || count(*) || ' files and none is the newest' as problem
from headwater.file f join headwater.product p on p.id = f.product_id
where f.mission_id = :mission
group by p.name, f.product_id, f.interval_key, f.keywords having not bool_or(f.newest)
order by 1
"""),  # noqa: S608  as above
    _MARK_HIGHEST,
)

TWO_NEWEST = Rule(
    "two newest",
    "more than one newest file of an interval",
    "the highest version stays the newest, of equal versions the lowest name",
    text(f"""
select {_INTERVAL} as subject,
       'has several newest files: ' || string_agg(f.name, ', ' order by f.name) as problem
from headwater.file f join headwater.product p on p.id = f.product_id
where f.mission_id = :mission and f.newest
group by p.name, f.product_id, f.interval_key, f.keywords having count(*) > 1
order by 1
"""),  # noqa: S608  as above
    _MARK_HIGHEST,
)

NEWEST_NOT_HIGHEST = Rule(
    "newest not highest",
    "a newest file below another version of its interval",
    "the highest version becomes the newest, and what reads it is looked at again",
    text(f"""
select low.name as subject,
       'is the newest, but ' || string_agg(high.name, ', ' order by high.name)
       || ' has a higher version' as problem
from headwater.file low join headwater.file high using (product_id, interval_key, keywords)
where low.mission_id = :mission and low.newest and {version_row("high")} > {version_row("low")}
group by low.id, low.name order by 1
"""),  # noqa: S608  as above
    _MARK_HIGHEST,
)

OUT_OF_ORDER = Rule(
    "versions out of order",
    "the file that was made last has a lower version than an earlier one",
    "its date is looked at again: the plan makes a higher version if inputs or code differ",
    text(f"""
with made as (
    select f.*, c.process_id, row_number() over (
        partition by f.product_id, f.interval_key, f.keywords
        order by f.file_create_date desc, {version_row("f")} desc) as place
    from headwater.file f
    join headwater.file_code k on k.resulting_file = f.id
    join headwater.code c on c.id = k.source_code
    where f.mission_id = :mission
)
select last.name as subject,
       'was made after ' || top.name || ', and has a lower version' as problem,
       last.process_id, last.utc_file_date as utc_date
from made last join made top using (product_id, interval_key, keywords)
where last.place = 1 and top.newest and top.file_create_date < last.file_create_date
  and {version_row("last")} < {version_row("top")}
  and {not_open("last.process_id", "last.utc_file_date")}
order by 1
"""),  # noqa: S608  as above
    look_again=True,
)

VERSION_TOO_LARGE = Rule(
    "version too large",
    "a version with a part of 1000 or more, which names do not sort by",
    "look at its inspector, or let the code make a new interface version",
    text(f"""
select f.name as subject, 'has version ' || {version_text("f")} as problem from headwater.file f
where f.mission_id = :mission
  and greatest(f.interface_version, f.quality_version, f.revision_version) >= 1000
order by 1
"""),  # noqa: S608  as above
)

# A key of another form (a week, an orbit) does not follow from the row alone.
_KEYS = r"""
    select f.id, f.product_id, f.keywords, f.name, f.interval_key,
           f.interface_version, f.quality_version, f.revision_version,
           case when p.several_per_day
                then to_char(f.utc_start_time at time zone 'UTC',
                             'YYYY-MM-DD"T"HH24\:MI\:SS.US"Z"')
                else f.utc_file_date::text end as wanted
    from headwater.file f join headwater.product p on p.id = f.product_id
    where f.mission_id = :mission and f.interval_key ~ '^\d{4}-\d\d-\d\d(T|$)'
"""

_REKEY = text(f"""
with wrong as (
    select k.*, row_number() over (
        partition by k.product_id, k.wanted, k.keywords, {version_row("k")}
        order by k.name) as place
    from ({_KEYS}) k where k.wanted <> k.interval_key
)
update headwater.file f set interval_key = wrong.wanted, newest = false
from wrong where wrong.id = f.id and wrong.place = 1 and not exists (
    select from headwater.file other
    where other.product_id = f.product_id and other.interval_key = wrong.wanted
      and other.keywords = f.keywords and {version_row("other")} = {version_row("f")})
""")  # noqa: S608  as above
"""Give files the key that follows from their date or start, where that place is free."""

INTERVAL_KEY = Rule(
    "interval key",
    "an interval key that does not follow from the file's date or start time",
    "it gets the right one; a file whose place another one of the same version has is held",
    text(f"""
select k.name as subject,
       'has the interval key ' || k.interval_key || ', but should have ' || k.wanted as problem
from ({_KEYS}) k where k.wanted <> k.interval_key order by 1
"""),  # noqa: S608  as above
    (_REKEY, *_MARK_HIGHEST),
)

DATE_OUTSIDE = Rule(
    "date outside its time",
    "a file date that its own time does not touch",
    "look at its inspector: inputs by date and by time would choose differently",
    text("""
select f.name as subject,
       'has the date ' || f.utc_file_date || ', but lasts from '
       || to_char(f.utc_start_time at time zone 'UTC', 'YYYY-MM-DD') || ' to '
       || to_char(f.utc_stop_time at time zone 'UTC', 'YYYY-MM-DD') as problem
from headwater.file f
where f.mission_id = :mission and f.newest
  and f.utc_file_date not between (f.utc_start_time at time zone 'UTC')::date
                              and (f.utc_stop_time at time zone 'UTC')::date
order by 1
"""),
)

ODD_DURATION = Rule(
    "odd duration",
    "a newest file that lasts neither a day, a week, a month nor a year",
    "look at its inspector; nothing is wrong if the product is like that",
    text("""
with lasting as (
    select f.name, p.several_per_day,
           extract(epoch from f.utc_stop_time - f.utc_start_time) / 86400.0 as days
    from headwater.file f join headwater.product p on p.id = f.product_id
    where f.mission_id = :mission and f.newest
)
select name as subject, 'lasts ' || round(days, 2) || ' days' as problem from lasting
where (days < 1.0 / 24 and not several_per_day) or (days > 2 and days < 6)
   or (days > 8 and days < 27) or (days > 35 and days < 364) or days > 368
order by 1
"""),
)

LEVEL = Rule(
    "level",
    "a file with another level than its product",
    "it gets its product's level",
    text("""
select f.name as subject,
       'has level ' || f.level || ', its product ' || p.name || ' has ' || p.level as problem
from headwater.file f join headwater.product p on p.id = f.product_id
where f.mission_id = :mission and f.level <> p.level order by 1
"""),
    (
        text("""
update headwater.file f set level = p.level from headwater.product p
where f.mission_id = :mission and p.id = f.product_id and f.level <> p.level
"""),
    ),
)

RELEASED_LOST = Rule(
    "released and lost",
    "a released file that is not on disk",
    "bring it back from a backup: drop it into incoming, it takes its place again",
    text("""
select f.name as subject,
       'belongs to release ' || string_agg(r.release_num, ', ' order by r.release_num)
       || ', but is not on disk' as problem
from headwater.release r join headwater.file f on f.id = r.file_id
where f.mission_id = :mission and not f.exists_on_disk group by f.name order by 1
"""),
)

FILE_RULES = (
    NO_NEWEST,
    TWO_NEWEST,
    NEWEST_NOT_HIGHEST,
    OUT_OF_ORDER,
    VERSION_TOO_LARGE,
    INTERVAL_KEY,
    DATE_OUTSIDE,
    ODD_DURATION,
    LEVEL,
    RELEASED_LOST,
)
