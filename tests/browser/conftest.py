"""A running stack with the generated mission, and the browser of a person who has signed in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from chromium import chromium, new_page, sign_in
from on_airflow.site import Site, opened
from playwright.sync_api import Browser, Page

from headwater.local.home import ADMIN


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with opened(tmp_path_factory.mktemp("stack"), tmp_path_factory.mktemp("synthetic")) as site:
        yield site


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as opened_browser:
        yield opened_browser


@pytest.fixture
def page(site: Site, browser: Browser) -> Iterator[Page]:
    """A page on which the administrator has signed in."""
    opened_page = new_page(browser)
    base = site.stack.status().url
    sign_in(opened_page, base, ADMIN, site.stack.home.password(ADMIN))
    yield opened_page
    opened_page.context.close()
