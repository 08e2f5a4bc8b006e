"""The read-only ``dbu`` that inspectors get: what the helper was told, no database."""

from __future__ import annotations

from .DBstrings import DBformatter

_OFFERED = "getEntry, getTraceback, mission, re and format"


class DBNoData(Exception):
    """No row of this id or name is known to inspectors."""


class Entry:
    """One row, its columns as attributes; nothing can be set."""

    def __init__(self, **columns):
        self.__dict__.update(columns)

    def __setattr__(self, name, value):
        raise AttributeError(
            f"{name} cannot be set: inspectors read the catalog, they do not write"
        )


class DButils:
    """Answers ``getEntry`` and ``getTraceback`` for mission, satellites, instruments and products.

    `mission` and `specs` are the facts of :mod:`headwater.missions.inspection.specs`; the numbers
    are those by which the inspectors know the rows.
    """

    def __init__(self, mission, specs):
        self.mission = mission.name
        formatter = DBformatter()
        self.re = formatter.re
        self.format = formatter.format
        row = Entry(
            mission_id=mission.mission_id,
            mission_name=mission.name,
            rootdir=mission.rootdir,
            incoming_dir=mission.incoming_dir,
            codedir=mission.codedir,
            inspectordir=mission.inspectordir,
            errordir=mission.errordir,
        )
        self._tables = {
            name: {} for name in ("Mission", "Satellite", "Instrument", "Product", "Inspector")
        }
        self._tables["Mission"] = {row.mission_id: row, row.mission_name: row}
        for spec in sorted(specs, key=lambda spec: spec.known("product")):
            self._add(spec, row)

    def _add(self, spec, mission):
        satellite = Entry(
            satellite_id=spec.known("satellite"),
            satellite_name=spec.satellite_name,
            mission_id=mission.mission_id,
        )
        instrument = Entry(
            instrument_id=spec.known("instrument"),
            instrument_name=spec.instrument_name,
            satellite_id=spec.known("satellite"),
        )
        product = Entry(
            product_id=spec.known("product"),
            product_name=spec.product_name,
            instrument_id=spec.known("instrument"),
            relative_path=spec.relative_path,
            level=spec.level,
            format=spec.format,
            product_description=None,
        )
        inspector = Entry(
            inspector_id=spec.known("inspector"),
            filename=spec.module_path,
            description=spec.description,
            arguments=spec.arguments,
            product=spec.known("product"),
            active_code=True,
        )
        self._put("Satellite", satellite, satellite.satellite_id, spec.satellite_name)
        self._put("Instrument", instrument, instrument.instrument_id, spec.instrument_name)
        self._put("Product", product, product.product_id, spec.product_name)
        self._put("Inspector", inspector, inspector.inspector_id)

    def _put(self, table, entry, *keys):
        for key in keys:  # of equal names the lowest id counts (spec dbprocessing 1)
            self._tables[table].setdefault(key, entry)

    def getEntry(self, table, key):
        """Give the row of `table` whose id or name is `key`; DBNoData if there is none."""
        rows = self._tables.get(str(table).capitalize())
        if rows is None:
            raise AttributeError(
                f"table {table} is not offered to inspectors: there are {', '.join(self._tables)}"
            )
        entry = rows.get(key)
        if entry is None and isinstance(key, str) and key.isdecimal():
            entry = rows.get(int(key))
        if entry is None:
            raise DBNoData(f"no {table} {key!r} is known to inspectors")
        return entry

    def getTraceback(self, table, key):
        """Give the rows above `key` by lower-case table name, from product to mission.

        `table` is Product, Instrument, Satellite or Mission.
        """
        name = str(table).capitalize()
        entry = self.getEntry(table, key)
        found = {name.lower(): entry}
        if name == "Product":
            found["inspector"] = self._inspector_of(entry.product_id)
            found["instrumentproductlink"] = Entry(
                instrument_id=entry.instrument_id, product_id=entry.product_id
            )
            found["instrument"] = entry = self.getEntry("Instrument", entry.instrument_id)
            name = "Instrument"
        if name == "Instrument":
            found["satellite"] = entry = self.getEntry("Satellite", entry.satellite_id)
            name = "Satellite"
        if name == "Satellite":
            found["mission"] = self.getEntry("Mission", entry.mission_id)
        return found

    def _inspector_of(self, product_id):
        return next(row for row in self._tables["Inspector"].values() if row.product == product_id)

    def __getattr__(self, name):
        raise AttributeError(f"dbu.{name} is not offered to inspectors: there are {_OFFERED}")
