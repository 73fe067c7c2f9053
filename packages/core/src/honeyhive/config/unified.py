"""What 1.x's helpers make of config objects and single parameters."""

from typing import Any, TypeVar

from honeyhive.config.arguments import merged
from honeyhive.config.models.tracer import EvaluationConfig, SessionConfig, TracerConfig
from honeyhive.config.view import ConfigView, view_of
from honeyhive.settings import Settings

C = TypeVar("C", TracerConfig, SessionConfig, EvaluationConfig)


def merge_configs_with_params(
    config: TracerConfig | None = None,
    session_config: SessionConfig | None = None,
    evaluation_config: EvaluationConfig | None = None,
    **individual_params: Any,
) -> tuple[TracerConfig, SessionConfig, EvaluationConfig]:
    """The three config objects, new ones where none is given, with the parameters that each has over its own."""
    tracer = _with(config or TracerConfig(), individual_params)
    connection = {name: getattr(tracer, name) for name in ("api_key", "ingestion_api_key", "server_url")}
    return (
        tracer,
        _with(session_config or SessionConfig(**connection), individual_params),
        _with(evaluation_config or EvaluationConfig(**connection), individual_params),
    )


def _with(config: C, parameters: dict[str, Any]) -> C:
    known = {name: value for name, value in parameters.items() if name in type(config).model_fields}
    return config.model_copy(update=known) if known else config


def create_unified_config(
    config: TracerConfig | None = None,
    session_config: SessionConfig | None = None,
    evaluation_config: EvaluationConfig | None = None,
    **individual_params: Any,
) -> ConfigView:
    """What a tracer with these arguments would be told: single parameters, then the session's, the evaluation's, the tracer's
    config, then the environment. Raises `ConfigurationError` as a tracer does.
    """  # noqa: D205  one sentence of many names
    values = merged(
        individual_params, config=config, session_config=session_config, evaluation_config=evaluation_config
    )
    carrier = values.pop("link_carrier", None)
    return view_of(Settings.from_env(**values), link_carrier=carrier)
