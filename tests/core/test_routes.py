"""Addresses that the app makes, as clients find them."""

import pytest
from flask import Flask, url_for
from werkzeug.routing import BuildError


def test_address_is_made_of_its_parts_and_the_rest_becomes_the_query(app: Flask) -> None:
    with app.test_request_context():
        assert url_for("api.specs") == "/api/swagger.json"
        for _ in range(2):
            assert url_for("api.blog_post_item", post_id=7, page=2) == "/api/v1/blog/posts/7?page=2"


def test_address_that_lacks_a_part_is_refused(app: Flask) -> None:
    with app.test_request_context(), pytest.raises(BuildError):
        url_for("api.blog_post_item")
