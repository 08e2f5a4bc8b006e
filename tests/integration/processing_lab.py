"""A small mission whose L0 files are put straight into the archive, for tests of processing.

The chain: ``l0`` -> mk_l1 (FILE) -> ``l1`` -> mk_l2 (DAILY) -> ``l2``; tests replace parts of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import Row, text

from headwater.catalog.connection import Catalog
from headwater.catalog.queries.filing import NewFile, file_new, interval_key
from headwater.core.actor import Actor
from headwater.core.interval import day_start, day_stop
from headwater.core.version import Version
from headwater.missions.apply import apply
from headwater.missions.loaded import LoadedMission, load_mission
from headwater.missions.reading import read_mission_files
from headwater.processing.service import ProcessReport, process_pending

INSPECTOR = """
import datetime
import re

from dbprocessing import Version, inspector


class Inspector(inspector.inspector):
    code_name = "generic.py"

    def inspect(self, kwargs):
        name = r"_(\\d{8})(?:_p(\\d+))?(?:_o\\d+)?_v(\\d+\\.\\d+\\.\\d+)\\.dat$"
        found = re.match(kwargs["stem"] + name, self.basename)
        if found is None:
            return None
        day = datetime.datetime.strptime(found.group(1), "%Y%m%d")
        self.diskfile.params["utc_file_date"] = day.date()
        self.diskfile.params["utc_start_time"] = day
        self.diskfile.params["utc_stop_time"] = day + datetime.timedelta(
            days=int(kwargs.get("days", "1")), microseconds=-1)
        self.diskfile.params["version"] = Version.Version.fromString(found.group(3))
        if found.group(2):
            self.diskfile.params["process_keywords"] = "nn=" + found.group(2)
        return "mine"
"""

COPY = """#!/bin/sh
for last; do :; done
for one; do [ "$one" = "$last" ] || cat "$one" >>"$last"; done
"""

PRODUCT = """
[product_{name}]
product_name = {name}
relative_path = {name}
level = {level}
format = {format}
product_description = lab
inspector_filename = generic.py
inspector_relative_path =
inspector_description = lab
inspector_version = 1.0.0
inspector_output_interface = 1
inspector_active = True
inspector_date_written = 2020-01-01
inspector_newest_version = True
inspector_arguments = stem={name}
"""

PROCESS = """
[process_{name}]
process_name = {name}
output_product = {output}
output_timebase = {timebase}
extra_params = {extra}
{inputs}
code_filename = {code}
code_relative_path =
code_start_date = 1970-01-01
code_stop_date = 2049-12-31
code_description = lab
code_version = {version}
code_output_interface = {interface}
code_active = True
code_date_written = 2020-01-01
code_newest_version = True
code_arguments = {arguments}
code_cpu = 1
code_ram = 1
"""

HEAD = """
[mission]
mission_name = lab
rootdir = {root}
incoming_dir = incoming
codedir = codes
inspectordir = inspectors
errordir = errors

[satellite]
satellite_name = lab-a

[instrument]
instrument_name = i1
"""


def product(name: str, level: int, format: str | None = None) -> str:
    """A product section."""
    format = format or name + "_{Y}{m}{d}_v{VERSION}.dat"
    return PRODUCT.format(name=name, level=level, format=format)


def process(
    name: str,
    output: str,
    inputs: str,
    *,
    timebase: str = "DAILY",
    code: str = "copy.sh",
    version: str = "1.0.0",
    interface: int = 1,
    extra: str = "",
    arguments: str = "",
) -> str:
    """A process section; `inputs` are its lines, `output` a product's name or nothing."""
    return PROCESS.format(
        name=name,
        output=f"product_{output}" if output else "",
        inputs=inputs,
        timebase=timebase,
        code=code,
        version=version,
        interface=interface,
        extra=extra,
        arguments=arguments,
    )


CHAIN = (
    product("l0", 0),
    product("l1", 1),
    product("l2", 2),
    process("mk_l1", "l1", "required_input1 = product_l0", timebase="FILE"),
    process("mk_l2", "l2", "required_input1 = product_l1"),
)


def _product_part(name: str, own: Mapping[str, Any] | int) -> dict[str, Any]:
    """A product of a YAML file: the lab's inspector, and its format unless it has its own."""
    changes = {"level": own} if isinstance(own, int) else own
    return {
        "name": name,
        "level": 0,
        "relative_path": name,
        "format": name + "_{Y}{m}{d}_v{VERSION}.dat",
        "inspector": {"filename": "generic.py", "arguments": f"stem={name}"},
        **changes,
    }


