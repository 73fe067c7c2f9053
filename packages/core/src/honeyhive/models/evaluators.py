"""Evaluators that run on the server: their definitions, and the requests and replies about them."""

from typing import Any

from honeyhive.models.base import Model, Reply


class EvaluatorMetadata(Model):
    """What an evaluator says of itself."""

    description: str | None = None


class EvaluatorSampling(Model):
    """How many of the events it runs on."""

    sampling_percentage: float


class EvaluatorFilters(Model):
    """Which events it runs on: those that pass all conditions."""

    filterArray: list[dict[str, Any]]


class EvaluatorCode(Model):
    """The program of an evaluator in Python."""

    code_snippet: str


class PythonEvaluatorDefinition(Model):
    """An evaluator in Python. *test_criteria* says which scores pass."""

    name: str
    metadata: EvaluatorMetadata
    sampling: EvaluatorSampling
    filters: EvaluatorFilters
    score_schema: dict[str, Any]
    code_execution: EvaluatorCode
    test_criteria: dict[str, Any] | None = None


class EvaluatorDefinition(Model):
    """What an evaluator does; *type* names the field that has it. What other types have is kept as it is."""

    type: str
    python: PythonEvaluatorDefinition | None = None


class CreateEvaluatorRequest(Model):
    """The body of the request “create evaluator”. *slug* is unique in the project and stays."""

    slug: str
    definition: EvaluatorDefinition
    message: str | None = None
    publish: bool | None = None


class Evaluator(Model):
    """One version of an evaluator, and which of its versions are the latest and the published one."""

    slug: str | None = None
    definition: Reply[EvaluatorDefinition]
    latest_version: int | None = None
    published_version: int | None = None


class CreateEvaluatorResponse(Model):
    """The reply to the request “create evaluator”."""

    data: Reply[Evaluator]


class GetEvaluatorResponse(Model):
    """The reply to the request “get evaluator”."""

    data: Reply[Evaluator]


class GetEvaluatorVersionResponse(Model):
    """The reply to the request “get evaluator version”."""

    data: Reply[Evaluator]


class ListEvaluatorsResponse(Model):
    """The reply to the request “list evaluators”."""

    success: Reply[bool]
    data: Reply[list[Evaluator]]
    pagination: Reply[dict[str, Any]]


class ListEvaluatorVersionsResponse(Model):
    """The reply to the request “list evaluator versions”, the newest first."""

    success: Reply[bool]
    data: Reply[list[Evaluator]]
    pagination: Reply[dict[str, Any]]


class ArchiveEvaluatorResponse(Model):
    """The reply to the request “archive evaluator”."""

    data: Evaluator | None = None
