"""Usage and cost: inclusive totals, details as subsets, each provider call once, and a price that says where it is from."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from honeyhive.events.event import Event, EventType, Usage
from honeyhive.events.sessions import assemble
from honeyhive.events.totals import totals
from honeyhive.events.usage import inclusive
from honeyhive.export.prices import price
from honeyhive.integration import start_event
from honeyhive.testing import Recorder
from hypothesis import given
from hypothesis import strategies as st

Read = Callable[..., Event]
Counts = st.none() | st.integers(0, 10_000)
START_MS = 1_767_225_600_000.0


def event(event_id: str, parent_id: str, event_type: EventType = EventType.model, **metadata: object) -> Event:
    return Event(
        event_id=event_id,
        session_id="s",
        parent_id=parent_id,
        event_type=event_type,
        event_name=event_id,
        start_time=START_MS,
        end_time=START_MS,
        metadata=metadata,
    )


@given(
    usage=st.builds(
        Usage,
        input_tokens=Counts,
        output_tokens=Counts,
        total_tokens=Counts,
        cache_read_tokens=Counts,
        cache_write_tokens=Counts,
        reasoning_tokens=Counts,
    )
)
def test_totals_contain_their_details_whatever_was_reported(usage: Usage) -> None:
    found = inclusive(usage)

    cached = (found.cache_read_tokens or 0) + (found.cache_write_tokens or 0)
    assert found.input_tokens is None or found.input_tokens >= cached
    assert found.output_tokens is None or found.output_tokens >= (found.reasoning_tokens or 0)
    if found.input_tokens is not None and found.output_tokens is not None:
        assert found.total_tokens is not None
        assert found.total_tokens >= found.input_tokens + found.output_tokens
    details = ("cache_read_tokens", "cache_write_tokens", "reasoning_tokens")
    assert [getattr(found, name) for name in details] == [getattr(usage, name) for name in details]
    for name in ("input_tokens", "output_tokens"):
        told = getattr(usage, name)
        assert told is None or getattr(found, name) >= told
    assert inclusive(found) == found


# What providers report, as an instrumentation passes it on, and what it comes to: prompt, completion, total.
REPORTS: list[tuple[str, dict[str, int], tuple[int, int, int]]] = [
    ("OpenAI: inclusive", {"input": 100, "output": 30, "total": 130, "read": 80, "reasoning": 20}, (100, 30, 130)),
    ("Anthropic passed on as it is: exclusive", {"input": 10, "output": 5, "read": 80, "write": 10}, (100, 5, 105)),
    ("Anthropic made inclusive", {"input": 100, "output": 5, "read": 80, "write": 10}, (100, 5, 105)),
    ("Bedrock Converse: exclusive, with a total", {"input": 50, "output": 5, "total": 95, "read": 40}, (90, 5, 95)),
    ("Gemini: reasoning beside the output", {"input": 10, "output": 5, "total": 35, "reasoning": 20}, (10, 25, 35)),
    ("Both beside", {"input": 50, "output": 25, "total": 135, "read": 40, "reasoning": 20}, (90, 45, 135)),
]


@pytest.mark.parametrize(("name", "report", "expected"), REPORTS)
@pytest.mark.parametrize("convention", ["gen_ai", "llm"])
def test_what_a_provider_reports_comes_to_its_inclusive_totals(
    read_foreign: Read, convention: str, name: str, report: dict[str, int], expected: tuple[int, int, int]
) -> None:
    names = {
        "gen_ai": {
            "input": "gen_ai.usage.input_tokens",
            "output": "gen_ai.usage.output_tokens",
            "total": "gen_ai.usage.total_tokens",
            "read": "gen_ai.usage.cache_read.input_tokens",
            "write": "gen_ai.usage.cache_write.input_tokens",
            "reasoning": "gen_ai.usage.reasoning.output_tokens",
        },
        "llm": {
            "input": "llm.token_count.prompt",
            "output": "llm.token_count.completion",
            "total": "llm.token_count.total",
            "read": "llm.token_count.prompt_details.cache_read",
            "write": "llm.token_count.prompt_details.cache_write",
            "reasoning": "llm.token_count.completion_details.reasoning",
        },
    }[convention]
    attributes = {names[part]: count for part, count in report.items()}
    metadata = read_foreign({"openinference.span.kind": "LLM", **attributes}).metadata

    told = tuple(metadata[part] for part in ("prompt_tokens", "completion_tokens", "total_tokens"))
    assert told == expected
    assert metadata.get("cache_read_input_tokens") == report.get("read")
    assert metadata.get("reasoning_tokens") == report.get("reasoning")


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        ({"input": 20, "input_cache_read": 80, "output": 5}, (100, 5, 105)),
        ({"input": 20, "cache_read_input_tokens": 70, "cache_creation_input_tokens": 10, "output": 5}, (100, 5, 105)),
        ({"input": 100, "input_cache_read": 80, "output": 5, "total": 105}, (100, 5, 105)),
        ({"input": 20, "input_cache_read": 80, "output": 5, "output_reasoning": 4, "total": 109}, (100, 9, 109)),
        ({"prompt_tokens": 100, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 80}}, (100, 5, 105)),
        ({"input_tokens": 100, "output_tokens": 5, "input_tokens_details": {"cached_tokens": 80}}, (100, 5, 105)),
    ],
)
def test_langfuses_exclusive_counts_become_inclusive(
    read_foreign: Read, details: dict[str, Any], expected: tuple[int, int, int]
) -> None:
    said = {"langfuse.observation.type": "generation", "langfuse.observation.usage_details": json.dumps(details)}
    metadata = read_foreign(said).metadata

    assert tuple(metadata[part] for part in ("prompt_tokens", "completion_tokens", "total_tokens")) == expected
    assert metadata["cache_read_input_tokens"] == details.get("cache_read_input_tokens", 80)


@pytest.mark.parametrize("nonsense", [-1, True, 1.5, "many", [3], ""])
def test_a_count_that_is_none_is_not_counted(read_foreign: Read, nonsense: object) -> None:
    metadata = read_foreign({"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": nonsense}).metadata

    assert "prompt_tokens" not in metadata


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"llm.cost.total": 0.5, "llm.cost.prompt": 0.1}, 0.5),
        ({"llm.cost.prompt": 0.1, "llm.cost.completion": 0.2}, pytest.approx(0.3)),
        ({"langfuse.observation.cost_details": '{"total": 0.7, "input": 9}'}, 0.7),
        ({"gen_ai.usage.cost": "0.25"}, 0.25),
        ({"llm.cost.total": 0.0}, 0.0),
    ],
)
def test_a_cost_that_was_reported_is_kept_as_such(
    read_foreign: Read, attributes: dict[str, Any], expected: object
) -> None:
    metadata = read_foreign({"openinference.span.kind": "LLM", **attributes}).metadata

    assert (metadata["cost"], metadata["cost_source"]) == (expected, "reported")


@pytest.mark.parametrize("nonsense", [-0.1, "free", True, float("nan"), float("inf")])
def test_a_cost_that_is_none_is_not_kept(read_foreign: Read, nonsense: object) -> None:
    metadata = read_foreign({"openinference.span.kind": "LLM", "llm.cost.total": nonsense}).metadata

    assert not {"cost", "cost_source"} & metadata.keys()


def test_a_call_that_three_instrumentations_saw_counts_once() -> None:
    events = [
        event("framework", "s", prompt_tokens=10, completion_tokens=2, total_tokens=12, cost=0.5),
        event("step", "framework", EventType.chain, prompt_tokens=99),
        event("adapter", "step", prompt_tokens=10, completion_tokens=2, total_tokens=12, cost=0.5),
        event("provider", "adapter", prompt_tokens=10, completion_tokens=2, total_tokens=12, cost=0.4),
        event("other call", "step", prompt_tokens=1, completion_tokens=1, cost=0.1),
    ]
    expected = {
        "num_events": 5,
        "num_model_events": 2,
        "prompt_tokens": 11,
        "completion_tokens": 3,
        "total_tokens": 14,
        "cost": 0.5,
        "unpriced_model_events": 0,
    }

    assert totals(events) == expected
    assert totals(reversed(events)) == expected


def test_what_the_innermost_does_not_tell_is_taken_from_the_one_around_it() -> None:
    events = [
        event("adapter", "s", prompt_tokens=10, completion_tokens=2, total_tokens=12, cost=0.5),
        event("stream", "adapter"),
        event("unknown", "s", prompt_tokens=5),
    ]
    found = totals(events)

    assert (found["num_model_events"], found["prompt_tokens"], found["total_tokens"]) == (2, 15, 17)
    assert (found["cost"], found["unpriced_model_events"]) == (0.5, 1)


def test_a_session_without_prices_costs_nothing_known_rather_than_nothing() -> None:
    assert totals([event("a", "s", prompt_tokens=1)])["cost"] is None
    assert totals([]) == {
        "num_events": 0,
        "num_model_events": 0,
        "prompt_tokens": 0,
        "completion_tokens": 0,
        "total_tokens": 0,
        "cost": None,
        "unpriced_model_events": 0,
    }


@given(parents=st.lists(st.integers(0, 30), min_size=1, max_size=30), tokens=st.lists(st.none() | st.integers(1, 99)))
def test_no_tree_counts_a_call_twice_or_forgets_one(parents: list[int], tokens: list[int | None]) -> None:
    """Against the plain definition: an event tells its own tokens unless something below it tells any."""
    events = [
        event(
            f"e{index}",
            f"e{min(parent, index - 1)}" if index else "s",
            EventType.model,
            **({} if count is None else {"prompt_tokens": count}),
        )
        for index, (parent, count) in enumerate(zip(parents, [*tokens, *[None] * len(parents)], strict=False))
    ]
    children = {one.event_id: [other for other in events if other.parent_id == one.event_id] for one in events}

    def below(one: Event) -> int | None:
        told = [count for count in map(below, children[one.event_id]) if count is not None]
        return sum(told) if told else one.metadata.get("prompt_tokens")

    assert totals(events)["prompt_tokens"] == sum(below(one) or 0 for one in events if one.parent_id == "s")


def test_a_very_deep_nest_is_summed_up() -> None:
    deep = [event(f"e{index}", f"e{index - 1}" if index else "s", prompt_tokens=1) for index in range(20_000)]

    assert totals(deep)["prompt_tokens"] == 1


def test_parents_that_go_round_in_a_circle_end_the_sum_no_less() -> None:
    events = [event("a", "b", prompt_tokens=1), event("b", "a", prompt_tokens=2), event("c", "a", prompt_tokens=4)]

    assert totals(events)["prompt_tokens"] == 4


def test_a_sessions_own_event_carries_the_totals() -> None:
    (session,) = assemble([event("adapter", "s", prompt_tokens=7), event("provider", "adapter", prompt_tokens=7)])

    assert (session.root.metadata["prompt_tokens"], session.root.metadata["num_model_events"]) == (7, 1)


def test_a_computed_cost_says_where_it_is_from(recorder: Recorder) -> None:
    call = start_event(EventType.model, "call")
    assert call is not None
    usage = Usage(input_tokens=100, output_tokens=10, input_audio_tokens=50)
    call.finish(config={"model": "claude-sonnet-4-6", "provider": "anthropic"}, usage=usage)

    metadata = recorder.event("call").metadata
    assert metadata["cost"] > 0
    assert metadata["cost_source"].startswith("genai-prices ")
    assert metadata["cost_price_date"] == "2026-03-13"
    assert metadata["input_audio_tokens"] == 50


def test_a_reported_cost_is_marked_and_an_unknown_model_has_none(recorder: Recorder) -> None:
    paid, unknown = start_event(EventType.model, "paid"), start_event(EventType.model, "unknown")
    assert paid is not None
    assert unknown is not None
    paid.finish(usage=Usage(input_tokens=1, output_tokens=1, cost=0.5))
    unknown.finish(config={"model": "nobody's"}, usage=Usage(input_tokens=1, output_tokens=1))

    metadata = recorder.event("paid").metadata
    assert (metadata["cost"], metadata["cost_source"]) == (0.5, "reported")
    assert not {"cost", "cost_source", "cost_price_date"} & recorder.event("unknown").metadata.keys()


def test_a_price_is_never_negative_and_audio_has_its_own() -> None:
    plain = price(Usage(input_tokens=1000, output_tokens=0), "gpt-4o-audio-preview", "openai")
    spoken = price(Usage(input_tokens=1000, output_tokens=0, input_audio_tokens=900), "gpt-4o-audio-preview", "openai")

    assert plain is not None
    assert spoken is not None
    assert spoken.cost >= plain.cost > 0


def test_a_programs_exclusive_counts_cost_what_inclusive_ones_do(recorder: Recorder) -> None:
    """Anthropic's own report says 10 tokens in where 110 went in, 100 of them from the cache."""
    exclusive, inclusive_counts = (
        Usage(input_tokens=tokens, output_tokens=5, cache_read_tokens=100) for tokens in (10, 110)
    )
    call = start_event(EventType.model, "call")
    assert call is not None
    call.finish(config={"model": "claude-sonnet-4-6", "provider": "anthropic"}, usage=exclusive)

    metadata = recorder.event("call").metadata
    priced = price(inclusive_counts, "claude-sonnet-4-6", "anthropic")
    assert priced is not None
    assert (metadata["prompt_tokens"], metadata["total_tokens"]) == (110, 115)
    assert metadata["cost"] == priced.cost == getattr(price(exclusive, "claude-sonnet-4-6", "anthropic"), "cost", None)


