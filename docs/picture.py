"""Draw a picture for the README: the head of a page, in a real browser.

python docs/picture.py PAGE.html PICTURE.png HEIGHT
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

WIDTH = 1280


def main() -> None:
    source, target, height = sys.argv[1:]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": WIDTH, "height": int(height)})
        page.goto(Path(source).resolve().as_uri())
        page.wait_for_selector(".js-plotly-plot .main-svg")
        page.screenshot(path=target)
        browser.close()


if __name__ == "__main__":
    main()
