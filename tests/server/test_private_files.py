"""Private files, which the server sends itself where no nginx stands before it."""

import os

import pytest

from flask_api.providers.storage.signed_links import LinkSigner

from .conftest import RunningServer, StartServer
from .wire import Wire, assert_failure

KEY, CONTENT = "private/1/film.mp4", bytes(range(256)) * 2000


def address(server: RunningServer, key: str = KEY, lifetime: int = 60) -> str:
    path = server.settings.data_dir / "files" / key
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(CONTENT)
    return LinkSigner(server.settings.secret_key).file(key, filename='a "b".mp4', lifetime=lifetime)


def test_file_is_saved_and_never_shown(server: RunningServer, wire: Wire) -> None:
    reply = wire.get(address(server))
    assert (reply.code, reply.body) == (200, CONTENT)
    assert reply.headers["content-type"] == "video/mp4"
    assert reply.headers["content-disposition"] == "attachment; filename*=UTF-8''a%20%22b%22.mp4"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["cache-control"] == "private, no-store"
    assert wire.get(address(server), "Range: bytes=1-3").body == CONTENT[1:4]
    beyond = wire.get(address(server), f"Range: bytes={len(CONTENT)}-")
    assert_failure(beyond, 416, "REQUESTED_RANGE_NOT_SATISFIABLE")
    assert wire.get(address(server), method="HEAD").headers["content-length"] == str(len(CONTENT))


@pytest.mark.parametrize("change", ["key", "name", "signature", "absent", "over"])
def test_address_that_was_changed_or_is_over_is_refused(server: RunningServer, wire: Wire, change: str) -> None:
    good = address(server)
    path = {
        "key": good.replace("film", "filn"),
        "name": good.replace("name=a", "name=b"),
        "signature": good[:-2],
        "absent": good.partition("?")[0],
        "over": address(server, lifetime=-1),
    }[change]
    reply = wire.get(path)
    assert (reply.code, reply.json["status"]) == (403, "LINK_INVALID")


def test_what_is_not_there_is_not_found_and_other_methods_are_refused(server: RunningServer, wire: Wire) -> None:
    gone = address(server, "private/1/gone.mp4")
    os.unlink(server.settings.data_dir / "files/private/1/gone.mp4")
    assert wire.get(gone).code == 404
    assert wire.get(address(server), method="DELETE").code == 405


def test_behind_nginx_only_the_name_is_told(start_server: StartServer) -> None:
    server = start_server(accelerated_by_nginx=True)
    with server.connect() as wire:
        reply = wire.get(address(server))
        assert (reply.code, reply.body) == (200, b"")
        assert reply.headers["x-accel-redirect"] == f"/solo-files/{KEY}"
        assert reply.headers["content-type"] == "video/mp4"
