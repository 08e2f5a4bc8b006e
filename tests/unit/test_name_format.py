"""Name formats: spec dbprocessing 2.1."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.core import name_format as nf
from headwater.core.errors import NameFormatError
from headwater.core.version import Version

DAY = date(2020, 2, 3)
MOMENT = datetime(2020, 2, 3, 4, 5, 6, 7008, tzinfo=UTC)


def test_fields_are_named_once_and_in_order():
    assert nf.fields_of("{INSTRUMENT}_l1_{Y}{m}{Y}_p{nn}{??}_v{VERSION}.dat") == (
        "INSTRUMENT", "Y", "m", "nn", "??", "VERSION",
    )  # fmt: skip


def test_a_date_gives_no_time_of_day():
    assert nf.date_fields(DAY) == {
        "Y": "2020", "m": "02", "d": "03", "b": "Feb", "y": "20", "j": "034",
        "DATE": "20200203", "datetime": "2020-02-03",
    }  # fmt: skip


def test_a_datetime_gives_the_time_of_day_too():
    fields = nf.date_fields(MOMENT)
    assert {name: fields[name] for name in ("H", "M", "S", "MILLI", "MICRO", "datetime")} == {
        "H": "04", "M": "05", "S": "06", "MILLI": "007", "MICRO": "008", "datetime": "2020-02-03",
    }  # fmt: skip


def test_an_output_name_is_filled():
    values = nf.date_fields(DAY) | {"INSTRUMENT": "i1", "VERSION": "1.0.2"}
    assert (
        nf.fill("{INSTRUMENT}_l1_{Y}{m}{d}_v{VERSION}.dat", values) == "i1_l1_20200203_v1.0.2.dat"
    )


def test_missing_values_are_all_named_with_the_template():
    with pytest.raises(NameFormatError) as caught:
        nf.fill("{INSTRUMENT}_{Y}_{APID}", nf.date_fields(DAY))
    for text in ("{INSTRUMENT}_{Y}_{APID}", "no value for {INSTRUMENT}, {APID}"):
        assert text in str(caught.value)


@pytest.mark.parametrize("template", ["{Y", "Y}", "a{}b", "{Y!r}", "{Y:{m}}", "{"])
def test_a_template_that_cannot_be_read_says_so(template):
    with pytest.raises(NameFormatError, match=re.escape(repr(template))):
        nf.fields_of(template)


def test_unknown_fields_are_left_as_written_and_the_rest_is_filled():
    assert nf.fill_known("{PRODUCT}_{Y:05d}_{Z:x}{{", {"Y": "2020"}) == "{PRODUCT}_02020_{Z:x}{{"
    assert nf.fill_known("{Y}{{a}}", {"Y": "2020"}) == "2020{a}"


def test_a_format_of_its_own_is_used():
    assert nf.fill("{d:d}-{Y:04d}-{P:>3}", {"d": "03", "Y": "2020", "P": "x"}) == "3-2020-  x"


def test_a_value_that_does_not_fit_its_format_is_one_sentence():
    with pytest.raises(NameFormatError, match="cannot be printed"):
        nf.fill("{d:d}", {"d": "third"})


def test_the_inspector_pattern_keeps_dbprocessings_groups_and_bare_dots():
    assert nf.pattern("{INSTRUMENT}_{Y}{m}{d}_v{VERSION}.dat", unknown="any") == (
        r"(.*)_((19|2\d)\d\d)((0\d|1[0-2]))([0-3]\d)_v(\d+\.\d+\.\d+).dat"
    )


def test_known_values_stand_in_the_pattern():
    assert nf.pattern("{INSTRUMENT}_{DATE}", {"INSTRUMENT": "i1"}) == (
        r"i1_((19|2\d)\d\d(0\d|1[0-2])[0-3]\d)"
    )


def test_an_unknown_field_has_no_pattern_unless_any_is_wanted():
    with pytest.raises(NameFormatError, match="INSTRUMENT"):
        nf.pattern("{INSTRUMENT}_{Y}")


@pytest.mark.parametrize("name", ["x_2020020Z_v1.0.0.dat", "x_20200203_v1.0.0Xdat",
                                  "x_20200203_v1.0.0.dat\n", "ax_20200203_v1.0.0.dat"])  # fmt: skip
def test_the_matcher_takes_only_whole_names(name):
    found = nf.matcher("x_{DATE}_v{VERSION}.dat")
    assert found.match("x_20200203_v1.0.0.dat")["VERSION"] == "1.0.0"
    assert found.search(name) is None


def test_a_field_that_occurs_twice_is_the_same_text():
    found = nf.matcher("{Y}/{Y}")
    assert found.match("2020/2020")
    assert not found.match("2020/2021")


def test_the_folder_takes_days_from_the_file_date_and_hours_from_the_start():
    folder = nf.directory(
        "L1/{Y}/{j}/{DATE}_{H}{M}{S}_v{VERSION}",
        utc_file_date=date(2020, 2, 4), utc_start_time=MOMENT, version=Version(1, 2, 3),
    )  # fmt: skip
    assert folder == "L1/2020/035/20200204_040506_v1.2.3"


def test_a_folder_with_another_field_is_refused():
    with pytest.raises(NameFormatError, match="SATELLITE"):
        nf.directory(
            "{SATELLITE}", utc_file_date=DAY, utc_start_time=MOMENT, version=Version(1, 0, 0)
        )


def test_numbers_are_printed_as_the_field_wants():
    assert [nf.printed(*pair) for pair in (("m", 3), ("APID", 255), ("b", "Jan"), ("Q", 1))] == [
        "03", "ff", "Jan", "1",
    ]  # fmt: skip
    with pytest.raises(NameFormatError):
        nf.printed("m", 1.5)


_literal = st.text(alphabet="ab_-.+*()[]^$|?\\ {}\n", max_size=4).map(
    lambda text: text.replace("{", "{{").replace("}", "}}")
)
_dated = sorted(set(nf.date_fields(MOMENT)))
_field = st.sampled_from([*_dated, "VERSION", "INSTRUMENT", "??", "nn", "QACODE"])
_template = st.lists(st.one_of(_literal, _field.map(lambda name: f"{{{name}}}")), max_size=8).map(
    "".join
)
_moment = st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2999, 12, 31))
_values = st.builds(
    lambda moment, instrument: (
        nf.date_fields(moment)
        | {"VERSION": "1.20.3", "INSTRUMENT": instrument, "??": "zz", "nn": "07", "QACODE": "ok"}
    ),
    _moment,
    st.text(alphabet="abc.*\n\udcff", max_size=3),
)


@given(_template, _values)
def test_a_filled_name_matches_its_own_matcher_with_and_without_values(template, values):
    name = nf.fill(template, values)
    assert nf.matcher(template).fullmatch(name)
    assert nf.matcher(template, values).fullmatch(name)


@given(st.lists(st.sampled_from([n for n in _dated if n != "datetime"]), max_size=8), _moment)
def test_a_filled_name_matches_the_inspector_pattern(names, moment):
    template = "_".join(f"{{{name}}}" for name in names)
    assert re.fullmatch(nf.pattern(template), nf.fill(template, nf.date_fields(moment)))


@given(_template, _values)
def test_filling_in_two_steps_is_filling_at_once(template, values):
    some = {name: text for name, text in values.items() if name in ("Y", "VERSION")}
    names = set(nf.fields_of(template)) - set(some)
    first = nf.fill_known(template, some)
    if names:
        first = nf.fill(first, values)
    assert first == nf.fill(template, values)
