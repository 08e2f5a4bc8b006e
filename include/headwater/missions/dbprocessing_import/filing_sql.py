"""The statements that bring files of an old database into the catalog, each for all files.

They join the temporary tables of :mod:`.staging` with the catalog's; `old_place` says of each old
file which row it is, or why it is none.
"""

from __future__ import annotations

from sqlalchemy import text

_INPUT_OF_GROUP = "sp.several_per_day desc, i.kind, i.position, s.{0}"

INHERIT_GROUPS = text(f"""
    insert into old_group
    select distinct on (f.old_id) f.old_id,
           case when fp.several_per_day and sp.several_per_day
                then coalesce(g.interval_key, s.interval_key) else f.interval_key end,
           case when f.keywords = '' then coalesce(g.keywords, s.keywords) else f.keywords end
    from old_file f
    join old_product fo on fo.old_id = f.old_product
    join headwater.product fp on fp.id = fo.new_id
    join old_code_link k on k.resulting = f.old_id
    join old_code o on o.old_id = k.code
    join headwater.code c on c.id = o.new_id
    join headwater.process r on r.id = c.process_id and r.timebase = 'FILE'
    join old_link l on l.resulting = f.old_id
    join old_file s on s.old_id = l.source and s.utc_file_date = f.utc_file_date
    join old_product so on so.old_id = s.old_product
    join headwater.product sp on sp.id = so.new_id
    join headwater.process_input i
      on i.process_id = r.id and i.product_id = sp.id and i.kind in ('hard', 'soft')
    left join old_group g on g.old_id = s.old_id
    where f.reason is null and s.reason is null
      and not exists (select from old_group known where known.old_id = f.old_id)
      and ((f.keywords = '' and coalesce(g.keywords, s.keywords) <> '')
           or (fp.several_per_day and sp.several_per_day
               and f.interval_key <> coalesce(g.interval_key, s.interval_key)))
    order by f.old_id, {_INPUT_OF_GROUP.format("old_id")}
""")  # noqa: S608  built from the constant above only
"""Give outputs of FILE processes the keywords of their inputs, and the start times that tell
several files a day apart, as outputs made here have them. To be repeated for each level."""

PLACE_FILES = text("""
    create temporary table old_place as
    with row as (
        select f.old_id, f.name, f.reason, f.exists_on_disk, p.new_id as product_id,
               coalesce(g.interval_key, f.interval_key) as interval_key,
               coalesce(g.keywords, f.keywords) as keywords, f.interface, f.quality, f.revision
        from old_file f
        left join old_product p on p.old_id = f.old_product
        left join old_group g on g.old_id = f.old_id
    ), by_name as (
        select row.*, c.id as catalog_id,
               first_value(old_id) over (partition by row.name, reason is null order by old_id)
                   as first_id
        from row left join headwater.file c
          on c.mission_id = :mission and c.name = row.name and row.reason is null
    ), by_version as (
        select *, case when reason is not null then 'row' when first_id <> old_id then 'name' end
                   as cause,
               first_value(name) over (
                   partition by reason is null and first_id = old_id, product_id, interval_key,
                       keywords, interface, quality, revision
                   order by catalog_id is null, exists_on_disk desc, name) as first_name
        from by_name
    ), here as (
        select v.*, coalesce(v.cause, case when v.first_name <> v.name then 'version'
                                           when f.id is not null then 'here' end) as why,
               case when v.first_name <> v.name then v.first_name else f.name end as other
        from by_version v left join headwater.file f
          on v.cause is null and v.catalog_id is null and f.product_id = v.product_id
         and f.interval_key = v.interval_key and f.keywords = v.keywords
         and f.interface_version = v.interface and f.quality_version = v.quality
         and f.revision_version = v.revision
    ), fresh as (
        select *, why is null and catalog_id is null as is_new from here
    )
    select old_id, name, product_id, interval_key, keywords, interface, quality, revision,
           catalog_id, why, is_new,
           case why when 'row' then reason
                    when 'name' then 'another file of the old database has the same name'
                    else 'the same product, interval, keywords and version as ' || other end
               as reason,
           is_new and row_number() over (
               partition by is_new, product_id, interval_key, keywords
               order by interface desc, quality desc, revision desc) = 1 as top,
           row_number() over (partition by is_new order by old_id) as place,
           is_new or known.new_id is not null as imported,
           case when why is not null then null when catalog_id is not null then catalog_id
                when :keep then old_id
                else nextval(pg_get_serial_sequence('headwater.file', 'id')) end as new_id
    from (select * from fresh order by old_id) ordered
    left join (select distinct new_id from headwater.imported_id
               where mission_id = :mission and kind = 'file') known on known.new_id = catalog_id
""")
"""Say of each old file which row it is or will be, or why it is none.

Of files with one product, interval, keywords and version the one that is here already stays, or
else one that is on disk, or else the lowest name (spec dbprocessing 12, s27, s68).
"""

INDEX_PLACES = text("""
    create unique index on old_place (old_id);
    create index on old_place (place) where is_new;
    analyze old_place
""")
"""Let the database know where files go."""

