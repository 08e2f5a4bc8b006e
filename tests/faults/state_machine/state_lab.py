"""The small mission that the machine plays with: emptied in place, so that a new one is cheap.

Its codes copy their input below a line with their own name, unless a file beside them says how
they are to end: ``fail``, ``silent`` (exit 0, no output), ``later`` (exit 75) or ``hang``.
"""

from __future__ import annotations

import os
import shutil
import time
from datetime import date
from pathlib import Path

from processing_lab import CHAIN, Lab, process
from products_model import INPUT, first_code
from sqlalchemy import text

from headwater.catalog.connection import Catalog
from headwater.missions.codes import add_code, switch_code
from headwater.missions.definition import CodeDefinition
from headwater.missions.inspection.host import InspectorHost

SETTINGS = {
    "settle_seconds": 0.0,
    "retry_delay_seconds": 0.0,
    "code_time_limit_seconds": 0.3,
}
CODE = """#!/bin/sh
for last; do :; done
here=${0%/*} name=${last##*/}
told=$here/how/${name%%_v*}
how=well
[ -f "$told" ] && read -r how <"$told"
case $how in
fail) echo broken >"$last"; exit 1 ;;
silent) exit 0 ;;
later) exit 75 ;;
hang) : >"$here/how/hanging"; exec sleep 30 ;;
esac
{ echo "${0##*/}"; cat "$1"; } >"$last"
"""
SECTIONS = (
    *CHAIN[:3],
    process("mk_l1", "l1", "required_input1 = product_l0", timebase="FILE", code=first_code("l1")),
    process("mk_l2", "l2", "required_input1 = product_l1", code=first_code("l2")),
)
_TABLES = text("""
select string_agg(format('%I.%I', schemaname, tablename), ', ') from pg_tables
where schemaname = 'headwater' and tablename <> 'schema_version'
""")
_EXPIRE = (
    text("update headwater.arrival set lease_until = now() - interval '1 s' where state='claimed'"),
    text("update headwater.intent set lease_until = now() - interval '1 s'"),
    text("update headwater.build set lease_until = now() - interval '1 s' where state = 'running'"),
)


class StateLab(Lab):
    """A mission l0 -> l1 -> l2 in a catalog and a folder that it has for itself."""

    def __init__(self, catalog: Catalog, root: Path) -> None:
        self.host: InspectorHost | None = None
        self.catalog, self.root = catalog, root
        self.begin_anew()

    def begin_anew(self) -> None:
        """Empty catalog and folders, and apply the mission again; its rows keep their numbers."""
        with self.catalog.begin() as connection:
            tables = connection.execute(_TABLES).scalar_one()
            connection.execute(text(f"truncate {tables} restart identity cascade"))
        shutil.rmtree(self.root, ignore_errors=True)
        (self.root / "codes" / "how").mkdir(parents=True)
        (self.root / "sending").mkdir()
        for name in INPUT:
            self.code(first_code(name), CODE)
        super().__init__(self.catalog, self.root, SECTIONS)
        self.settings(**SETTINGS)
        mission = self.mission
        self.host = self.host or InspectorHost(mission.facts(), mission.inspector_specs())

    def close(self) -> None:
        """End the inspectors' helper process."""
        if self.host is not None:
            self.host.close()

    def send(self, name: str, content: bytes) -> bytes | None:
        """Put a file into incoming; the bytes of its name that lay there still, if any."""
        draft, place = self.root / "sending" / name, self.root / "incoming" / name
        draft.write_bytes(content)
        old = place.read_bytes() if place.exists() else None
        draft.replace(place)
        return old

    def tell_code(self, key: tuple[str, int], how: str | None) -> None:
        """Say how the code of a product and day is to end; none for well."""
        told = self.root / "codes" / "how" / f"{key[0]}_202001{key[1]:02d}"
        if how is None:
            told.unlink(missing_ok=True)
        else:
            told.write_text(f"{how}\n")

    @property
    def hanging(self) -> Path:
        """Is there as soon as a code hangs."""
        return self.root / "codes" / "how" / "hanging"

    def new_code(self, product_name: str, number: int, before: str) -> str:
        """Activate a new version of a code instead of the one before; its file name."""
        version = f"1.{number}.0"
        filename = f"mk_{product_name}_v{version}.sh"
        self.code(filename, CODE)
        definition = CodeDefinition(filename=filename, version=version)
        off = [version_of(before)]
        add_code(self.catalog, "lab", f"mk_{product_name}", definition, self.actor, deactivate=off)
        return filename

    def switch_to(self, product_name: str, code: str, before: str) -> None:
        """Activate an older version of a code again."""
        process_name, off = f"mk_{product_name}", [version_of(before)]
        switch_code(self.catalog, "lab", process_name, version_of(code), self.actor,
                    on=True, deactivate=off)  # fmt: skip

    def time_passes(self, *, work_is_old: bool = True) -> None:
        """All leases have ended, and what lies in the work folder is old.

        Not where its owner sleeps and nobody takes its work over: what it files must not look
        older than it is.
        """
        with self.catalog.begin() as connection:
            for statement in _EXPIRE:
                connection.execute(statement)
        if not work_is_old:
            return
        old = time.time() - 2 * 3600
        for path in [*self.root.glob(".work/*/*"), *self.root.glob(".work/*")]:
            os.utime(path, (old, old), follow_symlinks=False)


def version_of(filename: str) -> str:
    return filename.removesuffix(".sh").rpartition("_v")[2]


def day_of(number: int) -> date:
    return date(2020, 1, number)
