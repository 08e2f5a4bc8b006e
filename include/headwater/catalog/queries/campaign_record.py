"""The record of a campaign: what was there at its approval, what is there now, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

_DAYS_OF_OUTPUT = """cross join lateral (
    select case p.timebase when 'WEEKLY' then date_trunc('week', d.utc_date::timestamp)::date
                           when 'MONTHLY' then date_trunc('month', d.utc_date::timestamp)::date
                           when 'YEARLY' then date_trunc('year', d.utc_date::timestamp)::date
                           else d.utc_date end as first
) begin cross join lateral (
    select begin.first,
           case p.timebase when 'WEEKLY' then begin.first + 6
                when 'MONTHLY' then (begin.first + interval '1 month')::date - 1
                when 'YEARLY' then (begin.first + interval '1 year')::date - 1
                else d.utc_date end as last
) span"""
# The dates that the outputs of the interval of a campaign's date may have.

_VERSION = "f.interface_version || '.' || f.quality_version || '.' || f.revision_version"

THERE = f"""
select distinct d.process_id, f.id, f.product_id, f.interval_key, f.keywords, f.utc_file_date,
       f.build_id, f.name, {_VERSION} as version
from headwater.campaign_date d
join headwater.process p on p.id = d.process_id
join headwater.process_output o on o.process_id = d.process_id
{_DAYS_OF_OUTPUT}
join headwater.file f on f.product_id = o.product_id and f.newest
 and f.utc_file_date between span.first and span.last
where d.campaign_id = :campaign
"""  # noqa: S608  the pieces are constants of this module
"""Part of a statement: the newest outputs of the dates of a campaign."""

_CODE = """left join lateral (
    select min(c.interface_version || '.' || c.quality_version || '.' || c.revision_version)
           as version
    from headwater.file_code l join headwater.code c on c.id = l.source_code
    where l.resulting_file = {file}
) {name} on true"""
_OLD_CODE = _CODE.format(file="there.id", name="code")
_NEW_CODE = _CODE.format(file="now.id", name="code")

_WRITE_BEFORE = text(f"""
with there as ({THERE})
insert into headwater.campaign_output (campaign_id, process_id, product_id, interval_key, keywords,
    utc_date, old_file_id, old_file, old_version, old_code)
select :campaign, there.process_id, there.product_id, there.interval_key, there.keywords,
       there.utc_file_date, there.id, there.name, there.version, code.version
