"""Everything that is kept of me as a file, whose address I get by mail."""

import json
import re
from datetime import timedelta
from io import BytesIO
from typing import Any
from zipfile import ZipFile

from flask import Flask
from sqlalchemy import select, update

from flask_api.core import personal_data
from flask_api.core.database import now
from flask_api.core.job_rows import Job
from flask_api.emails import exports
from flask_api.emails.models import AccountExport
from flask_api.providers.storage import StorageError
from flask_api.users.models import UserAuth
from tests.accounts.test_erasing_accounts import erase
from tests.clients import Client, data, failure
from tests.factories import Factory, at_once
from tests.jobs_run import run_jobs
from tests.mail.reading import EMAIL, Outbox, text_of, user_with_email

PATH = "/emails/exports"


def files(app: Flask) -> list[str]:
    folder = app.extensions["settings"].data_dir
    return sorted(path.name for path in folder.rglob("*.zip"))


def keys(make: Factory) -> list[str]:
    return [row.key for row in make.execute(select(AccountExport.key))]


def zip_of(app: Flask, key: str) -> ZipFile:
    with app.app_context(), app.extensions["storage"].open(key) as file:
        return ZipFile(BytesIO(file.read()))


def let_time_pass(make: Factory) -> None:
    make.execute(update(AccountExport).values(expires_at=now() - timedelta(seconds=1)))


def test_file_with_all_my_data_is_made_and_its_address_mailed(make: Factory, app: Flask, outbox: Outbox) -> None:
    me = user_with_email(make, outbox, nickname="林")
    make.post(me, make.category(), title="First light")
    started = me.post(PATH, headers={"Accept-Language": "zh-CN"})
    assert started.status_code == 202
    assert data(started)["email"] == EMAIL
    run_jobs(app)
    [_, mail] = outbox()
    assert (mail["To"], mail["Subject"]) == (EMAIL, "您的数据已经准备好")
    [address] = re.findall(r"^http://localhost:5000/\S+$", text_of(mail), re.MULTILINE)
    assert "24 小时" in text_of(mail)
    [key] = keys(make)
    assert key in address
    told = json.loads(zip_of(app, key).read("data.json"))
    assert told["exported_at"].endswith("Z")
    assert told["data"]["profile"]["nickname"] == "林"
    assert told["data"]["account"]["email"] == EMAIL
    assert [post["title"] for post in told["data"]["posts"]] == ["First light"]
    assert told["data"].keys() == data(me.get("/auth/account/export"))["data"].keys()


def test_files_of_features_are_in_it_and_one_that_is_gone_is_left_out(
    make: Factory, app: Flask, outbox: Outbox, monkeypatch: Any
) -> None:
    me = user_with_email(make, outbox)
    monkeypatch.setattr(personal_data, "_parts", dict(personal_data._parts))
    held = [("lake.jpg", "test/lake.jpg"), ("gone.jpg", "test/gone.jpg")]
    personal_data.register("pictures", export=lambda _: [], files=lambda user_id: held)
    with app.app_context():
        app.extensions["storage"].put("test/lake.jpg", b"a lake", content_type="image/jpeg", public=False)
    me.post(PATH)
    run_jobs(app)
    archive = zip_of(app, keys(make)[0])
    assert archive.namelist() == ["data.json", "files/pictures/lake.jpg"]
    assert archive.read("files/pictures/lake.jpg") == b"a lake"


def test_who_has_no_address_is_told_so(make: Factory) -> None:
    assert failure(make.user().post(PATH)) == (409, "EMAIL_MISSING")


