"""The arguments of a tracer put together: single ones over those of the config objects of 1.x."""

from collections.abc import Mapping
from typing import Any, Final, Protocol, cast, runtime_checkable

from honeyhive.errors import ConfigurationError

# None for one of these means "look elsewhere"; for any other argument it takes back what a config object says, as in 1.x.
_NONE_IS_ABSENT: Final = frozenset({"api_key", "ingestion_api_key", "data_plane_api_key", "server_url"})


@runtime_checkable
class ConfigObject(Protocol):
    """What is asked of `honeyhive.config.models.TracerConfig` and its like, without importing pydantic."""

    def given(self, *, with_environment: bool) -> dict[str, Any]:
        """The fields that were set: by the caller and, if wanted, from the environment."""
        ...


def merged(
    options: Mapping[str, Any],
    *,
    config: ConfigObject | None,
    session_config: ConfigObject | None,
    evaluation_config: ConfigObject | None,
) -> dict[str, Any]:
    """Arguments by priority: *options*, then the session's config, the evaluation's, the tracer's.

    Raises `ConfigurationError` for a config object that is none.
    """
    values = _given("config", config, with_environment=True)
    values.update(_given("evaluation_config", evaluation_config, with_environment=False))
    values.update(_given("session_config", session_config, with_environment=False))
    values.update({name: value for name, value in options.items() if value is not None or name not in _NONE_IS_ABSENT})
    return values


def _given(argument: str, config: ConfigObject | None, *, with_environment: bool) -> dict[str, Any]:
    if config is None:
        return {}
    if not isinstance(cast("object", config), ConfigObject):
        message = (
            f"{argument} is a {type(config).__name__}; it must be made with honeyhive.config.models "
            "(TracerConfig, SessionConfig, EvaluationConfig)"
        )
        raise ConfigurationError(message)
    return {name: value for name, value in config.given(with_environment=with_environment).items() if value is not None}
