"""Config files in dbprocessing's format that are wrong, each with the message that it must get.

What its loader rejects, what it only fails on later, and what it takes for something else than is
written (spec dbprocessing 2).
"""

from __future__ import annotations

from dataclasses import dataclass

INSPECTOR = """inspector_filename = generic.py
inspector_relative_path =
inspector_description = by name
inspector_version = 1.0.0
inspector_output_interface = 1
inspector_active = True
inspector_date_written = 2020-01-01
inspector_newest_version = True
inspector_arguments = a=b
"""
CODE = """code_filename = cat.sh
code_relative_path =
code_start_date = 1970-01-01
code_stop_date = 2049-12-31
code_description = joins files
code_version = 1.2.0
code_output_interface = 1
code_active = True
code_date_written = 2020-01-01
code_newest_version = True
code_arguments =
code_cpu = 2
code_ram = 1.5
"""
INPUT = '("product_l0", 1, 2)'
GOOD = f"""[mission]
mission_name = lab
rootdir = data
incoming_dir = incoming
errordir = errs

[satellite]
satellite_name = {{MISSION}}-a

[instrument]
instrument_name = i1

[product_l0]
product_name = l0
relative_path = L0
level = 0
format = l0_{{Y}}{{m}}{{d}}_v{{VERSION}}.dat
product_description = raw
{INSPECTOR}
[product_l1]
product_name = l1
relative_path = L1
level = 1
format = l1_{{Y}}{{m}}{{d}}_v{{VERSION}}.dat
product_description =
{INSPECTOR}
[process_l1]
process_name = mk_l1
output_product = product_l1
output_timebase = DAILY
extra_params =
required_input1 = {INPUT}
{CODE}
"""
_PRODUCT = GOOD[GOOD.index("[product_l1]") : GOOD.index("[process_l1]")]
_PROCESS = GOOD[GOOD.index("[process_l1]") :]


@dataclass(frozen=True, slots=True)
class Bad:
    """One fault: what stands for `old`, or is added where that is empty, and the whole message.

    In the message ``@FILE@`` stands for the file, and ``@ROOT@`` for its folder.
    """

    new: str
    message: str
    old: str = ""

    @property
    def text(self) -> str:
        """The whole file."""
        if not self.old:
            return GOOD + self.new
        assert self.old in GOOD, self.old
        return GOOD.replace(self.old, self.new, 1)


def _input(value: str, message: str) -> Bad:
    return Bad(value, f"@FILE@, section [process_l1], key required_input1: {message}", INPUT)


def _triple(value: str) -> Bad:
    return _input(value, f'{value!r:.80} cannot be used, expected ("section", yesterday, tomorrow)')


def _code(key: str, old: str, new: str, message: str) -> Bad:
    place = f"@FILE@, section [process_l1], key code_{key}: "
    return Bad(f"code_{key} = {new}", place + message, f"code_{key} = {old}")


def _product(key: str, old: str, new: str, message: str, *, named: bool = True) -> Bad:
    """A fault of product l0; where it is found later, only the section is `named`."""
    place = "@FILE@, section [product_l0]" + (f", key {key}" if named else "")
    return Bad(f"{key} = {new}", f"{place}: {message}", f"{key} = {old}")


_NO_NAME = "expected a name: printable characters, no '/', no blank at either end, not empty"
_NO_VERSION = "is not a version: expected X.Y.Z, for example 1.0.0"
_NO_DATE = "cannot be used, expected a date as YYYY-MM-DD"
_NO_BOOLEAN = "cannot be used, expected True or False"
_NO_SECTION = (
    "no such section; known are instrument, mission, process_NAME, product_NAME, satellite"
)
_PERCENT = "a '%' cannot be read: write '%%' for one per cent sign"
_FORMAT = "l0_{Y}{m}{d}_v{VERSION}.dat"

