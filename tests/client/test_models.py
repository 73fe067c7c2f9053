"""`honeyhive.models`: pydantic's face, lenient replies, and no cost before the first use."""

import subprocess
import sys

import honeyhive.models
import pytest
from honeyhive.models import (
    CreateChartRequest,
    Event,
    EventExportRequest,
    EventExportResponse,
    EventFilter,
    EventType,
    FilterFieldType,
    FilterOperator,
    GetExperimentRunsResponse,
    PostEventRequest,
    UpdateEventRequest,
)
from honeyhive.models.tracing import TracingParams
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

MODELS = [name for name in honeyhive.models.__all__ if name not in {"Status", "Usage", "TracingParams"}]


@pytest.mark.parametrize("name", MODELS)
def test_every_name_of_1x_is_there(name: str) -> None:
    model = getattr(honeyhive.models, name)

    assert isinstance(model, type)
    if issubclass(model, BaseModel):
        assert model.model_json_schema()["type"] == "object"


def test_a_name_that_is_none_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Evnt'"):
        getattr(honeyhive.models, "Ev" + "nt")
    assert set(honeyhive.models.__all__) <= set(dir(honeyhive.models))


def test_event_types_need_no_pydantic_and_models_no_httpx() -> None:
    program = (
        "import sys; from honeyhive.models import EventType, Usage, Status; assert 'pydantic' not in sys.modules;"
        "from honeyhive.models import PostEventRequest; assert 'httpx' not in sys.modules"
    )
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)

    assert (finished.returncode, finished.stderr) == (0, "")


def test_a_request_without_a_required_field_says_which() -> None:
    with pytest.raises(ValidationError, match=r"event_id"):
        UpdateEventRequest.model_validate({"metadata": {}})
    with pytest.raises(ValidationError, match=r"event\.inputs"):
        PostEventRequest.model_validate({"event": {"event_type": "tool"}})


def test_fields_of_newer_servers_are_kept_and_missing_ones_none() -> None:
    reply = GetExperimentRunsResponse.model_validate({"evaluations": [{"run_id": "r1", "later": 1}]})

    assert reply.evaluations[0].run_id == "r1"
    assert reply.evaluations[0].model_extra == {"later": 1}
    assert (reply.pagination, reply.metrics) == (None, None)
    assert GetExperimentRunsResponse.model_validate(reply.model_dump()) == reply


def test_an_assignment_is_checked() -> None:
    request = UpdateEventRequest(event_id="e1")

    with pytest.raises(ValidationError):
        request.duration = "long"  # pyright: ignore[reportAttributeAccessIssue]  the mistake is the point


def test_names_of_the_wire_are_taken_and_given() -> None:
    request = EventExportRequest.model_validate({"project": "p", "dateRange": {"$gte": "a"}})
    chart = CreateChartRequest.model_validate(
        {"name": "c", "metric": "m", "dateRange": {"$gte": "2026-01-01", "$lte": "2026-02-01"}}
    )

    assert request == EventExportRequest.model_validate({"project": "p", "date_range": {"$gte": "a"}})
    assert request.model_dump(by_alias=True, exclude_none=True)["dateRange"] == {"$gte": "a"}
    assert (request.limit, request.page, request.filters) == (1000, 1, [])
    assert chart.model_dump(by_alias=True, exclude_none=True)["dateRange"] == {
        "$gte": "2026-01-01",
        "$lte": "2026-02-01",
    }
    assert EventExportResponse.model_validate({"totalEvents": 3, "events": [{}]}).total_events == 3


def test_a_filter_takes_enums_and_texts() -> None:
    by_enum = EventFilter(
        field="metadata.cost",
        operator=FilterOperator.GREATER_THAN,
        value="0.01",
        type=FilterFieldType.NUMBER,
    )

    assert by_enum.to_dict() == {
        "field": "metadata.cost",
        "operator": "greater than",
        "value": "0.01",
        "type": "number",
    }
    assert EventFilter(field="f", operator="is", value="v").type == "string"
    assert [str(kind) for kind in EventType] == ["model", "tool", "chain", "session", "generic"]


def test_the_parameters_of_a_traced_function_keep_what_they_do_not_know() -> None:
    error = ValueError("x")

    assert TracingParams.model_validate({"event_name": "n", "error": error, "mine": 1}).model_extra == {"mine": 1}


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), json_values, max_size=4), st.none() | st.text())
def test_an_event_survives_json(inputs: dict[str, object], name: str | None) -> None:
    ids = {"event_id": "e1", "project_id": "p1", "tenant": "t1"}
    event = Event.model_validate({**ids, "event_type": "tool", "inputs": inputs, "event_name": name})

    assert Event.model_validate_json(event.model_dump_json()) == event
