"""The uploads namespace and its shapes."""

from flask_api.core import fields
from flask_api.core.pagination import page_fields, page_shape
from flask_api.core.resource import Namespace
from flask_api.uploads.kinds import GRANTED, KINDS, TYPES
from flask_api.uploads.models import STATES

ns = Namespace("uploads", description="Sending a file: ask where to, send it there, say so; then use it", path="/")

upload_creation = ns.request_shape(
    "UploadCreation",
    {
        "kind": fields.Choice(GRANTED, required=True, example="photo"),
        "size": fields.Integer(required=True, min=1, max=2**40, example=245760, description="In bytes, exactly"),
        "content_type": fields.Choice(TYPES, required=True, example="image/jpeg"),
    },
)
upload_query = ns.request_shape("UploadQuery", page_fields())

granted_upload = ns.response_shape(
    "GrantedUpload",
    {
        "id": fields.Integer(example=1),
        "method": fields.Choice(["PUT", "POST"], description="PUT: the body is the file. POST: a multipart form"),
        "url": fields.String(
            example="/uploads/incoming/3f/3f9c?expires=…&signature=…",
            description="Where to send it; what begins with a slash is on this server",
        ),
        "headers": fields.Object(description="Headers to send with it"),
        "fields": fields.Object(description="Of a form: what comes before the file, whose field is named `file`"),
        "expires_at": fields.DateTime(),
    },
)
upload = ns.response_shape(
    "Upload",
    {
        "id": fields.Integer(example=1),
        "kind": fields.Choice(KINDS),
        "state": fields.Choice(STATES, description="granted, then processing, then ready or refused"),
        "reason": fields.String(nullable=True, example="not_an_image", description="Why it was refused"),
        "content_type": fields.String(example="image/jpeg"),
        "size": fields.Integer(example=245760, description="Of what was sent"),
        "width": fields.Integer(nullable=True, example=2048),
        "height": fields.Integer(nullable=True, example=1536),
        "url": fields.String(nullable=True, example="/media/public/3f/3f9c.jpg"),
        "thumbnail_url": fields.String(nullable=True, example="/media/public/9a/9a01.jpg"),
        "is_used": fields.Boolean(description="What nobody uses is deleted after a day"),
        "created_at": fields.DateTime(),
    },
)
upload_page = page_shape(upload)
