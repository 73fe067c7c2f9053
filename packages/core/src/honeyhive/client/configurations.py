"""Configurations: prompts and model parameters kept on the server."""

from collections.abc import Mapping
from typing import Any

from honeyhive.client.call import Call, Namespace, Request, awaitable, blocking, segment
from honeyhive.client.payload import answered, body_of, checked, parsed
from honeyhive.deprecation import warn_deprecated
from honeyhive.models import (
    ConfigurationItem,
    CreateConfigurationRequest,
    CreateConfigurationResponse,
    DeleteConfigurationResponse,
    GetConfigurationsResponse,
    UpdateConfigurationRequest,
    UpdateConfigurationResponse,
)

_PATH = "/v1/configurations"


def _items(replies: list[object]) -> list[ConfigurationItem]:
    return parsed(GetConfigurationsResponse, replies[0]).configurations or []


def _list(_api: Namespace, project: str | None = None) -> Call[list[ConfigurationItem]]:
    """The configurations of the API key's project; the API knows no *project* to choose by."""
    if project is not None:
        warn_deprecated("configurations.list(project=…)", "the API key of that project", stacklevel=4)
    return Call([Request(operation="configurations.list", method="GET", path=_PATH)], _items)


def _get_configuration(_api: Namespace, id: str) -> Call[list[ConfigurationItem]]:  # noqa: A002  1.x's name
    """The configurations whose id is *id*: one, or none."""
    request = Request(operation="configurations.get_configuration", method="GET", path=_PATH)
    return Call([request], lambda replies: [item for item in _items(replies) if item.id == id])


def _create(
    _api: Namespace, request: CreateConfigurationRequest | Mapping[str, Any]
) -> Call[CreateConfigurationResponse]:
    """Make a configuration."""
    body = body_of(checked(CreateConfigurationRequest, request))
    sent = Request(operation="configurations.create", method="POST", path=_PATH, body=body)
    return answered(sent, CreateConfigurationResponse)


def _update(
    _api: Namespace,
    id: str,  # noqa: A002  1.x's name
    request: UpdateConfigurationRequest | Mapping[str, Any],
) -> Call[UpdateConfigurationResponse]:
    """Change a configuration."""
    body = body_of(checked(UpdateConfigurationRequest, request))
    path = f"{_PATH}/{segment('id', id)}"
    sent = Request(operation="configurations.update", method="PUT", path=path, body=body)
    return answered(sent, UpdateConfigurationResponse)


def _delete(_api: Namespace, id: str) -> Call[DeleteConfigurationResponse]:  # noqa: A002  1.x's name
    """Remove a configuration."""
    path = f"{_PATH}/{segment('id', id)}"
    return answered(Request(operation="configurations.delete", method="DELETE", path=path), DeleteConfigurationResponse)


class ConfigurationsAPI(Namespace):
    """``client.configurations``."""

    list = blocking(_list)
    list_async = awaitable(_list)
    create = blocking(_create)
    create_async = awaitable(_create)
    update = blocking(_update)
    update_async = awaitable(_update)
    delete = blocking(_delete)
    delete_async = awaitable(_delete)

    get_configuration = blocking(_get_configuration)
    get_configuration_async = awaitable(_get_configuration)
    # Longer names of 1.x.
    list_configurations = blocking(_list)
    list_configurations_async = awaitable(_list)
    create_configuration = create
    create_configuration_async = create_async
    update_configuration = update
    update_configuration_async = update_async
    delete_configuration = delete
    delete_configuration_async = delete_async
