"""Addresses of the app."""

from collections.abc import Callable
from functools import cache
from typing import Any

from werkzeug.routing import Rule

Builder = Callable[..., tuple[str, str]]


class LazyRule(Rule):
    """A rule that compiles what ``url_for`` needs when it is first asked.

    werkzeug compiles two functions for each rule when the app is made: two thirds of that time, and hardly any is ever
    called here.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Builder:
        compile_now = super()._compile_builder

        @cache
        def compiled() -> Builder:
            return compile_now(append_unknown)

        def build(rule: Rule, **values: Any) -> tuple[str, str]:
            return compiled()(rule, **values)

        return build
