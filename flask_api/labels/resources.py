"""HTTP of labels."""

from dataclasses import dataclass
from typing import Any

from flask import g

from flask_api.core.auth import login_check
from flask_api.core.errors import InvalidField
from flask_api.core.idempotency import idempotent
from flask_api.core.pagination import BadCursor
from flask_api.core.resource import Resource
from flask_api.labels import catalogue, schemas, services
from flask_api.labels.schemas import ns
from flask_api.people.schemas import found_page
from flask_api.users.services import UserNotFound


@dataclass(frozen=True, slots=True)
class LabelItems:
    items: Any


@ns.route("/labels")
class LabelList(Resource):
    @login_check
    @ns.query(schemas.label_filter)
    @ns.answer(schemas.label_list)
    def get(self, **filters: Any) -> Any:
        """List the labels in use."""
        return LabelItems(catalogue.list_labels(**filters))

    @login_check(role="admin")
    @ns.body(schemas.label_creation)
    @idempotent
    @ns.fails(catalogue.LabelTaken, catalogue.TooManyLabels)
    @ns.answer(schemas.label, code=201, message="Label created")
    def post(self, sent: dict[str, Any]) -> Any:
        """Create a label."""
        return catalogue.create_label(**sent)


@ns.route("/admin/labels")
class EveryLabel(Resource):
    @login_check(role="admin")
    @ns.answer(schemas.label_list)
    def get(self) -> Any:
        """List all labels, those out of use as well."""
        return LabelItems(catalogue.list_all_labels())


@ns.route("/labels/<int:label_id>")
class LabelItem(Resource):
    @login_check(role="admin")
    @ns.body(schemas.label_changes)
    @ns.fails(catalogue.LabelNotFound, catalogue.LabelTaken)
    @ns.answer(schemas.label)
    def patch(self, label_id: int, changes: dict[str, Any]) -> Any:
        """Change a label, for everybody who has it."""
        return catalogue.change_label(label_id, **changes)

    @login_check(role="admin")
    @ns.fails(catalogue.LabelNotFound, catalogue.LabelHeld)
    @ns.answer(message="Label deleted")
    def delete(self, label_id: int) -> None:
        """Delete a label that nobody has."""
        catalogue.delete_label(label_id)


@ns.route("/labels/<int:label_id>/people")
class LabelPeople(Resource):
    @login_check
    @ns.query(schemas.people_filter)
    @ns.fails(catalogue.LabelNotFound, BadCursor)
    @ns.answer(found_page)
    def get(self, label_id: int, **page: Any) -> Any:
        """List people who have a label, newest members first; a page may be short though more follow."""
        return services.list_people(g.user_id, label_id, **page)


@ns.route("/users/me/labels")
class OwnLabels(Resource):
    @login_check
    @ns.answer(schemas.own_labels)
    def get(self) -> Any:
        """List my labels."""
        return LabelItems(services.labels_of(g.user_id))

    @login_check
    @ns.body(schemas.label_choice)
    @ns.fails(InvalidField, UserNotFound)
    @ns.answer(schemas.own_labels)
    def put(self, sent: dict[str, Any]) -> Any:
        """Give myself these labels in the place of those I had, at most 10."""
        return LabelItems(services.pick_labels(g.user_id, **sent))
