"""The description of the API in the docs, from which the pages have their types."""

from __future__ import annotations

from api_description import FILE, described


def test_it_is_that_of_the_app() -> None:
    assert FILE.read_text() == described(), "write it anew: make api-description"
