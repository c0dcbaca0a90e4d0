"""The Swagger page shows the new server by itself, and keeps what one was doing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, Page, expect, sync_playwright

from .running import HotDeploy

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PATIENCE = 30_000  # milliseconds


def events(address: str) -> "requests.Response":
    return requests.get(f"{address}/dev/changes", stream=True, timeout=20)


def test_stream_names_the_server_and_ends_when_it_leaves(hot: HotDeploy) -> None:
    with events(hot.address) as stream:
        assert stream.headers["Content-Type"] == "text/event-stream"
        assert stream.headers["Cache-Control"] == "no-store"
        lines = stream.iter_lines(decode_unicode=True)
        assert next(lines) == "retry: 200"
        first = next(lines)
        assert first.startswith("data: ")
        printed = hot.change_word("next")
        hot.wait_for("→ reloaded", printed)
        assert [line for line in lines if line.strip(":")] == [], "it ends, as a whole answer"
    with events(hot.address) as stream:
        second = list(zip(range(2), stream.iter_lines(decode_unicode=True), strict=False))[1][1]
    assert second.startswith("data: ")
    assert second != first


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with browser.new_context() as context:
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        yield page


@pytest.mark.long
@pytest.mark.skipif(not CHROMIUM.exists(), reason="no /usr/bin/chromium: apt-get install chromium")
def test_page_reloads_itself_and_keeps_the_open_operation_and_the_token(hot: HotDeploy, page: Page) -> None:
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.goto(f"{hot.address}/api/")
    summary = page.locator(".opblock-summary-get", has=page.locator('[data-path="/users/me"]'))
    summary.click()
    opened = page.locator(".opblock.is-open", has=summary)
    expect(opened).to_be_visible()
    page.locator("button.authorize").first.click()
    field = page.locator(".modal-ux .auth-container", has_text="token (apiKey)")
    field.locator("input").fill("a-token")
    field.locator("button.authorize").click()
    page.locator(".modal-ux .btn-done").first.click()

    hot.change("flask_api/api.py", '"""The backend of a social app.', '"""The backend of an edited app.')
    expect(page.locator(".info .description")).to_contain_text("an edited app")
    expect(opened).to_be_visible()
    assert complaints == []
    with page.expect_request(lambda request: request.url.endswith("/users/me")) as sent:
        opened.locator(".execute").click()
    assert sent.value.all_headers()["token"] == "a-token"


@pytest.mark.long
@pytest.mark.skipif(not CHROMIUM.exists(), reason="no /usr/bin/chromium: apt-get install chromium")
def test_hidden_page_does_not_listen_and_catches_up_when_it_is_seen(hot: HotDeploy, page: Page) -> None:
    page.goto(f"{hot.address}/api/")
    expect(page.locator(".info .description")).to_contain_text("a social app")
    seen = "Object.defineProperty(document, 'hidden', {value: %s, configurable: true});"
    tell = "document.dispatchEvent(new Event('visibilitychange'))"
    page.evaluate(seen % "true" + tell)
    printed = hot.change("flask_api/api.py", '"""The backend of a social app.', '"""The backend of an edited app.')
    hot.wait_for("→ reloaded", printed)
    assert "a social app" in page.locator(".info .description").inner_text()
    page.evaluate(seen % "false" + tell)
    expect(page.locator(".info .description")).to_contain_text("an edited app")
