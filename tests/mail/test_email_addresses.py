"""The e-mail address of an account: only who reads the mail gets it."""

from flask import Flask

from tests.clients import Client, data, failure
from tests.factories import Factory, at_once
from tests.jobs_run import run_jobs
from tests.mail.reading import EMAIL, Outbox, ask_for_code, user_with_email


def email_of(user: Client) -> str | None:
    found = data(user.get("/users/me"))["email"]
    return None if found is None else str(found)


def set_email(user: Client, code: str, email: str = EMAIL, **proof: str) -> tuple[int, str]:
    return failure(user.put("/emails/me", json={"email": email, "code": code}, headers=user.prove(**proof)))


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


def test_address_is_set_by_the_code_that_was_mailed(make: Factory, app: Flask, outbox: Outbox) -> None:
    user = make.user()
    assert email_of(user) is None
    code = ask_for_code(user, app, outbox)
    assert set_email(user, wrong(code)) == (401, "CODE_WRONG")
    assert email_of(user) is None
    assert set_email(user, code) == (200, "SUCCESS")
    assert email_of(user) == EMAIL
    assert set_email(user, code) == (401, "CODE_WRONG")


def test_address_is_kept_in_lower_case_and_shown_to_its_owner_only(make: Factory, app: Flask, outbox: Outbox) -> None:
    user, other = make.user(), make.user()
    code = ask_for_code(user, app, outbox, "Lin@Example.COM")
    assert set_email(user, code, " LIN@example.com") == (200, "SUCCESS")
    assert email_of(user) == EMAIL
    assert EMAIL not in other.get(f"/users/{user.user_id}").get_data(as_text=True)
    assert data(user.get("/auth/account/export"))["data"]["account"]["email"] == EMAIL


def test_code_is_good_for_its_address_and_its_account_only(make: Factory, app: Flask, outbox: Outbox) -> None:
    user, other = make.user(), make.user()
    code = ask_for_code(user, app, outbox)
    assert set_email(other, code) == (401, "CODE_WRONG")
    assert set_email(user, code, "wei@example.com") == (401, "CODE_WRONG")
    assert set_email(user, code) == (200, "SUCCESS")


def test_address_of_another_account_is_refused_once_it_is_shown_to_be_read(
    make: Factory, app: Flask, outbox: Outbox
) -> None:
    user_with_email(make, outbox)
    user = make.user()
    code = ask_for_code(user, app, outbox, "LIN@example.com")
    assert set_email(user, code) == (409, "EMAIL_TAKEN")
    assert email_of(user) is None


def test_of_two_who_set_one_address_at_once_one_gets_it(make: Factory, app: Flask, outbox: Outbox) -> None:
    users = [make.user(), make.user()]
    codes = [ask_for_code(user, app, outbox) for user in users]
    jobs = [lambda user=user, code=code: set_email(user, code) for user, code in zip(users, codes, strict=True)]
    assert sorted(at_once(jobs)) == [(200, "SUCCESS"), (409, "EMAIL_TAKEN")]


def test_removed_address_is_free_for_others(make: Factory, app: Flask, outbox: Outbox) -> None:
    user = user_with_email(make, outbox)
    assert user.delete("/emails/me", headers=user.prove()).status_code == 200
    run_jobs(app)
    assert failure(user.delete("/emails/me", headers=user.prove())) == (409, "EMAIL_MISSING")
    assert email_of(user) is None
    assert email_of(user_with_email(make, outbox)) == EMAIL


def test_token_alone_does_not_change_the_address_of_an_account_with_a_password(
    make: Factory, app: Flask, outbox: Outbox
) -> None:
    """Else it would be worth the account: a reset by mail sets a new password."""
    user = user_with_email(make, outbox, password="correct horse")
    code = ask_for_code(user, app, outbox, "thief@example.com")
    change = {"email": "thief@example.com", "code": code}
    assert failure(user.put("/emails/me", json=change)) == (403, "PROOF_NEEDED")
    assert failure(user.delete("/emails/me")) == (403, "PROOF_NEEDED")
    assert email_of(user) == EMAIL
    assert set_email(user, code, "thief@example.com", password="correct horse") == (200, "SUCCESS"), "none is used"


