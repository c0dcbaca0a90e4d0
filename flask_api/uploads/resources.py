"""HTTP of uploads. The bytes go to the storage; the local one is server/uploads.py."""

from typing import Any

from flask import g, request

from flask_api.core.auth import login_check
from flask_api.core.idempotency import idempotent
from flask_api.core.pagination import BadCursor
from flask_api.core.resource import Resource
from flask_api.providers.storage import StorageError
from flask_api.uploads import grants, schemas, services
from flask_api.uploads.schemas import ns


@ns.route("/uploads")
class UploadList(Resource):
    @login_check
    @ns.query(schemas.upload_query)
    @ns.fails(BadCursor)
    @ns.answer(schemas.upload_page)
    def get(self, **page: Any) -> Any:
        """List my uploads, newest first."""
        return services.list_uploads(g.user_id, **page)

    @login_check
    @ns.body(schemas.upload_creation)
    @idempotent
    @ns.fails(grants.TooManyUploads)
    @ns.answer(schemas.granted_upload, code=201, message="Upload granted")
    def post(self, sent: dict[str, Any]) -> Any:
        """Ask where to send a file."""
        return grants.create_upload(g.user_id, **sent)


@ns.route("/uploads/<int:upload_id>")
class UploadItem(Resource):
    @login_check
    @ns.fails(services.UploadNotFound)
    @ns.answer(schemas.upload)
    def get(self, upload_id: int) -> Any:
        """Show an upload of mine."""
        return services.get_upload(g.user_id, upload_id)

    @login_check
    @ns.fails(services.UploadNotFound, services.UploadInUse)
    @ns.answer(message="Upload deleted")
    def delete(self, upload_id: int) -> Any:
        """Delete an upload of mine that is not in use."""
        return services.delete_upload(g.user_id, upload_id)


@ns.route("/uploads/<int:upload_id>/complete")
class UploadCompletion(Resource):
    @login_check
    @ns.fails(services.UploadNotFound, services.UploadNotArrived, StorageError)
    @ns.answer(schemas.upload)
    def post(self, upload_id: int) -> Any:
        """Say that the file was sent; it is looked at in the background."""
        return services.complete_upload(g.user_id, upload_id)


@ns.route("/uploads/qiniu-callback")
class QiniuCallback(Resource):
    @ns.header("Authorization", "Qiniu's signature of this call")
    @ns.fails(services.CallbackInvalid, services.UploadNotFound, services.UploadNotArrived, StorageError)
    @ns.answer(schemas.upload)
    def post(self) -> Any:
        """Take Qiniu's word that a file has arrived."""
        return services.take_callback(
            request.headers.get("Authorization", ""), request.content_type or "", request.get_data(cache=False)
        )
