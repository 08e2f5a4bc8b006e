"""The parts of an inspection that need no helper process."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.core.version import Version
from headwater.missions.inspection import facts
from headwater.missions.inspection.capture import LONGEST, Capture
from headwater.missions.inspection.environment import quiet_environment
from headwater.missions.inspection.printable import shown, shown_lines
from headwater.missions.inspection.specs import FileFacts

START = datetime(2020, 1, 1, 3, tzinfo=UTC)
PARAMS = {
    "utc_file_date": date(2020, 1, 1),
    "utc_start_time": START,
    "utc_stop_time": START,
    "version": Version(1, 2, 3),
}


def test_times_of_another_zone_become_utc_and_a_datetime_a_date():
    zone = timezone(timedelta(hours=2))
    found = facts.checked(
        PARAMS | {"utc_start_time": datetime(2020, 1, 1, 4, tzinfo=zone), "utc_file_date": START}
    )
    assert found.utc_start_time == datetime(2020, 1, 1, 2, tzinfo=UTC)
    assert found.utc_file_date == date(2020, 1, 1)
    assert not isinstance(found.utc_file_date, datetime)


@pytest.mark.parametrize(
    "wrong",
    [
        {"utc_file_date": None}, {"utc_start_time": 3}, {"version": "1.0"}, {"version": "0.0.1"},
        {"met_start_time": float("nan")}, {"met_start_time": 2, "met_stop_time": 1},
        {"utc_stop_time": START - timedelta(seconds=1)}, {"check_date": "today"},
    ],
)  # fmt: skip
def test_what_cannot_be_stored_is_refused_with_its_name(wrong):
    with pytest.raises(facts.UnusableFactError) as caught:
        facts.checked(PARAMS | wrong)
    assert next(iter(wrong)) in str(caught.value)


_moments = st.datetimes(timezones=st.just(UTC))
_texts = st.none() | st.text(max_size=5)


@given(
    st.builds(
        FileFacts,
        utc_file_date=st.dates(), utc_start_time=_moments, utc_stop_time=_moments,
        version=st.builds(Version, st.integers(1, 99), st.integers(0, 99), st.integers(0, 99)),
        process_keywords=_texts, caveats=_texts, check_date=st.none() | _moments,
        met_start_time=st.none() | st.floats(allow_nan=False, allow_infinity=False),
        quality_checked=st.none() | st.booleans(),
    )
)  # fmt: skip
def test_facts_come_through_the_wire_unchanged(found):
    assert facts.from_wire(json.loads(json.dumps(facts.to_wire(found)))) == found


@given(st.binary(max_size=40))
def test_any_name_is_shown_on_one_line_that_can_be_stored(raw):
    text = shown(raw.decode("utf-8", "surrogateescape"))
    text.encode()
    assert not set(text) & {chr(code) for code in (*range(32), *range(0x7F, 0xA0))}


def test_bytes_that_are_no_text_are_shown_as_escapes():
    assert shown("a\udcff\n\x00\ud800ü") == "a\\udcff\\x0a\\x00\\ud800ü"
    assert shown("a\udcff\n\x00ü") == "a\\xff\\x0a\\x00ü"
    assert shown_lines("a\tb\r\n\x00\udcff") == "a\tb\r\n\\x00\\xff"


@given(st.lists(st.integers(1, 30), min_size=1))
def test_output_is_cut_at_its_markers_however_it_comes(sizes):
    stream = b"one\n\0M:1\n\0M:2\nthree\0\0M:3\nrest"
    capture = Capture("\0M:")
    at = 0
    while at < len(stream):
        size = sizes[at % len(sizes)]
        capture.add(stream[at : at + size])
        at += size
    assert [capture.next() for _ in range(4)] == ["one\n", "", "three\\x00", None]
    assert capture.rest() == "rest"


def test_long_output_is_cut_with_the_number_of_bytes_that_are_lost():
    capture = Capture("\0M:")
    for _ in range(100):
        capture.add(b"x" * 10_000)
    capture.add(b"y\0M:1\nshort\0M:2\n")
    text = capture.next()
    assert text == "x" * LONGEST + f"\n({1_000_001 - LONGEST} more bytes were not kept)\n"
    assert capture.next() == "short"


def test_the_quiet_environment_keeps_what_is_no_secret():
    kept = {"PATH": "/bin", "HOME": "/h", "PGPLOT_DIR": "x", "CDF_LIB": "z"}
    lost = ("HEADWATER_CATALOG_URL", "HEADWATER_HOME", "AIRFLOW_HOME", "_AIRFLOW_X",
            "PGHOST", "pgpassword", "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN",
            "DATABASE_URL")  # fmt: skip
    assert quiet_environment(kept | dict.fromkeys(lost, "1")) == kept


@pytest.mark.fault(71)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HEADWATER_CATALOG_URL", "x"),
        ("AIRFLOW_CONN_HEADWATER_CATALOG", "x"),
        ("SMTP_PASSPHRASE", "x"),
        ("FERNET_KEY", "x"),
        ("MY_DSN", "x"),
        ("SOME_JWT", "x"),
        ("BROKER", "redis://:hidden@host/0"),
    ],
)
def test_an_inspector_is_told_no_more_than_a_code(name: str, value: str) -> None:
    assert quiet_environment({name: value}) == {}
