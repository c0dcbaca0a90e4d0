"""HTTP of nearby."""

from typing import Any

from flask import g

from flask_api.core.auth import login_check
from flask_api.core.errors import LimitReached
from flask_api.core.pagination import BadCursor
from flask_api.core.rate_limits import limited_inside
from flask_api.core.remaking import BeingMade
from flask_api.core.resource import Resource
from flask_api.nearby import places, schemas, services
from flask_api.nearby.schemas import ns


@ns.route("/nearby")
class NeighbourList(Resource):
    @login_check
    @ns.query(schemas.nearby_filter)
    @ns.fails(BadCursor, places.PlaceMissing, BeingMade)
    @ns.answer(schemas.neighbour_page)
    def get(self, **page: Any) -> Any:
        """List who is near me, the nearest first."""
        return services.list_nearby(g.user_id, **page)


@ns.route("/users/me/place")
class MyPlace(Resource):
    @login_check
    @ns.answer(schemas.my_place)
    def get(self) -> Any:
        """Show what is known of my place."""
        return places.get_place(g.user_id)

    @limited_inside(places.MOVES)
    @login_check
    @ns.body(schemas.place_setting)
    @ns.fails(LimitReached)
    @ns.answer(schemas.my_place, message="Place set")
    def put(self, sent: dict[str, Any]) -> Any:
        """Tell where I am; only a place one or two kilometres away is kept."""
        return places.set_place(g.user_id, **sent)

    @limited_inside(places.MOVES)
    @login_check
    @ns.body(schemas.place_change)
    @ns.fails(LimitReached)
    @ns.answer(schemas.my_place, message="Place changed")
    def patch(self, changes: dict[str, Any]) -> Any:
        """Hide my place from others, or show it again."""
        return places.hide(g.user_id, **changes)

    @login_check
    @ns.answer(message="Place deleted")
    def delete(self) -> None:
        """Have my place forgotten."""
        places.delete_place(g.user_id)
