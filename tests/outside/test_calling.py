"""Every call to a service outside is counted, and none is made while a transaction is open."""

from pathlib import Path

import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from flask_api.core import metrics
from flask_api.core.exposition import exposition
from flask_api.core.transaction import in_transaction, transactional
from flask_api.extensions import db
from flask_api.providers.outside import OutsideError, calling, fetch
from tests.services.upstream import Upstream


def counted(folder: Path) -> dict[str, float]:
    """Return how often each outcome is told."""
    families = text_string_to_metric_families(exposition(folder, {}).decode())
    samples = [sample for family in families for sample in family.samples]
    return {one.labels["outcome"]: one.value for one in samples if one.name == "solo_outside_calls_total"}


def test_each_way_to_end_is_counted(tmp_path: Path) -> None:
    with Upstream() as upstream, metrics.kept_in(tmp_path):
        fetch("test", "GET", upstream.url)
        for behaviour in ("garbage", "refuse", "hang"):
            upstream.behaviour = behaviour
            with pytest.raises(OutsideError):
                fetch("test", "GET", upstream.url, timeout=0.2)
        with pytest.raises(KeyError), calling("test"):
            raise KeyError
        assert counted(tmp_path) == {"ok": 1, "garbage": 1, "refused": 1, "timeout": 1, "error": 1}


def test_no_call_is_made_inside_a_transaction(app: Flask) -> None:
    @transactional
    def careless() -> None:
        assert in_transaction()
        fetch("test", "GET", upstream.url)

    with Upstream() as upstream, app.app_context():
        with pytest.raises(RuntimeError, match="transaction"):
            careless()
        assert not in_transaction()
        db.session.execute(text("SELECT 1"))
        with pytest.raises(RuntimeError, match="transaction"):
            fetch("test", "GET", upstream.url)
        db.session.rollback()
        assert upstream.connections == 0
        assert fetch("test", "GET", upstream.url).status == 200
