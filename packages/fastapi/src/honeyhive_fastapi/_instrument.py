"""Putting the middleware around an application, and taking it away again."""

from collections.abc import Callable
from typing import TypeVar, cast, overload

from honeyhive import HoneyHiveTracer
from starlette.applications import Starlette
from starlette.types import ASGIApp

from honeyhive_fastapi._middleware import HoneyHiveMiddleware

StarletteApp = TypeVar("StarletteApp", bound=Starlette)


class _WrappedBuild:
    """``build_middleware_stack`` of one application, with our middleware around the stack that it builds."""

    def __init__(self, build: Callable[[], ASGIApp], tracer: HoneyHiveTracer | None) -> None:
        self.build = build
        self._tracer = tracer

    def __call__(self) -> ASGIApp:
        return HoneyHiveMiddleware(self.build(), tracer=self._tracer)


@overload
def instrument(  # pyright: ignore[reportOverlappingOverload]  a Starlette application is an ASGI callable as well
    app: StarletteApp, *, tracer: HoneyHiveTracer | None = None
) -> StarletteApp: ...
@overload
def instrument(app: ASGIApp, *, tracer: HoneyHiveTracer | None = None) -> HoneyHiveMiddleware: ...
def instrument(app: ASGIApp, *, tracer: HoneyHiveTracer | None = None) -> ASGIApp:
    """Record the requests of *app*, and return it; an ASGI application of another framework is returned wrapped.

    It may be called before or after middleware is added, and more than once. Events go to *tracer*, the default one unless
    given.
    """
    if not isinstance(app, Starlette):
        return app if isinstance(app, HoneyHiveMiddleware) else HoneyHiveMiddleware(app, tracer=tracer)
    if _wrapped_build(app) is None:
        # `add_middleware` would put us inside Starlette's error handling, where the response to an unhandled exception is
        # not seen; the built stack is the one place around everything, and this is the hook that other tools use as well.
        app.build_middleware_stack = _WrappedBuild(app.build_middleware_stack, tracer)
        if app.middleware_stack is not None:
            app.middleware_stack = HoneyHiveMiddleware(app.middleware_stack, tracer=tracer)
    return app


def uninstrument(app: ASGIApp) -> ASGIApp:
    """Undo `instrument`, and return *app* as it was; requests that are being served are still recorded."""
    if isinstance(app, HoneyHiveMiddleware):
        return app.app
    if isinstance(app, Starlette):
        wrapped = _wrapped_build(app)
        if wrapped is not None:
            app.build_middleware_stack = wrapped.build
        if isinstance(app.middleware_stack, HoneyHiveMiddleware):
            app.middleware_stack = app.middleware_stack.app
    return app


def _wrapped_build(app: Starlette) -> _WrappedBuild | None:
    build = cast("object", app.build_middleware_stack)
    return build if isinstance(build, _WrappedBuild) else None