class Lab:
    """The mission on disk and in the catalog."""

    def __init__(
        self, catalog: Catalog, root: Path, sections: Sequence[str] | None = CHAIN
    ) -> None:
        self.catalog = catalog
        self.root = root
        self.actor = Actor("tester")
        for folder in ("incoming", "codes", "inspectors", "errors", "l0"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        (root / "inspectors" / "generic.py").write_text(INSPECTOR)
        self.code("copy.sh", COPY)
        if sections is not None:
            self.change(sections)

    def code(self, name: str, script: str, mode: int = 0o755) -> None:
        path = self.root / "codes" / name
        path.write_text(script)
        path.chmod(mode)

    def change(self, sections: Sequence[str], **settings: object) -> LoadedMission:
        """Apply the mission file made of `sections`, then set what the form has no words for."""
        file = self.root / "lab.conf"
        file.write_text(HEAD.format(root=self.root) + "".join(sections))
        apply(self.catalog, read_mission_files([file]), self.actor)
        if settings:
            self.settings(**settings)
        return self.mission

    def change_yaml(self, products: Mapping[str, Any], processes: Mapping[str, Any],
                    **settings: Any) -> LoadedMission:  # fmt: skip
        """Apply what only YAML can say; a product's level or its own keys, processes as they are.

        The names of products and processes are their keys.
        """
        mission = {"name": "lab", "rootdir": str(self.root), "incoming_dir": "incoming",
                   "codedir": "codes", "inspectordir": "inspectors", "errordir": "errors",
                   "settings": settings}  # fmt: skip
        document = {
            "mission": mission,
            "satellite": {"name": "lab-a"},
            "instrument": {"name": "i1"},
            "products": {key: _product_part(key, own) for key, own in products.items()},
            "processes": {
                key: {"name": key, "code": {"filename": "copy.sh"}, **own}
                for key, own in processes.items()
            },
        }
        file = self.root / "lab.yaml"
        file.write_text(yaml.safe_dump(document, sort_keys=False))
        apply(self.catalog, read_mission_files([file]), self.actor)
        return self.mission

    def settings(self, **settings: object) -> None:
        import json

        with self.catalog.begin() as connection:
            connection.execute(
                text("update headwater.mission set settings = settings || cast(:s as jsonb)"),
                {"s": json.dumps(settings)},
            )

    @property
    def mission(self) -> LoadedMission:
        return load_mission(self.catalog, "lab")

    def put(
        self,
        product: str,
        day: date,
        version: str = "1.0.0",
        *,
        keywords: str = "",
        start: datetime | None = None,
        stop: datetime | None = None,
        name: str | None = None,
        content: str | None = None,
    ) -> int:
        """File one file as if it had arrived; its id."""
        return self.put_many(
            product, [day], version, keywords=keywords, start=start, stop=stop, name=name,
            content=content,
        )[0]  # fmt: skip

    def put_many(
        self,
        product: str,
        days: Sequence[date],
        version: str = "1.0.0",
        *,
        keywords: str = "",
        start: datetime | None = None,
        stop: datetime | None = None,
        name: str | None = None,
        content: str | None = None,
    ) -> list[int]:
        mission = self.mission
        row = mission.product(product)
        (self.root / product).mkdir(exist_ok=True)
        files = []
        for day in days:
            own = name or f"{product}_{day:%Y%m%d}_v{version}.dat"
            data = (f"{own}\n" if content is None else content).encode()
            (self.root / product / own).write_bytes(data)
            files.append(
                NewFile(
                    row.id,
                    own,
                    f"{product}/{own}",
                    interval_key(day, start or day_start(day), several_per_day=row.several_per_day),
                    day,
                    start or day_start(day),
                    stop or day_stop(day),
                    Version.parse(version),
                    row.level,
                    len(data),
                    hashlib.sha256(data).hexdigest(),
                    hashlib.sha1(data).hexdigest(),
                    datetime.now(UTC),
                    keywords=keywords,
                )
            )
        with self.catalog.begin() as connection:
            return [one.id for one in file_new(connection, mission.id, files, self.actor)]

    def process(self, slots: int = 2) -> ProcessReport:
        return process_pending(self.catalog, self.mission, self.actor, slots=slots)

    def rows(self, query: str, **values: object) -> list[Row[tuple[object, ...]]]:
        with self.catalog.read() as connection:
            return list(connection.execute(text(query), values))

    def newest(self, product: str) -> dict[str, str]:
        """Date -> version of the newest files of a product."""
        return {
            str(row.utc_file_date): row.version
            for row in self.rows(
                "select utc_file_date, concat_ws('.', interface_version, quality_version,"
                " revision_version) as version from headwater.file f"
                " join headwater.product p on p.id = f.product_id"
                " where p.name = :p and newest order by 1",
                p=product,
            )
        }

    def builds(self, process: str) -> list[tuple[str, str, str]]:
        """(interval, state, reason) of a process's builds, in the order they were made."""
        return [
            (row.interval_key, row.state, row.reason)
            for row in self.rows(
                "select b.interval_key, b.state, b.reason from headwater.build b"
                " join headwater.process p on p.id = b.process_id where p.name = :p order by b.id",
                p=process,
            )
        ]

    def parents(self, name: str) -> list[str]:
        return [
            row.name
            for row in self.rows(
                "select s.name from headwater.file_link l"
                " join headwater.file s on s.id = l.source_file"
                " join headwater.file r on r.id = l.resulting_file"
                " where r.name = :n order by 1",
                n=name,
            )
        ]

    def leftovers(self) -> list[str]:
        """What is in the work folder, and unfinished promises."""
        work = self.root / ".work"
        found = sorted(path.name for path in work.iterdir()) if work.exists() else []
        return found + [str(row.final_path) for row in self.rows("select * from headwater.intent")]