def test_one_export_at_a_time_and_three_a_day(make: Factory, app: Flask, outbox: Outbox) -> None:
    me = user_with_email(make, outbox)
    assert sorted(at_once([lambda: failure(me.post(PATH))] * 3)) == [(202, "SUCCESS")] + [(409, "EXPORT_UNDER_WAY")] * 2
    for _ in range(2):
        run_jobs(app)
        assert me.post(PATH).status_code == 202
    run_jobs(app)
    refused = me.post(PATH)
    assert failure(refused) == (429, "TOO_MANY_EXPORTS")
    assert 86000 < int(refused.headers["Retry-After"]) <= 86400
    assert len(files(app)) == 3


def test_same_request_with_its_key_sent_again_starts_one_export(make: Factory, app: Flask, outbox: Outbox) -> None:
    me = user_with_email(make, outbox)
    answers = [me.post(PATH, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert answers[0].get_data() == answers[1].get_data()
    run_jobs(app)
    assert len(outbox()) == 2
    assert len(files(app)) == 1


def test_each_job_may_run_twice(make: Factory, app: Flask, outbox: Outbox) -> None:
    me = user_with_email(make, outbox)
    me.post(PATH)
    [row] = make.execute(select(AccountExport.id, AccountExport.key))
    with app.app_context():
        for _ in range(2):
            exports.make_export.now(export_id=row.id, key=row.key, language="en")
        for _ in range(2):
            exports.mail_export.now(export_id=row.id, language="en")
    run_jobs(app)
    assert len(files(app)) == 1
    mails = outbox()[1:]
    assert len({mail["Message-ID"] for mail in mails}) == 1, "mail programs show one"


def test_file_is_deleted_when_its_time_is_over(make: Factory, app: Flask, outbox: Outbox) -> None:
    me = user_with_email(make, outbox)
    me.post(PATH)
    run_jobs(app)
    with app.app_context():
        exports.delete_expired_exports.now()
        assert len(files(app)) == 1
        let_time_pass(make)
        exports.delete_expired_exports.now()
    run_jobs(app)
    assert files(app) == keys(make) == []
    assert me.post(PATH).status_code == 202


def test_export_that_never_comes_to_an_end_does_not_bar_the_next_for_ever(
    make: Factory, app: Flask, outbox: Outbox
) -> None:
    me = user_with_email(make, outbox)
    me.post(PATH)
    let_time_pass(make)
    assert me.post(PATH).status_code == 202


def test_file_goes_with_the_account(make: Factory, app: Flask, outbox: Outbox) -> None:
    me = user_with_email(make, outbox)
    me.post(PATH)
    run_jobs(app)
    leave(make, app, me)
    run_jobs(app)
    assert files(app) == keys(make) == []


def test_account_erased_while_its_file_is_made_leaves_none(make: Factory, app: Flask, outbox: Outbox) -> None:
    me = user_with_email(make, outbox)
    me.post(PATH)
    [key] = keys(make)
    leave(make, app, me)
    with app.app_context():
        app.extensions["storage"].put(key, b"half", content_type="application/zip", public=False)
    run_jobs(app)
    assert files(app) == []
    assert len(outbox()) == 1


def leave(make: Factory, app: Flask, user: Client) -> None:
    assert user.delete("/auth/account").status_code == 200
    gone = update(UserAuth).where(UserAuth.id == user.user_id).values(delete_after=now() - timedelta(seconds=1))
    make.execute(gone)
    assert erase(app) == 1


def test_storage_that_is_away_puts_the_export_off(make: Factory, app: Flask, outbox: Outbox) -> None:
    me = user_with_email(make, outbox)
    me.post(PATH)
    working = app.extensions["storage"]
    app.extensions["storage"] = Away()
    run_jobs(app)
    assert files(app) == []
    [job] = make.execute(select(Job.attempts, Job.died_at))
    assert (job.attempts, job.died_at) == (1, None)
    app.extensions["storage"] = working
    make.execute(update(Job).values(due_at=now() - timedelta(seconds=1)))
    run_jobs(app)
    assert len(files(app)) == 1


class Away:
    """A storage that cannot be reached."""

    def put(self, *_: object, **__: object) -> None:
        raise StorageError