from there {_OLD_CODE}
order by there.process_id, there.utc_file_date, there.id
""")  # noqa: S608  the pieces are constants of this module
"""What is there when a campaign is approved."""

_STANDING = f"""
there as ({THERE}),
own as (
    select distinct on (process_id, interval_key, keywords) *
    from headwater.build where campaign_id = :campaign
    order by process_id, interval_key, keywords, id desc
),
paired as (
    select coalesce(now.process_id, old.process_id) as process_id,
           coalesce(now.product_id, old.product_id) as product_id,
           coalesce(now.interval_key, old.interval_key) as interval_key,
           coalesce(now.keywords, old.keywords) as keywords,
           coalesce(now.utc_file_date, old.utc_date) as utc_date,
           old.old_file_id, old.old_file, old.old_version, old.old_code,
           now.id, now.name, now.version, code.version as code, now.build_id,
           coalesce(maker.interval_key, now.interval_key, old.interval_key) as build_key,
           coalesce(maker.keywords, now.keywords, old.keywords) as build_keywords,
           maker.campaign_id as maker_campaign, maker.reason as maker_reason,
           now.id is not null and now.id is distinct from old.old_file_id as is_new
    from (select * from headwater.campaign_output where campaign_id = :campaign) old
    full join there now
      on (now.process_id, now.product_id, now.interval_key, now.keywords)
       = (old.process_id, old.product_id, old.interval_key, old.keywords)
    left join headwater.build maker
      on maker.id = now.build_id
     and maker.process_id = coalesce(now.process_id, old.process_id)
    {_NEW_CODE}
    where coalesce(now.product_id, old.product_id) is not null
),
grouped as (
    select p.*, coalesce(open.id, own.id) as own_build,
           coalesce(open.state, own.state) as own_state,
           coalesce(open.reason, own.reason) as own_reason
    from paired p
    left join headwater.build open
      on open.process_id = p.process_id and open.interval_key = p.build_key
     and open.keywords = p.build_keywords
     and open.state in ('pending', 'waiting', 'running', 'failed', 'held')
    left join own
      on own.process_id = p.process_id and own.interval_key = p.build_key
     and own.keywords = p.build_keywords
    union all
    select own.process_id, null, own.interval_key, own.keywords, own.utc_date,
           null, null, null, null, null, null, null, null, null, own.interval_key, own.keywords,
           null, null, false, own.id, own.state, own.reason
    from own
    where not exists (
        select from paired p where p.process_id = own.process_id
          and p.build_key = own.interval_key and p.build_keywords = own.keywords)
),
standing as (
    select g.*, case
        when is_new and maker_campaign = :campaign then 'made'
        when is_new then 'made elsewhere'
        when own_state = 'failed' then 'failed'
        when own_state = 'held' then 'held'
        when own_state in ('pending', 'waiting', 'running') then 'open'
        when product_id is null and own_state in ('built', 'superseded') then 'made'
        when own_state = 'not needed' and own_reason like 'campaign % was aborted by %'
            then 'dropped'
        else 'not needed' end as outcome
    from grouped g
),
told as (
    select s.*, case
        when s.is_new then coalesce(s.maker_reason, 'it arrived')
        else coalesce(s.own_reason, 'nothing asked for a new one') end as reason,
        case when not s.is_new or s.old_file_id is null then null else concat_ws('; ',
            case when s.code is distinct from s.old_code
                 then 'code ' || coalesce(s.old_code, '?') || ' -> ' || coalesce(s.code, '?') end,
            case added.number when 0 then null when 1 then 'input ' || added.name || ' is new'
                 else added.number || ' inputs are new, ' || added.name || ' first' end,
            case gone.number when 0 then null when 1 then 'input ' || gone.name || ' is not read'
                 else gone.number || ' inputs are not read, ' || gone.name || ' first' end,
            case when s.code is not distinct from s.old_code and added.number = 0
                      and gone.number = 0 then 'neither code nor inputs' end
        ) end as changed
    from standing s
    left join lateral (
        select count(*) as number, min(i.name) as name
        from headwater.file_link l join headwater.file i on i.id = l.source_file
        where s.is_new and l.resulting_file = s.id and not exists (
            select from headwater.file_link o
            where o.resulting_file = s.old_file_id and o.source_file = l.source_file)
    ) added on true
    left join lateral (
        select count(*) as number, min(i.name) as name
        from headwater.file_link l join headwater.file i on i.id = l.source_file
        where s.is_new and l.resulting_file = s.old_file_id and not exists (
            select from headwater.file_link o
            where o.resulting_file = s.id and o.source_file = l.source_file)
    ) gone on true
)
"""  # noqa: S608  the pieces are constants of this module
# What was there at the approval beside what is there now, and what became of each.

_VALUES = """told.process_id, told.product_id, told.interval_key, told.keywords, told.utc_date,
       told.old_file_id, told.old_file, told.old_version, told.old_code,
       case when told.is_new then told.name end as new_file,
       case when told.is_new then told.version end as new_version,
       case when told.is_new then told.code end as new_code,
       case when told.is_new then told.build_id else told.own_build end as build_id,
       told.outcome, told.reason, told.changed"""
_ORDER = "told.process_id, told.utc_date, told.product_id, told.interval_key, told.keywords"

_WRITE_AFTER = text(f"""
with {_STANDING},
gone as (delete from headwater.campaign_output where campaign_id = :campaign)
insert into headwater.campaign_output (campaign_id, process_id, product_id, interval_key, keywords,
    utc_date, old_file_id, old_file, old_version, old_code, new_file, new_version, new_code,
    build_id, outcome, reason, changed)
select :campaign, {_VALUES} from told order by {_ORDER}
""")  # noqa: S608  as above
"""What became of each output of a campaign that ends now, in place of what was there before."""

_COLUMNS = """r.name as process, p.name as product, t.interval_key, t.keywords, t.utc_date,
       t.old_file, t.old_version, t.old_code, t.new_file, t.new_version, t.new_code,
       t.build_id, t.outcome, t.reason, t.changed"""

_ROWS_KEPT = text(f"""
select {_COLUMNS}
from headwater.campaign_output t
join headwater.process r on r.id = t.process_id
left join headwater.product p on p.id = t.product_id
where t.campaign_id = :campaign and t.outcome is not null order by t.id
""")  # noqa: S608  as above
"""The record of a campaign that has ended."""

_ROWS_NOW = text(f"""
with {_STANDING},
t as (select {_VALUES} from told)
select {_COLUMNS}
from t
join headwater.process r on r.id = t.process_id
left join headwater.product p on p.id = t.product_id
order by t.process_id, t.utc_date, t.product_id, t.interval_key, t.keywords
""")  # noqa: S608  as above
"""How a campaign that has not ended stands now."""


def write_before(connection: Connection, campaign: int) -> None:
    """Write down what is there, in the transaction that approves the campaign."""
    connection.execute(_WRITE_BEFORE, {"campaign": campaign})


def write_after(connection: Connection, campaign: int) -> None:
    """Write down what became of it, in the transaction that ends the campaign."""
    connection.execute(_WRITE_AFTER, {"campaign": campaign})


def record_rows(
    connection: Connection, campaign: int, *, ended: bool
) -> Sequence[Mapping[str, Any]]:
    """The record of a campaign: as it was kept if it has `ended`, else as it stands now."""
    statement = _ROWS_KEPT if ended else _ROWS_NOW
    rows: Sequence[Row[Any]] = connection.execute(statement, {"campaign": campaign}).all()
    return [dict(row._mapping) for row in rows]
