"""What an operator does on the pages, from beginning to end, in a browser on a real Airflow."""

from __future__ import annotations

import re

import pytest
from on_airflow.site import L1, Site, ended, until
from playwright.sync_api import Locator, Page, expect

from headwater.local.home import ADMIN

pytestmark = [pytest.mark.airflow, pytest.mark.slow]

SOON = 30_000  # milliseconds
MADE = 120_000


def open_grid(site: Site, page: Page, product: str, day: str) -> Locator:
    """The cell of a product and day, on the grid."""
    base = site.stack.status().url
    page.goto(f"{base}/plugin/headwater/grid?day={day}&from={product}@{day}")
    cell = page.get_by_role("gridcell", name=re.compile(f"^{product}, {day}:"))
    expect(cell).to_be_visible(timeout=SOON)
    return cell


def state_is(cell: Locator, state: str, timeout: int = SOON) -> None:
    expect(cell).to_have_attribute("aria-label", re.compile(f": {state}$"), timeout=timeout)


def test_a_failed_cell_is_read_mended_and_retried_until_it_is_current(
    site: Site, page: Page
) -> None:
    site.say("fail", "20260105")
    site.drop("2026-01-05")
    ended(site, L1, "2026-01-05", "failed")
    cell = open_grid(site, page, "synth_l1", "2026-01-05")
    state_is(cell, "failed")
    panel = page.get_by_label("Selected cells")
    expect(panel.get_by_text("no calibration for 20260105").first).to_be_visible(timeout=SOON)
    panel.get_by_role("button", name="Show log").first.click()
    log = panel.get_by_label(re.compile("^Log of build"))
    expect(log).to_contain_text("no calibration for 20260105", timeout=SOON)

    site.say("fail")
    retry = panel.get_by_role("button", name="Retry")
    expect(retry).to_be_disabled()
    panel.get_by_label("Reason").fill("the calibration is there")
    retry.click()
    expect(panel.get_by_role("status")).to_be_visible(timeout=SOON)
    state_is(cell, "current", MADE)
    query = "select reason from headwater.event where kind = 'build retried' order by id"
    reasons = [row[0] for row in site.rows(query)]
    assert any(ADMIN in reason and "the calibration is there" in reason for reason in reasons)


def test_a_build_that_is_marked_failed_in_airflow_turns_its_cell_failed_with_the_name(
    site: Site, page: Page
) -> None:
    site.say("hang", "20260206")
    site.drop("2026-02-06")
    until(lambda: site.hanging("20260206"))
    run = until(lambda: site.runs(L1, "2026-02-06"))[0]
    cell = open_grid(site, page, "synth_l1", "2026-02-06")
    state_is(cell, "building")
    base = site.stack.status().url
    page.goto(f"{base}/dags/{L1}/runs/{run['dag_run_id']}/tasks/build/mapped/0")
    page.get_by_role("button", name=re.compile("mark .*as", re.IGNORECASE)).first.click()
    page.get_by_role("menuitem", name=re.compile("failed", re.IGNORECASE)).click()
    page.get_by_role("button", name=re.compile("confirm", re.IGNORECASE)).click()
    site.say("hang")
    cell = open_grid(site, page, "synth_l1", "2026-02-06")
    state_is(cell, "failed")
    panel = page.get_by_label("Selected cells")
    expect(panel.get_by_text(f"marked failed by {ADMIN}").first).to_be_visible(timeout=SOON)


def test_the_keyboard_selects_and_a_link_brings_the_view_back(site: Site, page: Page) -> None:
    site.drop("2026-03-10", 3)
    until(lambda: site.products("2026-03-10", "2026-03-12").get("synth_l2") == 3)
    cell = open_grid(site, page, "synth_l1", "2026-03-10")
    cell.focus()
    for key in ("Shift+ArrowRight", "Shift+ArrowRight", "Shift+ArrowDown"):
        page.keyboard.press(key)
    panel = page.get_by_label("Selected cells")
    expect(panel.get_by_text("6 cells selected")).to_be_visible(timeout=SOON)
    panel.get_by_role("button", name="Plan").click()
    expect(panel.get_by_role("status")).to_contain_text("would be made", timeout=SOON)
    link = page.url
    page.goto(site.stack.status().url)
    page.goto(link)
    expect(page.get_by_label("Selected cells").get_by_text("6 cells selected")).to_be_visible(
        timeout=SOON
    )


def test_an_arrival_leads_to_its_file_and_that_to_what_was_made_from_it(
    site: Site, page: Page
) -> None:
    site.drop("2026-04-10")
    until(lambda: site.products("2026-04-10", "2026-04-10").get("synth_l2") == 1)
    base = site.stack.status().url
    page.goto(f"{base}/plugin/headwater/arrivals?name=20260410")
    page.get_by_role("link", name="adopted").click(timeout=SOON)
    expect(page.get_by_role("heading", name=re.compile("20260410"))).to_be_visible(timeout=SOON)
    page.get_by_role("link", name="synth_l2 2026-04-10").click(timeout=SOON)
    expect(page.get_by_text("The command that made it")).to_be_visible(timeout=SOON)