DEMOTE_OLDER = text("""
    update headwater.file f set newest = false
    from old_place p
    where p.top and f.newest and f.product_id = p.product_id
      and f.interval_key = p.interval_key and f.keywords = p.keywords
      and (f.interface_version, f.quality_version, f.revision_version)
          < (p.interface, p.quality, p.revision)
""")
"""Take the mark 'newest' from files of the catalog that an old one stands above."""

_CHANGED = "k.found and k.sha1 <> coalesce({0}, k.sha1)"
_CHANGED_NOTE = "'its bytes are not those that were recorded: sha1 ' || k.sha1 || ' on disk'"

INSERT_OLD_FILES = text(f"""
    insert into headwater.file (
        id, mission_id, product_id, name, path, interval_key, utc_file_date, utc_start_time,
        utc_stop_time, interface_version, quality_version, revision_version, newest, keywords,
        level, size, sha256, sha1, file_create_date, exists_on_disk, note, verbose_provenance,
        quality_checked, quality_comment, caveats, check_date, met_start_time, met_stop_time)
    select p.new_id, :mission, p.product_id, f.name, f.path, p.interval_key, f.utc_file_date,
           f.utc_start_time, f.utc_stop_time, f.interface, f.quality, f.revision,
           p.top and not exists (
               select from headwater.file h where h.newest and h.product_id = p.product_id
               and h.interval_key = p.interval_key and h.keywords = p.keywords),
           p.keywords, f.level,
           case when not changed then k.size end, case when not changed then k.sha256 end,
           coalesce(f.sha1, k.sha1), f.file_create_date,
           case when k.old_id is null then f.exists_on_disk else k.found and not changed end,
           nullif(concat_ws('; ', f.note, case when changed then {_CHANGED_NOTE} end), ''),
           f.verbose_provenance, f.quality_checked, f.quality_comment, f.caveats, f.check_date,
           f.met_start_time, f.met_stop_time
    from old_place p
    join old_file f on f.old_id = p.old_id
    left join old_check k on k.old_id = p.old_id
    cross join lateral (select coalesce({_CHANGED.format("f.sha1")}, false) as changed) c
    where p.is_new and p.place between :first and :last
    order by p.place
""")  # noqa: S608  built from the constants above only
"""File a slice of the new ones. Size and SHA-256 are known only of those whose bytes were read
and are the recorded ones; a file with other bytes counts as not there."""

ANALYZE_FILES = text("analyze headwater.file")
"""Many files may have come at once: let the database know before it joins them."""

ANALYZE_LINKS = text(
    "analyze headwater.file_link, headwater.file_code, headwater.imported_id, headwater.release"
)
"""As for files."""

FOLLOW_FILES = text(f"""
    update headwater.file h
    set exists_on_disk = n.there, size = n.size, sha256 = n.sha256, sha1 = n.sha1,
        note = case when n.changed and h.exists_on_disk
                    then concat_ws('; ', h.note, n.changed_note) else h.note end
    from (
        select o.id, {_CHANGED_NOTE} as changed_note, c.changed,
               case when k.old_id is null then f.exists_on_disk else k.found and not changed end
                   as there,
               case when k.found and not changed then k.size else o.size end as size,
               case when k.found and not changed then k.sha256 else o.sha256 end as sha256,
               case when k.found and not changed then k.sha1 else e.sha1 end as sha1
        from old_place p
        join headwater.file o on o.id = p.catalog_id
        join old_file f on f.old_id = p.old_id
        left join old_check k on k.old_id = p.old_id
        cross join lateral (
            select case when o.sha256 is null then coalesce(f.sha1, o.sha1) else o.sha1 end as sha1
        ) e
        cross join lateral (select coalesce({_CHANGED.format("e.sha1")}, false) as changed) c
        where p.why is null and p.imported and (o.sha256 is null or k.old_id is not null)
    ) n
    where h.id = n.id and (h.exists_on_disk, h.size, h.sha256, h.sha1)
          is distinct from (n.there, n.size, n.sha256, n.sha1)
""")  # noqa: S608  as above
"""Bring files of an earlier import to what is known now: whether they are there, and their sums.
The old database counts until a file's bytes have been read."""

INSERT_OLD_LINKS = text("""
    insert into headwater.file_link (source_file, resulting_file)
    select s.new_id, r.new_id
    from old_link l
    join old_place s on s.old_id = l.source
    join old_place r on r.old_id = l.resulting and r.imported
    where s.new_id is not null and r.new_id is not null and s.new_id <> r.new_id
    on conflict do nothing
""")
"""What the old database says of which file was made from which, where both are here."""

INSERT_OLD_CODE_LINKS = text("""
    insert into headwater.file_code (resulting_file, source_code)
    select distinct on (p.new_id) p.new_id, c.id
    from old_code_link l
    join old_place p on p.old_id = l.resulting and p.imported and p.new_id is not null
    join old_code o on o.old_id = l.code
    join headwater.code c on c.id = o.new_id
    where not exists (select from headwater.file_code k where k.resulting_file = p.new_id)
    order by p.new_id, c.interface_version desc, c.quality_version desc, c.revision_version desc,
             c.id desc
    on conflict do nothing
""")
"""What the old database says of which code made which file; of several the highest version."""

