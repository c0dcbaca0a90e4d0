"""HTTP of albums."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import g

from flask_api.albums import services
from flask_api.albums.schemas import ns, photo_list
from flask_api.core.auth import login_check
from flask_api.core.resource import Resource
from flask_api.users.services import UserNotFound


@dataclass(frozen=True, slots=True)
class PhotoList:
    items: Sequence[Any]


@ns.route("/<int:user_id>/photos")
class PhotoCollection(Resource):
    @login_check
    @ns.fails(UserNotFound)
    @ns.answer(photo_list)
    def get(self, user_id: int) -> Any:
        """List somebody's photos."""
        return PhotoList(services.list_photos(g.user_id, user_id))
