"""The query of a list: its order, its indexes, and where it begins and ends."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.dialects import mysql, sqlite

from flask_api.audit.models import AuditEntry
from flask_api.blog.models import BlogPost
from flask_api.core.pagination import newest_first
from flask_api.users.models import UserAuth
from tests.clients import Client, data
from tests.factories import Factory

INDEXES = [
    ((UserAuth.id,), {}, None),
    ((UserAuth.id,), {UserAuth.role: "user"}, "ix_user_auth_role_id"),
    ((UserAuth.id,), {UserAuth.role: "user", UserAuth.status: None}, "ix_user_auth_role_id"),
    ((UserAuth.id,), {UserAuth.role: "user", UserAuth.status: "x"}, "ix_user_auth_role_status_id"),
    ((UserAuth.id,), {UserAuth.role: "user", UserAuth.phone: "+8613900000010"}, None),
    ((UserAuth.id,), {UserAuth.password_hash: "x"}, None),
    ((BlogPost.created_at, BlogPost.id), {}, "ix_blog_post_created_at_id"),
    ((BlogPost.id,), {BlogPost.author_id: 1}, "ix_blog_post_author_id_id"),
    ((AuditEntry.at, AuditEntry.id), {}, "ix_audit_entry_at_id"),
    ((AuditEntry.at, AuditEntry.id), {AuditEntry.subject_kind: "user"}, "ix_audit_entry_at_id"),
    ((AuditEntry.at, AuditEntry.id), {AuditEntry.action: "login"}, "ix_audit_entry_action_at_id"),
    (
        (AuditEntry.at, AuditEntry.id),
        {AuditEntry.actor_id: 1, AuditEntry.subject_kind: "user", AuditEntry.subject_id: 1},
        "ix_audit_entry_actor_id_at_id, ix_audit_entry_subject_kind_subject_id_at_id",
    ),
]


@pytest.mark.parametrize(("order", "equal", "indexes"), INDEXES)
def test_mariadb_may_read_by_the_indexes_of_the_filters_that_have_the_order(
    order: Any, equal: Any, indexes: str | None
) -> None:
    query = newest_first(select(order[-1]), *order, equal=equal)
    hint = f"FORCE INDEX ({indexes})" if indexes else "FORCE"
    assert (hint in str(query.compile(dialect=mysql.dialect()))) is bool(indexes)
    assert "FORCE" not in str(query.compile(dialect=sqlite.dialect()))


def test_cursor_from_after_the_end_of_a_list_begins_it_anew(make: Factory, client: Client) -> None:
    """No cursor leads out of its list: one of a year is good for the year before as well."""
    author, travel = make.user(), make.category()
    posts = [make.post(author, travel) for _ in range(4)]
    new_year = datetime(2026, 1, 1, tzinfo=UTC)
    for post_id, moment in zip(posts, (-2, -1, 0, 1), strict=True):
        written = update(BlogPost).where(BlogPost.id == post_id).values(created_at=new_year + timedelta(seconds=moment))
        make.execute(written)
    cursor = data(client.get("/blog/posts/archive/2026?limit=1"))["next_cursor"]
    before = data(client.get("/blog/posts/archive/2025", query_string={"cursor": cursor}))["items"]
    assert [post["id"] for post in before] == [posts[1], posts[0]]