INSERT_OLD_RELEASES = text("""
    insert into headwater.release (file_id, release_num)
    select p.new_id, o.release_num
    from old_release o join old_place p on p.old_id = o.file
    where p.new_id is not null and length(o.release_num) <= 20
    on conflict do nothing
""")
"""The releases of files that are here."""

RECORD_FILE_NUMBERS = text("""
    insert into headwater.imported_id (mission_id, kind, old_id, new_id)
    select :mission, 'file', old_id, new_id from old_place where imported and new_id is not null
    on conflict (mission_id, kind, old_id) do update set new_id = excluded.new_id
    where imported_id.new_id <> excluded.new_id
""")
"""Keep which row stands for an old file."""

RECORD_LEFT_OUT = text("""
    insert into headwater.left_out_file (mission_id, name, old_id, product, utc_file_date, path,
                                         reason)
    select :mission, p.name, p.old_id, d.name, f.utc_file_date, f.path, p.reason
    from old_place p
    join old_file f on f.old_id = p.old_id
    left join headwater.product d on d.id = p.product_id
    where p.why is not null
    on conflict (mission_id, name, old_id) do update set reason = excluded.reason
    where left_out_file.reason <> excluded.reason
""")
"""Keep which old files are none here, and why."""

FORGET_LEFT_OUT = text("""
    delete from headwater.left_out_file o
    using old_place p
    where o.mission_id = :mission and o.old_id = p.old_id and o.name = p.name and p.why is null
""")
"""A file that was left out by an earlier import and is here now."""

RECORD_BUILDS = text("""
    with made as (
        select f.id, f.interval_key, f.keywords, f.utc_file_date, f.utc_start_time,
               f.utc_stop_time, f.interface_version, f.quality_version, f.revision_version,
               c.id as code_id, c.process_id
        from old_place p
        join headwater.file f on f.id = p.new_id and f.newest and f.build_id is null
        join headwater.file_code k on k.resulting_file = f.id
        join headwater.code c on c.id = k.source_code
        join headwater.process r on r.id = c.process_id and r.timebase = 'FILE'
        join headwater.process_output o on o.process_id = r.id and o.product_id = f.product_id
        where p.is_new
    ), read as (
        select m.id, s.id as source, s.utc_file_date, s.interval_key, s.keywords,
               sp.several_per_day, i.kind, i.position
        from made m
        join headwater.file_link l on l.resulting_file = m.id
        join headwater.file s on s.id = l.source_file
        join headwater.product sp on sp.id = s.product_id
        join headwater.process_input i on i.process_id = m.process_id
         and i.product_id = s.product_id and i.kind in ('hard', 'soft')
    ), named as (
        select distinct on (m.id) m.*, n.interval_key as own_key, n.keywords as own_keywords
        from made m join read n on n.id = m.id and n.utc_file_date = m.utc_file_date
        order by m.id, n.several_per_day desc, n.kind, n.position, n.source
    ), printed as (
        select id, encode(sha256(convert_to(
            'code=' || code_id || ';inputs=' || string_agg(source::text, ',' order by source),
            'UTF8')), 'hex') as fingerprint
        from (select distinct m.id, m.code_id, n.source
              from made m join read n on n.id = m.id) each
        group by id, code_id
    ), built as (
        insert into headwater.build (
            mission_id, process_id, interval_key, utc_date, interval_start, interval_stop,
            keywords, state, reason, fingerprint, code_id, interface_version, quality_version,
            revision_version, ended_at)
        select :mission, n.process_id, n.own_key, n.utc_file_date, n.utc_start_time,
               n.utc_stop_time, n.own_keywords, 'built', 'made by dbprocessing, imported',
               d.fingerprint, n.code_id, n.interface_version, n.quality_version,
               n.revision_version, now()
        from named n join printed d on d.id = n.id
        where (n.own_key, n.own_keywords) <> (n.interval_key, n.keywords)
        order by n.interface_version desc, n.quality_version desc, n.revision_version desc
        on conflict do nothing
        returning id, process_id, interval_key, keywords, code_id, fingerprint
    )
    update headwater.file f set build_id = b.id
    from built b
    join named n on n.process_id = b.process_id and n.own_key = b.interval_key
     and n.own_keywords = b.keywords and n.code_id = b.code_id
    join printed d on d.id = n.id and d.fingerprint = b.fingerprint
    where f.id = n.id
""")
"""Outputs that do not tell by themselves which inputs they belong to get a build that does.

An output of a FILE process is found again by its inputs' keywords; one whose inspector sets other
keywords than its input has is known here by its build (see `NEWEST_OUTPUTS`). The fingerprint is
that of :func:`headwater.core.fingerprint.fingerprint`.
"""