_SECTIONS = {
    "a section occurs twice": Bad(
        "[mission]\nmission_name = x\n", "@FILE@, line 65: section [mission] occurs twice"
    ),
    "two products in sections of one name": Bad(
        "[product_l0]", "@FILE@, line 29: section [product_l0] occurs twice", "[product_l1]"
    ),
    "the section of defaults occurs twice": Bad(
        "[DEFAULT]\nx = 1\n[DEFAULT]\ny = 1\n", "@FILE@, line 67: section [DEFAULT] occurs twice"
    ),
    "no mission": Bad(
        "",
        "@FILE@: section [mission] is missing",
        "[mission]\nmission_name = lab\nrootdir = data\nincoming_dir = incoming\n"
        "errordir = errs\n",
    ),
    "no satellite": Bad(
        "", "@FILE@: section [satellite] is missing", "[satellite]\nsatellite_name = {MISSION}-a\n"
    ),
    "no instrument": Bad(
        "", "@FILE@: section [instrument] is missing", "[instrument]\ninstrument_name = i1\n"
    ),
    "an unknown section": Bad("[inspectors]\n", f"@FILE@, section [inspectors]: {_NO_SECTION}"),
    "a name that only starts with mission": Bad(
        "[mission2]\n", "@FILE@, section [mission2]: no such section; did you mean 'mission'?"
    ),
    "section names are case sensitive": Bad(
        "[Product_l1]",
        "@FILE@, section [Product_l1]: no such section; did you mean 'product_NAME'?",
        "[product_l1]",
    ),
    "defaults are named in capitals": Bad(
        "[default]\n", f"@FILE@, section [default]: {_NO_SECTION}"
    ),
    "a section header without its end": Bad(
        "[product_l0", "@FILE@, line 13: expected 'key = value' or '[section]', not '[product_l0'",
        "[product_l0]",
    ),
    "text before the first section": Bad(
        "stray\n[mission]", "@FILE@, line 1: expected a section such as [mission] first",
        "[mission]",
    ),
}  # fmt: skip
_KEYS = {
    "a key without a value": Bad(
        "level\n", "@FILE@, line 16: expected 'key = value' or '[section]', not 'level'",
        "level = 0\n",
    ),
    "a key occurs twice, in other letters": Bad(
        "level = 0\nLEVEL = 1\n",
        "@FILE@, line 17, section [product_l0], key level: the key occurs twice",
        "level = 0\n",
    ),
    "no mission name": Bad(
        "",
        "@FILE@, section [mission], key mission_name: is missing, and must be given",
        "mission_name = lab\n",
    ),
    "no level": Bad(
        "",
        "@FILE@, section [product_l0], key level: is missing, and must be given",
        "level = 0\n",
    ),
    "no inspector description, though it may be empty": Bad(
        "",
        "@FILE@, section [product_l0], key inspector_description: is missing, and must be given",
        "inspector_description = by name\n",
    ),
    "no memory of a code": Bad(
        "",
        "@FILE@, section [process_l1], key code_ram: is missing, and must be given",
        "code_ram = 1.5\n",
    ),
    "a line that begins with a blank": Bad(
        "product_description = raw\n inspector_filename = generic.py",
        "@FILE@, section [product_l0], key inspector_filename: is missing, and must be given; its "
        "line begins with a blank, so that it belongs to key product_description",
        "product_description = raw\ninspector_filename = generic.py",
    ),
    "a per cent sign": _product("product_description", "raw", "100% raw", _PERCENT),
    "a reference to nothing": _product(
        "product_description", "raw", "%(nokey)s",
        "'%(nokey)s' names a key that is not there: name one of this section or of [DEFAULT], or "
        "write '%%' for one per cent sign",
    ),
    "a reference to itself": _product(
        "product_description", "raw", "%(product_description)s",
        "its '%(...)s' leads back to itself",
    ),
    "a character that is no text": _product(
        "product_description", "raw", "r\0w",
        "'r\\x00w' holds a character that is no text",
    ),
}  # fmt: skip
_REFERENCES = {
    "an undefined output": Bad(
        "output_product = fake",
        "@FILE@, section [process_l1], key output_product: no product 'fake'; known are l0, l1",
        "output_product = product_l1",
    ),
    "no output": Bad(
        "output_product =",
        "@FILE@, section [process_l1]: a DAILY process needs an output (only RUN has none)",
        "output_product = product_l1",
    ),
    "the output None": Bad(
        "output_product = None",
        "@FILE@, section [process_l1]: a DAILY process needs an output (only RUN has none)",
        "output_product = product_l1",
    ),
    "an undefined output of a RUN process": Bad(
        "output_product = fake\noutput_timebase = RUN",
        "@FILE@, section [process_l1]: a RUN process has no output: leave it out, or use another "
        "timebase",
        "output_product = product_l1\noutput_timebase = DAILY",
    ),
    "an undefined input": _input("fake", "no product 'fake'; known are l0, l1"),
    "an undefined input with a window": _input(
        '("fake", 1, 2)', "no product 'fake'; known are l0, l1"
    ),
    "a section of other letters": _input(
        "product_L0", "no product 'product_L0'; known are l0, l1"
    ),
    "no input at all behind the key": _input(
        "", "is empty, expected the section or the name of a product"
    ),
    "one product twice": Bad(
        f"{INPUT}\noptional_input = product_l0",
        "@FILE@, section [process_l1], key optional_input: product 'l0' is named twice in inputs",
        INPUT,
    ),
    "one product twice, by section and name": Bad(
        f"{INPUT}\nrequired_input2 = l0",
        "@FILE@, section [process_l1], key required_input2: product 'l0' is named twice in inputs",
        INPUT,
    ),
    "its own output as an input": _input(
        "product_l1",
        "the process 'mk_l1' makes 'l1' itself: it can read its own earlier output only as kind "
        "'no_trigger'",
    ),
    "two products of one name": Bad(
        _PRODUCT.replace("[product_l1]", "[product_x]").replace("= L1", "= X"),
        "@FILE@, section [product_x]: a product named 'l1' is defined already at @FILE@, section "
        "[product_l1]",
    ),
    "two processes of one name": Bad(
        _PROCESS.replace("[process_l1]", "[process_x]"),
        "@FILE@, section [process_x]: a process named 'mk_l1' is defined already at @FILE@, "
        "section [process_l1]",
    ),
    "a circle": Bad(
        _PROCESS.replace("[process_l1]", "[process_x]").replace("mk_l1", "mk_x")
        .replace("product_l0", "product_l").replace("product_l1", "product_l0")
        .replace('"product_l"', '"product_l1"'),
        "@FILE@, section [mission]: the processes mk_l1 -> mk_x -> mk_l1 form a circle: a product "
        "would be needed to make itself; make one of the inputs 'no_trigger' or remove it",
    ),
}  # fmt: skip
_TRIPLES = {
    f"the input {text:.60}": _triple(text)
    for text in (
        '("product_l0", 1)',
        '("product_l0", 1, 2, 3)',
        "(product_l0, 1, 2)",
        '("product_l0", 1, 2',
        '("product_l0")',
        "(1, 2, 3)",
        "()",
        '("product_l0", "1", "2")',
        '("product_l0", 1.0, 2)',
        '("product_l0", True, False)',
        '("product_l0", None, None)',
        '("product_l0", 2**3, 0)',
        '["product_l0", 1, 2]',
        '"product_l0"',
        '{[]: ("product_l0")}',
        '__import__("os").getcwd()',
        "(" * 3000,
        f'("product_l0", {"1" * 5000}, 0)',
    )
} | {
    "an input of a negative day": Bad(
        '("product_l0", -1, 2)',
        "@FILE@, section [process_l1], key required_input1, days_before: -1 cannot be used, "
        "expected a value greater than or equal to 0",
        INPUT,
    ),
    "an input of too many days": Bad(
        '("product_l0", 0, 99999)',
        "@FILE@, section [process_l1], key required_input1, days_after: 99999 cannot be used, "
        "expected a value less than or equal to 3660",
        INPUT,
    ),
}
_VALUES = {
    **{
        f"the code version {text!r}": _code("version", "1.2.0", text, f"{text!r} {_NO_VERSION}")
        for text in ("", "1.2", "1.2.0.0", "1.2.x", "v1.0.0", "1.-2.0", "1. 2.0")
    },
    "the inspector version 2.0": _product(
        "inspector_version", "1.0.0", "2.0", f"'2.0' {_NO_VERSION}"
    ),
    "an interface of 0": _code(
        "version", "1.2.0", "0.1.0",
        "version 0.1.0 cannot be used: the interface starts at 1, the others at 0",
    ),
    "a version too large for the catalog": _code(
        "version", "1.2.0", "1.0.99999", "a component of version 1.0.99999 is above 32767"
    ),
    **{
        f"the date {text!r}": _code("start_date", "1970-01-01", text, f"{text!r} {_NO_DATE}")
        for text in ("", "None", "20200101", "2020", "0", "86400", "01/02/2020", "2020-001",
                     "20-01-01", "2020-01-01T00:00:00", "2020-01-01 00:00:00", "Jan 1 2020")
    },
    "a month 13": _code(
        "stop_date", "2049-12-31", "2020-13-01",
        "'2020-13-01' is no date: month must be in 1..12",
    ),
    "a day that is not in the calendar": _product(
        "inspector_date_written", "2020-01-01", "2019-02-29",
        "'2019-02-29' is no date: day is out of range for month",
    ),
    "dates in the wrong order": Bad(
        "code_stop_date = 1969-12-31",
        "@FILE@, section [process_l1], code: start_date 1970-01-01 is after stop_date 1969-12-31: "
        "expected the first and the last date of its outputs",
        "code_stop_date = 2049-12-31",
    ),
    **{
        f"the boolean {text!r}": _code("active", "True", text, f"{text!r} {_NO_BOOLEAN}")
        for text in ("maybe", "on", "2", "-1", "None", "True # yes")
    },
    "an inspector's boolean": _product(
        "inspector_newest_version", "True", "newest", f"'newest' {_NO_BOOLEAN}"
    ),
    **{
        f"the timebase {text!r}": Bad(
            f"output_timebase = {text}",
            f"@FILE@, section [process_l1], key output_timebase: {text!r} cannot be used, expected "
            "'FILE', 'DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY', 'ORBIT' or 'RUN'",
            "output_timebase = DAILY",
        )
        for text in ("", "HOURLY", "STARTUP")
    },
    **{
        f"the level {text!r}": _product(
            "level", "0", text, f"{text!r} cannot be used, expected a valid number"
        )
        for text in ("", "low", "0 ; raw")
    },
    "a level without end": _product(
        "level", "0", "1e400", "'1e400' cannot be used, expected a finite number"
    ),
    "an output interface of 0": _code(
        "output_interface", "1", "0",
        "'0' cannot be used, expected a value greater than or equal to 1",
    ),
    "an output interface that is no number": _code(
        "output_interface", "1", "", "'' cannot be used, expected a valid integer"
    ),
    "half a core": _code("cpu", "2", "0.5", "'0.5' cannot be used, expected a valid integer"),
    "less than no memory": _code(
        "ram", "1.5", "-1", "'-1' cannot be used, expected a value greater than or equal to 0"
    ),
    "a code without a file": _code("filename", "cat.sh", "", "is empty, and must be given"),
    "an inspector without a file": _product(
        "inspector_filename", "generic.py", "", "is empty, and must be given"
    ),
}  # fmt: skip
_NAMES = {
    "an empty mission name": Bad(
        "mission_name =\n", f"@FILE@, section [mission], key mission_name: {_NO_NAME}",
        "mission_name = lab\n",
    ),
    "a folder in a process name": Bad(
        "process_name = a/b\n", f"@FILE@, section [process_l1], key process_name: {_NO_NAME}",
        "process_name = mk_l1\n",
    ),
    "an empty product name": _product("product_name", "l0", "", _NO_NAME),
    "an unknown field in a name": Bad(
        "process_name = {PRODUCT}_x",
        "@FILE@, section [process_l1]: the name '{PRODUCT}_x' holds a field that cannot be filled "
        "in here; known are {MISSION}, {SATELLITE}, {SPACECRAFT}, {INSTRUMENT}",
        "process_name = mk_l1",
    ),
    "a field in small letters": Bad(
        "instrument_name = {mission}_i",
        "@FILE@, section [instrument]: the name '{mission}_i' holds a field that cannot be filled "
        "in here; known are {MISSION}, {SATELLITE}, {SPACECRAFT}, {INSTRUMENT}",
        "instrument_name = i1",
    ),
    "a folder above": _product(
        "relative_path", "L0", "../L0",
        "relative_path '../L0' cannot be used: expected a folder below rootdir, without '..' and "
        "control characters",
        named=False,
    ),
    "a folder elsewhere": _product(
        "relative_path", "L0", "/elsewhere",
        "relative_path '/elsewhere' leads out of rootdir @ROOT@/data", named=False,
    ),
    "a folder of an unknown field": _product(
        "relative_path", "L0", "{orbit}",
        "relative_path has the unknown field {orbit}; known are DATE, H, M, MICRO, MILLI, S, "
        "VERSION, Y, b, d, j, m, y",
        named=False,
    ),
    "a folder that is the incoming one": _product(
        "relative_path", "L0", "incoming",
        "relative_path is the incoming folder: its files would arrive again", named=False,
    ),
    "no format": _product("format", _FORMAT, "", "is empty, and must be given"),
    "a format of two lines": _product(
        "format", _FORMAT, "l0\n _{Y}.dat",
        "'l0\\n_{Y}.dat' cannot be used, expected one line without control characters",
    ),
    "a brace without its pair": _product(
        "format", _FORMAT, "l0_{Y",
        "name format 'l0_{Y' cannot be read: expected '}' before end of string", named=False,
    ),
    "a field without a name": _product(
        "format", _FORMAT, "l0_{}",
        "name format 'l0_{}': a field is written {NAME} or {NAME:SPEC}", named=False,
    ),
    "a field that is a number": _product(
        "format", _FORMAT, "l0_{0}",
        "name format 'l0_{0}': a field is written {NAME} or {NAME:SPEC}", named=False,
    ),
    "a field that cannot be printed so": _product(
        "format", _FORMAT, "l0_{Y:zz}", "'1970' cannot be printed as {Y:zz}", named=False
    ),
    "a folder in a format": _product(
        "format", _FORMAT, "a/{Y}", "format 'a/{Y}' holds a '/': the folder is relative_path",
        named=False,
    ),
    "errors go where files arrive": Bad(
        "errordir = incoming",
        "@FILE@, section [mission]: incoming_dir and errordir are both @ROOT@/data/incoming: what "
        "cannot be used would arrive again; use another folder",
        "errordir = errs",
    ),
    "files arrive everywhere": Bad(
        "incoming_dir = .",
        "@FILE@, section [mission]: incoming_dir is rootdir itself (@ROOT@/data): use a folder of "
        "its own",
        "incoming_dir = incoming",
    ),
}  # fmt: skip
BAD = {**_SECTIONS, **_KEYS, **_REFERENCES, **_TRIPLES, **_VALUES, **_NAMES}
"""By what is wrong."""
