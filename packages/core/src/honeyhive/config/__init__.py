"""1.x's config objects and what puts them together; pydantic is imported when one is asked for."""

from typing import TYPE_CHECKING

from honeyhive.lateload import names_from

if TYPE_CHECKING:
    from honeyhive.config.models.api_client import APIClientConfig
    from honeyhive.config.models.base import BaseHoneyHiveConfig
    from honeyhive.config.models.tracer import EvaluationConfig, SessionConfig, TracerConfig
    from honeyhive.config.unified import create_unified_config, merge_configs_with_params

__all__ = [
    "APIClientConfig",
    "BaseHoneyHiveConfig",
    "EvaluationConfig",
    "SessionConfig",
    "TracerConfig",
    "create_unified_config",
    "merge_configs_with_params",
]

__getattr__ = names_from(
    __name__,
    {
        "APIClientConfig": "honeyhive.config.models.api_client",
        "BaseHoneyHiveConfig": "honeyhive.config.models.base",
        "EvaluationConfig": "honeyhive.config.models.tracer",
        "SessionConfig": "honeyhive.config.models.tracer",
        "TracerConfig": "honeyhive.config.models.tracer",
        "create_unified_config": "honeyhive.config.unified",
        "merge_configs_with_params": "honeyhive.config.unified",
    },
)
