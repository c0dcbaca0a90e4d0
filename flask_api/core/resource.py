"""What a Resource is made of: ``@ns.body``, ``@ns.query``, ``@ns.answer``, ``@ns.fails``.

Each enforces and documents in one. Read a Resource method from top to bottom: who may, what comes in, what can go
wrong, what goes out, what it does::

    @login_check
    @ns.body(post_changes)
    @ns.fails(PostNotFound)
    @ns.answer(post)
    def patch(self, post_id, changes):
        \"\"\"Change one of my posts.\"\"\"
        return services.change_post(g.user_id, post_id, **changes)
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, ClassVar, TypeVar

from flask import Response, g, request
from flask_restx import Namespace as RestxNamespace
from flask_restx import Resource as RestxResource
from flask_restx.utils import camel_to_dash

from flask_api.core import strict_json
from flask_api.core.describing import ALWAYS_POSSIBLE, describe, failure_responses
from flask_api.core.envelope import envelope_of, succeed
from flask_api.core.errors import (
    ApiError,
    InvalidField,
    NotFound,
    TooLarge,
    UnsupportedMediaType,
)
from flask_api.core.query_strings import load_query, query_parameters
from flask_api.core.request_shapes import RequestShape
from flask_api.core.response_shapes import ResponseShape

View = TypeVar("View", bound=Callable[..., Any])


class UndeclaredError(AssertionError):
    """A view raised an error that its ``@ns.fails`` does not name; tests fail on it."""


class Resource(RestxResource):  # type: ignore[misc]
    """The base of every Resource: its methods answer with a Response, so dispatching is all there is to do.

    What the address holds comes first, in its order, as positional arguments; the body, if one is taken, comes last.
    """

    __apidoc__: ClassVar[dict[str, Any]] = {"responses": failure_responses(ALWAYS_POSSIBLE)}

    def dispatch_request(self, **kwargs: Any) -> Any:
        method = request.method.lower()
        return getattr(self, "get" if method == "head" else method)(*kwargs.values())


class Namespace(RestxNamespace):  # type: ignore[misc]
    """A namespace whose decorators enforce what they document."""

    def request_shape(self, name: str, fields: dict[str, Any], *, any_of_them: bool = False) -> RequestShape:
        """Name a closed shape that clients send; see :class:`RequestShape`."""
        shape = RequestShape(name, fields, any_of_them=any_of_them)
        self.add_model(name, shape)
        return shape

    def response_shape(self, name: str, fields: dict[str, Any]) -> ResponseShape:
        """Name a shape that we answer; see :class:`ResponseShape`."""
        shape = ResponseShape(name, fields)
        self.add_model(name, shape)
        return shape

    def body(self, shape: RequestShape) -> Callable[[View], View]:
        """Take a JSON body of this shape; the view gets it as a dict, as its last positional argument.

        Raises:
            UnsupportedMediaType: it is not application/json.
            BadJSON, InvalidField: it is not JSON, or not of the shape.
        """
        shape.compile()

        def decorate(view: View) -> View:
            @wraps(view)
            def load(*args: Any, **kwargs: Any) -> Any:
                if request.mimetype != "application/json":
                    raise UnsupportedMediaType
                g.sent = shape.load(strict_json.decode(request.get_data(cache=False)))
                return view(*args, g.sent, **kwargs)

            errors = [strict_json.BadJSON, InvalidField, UnsupportedMediaType, TooLarge]
            return describe(load, errors=errors, expect=[shape])  # type: ignore[return-value]

        return decorate

    def query(self, shape: RequestShape) -> Callable[[View], View]:
        """Take a query string of this shape; the view gets its fields as keyword arguments, defaults filled in.

        Raises:
            InvalidField: a parameter is unknown, missing, repeated or wrong.
        """
        shape.compile()

        def decorate(view: View) -> View:
            @wraps(view)
            def load(*args: Any, **kwargs: Any) -> Any:
                return view(*args, **kwargs, **load_query(shape))

            return describe(load, errors=[InvalidField], params=query_parameters(shape))  # type: ignore[return-value]

        return decorate

    def fails(self, *errors: type[ApiError]) -> Callable[[View], View]:
        """Name the errors that the service may raise; one that is not named fails the tests."""
        return lambda view: describe(view, errors=errors)

    def answer(
        self, shape: ResponseShape | None = None, *, code: int = 200, message: str = "OK"
    ) -> Callable[[View], View]:
        """Answer with what the view returns, in this shape and the envelope; no shape: ``data`` is null."""
        envelope = envelope_of(shape, code, message)
        self.add_model(envelope.name, envelope)
        if shape is not None:  # a page of another shape is named by nobody else
            self.add_model(shape.name, shape)
        serialise = shape.serialise if shape is not None else lambda _: None

        def decorate(view: View) -> View:
            @wraps(view)
            def respond(*args: Any, **kwargs: Any) -> Response:
                return succeed(code, message, serialise(view(*args, **kwargs)))

            return describe(respond, responses={code: (message, envelope, {})})  # type: ignore[return-value]

        return decorate

    def route(self, url: str) -> Callable[[type], type]:  # type: ignore[override, unused-ignore]
        """Register a Resource at one address; where that has a parameter, it can be not found."""
        errors = [NotFound] if "<" in url else []

        def register(resource: type) -> type:
            for method in resource.methods or ():  # type: ignore[attr-defined]
                name = f"{self.name}_{method.lower()}_{camel_to_dash(resource.__name__)}"
                describe(getattr(resource, method.lower()), errors=errors, id=name)
            return super(Namespace, self).route(url)(resource)  # type: ignore[no-any-return]

        return register
