"""Logging out, and the list of where one is logged in."""

from datetime import UTC, datetime, timedelta

from tests.clients import Client, data, failure
from tests.factories import Factory

DEAD = (401, "TOKEN_INVALID")


def log_in_from(client: Client, phone: str, device: str) -> Client:
    code = data(client.post("/auth/sms-codes", json={"phone": phone}))["code"]
    headers = {"User-Agent": device}
    login = data(client.post("/auth/sms-login", json={"phone": phone, "code": code}, headers=headers))
    return Client(client.app, login["token"], login["user_id"])


def sessions(client: Client) -> list[dict[str, object]]:
    return list(data(client.get("/auth/sessions"))["items"])


def test_every_login_gives_a_new_token(make: Factory, client: Client) -> None:
    phone = make.phone()
    tokens = {make.user(phone).token, client.log_in(phone).token, client.log_in(phone).token}
    assert len(tokens) == 3
    assert all(token and len(token.partition(".")[2]) >= 43 for token in tokens)


def test_logout_ends_this_session_and_no_other(make: Factory, client: Client) -> None:
    phone = make.phone()
    me, elsewhere, bystander = make.user(phone), client.log_in(phone), make.user()
    assert me.post("/auth/logout").status_code == 200
    assert failure(me.get("/users/me")) == DEAD
    assert failure(me.post("/auth/logout")) == DEAD
    assert elsewhere.get("/users/me").status_code == 200
    assert bystander.get("/users/me").status_code == 200


def test_sessions_show_device_address_times_and_which_is_mine(make: Factory, client: Client) -> None:
    phone = make.phone()
    browser, phone_app = log_in_from(client, phone, "Browser/1.0"), log_in_from(client, phone, "SoloApp/2.0")
    found = {session["device"]: session for session in sessions(browser)}
    assert found.keys() == {"Browser/1.0", "SoloApp/2.0"}
    assert found["Browser/1.0"]["current"] is True
    assert found["SoloApp/2.0"]["current"] is False
    for session in found.values():
        assert session["address"] == "127.0.0.1"
        for name in ("created_at", "last_used_at"):
            moment = datetime.fromisoformat(str(session[name]))
            assert abs(datetime.now(UTC) - moment) < timedelta(minutes=2)
    assert [session["current"] for session in sessions(phone_app) if session["device"] == "SoloApp/2.0"] == [True]


def test_sessions_never_show_a_token_or_its_digest(make: Factory) -> None:
    me = make.user()
    text = me.get("/auth/sessions").get_data(as_text=True)
    assert me.token
    assert me.token.partition(".")[2] not in text
    assert all(int(str(session["id"])) < 2**53 for session in sessions(me))


def test_one_of_my_sessions_can_be_ended(make: Factory, client: Client) -> None:
    phone = make.phone()
    me, elsewhere = make.user(phone), client.log_in(phone)
    other = next(session["id"] for session in sessions(me) if not session["current"])
    assert me.delete(f"/auth/sessions/{other}").status_code == 200
    assert failure(elsewhere.get("/users/me")) == DEAD
    assert me.get("/users/me").status_code == 200
    assert failure(me.delete(f"/auth/sessions/{other}")) == (404, "SESSION_NOT_FOUND")


def test_my_own_session_can_be_ended_by_its_id(make: Factory) -> None:
    me = make.user()
    assert me.delete(f"/auth/sessions/{sessions(me)[0]['id']}").status_code == 200
    assert failure(me.get("/users/me")) == DEAD


def test_session_of_another_user_is_404_and_lives_on(make: Factory) -> None:
    me, other = make.user(), make.user()
    theirs = sessions(other)[0]["id"]
    assert failure(me.delete(f"/auth/sessions/{theirs}")) == (404, "SESSION_NOT_FOUND")
    assert failure(make.admin().delete(f"/auth/sessions/{theirs}")) == (404, "SESSION_NOT_FOUND")
    assert other.get("/users/me").status_code == 200


def test_all_other_sessions_can_be_ended_at_once(make: Factory, client: Client) -> None:
    phone = make.phone()
    me, others, bystander = make.user(phone), [client.log_in(phone) for _ in range(3)], make.user()
    assert me.delete("/auth/sessions").status_code == 200
    assert [failure(other.get("/users/me")) for other in others] == [DEAD] * 3
    assert me.get("/users/me").status_code == 200
    assert bystander.get("/users/me").status_code == 200
    assert len(sessions(me)) == 1
    assert me.delete("/auth/sessions").status_code == 200  # there is nothing left to end


def test_ended_sessions_are_not_listed(make: Factory, client: Client) -> None:
    phone = make.phone()
    me = make.user(phone)
    client.log_in(phone).post("/auth/logout")
    assert len(sessions(me)) == 1


def test_overlong_device_is_cut_and_harmless(make: Factory, client: Client) -> None:
    me = log_in_from(client, make.phone(), "<script>" + "x" * 1000)
    assert sessions(me)[0]["device"] == ("<script>" + "x" * 1000)[:200]
