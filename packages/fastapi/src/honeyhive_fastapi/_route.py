"""The template of the route that a request took; pure, and known once the application has answered."""

from collections.abc import Sequence
from typing import cast

from starlette.routing import BaseRoute, Mount
from starlette.types import Scope


def route_of(scope: Scope) -> str | None:
    """The full template, such as ``/t/{tenant}/items/{id}``; None where none can be told with certainty.

    A value in it would give each request a name of its own, so that no template is better than a path.
    """
    native = getattr(scope.get("fastapi.telemetry"), "route", None)
    if isinstance(native, str):
        return native
    root = scope.get("root_path", "")
    app_root = scope.get("app_root_path", root)
    mounts = _mount_templates(scope, root[len(app_root) :]) if root != app_root else ""
    if mounts is None:
        return None
    own = _own_template(scope)
    if own is None and not mounts:
        return None
    return app_root.rstrip("/") + mounts + (own or "")


def _own_template(scope: Scope) -> str | None:
    """The template of the route itself, without the mounts above it."""
    route = scope.get("route")
    if route is None or isinstance(route, Mount):  # a mount is among the mounts already
        return None
    # Since FastAPI 0.137 a route keeps the path it was declared with; what routers put before it is in this object.
    effective = scope.get("fastapi", {}).get("effective_route_context")
    if getattr(effective, "original_route", None) is route:
        route = effective
    template = getattr(route, "path_format", None)
    return template if isinstance(template, str) else None


def _mount_templates(scope: Scope, concrete: str) -> str | None:
    """The templates of the mounts that a request went through; *concrete* is what they matched."""
    routes = getattr(scope.get("router"), "routes", ())
    return _match_mounts(cast("Sequence[BaseRoute]", routes), concrete)


def _match_mounts(routes: Sequence[BaseRoute], concrete: str) -> str | None:
    if not concrete:
        return ""
    for route in routes:
        match = route.path_regex.match(f"{concrete}/") if isinstance(route, Mount) else None
        if match is None or not isinstance(route, Mount):
            continue
        rest: str = match["path"]
        below = _match_mounts(route.routes, f"/{rest.rstrip('/')}" if rest else "")
        if below is not None:
            return route.path_format.removesuffix("/{path}") + below
    return None
