"""HTTP of health."""

from typing import Any

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