def test_address_that_is_replaced_or_removed_gets_a_mail(make: Factory, app: Flask, outbox: Outbox) -> None:
    user, subject = user_with_email(make, outbox), "Your e-mail address was changed"
    for _ in range(2):  # the second time it stays the same
        assert set_email(user, ask_for_code(user, app, outbox, "wei@example.com"), "wei@example.com")[0] == 200
        run_jobs(app)
    user.delete("/emails/me", headers={"Accept-Language": "zh", **user.prove()})
    run_jobs(app)
    told = [(mail["To"], mail["Subject"]) for mail in outbox() if mail["Subject"] != "Confirm your e-mail address"]
    assert told == [(EMAIL, subject), ("wei@example.com", "您的邮箱已变更")]


def test_code_for_an_address_is_sent_to_who_is_logged_in_only(client: Client, app: Flask) -> None:
    asked = {"email": EMAIL, "purpose": "email"}
    assert failure(client.post("/emails/codes", json=asked)) == (401, "TOKEN_MISSING")
    assert failure(Client(app, "1.made-up").post("/emails/codes", json=asked)) == (401, "TOKEN_INVALID")


def test_one_account_mails_no_more_than_ten_strangers_a_day(make: Factory) -> None:
    user, asked = make.user(), {"email": EMAIL, "purpose": "email"}
    told = [failure(user.post("/emails/codes", json={**asked, "email": f"lin{n}@example.com"})) for n in range(11)]
    assert told == [(201, "SUCCESS")] * 10 + [(429, "TOO_MANY_CODES")]
    assert failure(make.user().post("/emails/codes", json=asked)) == (201, "SUCCESS")
    assert failure(user.post("/emails/codes", json={**asked, "purpose": "password_reset"})) == (201, "SUCCESS")


NO_ADDRESSES = [
    "", "lin", "lin@", "@example.com", "lin@example", "lin@@example.com", "lin@exa mple.com", "l in@example.com",
    "lin@example.com\r\nBcc: b@example.com", "lin@example.com,b@example.com", "<lin@example.com>", None, 1,
    ".lin@example.com", '"lin"@example.com', "lin@[127.0.0.1]", "lin@127.0.0.1", "lin@-a.com", "линь@example.com",
    "lin@example.com.", "l" * 65 + "@example.com", "l@" + "a." * 130 + "com", "a" * 300,
]  # fmt: skip
ADDRESSES = ["a@b.co", "lin+solo@mail.example.com", "o_li-n.wei%x@xn--fiq228c.example"]


def test_what_is_no_address_is_400_and_what_is_one_is_taken(client: Client) -> None:
    def ask(email: object) -> int:
        return client.post("/emails/codes", json={"email": email, "purpose": "password_reset"}).status_code

    assert [email for email in NO_ADDRESSES if ask(email) != 400] == []
    assert [email for email in ADDRESSES if ask(email) != 201] == []


def test_mail_is_in_the_language_of_who_asked(make: Factory, app: Flask, outbox: Outbox) -> None:
    zh, en = "验证您的邮箱", "Confirm your e-mail address"
    told = {"zh": zh, "zh-CN,zh;q=0.9,en;q=0.8": zh, "zh-Hant-TW": zh, "en-GB,zh;q=0.5": en, "fr": en, "*": en, "": en}
    user = make.user()
    for accepted, subject in told.items():
        asked = {"email": EMAIL, "purpose": "email"}
        user.post("/emails/codes", json=asked, headers={"Accept-Language": accepted})
        run_jobs(app)
        assert outbox()[-1]["Subject"] == subject, accepted
