"""What must hold for a mission as a whole. Pure: nothing is read from disk or catalog."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations

from headwater.core.command_fields import INPUT, OUTPUT, product_fields
from headwater.core.errors import MissionFileError, NameFormatError
from headwater.core.interval import day_start
from headwater.core.name_format import date_fields, fields_of, fill_known
from headwater.core.product_graph import ProcessEdge, process_order
from headwater.core.states import FoundBy, InputKind, Timebase
from headwater.missions.definition import EARLIEST, ProcessDefinition
from headwater.missions.folder_checks import check_folders
from headwater.missions.loaded import LoadedMission
from headwater.missions.merging import Wanted, WantedProcess, WantedProduct
from headwater.missions.problems import Problems, nearest
from headwater.missions.slug import LONGEST_SLUG, slug

_EXAMPLE = {**date_fields(day_start(EARLIEST)), "VERSION": "1.0.0"}
_FOLDER_FIELDS = frozenset(_EXAMPLE) - {"datetime"}


def check(
    wanted: Wanted, loaded: LoadedMission | None, other_missions: Iterable[str], problems: Problems
) -> None:
    """Note in `problems` what is wrong with `wanted`, seen with what the catalog has already."""
    _mission(wanted, other_missions, problems)
    check_folders(wanted, problems)
    for product in wanted.products.values():
        _product(product, problems)
    known = set(wanted.products)
    if loaded is not None:
        known |= {product.name for product in loaded.products.values()}
    for process in wanted.processes.values():
        _references(process, known, problems)
        _codes(process, problems)
        _orbit_outputs(process, wanted, loaded, problems)
        _command_fields(process, problems)
    _orbit_product(wanted, known, problems)
    _slugs(wanted, loaded, problems)
    _circles(wanted, loaded, problems)


def _mission(wanted: Wanted, others: Iterable[str], problems: Problems) -> None:
    place = wanted.place
    _slug_fits("mission", wanted.name, place, problems)
    for other in others:
        if other != wanted.name and slug(other) == slug(wanted.name):
            problems.add(
                place,
                f"mission {wanted.name!r} and mission {other!r} would both be called "
                f"{slug(other)!r} in Airflow: use another name",
            )


def _slug_fits(noun: str, name: str, place: str, problems: Problems) -> None:
    text = slug(name)
    if not text:
        problems.add(
            place, f"{noun} name {name!r} has no letter or digit: DAGs need one of a-z 0-9"
        )
    elif len(text) > LONGEST_SLUG:
        problems.add(place, f"{noun} name {name!r} is longer than {LONGEST_SLUG} characters")


def _product(product: WantedProduct, problems: Problems) -> None:
    part, place = product.part, product.place
    try:
        for template in (part.format, part.relative_path):
            fill_known(template, _EXAMPLE)
        for field in fields_of(part.relative_path):
            if field not in _FOLDER_FIELDS:
                hint = nearest(field, _FOLDER_FIELDS)
                problems.add(place, f"relative_path has the unknown field {{{field}}}; {hint}")
    except NameFormatError as error:
        problems.add(place, str(error))
    if "/" in part.format:
        problems.add(place, f"format {part.format!r} holds a '/': the folder is relative_path")


def doubtful_formats(wanted: Wanted) -> list[str]:
    """Sentences on formats that can be used, but hardly mean what they say."""
    made = {
        one.product
        for process in wanted.processes.values()
        for one in process.part.outputs
        if one.found_by is FoundBy.NAME
    }
    return (
        _doubtful_fields(wanted)
        + [
            f"{product.place}: format has no {{VERSION}}, so a second version of a file of "
            f"{name!r} would have the name of the first and be refused"
            for name, product in wanted.products.items()
            if name in made and "VERSION" not in fields_of(product.part.format)
        ]
        + [
            f"{wanted.products[one.product].place}: format has no {{ORBIT}}, so the files of two "
            f"orbits that start on one day would have the same name"
            for process in wanted.processes.values()
            if process.part.timebase is Timebase.ORBIT
            for one in process.part.outputs
            if one.product in wanted.products
            and "ORBIT" not in fields_of(wanted.products[one.product].part.format)
        ]
    )


def _doubtful_fields(wanted: Wanted) -> list[str]:
    """Give fields that look like a known one written wrongly.

    A field that is not known is allowed: process keywords fill it (spec dbprocessing 2.1).
    """
    known = {
        *_FOLDER_FIELDS,
        "datetime",
        "QACODE",
        "APID",
        "ORBIT",
        "INSTRUMENT",
        "SATELLITE",
        "PRODUCT",
    }
    folded = {name.lower(): name for name in known if len(name) > 1}
    return [
        f"{product.place}: format has the field {{{field}}}, which only process keywords can "
        f"fill; did you mean {{{folded[field.lower()]}}}?"
        for product in wanted.products.values()
        for field in fields_of(product.part.format)
        if field not in known and field.lower() in folded
    ]


def _references(process: WantedProcess, known: set[str], problems: Problems) -> None:
    outputs = {one.product for one in process.part.outputs}
    named = {
        "inputs": [one.product for one in process.part.inputs],
        "outputs": [one.product for one in process.part.outputs],
    }
    for word, products in named.items():
        for position, product in enumerate(products):
            place = process.place(word, position)
            if product not in known:
                problems.add(place, f"no product {product!r}; {nearest(product, known)}")
            if product in products[:position]:
                problems.add(place, f"product {product!r} is named twice in {word}")
    for position, read in enumerate(process.part.inputs):
        if read.product in outputs and read.kind is not InputKind.NO_TRIGGER:
            problems.add(
                process.place("inputs", position),
                f"the process {process.part.name!r} makes {read.product!r} itself: it can read "
                "its own earlier output only as kind 'no_trigger'",
            )


def _orbit_outputs(
    process: WantedProcess, wanted: Wanted, loaded: LoadedMission | None, problems: Problems
) -> None:
    """A product that other files define must allow several files a day to be made an orbit."""
    if process.part.timebase is not Timebase.ORBIT or loaded is None:
        return
    single = {one.name for one in loaded.products.values() if not one.several_per_day}
    for position, made in enumerate(process.part.outputs):
        if made.product in single and made.product not in wanted.products:
            problems.add(
                process.place("outputs", position),
                f"{made.product!r} is made an orbit, several a day: apply it with "
                "several_per_day, or define a new product",
            )


def _command_fields(process: WantedProcess, problems: Problems) -> None:
    """The fields of inputs and outputs name those of the process."""
    part = process.part
    known = {
        INPUT: [one.product for one in part.inputs],
        OUTPUT: [one.product for one in part.outputs if one.found_by is FoundBy.NAME],
    }
    texts = [(process.place("extra_params"), part.extra_params or "")]
    texts += [
        (process.place("codes", position), code.arguments or "")
        for position, code in enumerate(part.codes)
    ]
    for place, text in texts:
        for kind, product in product_fields(text):
            field = f"{{{kind}:{product}}}"
            if product not in known[kind]:
                what = "an input" if kind == INPUT else "an output with a name"
                problems.add(place, f"the field {field} needs {what} of the process; "
                             f"{nearest(product, known[kind])}")  # fmt: skip
            elif " " in product and text is not part.extra_params:
                problems.add(place, f"arguments are split at blanks, so {field} cannot stand "
                             "there: use extra_params")  # fmt: skip


def _orbit_product(wanted: Wanted, known: set[str], problems: Problems) -> None:
    name = wanted.settings.orbit_product if wanted.settings else None
    if name is not None and name not in known:
        problems.add(wanted.place, f"settings.orbit_product: no product {name!r}; "
                     f"{nearest(name, known)}")  # fmt: skip


def _codes(process: WantedProcess, problems: Problems) -> None:
    for one, other in combinations(process.part.codes, 2):
        position = process.part.codes.index(other)
        if one.version == other.version:
            problems.add(
                process.place("codes", position),
                f"code version {one.version} is listed twice: a version is the identity of a code",
            )
        overlap = one.start_date <= other.stop_date and other.start_date <= one.stop_date
        if one.in_use and other.in_use and overlap:
            problems.add(
                process.place("codes", position),
                f"codes {one.version} and {other.version} of {process.part.name!r} are both "
                f"active from {max(one.start_date, other.start_date)} to "
                f"{min(one.stop_date, other.stop_date)}: expected one code a date; change their "
                "dates, or set active or newest_version of one to false",
            )


def _slugs(wanted: Wanted, loaded: LoadedMission | None, problems: Problems) -> None:
    names = {process.name for process in loaded.processes.values()} if loaded else set()
    taken = {slug(name): name for name in sorted(names)}
    for name, process in wanted.processes.items():
        _slug_fits("process", name, process.place(), problems)
        other = taken.setdefault(slug(name), name)
        if other != name:
            problems.add(
                process.place(),
                f"process {name!r} and process {other!r} would both be called {slug(name)!r} in "
                "Airflow: use another name",
            )


def _edge(part: ProcessDefinition) -> ProcessEdge:
    outputs = frozenset(one.product for one in part.outputs)
    inputs = {one.product for one in part.inputs if one.kind is not InputKind.NO_TRIGGER}
    # What it reads of its own is reported where it stands.
    return ProcessEdge(part.name, frozenset(inputs) - outputs, outputs)


def _circles(wanted: Wanted, loaded: LoadedMission | None, problems: Problems) -> None:
    edges: Mapping[str, ProcessEdge] = {
        **({edge.process: edge for edge in loaded.edges()} if loaded else {}),
        **{name: _edge(process.part) for name, process in wanted.processes.items()},
    }
    try:
        process_order(edges.values())
    except MissionFileError as error:
        problems.add(wanted.place, str(error))
