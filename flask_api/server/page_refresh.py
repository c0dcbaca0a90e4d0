"""Lets the Swagger page notice that the server has changed (development: ``SOLO_PAGE_REFRESH``).

The page listens to Server-Sent Events (HTML Living Standard §9.2). A server that leaves ends the stream, the browser
connects again, and from another id than before the page learns that it speaks with another server.
"""

import asyncio
import secrets
from contextlib import suppress

from tornado.iostream import StreamClosedError
from tornado.web import URLSpec

from flask_api.server.handlers import HandlerWithJsonFailures

REFRESH_PATH = "/dev/changes"
BOOT_ID = secrets.token_hex(8)  # the same in all processes of one server, as they are forks
RECONNECT_AFTER = 200  # milliseconds
SIGN_OF_LIFE_EVERY = 15  # seconds


class PageRefresh(HandlerWithJsonFailures):
    """The stream of one page."""

    async def get(self) -> None:
        """Tell who we are, and stay until the server drains or the page is left."""
        self.set_header("Content-Type", "text/event-stream")
        self.set_header("Cache-Control", "no-store")
        self.write(f"retry: {RECONNECT_AFTER}\ndata: {BOOT_ID}\n\n")
        draining: asyncio.Event = self.application.settings["draining"]
        with suppress(StreamClosedError):
            while not draining.is_set():
                await self.flush()
                with suppress(TimeoutError):
                    async with asyncio.timeout(SIGN_OF_LIFE_EVERY):
                        await draining.wait()
                self.write(":\n\n")


def refresh_rule() -> URLSpec:
    """Return the rule of a tornado application that serves the stream."""
    return URLSpec(REFRESH_PATH, PageRefresh)