@pytest.mark.parametrize(
    ("tokens", "cost"), [(-1, -0.5), (1.5, "free"), ("five", True), (True, float("nan")), (10**20, float("inf"))]
)
def test_a_programs_count_or_cost_that_is_none_is_not_kept(recorder: Recorder, tokens: Any, cost: Any) -> None:
    call = start_event(EventType.model, "call")
    assert call is not None
    call.finish(outputs={"content": "kept"}, usage=Usage(input_tokens=tokens, output_tokens=2, cost=cost))

    found = recorder.event("call")
    assert (found.outputs, found.metadata["completion_tokens"]) == ({"content": "kept"}, 2)
    assert not {"prompt_tokens", "total_tokens", "cost", "cost_source"} & found.metadata.keys()


@pytest.mark.parametrize(
    ("usage", "model", "provider"),
    [
        (Usage(), "gpt-4o", "openai"),
        (Usage(output_tokens=5), "gpt-4o", "openai"),
        (Usage(input_tokens=5, output_tokens=5), "gpt-oss-20b", "ollama"),
        (Usage(input_tokens=5, output_tokens=5), "nobody's", None),
    ],
)
def test_what_a_call_costs_is_not_guessed(usage: Usage, model: str, provider: str | None) -> None:
    """A call of which nothing but the model is known cost 0, and a model on one's own machine what others ask for it."""
    assert price(usage, model, provider) is None


def test_a_google_model_is_known_by_the_name_of_its_resource_too() -> None:
    usage = Usage(input_tokens=1000, output_tokens=10)
    names = (
        "gemini-2.5-flash",
        "models/gemini-2.5-flash",
        "publishers/google/models/gemini-2.5-flash",
        "projects/p/locations/europe-west1/publishers/google/models/gemini-2.5-flash",
    )

    assert len({price(usage, name, "google") for name in names} - {None}) == 1
