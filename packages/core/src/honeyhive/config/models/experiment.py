"""The config object of experiments."""

from typing import Any, ClassVar, Final

from honeyhive.config.models.base import BaseHoneyHiveConfig, with_base
from honeyhive.settings.variables import Variables, parse_json_object

# Where HoneyHive's own variable is not set, 1.x reads those of other tools. A tracer does not: an experiment that another
# tool runs is not ours to name on every event.
_OTHERS: Final[dict[str, tuple[str, ...]]] = {
    "experiment_id": ("EXPERIMENT_ID", "MLFLOW_EXPERIMENT_ID", "WANDB_RUN_ID", "COMET_EXPERIMENT_KEY"),
    "experiment_name": ("EXPERIMENT_NAME", "MLFLOW_EXPERIMENT_NAME", "WANDB_PROJECT", "COMET_PROJECT_NAME"),
    "experiment_variant": ("EXPERIMENT_VARIANT", "VARIANT", "AB_TEST_VARIANT", "TREATMENT"),
    "experiment_group": ("EXPERIMENT_GROUP", "GROUP", "AB_TEST_GROUP", "COHORT"),
    "experiment_metadata": ("EXPERIMENT_METADATA", "MLFLOW_TAGS", "WANDB_TAGS", "COMET_TAGS"),
}


def _object_or_nothing(text: str) -> dict[str, Any] | None:
    try:
        return parse_json_object(text)
    except ValueError:  # another tool's tags may have another form
        return None


_FALLBACKS: Final[Variables] = tuple(
    (field, variable, _object_or_nothing if field == "experiment_metadata" else str)
    for field, variables in _OTHERS.items()
    for variable in variables
)


class ExperimentConfig(BaseHoneyHiveConfig):
    """Which experiment a program is part of; MLflow's, Weights & Biases' and Comet's variables count, too."""

    variables: ClassVar[Variables] = (*with_base({name: name for name in _OTHERS}), *_FALLBACKS)

    experiment_id: str | None = None
    experiment_name: str | None = None
    experiment_variant: str | None = None
    experiment_group: str | None = None
    experiment_metadata: dict[str, Any] | None = None
