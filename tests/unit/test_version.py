"""Versions grow by component and never go below 1.0.0."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.core.errors import VersionError
from headwater.core.version import Bump, Version

versions = st.builds(Version, st.integers(1, 99), st.integers(0, 99), st.integers(0, 99))


@given(versions)
def test_a_version_reads_back_as_itself(version: Version) -> None:
    assert Version.parse(str(version)) == version


@given(versions, st.sampled_from(Bump))
def test_every_bump_gives_a_greater_version(version: Version, bump: Bump) -> None:
    assert version.bumped(bump) > version


@pytest.mark.parametrize(
    ("bump", "expected"),
    [(Bump.INTERFACE, "3.0.0"), (Bump.QUALITY, "2.4.0"), (Bump.REVISION, "2.3.5")],
)
def test_the_components_after_the_bumped_one_start_again(bump: Bump, expected: str) -> None:
    assert str(Version(2, 3, 4).bumped(bump)) == expected


def test_versions_are_ordered_as_numbers_not_as_text() -> None:
    assert Version.parse("1.10.0") > Version.parse("1.9.9")


@pytest.mark.parametrize("text", ["", "1", "1.0", "1.0.0.0", "a.b.c", "-1.0.0", "0.1.0", "v1.0.0"])
def test_what_is_no_version_is_refused_by_name(text: str) -> None:
    with pytest.raises(VersionError):
        Version.parse(text)
