"""printInfo.py: what the catalog holds of a mission, one line each."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from headwater.catalog.connection import Catalog
from headwater.catalog.queries.product_files import product_files
from headwater.cli.dbprocessing.named import open_mission, product_of
from headwater.cli.dbprocessing.script_parser import add_dates, script_parser
from headwater.cli.dbprocessing.speaking import say
from headwater.core.states import InputKind
from headwater.missions.loaded import LoadedCode, LoadedMission, LoadedProcess

_Lines = Iterator[str]


def main(arguments: Sequence[str]) -> int:
    """Print the products, processes, codes or files, or the mission itself."""
    parser = script_parser("printInfo.py", "Print what the catalog holds of a mission.")
    parser.add_argument("-p", "--product", help="name or number of a product; for File only")
    add_dates(parser)
    parser.add_argument("database", help="the mission, or its database in dbprocessing")
    parser.add_argument("field", help=f"what to print: {', '.join(_FIELDS)}")
    options = parser.parse_args(arguments)
    lines = _FIELDS.get(options.field.capitalize())
    if lines is None:
        parser.error(f"cannot print {options.field!r}: expected one of {', '.join(_FIELDS)}")
    if lines is _files and options.product is None:
        parser.error("to print files, name their product with -p")
    with open_mission(options.database) as (catalog, mission):
        for line in lines(catalog, mission, options):
            say(line)
    return 0


def _line(form: str, *values: object) -> str:
    return form.format(*values).rstrip()


def _products(_catalog: Catalog, mission: LoadedMission, _options: argparse.Namespace) -> _Lines:
    form = "{0:4} {1:5} {2:45} {3}"
    yield _line(form, "ID", "LEVEL", "NAME", "PATH")
    for product in mission.products.values():
        path = mission.rootdir / product.relative_path
        yield _line(form, product.id, product.level, product.name, str(path))


def _mission(_catalog: Catalog, mission: LoadedMission, _options: argparse.Namespace) -> _Lines:
    form = "{0:4} {1:40} {2:40} {3:40}"
    yield _line(form, "ID", "NAME", "ROOT", "INCOMING")
    yield _line(form, mission.id, mission.name, str(mission.rootdir), str(mission.incoming_dir))


def _processes(_catalog: Catalog, mission: LoadedMission, _options: argparse.Namespace) -> _Lines:
    form = "{0:4} {1:40} {2:10} {3:45}"
    yield _line(form, "ID", "NAME", "TIMEBASE", "OUTPUT")
    for process in mission.processes.values():
        outputs = _outputs(mission, process) or "N/A"
        yield _line(form, process.id, process.name, process.timebase.value, outputs)
        for put in process.inputs:
            kind = _INPUT_WORDS[put.kind]
            name = mission.products[put.product_id].name
            yield _line("\t\t{0:10} ({1:3}) {2:45}", kind, put.product_id, name)
        for code in process.codes:
            dates = f"{code.start_date}->{code.stop_date}"
            yield _line("\t\t{0:10}c({1:3}) {2:45} {3}", "", code.id, code.filename, dates)


_INPUT_WORDS = {
    InputKind.HARD: "",
    InputKind.SOFT: "optional",
    InputKind.NO_TRIGGER: "no trigger",
}


def _outputs(mission: LoadedMission, process: LoadedProcess) -> str:
    products = [mission.products[put.product_id] for put in process.outputs]
    return ", ".join(f"({product.id:3}) {product.name}" for product in products)


_CODE = (
    "{0:4} {1:40} {2:10} ({3})   {4:40}  {5:5} {6:40}   {7}-{8}  {9:>4}-{10:<3} {11:10} -> {12:10}"
)


def _codes(_catalog: Catalog, mission: LoadedMission, _options: argparse.Namespace) -> _Lines:
    yield _line(
        _CODE, "id", "filename", "version", "outV ", "path", "p_id", "process", "A", "N", "ram",
        "cpu", "start", "stop",
    )  # fmt: skip
    codes = [(code, process) for process in mission.processes.values() for code in process.codes]
    for code, process in sorted(codes, key=lambda pair: pair[0].id):
        yield _code_line(mission.codedir, code, process)


def _code_line(codedir: Path, code: LoadedCode, process: LoadedProcess) -> str:
    return _line(
        _CODE, code.id, code.filename, str(code.version), f"{code.output_interface}.Y.Z",
        str(codedir / code.relative_path), f"({process.id:3})", process.name, int(code.active),
        int(code.newest_version), "-" if code.ram is None else code.ram, code.cpu,
        str(code.start_date), str(code.stop_date),
    )  # fmt: skip


def _files(catalog: Catalog, mission: LoadedMission, options: argparse.Namespace) -> _Lines:
    product = product_of(mission, options.product)
    with catalog.read() as connection:
        found = product_files(connection, product.id, options.startDate, options.endDate)
    if not found:
        yield f"No files found for product {product.id} in date range"
        return
    form = "{0:6} {1:4} {2:80} {3:40} {4:6}"
    yield _line(form, "f_id", "p_id", "full path", "filename", "newest")
    for file in found:
        path = str(mission.rootdir / file.path)
        yield _line(form, file.id, product.id, path, file.name, str(file.newest))


_FIELDS: Mapping[str, Callable[[Catalog, LoadedMission, argparse.Namespace], _Lines]] = {
    "Product": _products,
    "Mission": _mission,
    "Process": _processes,
    "Code": _codes,
    "File": _files,
}
