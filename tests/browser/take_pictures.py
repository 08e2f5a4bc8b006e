"""Take the pictures of the docs from a running demo: ``make pictures``.

Needs Chromium (Debian's package) and playwright; the program itself needs neither. The stack is
one of its own in a temporary folder, so a picture never shows anybody's mission but the demo's.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from chromium import SIZES, THEMES, chromium, new_page, sign_in
from playwright.sync_api import Page
from sqlalchemy import text

from headwater.catalog.connection import Catalog
from headwater.local.demo.run import make_drop, prepare
from headwater.local.home import ADMIN, LocalHome
from headwater.local.stack import LocalStack

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "pictures"
L1 = "cygnss_demo.make.l1_pvt"
CONSOLE = "/plugin/headwater"


def main() -> None:
    """Run the demo, then look at each page in both sizes and themes."""
    with tempfile.TemporaryDirectory(prefix="headwater-pictures-") as folder:
        stack = LocalStack(LocalHome(Path(folder) / "home"))
        with stack:
            _run_demo(stack)
            _take_all(stack)


def _run_demo(stack: LocalStack) -> None:
    catalog = Catalog(stack.catalog_url())
    mission, drops = prepare(stack, catalog, None)
    for drop in drops:
        make_drop(catalog, mission, drop, None, lambda _done, _of: None)
    catalog.close()


def _last_product(stack: LocalStack) -> tuple[str, str, int]:
    """Product, date and number of the file of the highest level that was made last."""
    catalog = Catalog(stack.catalog_url())
    with catalog.read() as connection:
        row = connection.execute(
            text("select p.name, f.utc_file_date, f.id from headwater.file f"
                 " join headwater.product p on p.id = f.product_id"
                 " where f.newest order by p.level desc, f.id desc limit 1")
        ).one()  # fmt: skip
    catalog.close()
    return row[0], str(row[1]), row[2]


def _pages(stack: LocalStack) -> dict[str, str]:
    cell = _last_product(stack)
    rest = stack.rest()
    run = rest.runs(L1, ["success"])[-1]
    graph = rest.asset_events(source_dag_id=L1)[0]["asset_id"]
    rest.close()
    return {
        "dags": "/dags",
        "asset-graph": f"/assets/{graph}",
        "run": f"/dags/{L1}/runs/{run['dag_run_id']}",
        "run-builds": f"/dags/{L1}/runs/{run['dag_run_id']}/plugin/builds-of-run",
        "grid": f"{CONSOLE}/grid?day={cell[1]}&from={cell[0]}@{cell[1]}",
        "grid-weeks": f"{CONSOLE}/grid?unit=week&day={cell[1]}",
        "arrivals": f"{CONSOLE}/arrivals",
        "file": f"{CONSOLE}/file/{cell[2]}",
        "mission": f"{CONSOLE}/mission",
    }


def _take_all(stack: LocalStack) -> None:
    base = stack.status().url
    pages = _pages(stack)
    with chromium() as browser:
        for theme in THEMES:
            for size in SIZES:
                page = new_page(browser, size, theme)
                sign_in(page, base, ADMIN, stack.home.password(ADMIN))
                for name, path in pages.items():
                    _take(page, base + path, PICTURES / f"{name}-{size}-{theme}.png")
                page.context.close()


def _take(page: Page, url: str, file: Path) -> None:
    page.goto(url)
    page.wait_for_load_state("load")
    page.wait_for_timeout(3000)
    page.screenshot(path=str(file))
    print(f"wrote {file.name}", file=sys.stderr)


if __name__ == "__main__":
    main()
