"""Queries of charts: what to aggregate of a project's events, and what came of it."""

from typing import Any

from honeyhive.models.base import Model, Reply


class ChartDateRange(Model):
    """When the events are of: from *start_time* to before *end_time*, RFC 3339 with ``Z`` or an offset.

    *timezone* is an IANA name (UTC) and says only where buckets begin.
    """

    start_time: str
    end_time: str
    timezone: str | None = None


class ChartFilter(Model):
    """One condition; those of a request are all to hold."""

    field: str
    operator: str
    value: str | float | bool | None
    type: str | None = None


class ChartProductFilters(Model):
    """Only the events of one experiment run, or only those of experiments."""

    experiment_run_id: str | None = None
    only_experiments: bool | None = None


class ChartQueryRequest(Model):
    """The body of a chart query.

    *query* has a ``kind`` (``time_series``, …) and what belongs to it: ``measures``, ``bucket``, ``split_by``, …
    """

    date_range: ChartDateRange
    query: dict[str, Any]
    filters: list[ChartFilter] | None = None
    product_filters: ChartProductFilters | None = None


class ChartQueryResult(Model):
    """One chart: *kind* says what *data* has, buckets and series, categories, or one value.

    *measures* come with a time series and a scalar, *format* and *unit* with categories.
    """

    kind: Reply[str]
    data: Reply[dict[str, Any]]
    meta: Reply[dict[str, Any]]
    measures: list[dict[str, Any]] | None = None
    format: str | None = None
    unit: str | None = None


class ChartQueryResponse(Model):
    """The reply to a chart query."""

    data: Reply[ChartQueryResult]
