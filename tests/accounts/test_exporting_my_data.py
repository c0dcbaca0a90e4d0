"""Everything that is kept of me, in one answer."""

from datetime import UTC, datetime, timedelta

from tests.clients import Client, data, failure
from tests.factories import Factory


def export(me: Client) -> dict[str, object]:
    return dict(data(me.get("/auth/account/export"))["data"])


def test_export_has_account_profile_posts_and_photos(make: Factory) -> None:
    phone, travel = make.phone(), make.category()
    me = make.user(phone, nickname="Lin", password="correct horse")
    me.patch("/users/me", json={"birthday": "1996-05-17", "gender": "female", "height_cm": 172, "bio": "Maps."})
    post_id = make.post(me, travel, title="First light", body="A mirror.")
    make.photo(me, caption="The lake at five")
    exported = export(me)
    account, profile = exported["account"], exported["profile"]
    assert isinstance(account, dict)
    assert isinstance(profile, dict)
    assert (account["id"], account["phone"], account["role"]) == (me.user_id, f"+86{phone}", "user")
    assert profile["nickname"] == "Lin"
    assert (profile["birthday"], profile["gender"], profile["height_cm"]) == ("1996-05-17", "female", 172)
    assert profile["bio"] == "Maps."
    [post], [photo] = exported["posts"], exported["photos"]  # type: ignore[misc]
    assert (post["id"], post["title"], post["body"], post["category_id"]) == (
        post_id,
        "First light",
        "A mirror.",
        travel,
    )
    assert (photo["caption"], photo["url"]) == ("The lake at five", "/media/1.jpg")


def test_export_has_no_password_hash_and_no_token(make: Factory) -> None:
    me = make.user(password="correct horse")
    text = me.get("/auth/account/export").get_data(as_text=True)
    assert "argon2" not in text
    assert "password_hash" not in text
    assert "token_generation" not in text
    assert me.token
    assert me.token.partition(".")[2] not in text


def test_export_has_nothing_of_others(make: Factory) -> None:
    travel = make.category()
    other = make.user(nickname="Somebody else")
    make.post(other, travel, title="Theirs")
    make.photo(other, caption="Theirs")
    me = make.user()
    exported = export(me)
    assert exported["posts"] == []
    assert exported["photos"] == []
    assert "Somebody else" not in str(exported)


def test_export_is_dated_and_its_moments_are_utc(make: Factory) -> None:
    me = make.user()
    answer = data(me.get("/auth/account/export"))
    assert answer["exported_at"].endswith("Z")
    assert abs(datetime.fromisoformat(answer["exported_at"]) - datetime.now(UTC)) < timedelta(minutes=1)
    assert answer["data"]["account"]["created_at"].endswith("Z")
    assert answer["data"]["account"]["last_login_at"].endswith("Z")


def test_export_has_all_posts_however_many(make: Factory) -> None:
    me, travel = make.user(), make.category()
    ids = [make.post(me, travel) for _ in range(120)]
    posts = export(me)["posts"]
    assert isinstance(posts, list)
    assert [post["id"] for post in posts] == ids


def test_export_needs_a_login(client: Client) -> None:
    assert failure(client.get("/auth/account/export")) == (401, "TOKEN_MISSING")
