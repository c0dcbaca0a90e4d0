"""The Swagger page in a real browser, served by the real server: a newcomer logs in by clicking."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from flask_api.settings import PREFIX, ROOT
from tests.services.process import die_with_parent

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PHONE = "13800138000"
PATIENCE = 20_000  # milliseconds
pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="no /usr/bin/chromium: apt-get install chromium")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where tornado_server.py serves, started as the README says, on any free port."""
    folder = tmp_path_factory.mktemp("served")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    server = subprocess.Popen(
        [sys.executable, str(ROOT / "tornado_server.py"), "--port", "0"],
        env={**inherited, "SOLO_DATA_DIR": str(folder / "data")},
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=die_with_parent(),
    )
    assert server.stdout is not None
    ready = server.stdout.readline()
    yield ready.partition("ready:")[2].strip()
    server.send_signal(signal.SIGTERM)
    assert server.wait(30) == 0


class Seen:
    """What the browser asked for, and what it complained of."""

    def __init__(self, page: Page) -> None:
        self.hosts: set[str | None] = set()
        self.complaints: list[str] = []
        page.on("request", lambda request: self.hosts.add(urlsplit(request.url).hostname))
        page.on("requestfailed", lambda request: self.complaints.append(f"failed: {request.url}"))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of somebody who was never here: nothing is stored."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()


@pytest.fixture
def seen(page: Page) -> Seen:
    return Seen(page)


def screenshot(page: Page, name: str) -> None:
    """Take a picture for those who want one: drawing the whole page takes seconds."""
    if folder := os.environ.get("SOLO_TEST_SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def open_page(page: Page, address: str) -> None:
    """Open the page and every part of it that is folded up."""
    page.goto(address)
    parts = page.locator(".opblock-tag")
    expect(parts.first).to_be_visible()
    for number in range(parts.count()):
        if parts.nth(number).get_attribute("data-is-open") == "false":
            parts.nth(number).click()
    expect(operation(page, "get", "/users/me")).to_be_visible()


def operation(page: Page, method: str, path: str) -> Locator:
    summary = page.locator(f".opblock-summary-{method}", has=page.locator(f'[data-path="{path}"]'))
    return page.locator(".opblock", has=summary)


def try_out(page: Page, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
    """Open an operation, press Try it out and Execute; return the status and what came back."""
    block = operation(page, method, path)
    if not block.locator(".try-out__btn").count():
        block.locator(".opblock-summary").click()
    if block.locator(".execute").count() == 0:
        block.locator(".try-out__btn").click()
    if body is not None:
        block.locator("textarea.body-param__text").fill(json.dumps(body))
    with page.expect_response(lambda response: urlsplit(response.url).path.endswith(path)) as caught:
        block.locator(".execute").click()
    live = block.locator(".live-responses-table")
    expect(live.locator("tbody .response-col_status")).to_contain_text(str(caught.value.status))
    return caught.value.status, caught.value.json()


def authorize(page: Page, token: str) -> None:
    page.locator("button.authorize.unlocked, button.authorize").first.click()
    dialog = page.locator(".modal-ux")
    field = dialog.locator(".auth-container", has_text="token (apiKey)")
    field.locator("input").fill(token)
    field.locator("button.authorize").click()
    expect(field.locator("button", has_text="Logout")).to_be_visible()
    dialog.locator(".btn-done").first.click()


def test_a_newcomer_logs_in_on_the_page_and_sees_the_own_profile(address: str, page: Page, seen: Seen) -> None:
    page.goto(address)
    expect(page.locator(".opblock-tag").first).to_be_visible()
    screenshot(page, "1-page")
    open_page(page, address)
    status, sent = try_out(page, "post", "/auth/sms-codes", {"phone": PHONE})
    assert status == 201
    status, login = try_out(page, "post", "/auth/sms-login", {"phone": PHONE, "code": sent["data"]["code"]})
    assert (status, login["data"]["registered"]) == (200, True)
    screenshot(page, "2-logged-in")
    authorize(page, login["data"]["token"])
    status, me = try_out(page, "get", "/users/me")
    assert (status, me["data"]["phone"]) == (200, f"+86{PHONE}")
    mail = {"email": "lin@example.com", "purpose": "email"}  # for which the token may be left out, or not
    assert try_out(page, "post", "/emails/codes", mail)[0] == 201
    screenshot(page, "3-me")
    assert seen.complaints == []
    assert seen.hosts == {"localhost"}


@pytest.mark.long
def test_the_token_is_kept_when_the_page_is_loaded_again(address: str, page: Page, seen: Seen) -> None:
    open_page(page, address)
    phone = {"phone": "13800138001"}
    _, sent = try_out(page, "post", "/auth/sms-codes", phone)
    _, login = try_out(page, "post", "/auth/sms-login", {**phone, "code": sent["data"]["code"]})
    authorize(page, login["data"]["token"])
    open_page(page, address)
    assert try_out(page, "get", "/users/me")[0] == 200
    assert seen.complaints == []


@pytest.mark.long
def test_every_operation_opens_without_a_complaint(address: str, page: Page, seen: Seen) -> None:
    open_page(page, address)
    blocks = page.locator(".opblock")
    assert blocks.count() >= 20
    page.eval_on_selector_all(".opblock-summary-control", "all => all.forEach(one => one.click())")
    expect(page.locator(".opblock.is-open")).to_have_count(blocks.count())
    screenshot(page, "4-all-open")
    assert page.locator(".errors-wrapper").count() == 0
    assert "Could not resolve reference" not in page.content()
    assert seen.complaints == []


def test_on_a_phone_nothing_is_wider_than_the_screen(address: str, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    open_page(page, address)
    screenshot(page, "5-phone")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_page_is_never_indexed_and_loads_within_its_own_house(address: str, page: Page) -> None:
    response = page.goto(address)
    assert response is not None
    assert response.status == 200
    sources = page.eval_on_selector_all("[src], link[href]", "all => all.map(one => one.src || one.href)")
    assert {urlsplit(source).hostname for source in sources if not source.startswith("data:")} <= {"localhost"}
