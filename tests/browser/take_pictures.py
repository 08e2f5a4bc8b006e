"""Take the pictures of the docs from a running demo: ``make pictures``.

Needs Chromium (Debian's package) and playwright; the program itself needs neither. The stack is
one of its own in a temporary folder, so a picture never shows anybody's mission but the demo's.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from headwater.catalog.connection import Catalog
from headwater.local.demo.run import make_drop, prepare
from headwater.local.home import ADMIN, LocalHome
from headwater.local.stack import LocalStack

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "pictures"
CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZES = {"wide": (1280, 800), "narrow": (390, 844)}
L1 = "cygnss_demo.make.l1_pvt"


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


def _pages(stack: LocalStack) -> dict[str, str]:
    rest = stack.rest()
    run = rest.runs(L1, ["success"])[-1]
    graph = rest.asset_events(source_dag_id=L1)[0]["asset_id"]
    rest.close()
    return {
        "dags": "/dags",
        "asset-graph": f"/assets/{graph}",
        "run": f"/dags/{L1}/runs/{run['dag_run_id']}",
    }


def _take_all(stack: LocalStack) -> None:
    base = stack.status().url
    pages = _pages(stack)
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for theme in ("light", "dark"):
            for size, (width, height) in SIZES.items():
                context = browser.new_context(
                    viewport={"width": width, "height": height}, color_scheme=theme
                )
                context.add_init_script(f"localStorage.setItem('theme', '{theme}')")
                page = context.new_page()
                _sign_in(page, base, stack.home.password(ADMIN))
                for name, path in pages.items():
                    _take(page, base + path, PICTURES / f"{name}-{size}-{theme}.png")
                context.close()
        browser.close()


def _sign_in(page: Page, base: str, password: str) -> None:
    page.goto(base + "/")
    page.fill("input[name=username]", ADMIN)
    page.fill("input[name=password]", password)
    page.click("button[type=submit]")
    page.wait_for_url(lambda url: "login" not in url)


def _take(page: Page, url: str, file: Path) -> None:
    page.goto(url)
    page.wait_for_load_state("load")
    page.wait_for_timeout(3000)
    page.screenshot(path=str(file))
    print(f"wrote {file.name}", file=sys.stderr)


if __name__ == "__main__":
    main()
