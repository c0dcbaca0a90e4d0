"""HTTP of health."""

from typing import Any

from flask import Response

from flask_api.core.exposition import CONTENT_TYPE
from flask_api.core.resource import Resource
from flask_api.system import services
from flask_api.system.schemas import live, ns, ready


@ns.route("/live")
class LiveCheck(Resource):
    is_limited = False

    @ns.answer(live)
    def get(self) -> Any:
        """Tell that this process answers."""
        return services.Live()


@ns.route("/ready")
class ReadyCheck(Resource):
    is_limited = False

    @ns.fails(services.NotReady)
    @ns.answer(ready)
    def get(self) -> Any:
        """Tell whether database, Redis and migrations are ready."""
        return services.check_ready()


def show_metrics() -> Response:
    """Answer what Prometheus reads; it lies at ``/metrics``, where that looks for it, and not on the page."""
    return Response(services.metrics_text(), content_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"})
