"""A real Chromium for tests of pages: offline, and strict about what a page may do."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Page, sync_playwright


@dataclass
class Complaints:
    """What a page did that a report must not do."""

    errors: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def assert_none(self) -> None:
        """Fail with what was recorded, if anything was."""
        assert not self.dialogs, f"the page opened dialogs: {self.dialogs}"
        assert not self.requests, f"the page asked the network for: {self.requests}"
        assert not self.errors, f"the page reported errors: {self.errors}"


@contextmanager
def launch() -> Iterator[Browser]:
    """Start headless Chromium, the system's or Playwright's own, or fail."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        except Error as error:
            pytest.fail(f"no Chromium to open the report in; `make browser` installs it ({error})")
        yield browser
        browser.close()


@contextmanager
def opened(browser: Browser, path: Path, width: int = 1280) -> Iterator[tuple[Page, Complaints]]:
    """Open a local page without a network, and record every complaint about it."""
    context = browser.new_context(viewport={"width": width, "height": 900})
    context.set_offline(True)
    complaints = Complaints()

    def refuse(route, request):
        if request.url.startswith(("file:", "data:", "blob:")):
            route.continue_()
        else:
            complaints.requests.append(request.url)
            route.abort()

    context.route("**/*", refuse)
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.errors.append(str(error)))
    page.on(
        "console",
        lambda message: (
            complaints.errors.append(message.text) if message.type in ("error", "warning") else None
        ),
    )

    def dismiss(dialog):
        complaints.dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", dismiss)
    page.goto(path.as_uri())
    page.wait_for_load_state("load")
    yield page, complaints
    context.close()


def wait_until(page: Page, expression: str, seconds: float = 15) -> None:
    """Wait until a JavaScript expression is true.

    Playwright's own wait evaluates text inside the page, which the report's security policy
    refuses.
    """
    end = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < end, f"never became true: {expression}"
        page.wait_for_timeout(50)
