"""The HTML report in a real browser."""

import shutil

import pytest
from playwright.sync_api import sync_playwright

from syncd.plugins import reports
from syncd.sandbox.run import start
from syncd.wiring import open_app


@pytest.fixture(scope="module")
def page_text(tmp_path_factory):
    """The report of a small company."""
    folder = tmp_path_factory.mktemp("report")
    running = start(accounts=8, seed=4)
    from syncd.config.load import load_config

    config = load_config(running.write_config(folder))
    with open_app(config) as app:
        app.poll()
        plan = app.plan()
    running.close()
    path = folder / "report.html"
    path.write_text(reports()["html"](plan))
    return path, plan


@pytest.mark.chromium
def test_the_report_can_be_filtered_and_asks_nobody(page_text):
    """Filters work, also by keyboard; it fits phone and paper; it asks nobody."""
    path, plan = page_text
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("needs a system Chromium")
    asked = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"file://{path}")
        assert page.locator(".finding").count() == len(plan.findings)
        rule = plan.findings[0].rule
        page.select_option("#rule", rule)
        expected = sum(finding.rule == rule for finding in plan.findings)
        assert page.locator(".finding:visible").count() == expected
        assert page.locator("#count").inner_text() == f"{expected} shown"
        assert str(expected) in page.locator("#overview tr", has_text=rule).inner_text()
        page.select_option("#rule", "")
        page.keyboard.press("Tab")
        page.keyboard.press("r")
        shown = page.locator(".finding:visible").count()
        assert page.locator("#count").inner_text() == f"{shown} shown"
        muted = "getComputedStyle(document.querySelector('.muted')).color"
        by_day = page.evaluate(muted)
        page.emulate_media(color_scheme="dark")
        assert page.evaluate(muted) != by_day
        page.emulate_media(color_scheme="dark", media="print")
        assert page.evaluate(muted) == by_day
        page.emulate_media(color_scheme="light", media="screen")
        page.set_viewport_size({"width": 360, "height": 640})
        wide = "document.documentElement.scrollWidth > innerWidth"
        assert not page.evaluate(wide)
        browser.close()
    assert asked == [f"file://{path}"]
