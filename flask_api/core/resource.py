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

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ClassVar, TypeVar

from flask import Response, g, request
from flask_restx import Namespace as RestxNamespace
from flask_restx import Resource as RestxResource
from flask_restx.utils import camel_to_dash

from flask_api.core import strict_json
from flask_api.core.arrival import arrive
from flask_api.core.describing import ALWAYS_POSSIBLE, describe, failure_responses
from flask_api.core.envelope import envelope_of, succeed
from flask_api.core.errors import (
    ApiError,
    InvalidField,
    LimitReached,
    NotFound,
    TooLarge,
    UnsupportedMediaType,
)
from flask_api.core.query_strings import load_query, query_parameters, value_of
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

    is_limited = True  # whether requests count against the limits of their address

    def dispatch_request(self, **kwargs: Any) -> Any:
        asked = request._get_current_object()  # type: ignore[attr-defined] # a proxy takes a microsecond each time
        method = asked.method.lower()
        view = getattr(type(self), "get" if method == "head" else method)
        if self.is_limited:
            arrive(view, asked.environ)
        return view(self, *kwargs.values())


class Namespace(RestxNamespace):  # type: ignore[misc]
    """A namespace whose decorators enforce what they document."""

    def request_shape(
        self, name: str, fields: dict[str, Any], *, any_of_them: bool = False, exactly_one: Sequence[str] = ()
    ) -> RequestShape:
        """Name a closed shape that clients send; see :class:`RequestShape`."""
        shape = RequestShape(name, fields, any_of_them=any_of_them, exactly_one=exactly_one)
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
                g.sent = shape.load(_read_body(shape))
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

    def header(self, name: str, description: str) -> Callable[[View], View]:
        """Tell on the page of a header that the view reads, if it is sent."""
        return lambda view: describe(
            view, params={name: {"in": "header", "type": "string", "description": description}}
        )

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

    def views(self) -> list[Callable[..., Any]]:
        """Return the methods of all Resources."""
        resources = [entry.resource for entry in self.resources]
        return [getattr(resource, method.lower()) for resource in resources for method in resource.methods or ()]

    def route(self, url: str) -> Callable[[type], type]:  # type: ignore[override, unused-ignore]
        """Register a Resource at one address; where that has a parameter, it can be not found."""
        errors: list[type[ApiError]] = [NotFound] if "<" in url else []

        def register(resource: type[Resource]) -> type:
            if resource.is_limited:
                errors.append(LimitReached)
            for method in resource.methods or ():
                name = f"{self.name.replace('-', '_')}_{method.lower()}_{camel_to_dash(resource.__name__)}"
                if not resource.is_limited and hasattr(getattr(resource, method.lower()), "__role__"):
                    raise TypeError("a login is read on arrival, where requests are counted: is_limited must be True")
                view = describe(getattr(resource, method.lower()), errors=errors, id=name)
                view.__area__ = self.name
            return super(Namespace, self).route(url)(resource)  # type: ignore[no-any-return]

        return register


def _read_body(shape: RequestShape) -> Any:
    if "form" in g:  # a client of the original's sent it, and signed it; see core/signing.py
        return {name: value_of(shape.get(name), text, name) for name, text in g.form.items()}
    if request.mimetype != "application/json":
        raise UnsupportedMediaType
    return strict_json.decode(request.get_data(cache=False))
