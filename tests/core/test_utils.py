"""1.x's ``honeyhive.utils`` and the facade: names, what they promise, and what importing them loads."""

import copy
import io
import json
import logging
import pickle
import subprocess
import sys
from typing import Any

import honeyhive
import honeyhive.tracer
import honeyhive.utils
import pytest
from honeyhive import DotDict, get_logger
from honeyhive.errors import ConfigurationError
from honeyhive.utils import BackoffStrategy, BaggageDict, HoneyHiveFormatter, HoneyHiveLogger, RetryConfig
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import baggage

KEYS = st.text(st.characters(categories=["L"]), min_size=1)
VALUES = st.recursive(
    st.none() | st.integers() | st.text(), lambda inner: st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)


@pytest.mark.parametrize("module", [honeyhive, honeyhive.utils, honeyhive.tracer])
def test_every_name_that_a_module_offers_is_there_and_any_other_is_not(module: Any) -> None:
    for name in module.__all__:
        assert getattr(module, name) is not None
    assert set(module.__all__) <= set(dir(module))
    with pytest.raises(AttributeError, match="has no attribute 'enrich_spam'"):
        module.enrich_spam  # noqa: B018  asking is the point


def test_import_loads_neither_sdk_nor_http_nor_pydantic() -> None:
    program = """
import sys, honeyhive
from honeyhive import HoneyHiveTracer, trace, enrich_span, session, flush, set_default_tracer, DotDict, get_logger
heavy = {"opentelemetry.sdk", "httpx", "pydantic", "asyncio", "requests", "genai_prices"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], timeout=60, check=True)


def test_a_dotdict_is_read_and_written_by_item_path_and_attribute() -> None:
    d: Any = DotDict({"a": {"b": 1}}, c=2)
    d["a"].x = {"y": 3}
    d["n.m"] = 4
    d.update({"a.z": 5}, k={"l": 6})

    assert (d["a"]["b"], d["a.b"], d.a.b, d.c) == (1, 1, 1, 2)
    assert (d.a.x.y, d.n.m, d["a"]["z"], d.k.l) == (3, 4, 5, 6)
    assert ("a.b" in d, "a.q" in d, 5 in d) == (True, False, False)
    assert (d.get("a.q", 7), d.get("a.b"), d.get("c.x")) == (7, 1, None)
    assert (d.setdefault("a.b", 8), d.setdefault("a.w", 9), d.a.w) == (1, 9, 9)
    assert d.to_dict()["a"] == {"b": 1, "x": {"y": 3}, "z": 5, "w": 9}
    assert type(d.to_dict()["a"]) is dict
    assert (d.pop("a.z"), d.pop("a.z", 7), "a.z" in d, d.pop("c")) == (5, 7, False, 2)
    with pytest.raises(KeyError):
        d.pop("a.z")


def test_dotdicts_joined_with_others_are_dotdicts() -> None:
    d = DotDict(a={"b": 1})
    d |= {"c": {"d": 2}}
    joined = [d | {"e": {"f": 3}}, {"e": {"f": 3}} | d]

    assert d.c.d == 2
    assert [(one["e.f"], one["a.b"], type(one)) for one in joined] == [(3, 1, DotDict)] * 2
    assert "e" not in d


def test_a_name_that_a_dotdict_has_not_is_the_error_of_its_form() -> None:
    d = DotDict(a=DotDict(b=1))
    for missing in ("x", "a.x", "a.b.c"):
        with pytest.raises(KeyError):
            d[missing]
    with pytest.raises(AttributeError, match="no attribute 'x'"):
        d.x  # noqa: B018  asking is the point
    with pytest.raises(AttributeError, match="no attribute 'x'"):
        del d.x
    del d["a.b"], d.a

    assert d == {}


@given(st.dictionaries(KEYS, VALUES))
def test_a_dotdict_says_what_it_was_given_and_copies_of_it_too(values: dict[str, Any]) -> None:
    d = DotDict(values)
    copies = [d.copy(), d.deepcopy(), copy.copy(d), copy.deepcopy(d), pickle.loads(pickle.dumps(d))]  # noqa: S301  ours

    assert d.to_dict() == values == d
    for one in copies:
        assert type(one) is DotDict
        assert one == d
    d["changed"] = {"a": 1}
    assert all("changed" not in one for one in copies)


def logger_to(stream: io.StringIO, name: str, **options: Any) -> HoneyHiveLogger:
    handler = logging.StreamHandler(stream)
    handler.setFormatter(HoneyHiveFormatter())
    return get_logger(name, handler=handler, **options)


def test_a_log_line_is_one_json_object() -> None:
    stream = io.StringIO()
    logger = logger_to(stream, "tests.json", verbose=True)
    logger.debug("%d events of %s", 3, "p", honeyhive_data={"project": "p"}, name="n", extra_field=1)
    try:
        int("bad")
    except ValueError:
        logger.exception("failed", honeyhive_data={"object": object()})

    debug, error = (json.loads(line) for line in stream.getvalue().splitlines())
    assert (debug["level"], debug["logger"], debug["message"]) == ("DEBUG", "tests.json", "3 events of p")
    assert (debug["project"], debug["extra_field"], debug["name_"]) == ("p", 1, "n")
    assert debug["timestamp"].endswith("+00:00")
    assert (error["level"], error["object"]) == ("ERROR", "object")
    assert "ValueError: invalid literal" in error["exception"]


def test_a_log_line_is_written_whatever_is_in_it() -> None:
    stream = io.StringIO()
    logger = logger_to(stream, "tests.unruly", verbose=True)
    cycle: list[Any] = []
    cycle.append(cycle)
    values: list[Any] = [1 << 70, "\ud800", {(1, 2): 3}, {"a": {1, 2}}, cycle]
    for value in values:
        logger.info("kept", honeyhive_data={"value": value})

    assert [json.loads(line)["message"] for line in stream.getvalue().splitlines()] == ["kept"] * 5


@pytest.mark.parametrize(
    ("options", "level"),
    [
        ({}, logging.WARNING),
        ({"verbose": True}, logging.DEBUG),
        ({"verbose": False}, logging.WARNING),
        ({"verbose": True, "level": "error"}, logging.ERROR),
        ({"level": 15}, 15),
        ({"level": "strange"}, logging.WARNING),
    ],
)
def test_the_level_of_a_logger_is_the_one_that_was_asked_for(options: dict[str, Any], level: int) -> None:
    logger = logger_to(io.StringIO(), f"tests.level.{sorted(options.items())}", **options)
    assert logger.logger.level == level
    logger.update_verbose_setting(True)
    assert logger.logger.level == logging.DEBUG


def test_a_logger_that_has_a_handler_keeps_it_and_is_heard_once() -> None:
    first, second = io.StringIO(), io.StringIO()
    logger_to(first, "tests.once")
    logger_to(second, "tests.once").warning("once")

    assert (len(first.getvalue().splitlines()), second.getvalue()) == (1, "")


def test_a_logger_takes_a_tracers_word_for_how_much_to_say() -> None:
    class Tracer:
        verbose = True

    assert logger_to(io.StringIO(), "tests.tracer", tracer_instance=Tracer()).logger.level == logging.DEBUG


def test_waits_grow_up_to_their_bound_give_or_take_a_tenth() -> None:
    backoff = BackoffStrategy()

    assert backoff.get_delay(0) == 0
    for attempt, delay in ((1, 1), (2, 2), (3, 4), (20, 60)):
        assert 0.9 * delay <= backoff.get_delay(attempt) <= 1.1 * delay


def test_retries_by_name_and_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert RetryConfig.default() == RetryConfig() == RetryConfig.exponential() == RetryConfig.from_env()
    assert (RetryConfig.linear(delay=3).backoff_strategy.max_delay, RetryConfig.constant().max_retries) == (3, 3)
    monkeypatch.setenv("HH_MAX_RETRIES", "0")
    assert RetryConfig.from_env().max_retries == RetryConfig.from_optional().max_retries == 0
    given_one = RetryConfig(max_retries=9)
    assert RetryConfig.from_optional(given_one) is given_one
    monkeypatch.setenv("HH_MAX_RETRIES", "few")
    with pytest.raises(ConfigurationError, match="HH_MAX_RETRIES is 'few'; write a whole number"):
        RetryConfig.from_env()
    with pytest.raises(ConfigurationError, match="max_retries is -1"):
        RetryConfig(max_retries=-1)
    with pytest.raises(ConfigurationError, match="retry_config has no max_retries"):
        RetryConfig.from_optional(object())


def test_baggage_as_a_dictionary_changes_nothing_until_it_is_made_current() -> None:
    empty = BaggageDict()
    full = empty.set("tier", "gold").update(region="eu", count=3)

    assert (dict(full.items()), full["tier"], full.get("none", 0)) == (
        {"tier": "gold", "region": "eu", "count": "3"},
        "gold",
        0,
    )
    assert ("tier" in full, "tier" in empty, len(full), list(full.delete("tier"))) == (
        True,
        False,
        3,
        ["region", "count"],
    )
    assert (len(full.clear()), baggage.get_baggage("tier")) == (0, None)
    with full.as_context():
        assert baggage.get_baggage("tier") == "gold"
    assert baggage.get_baggage("tier") is None
    assert BaggageDict.from_dict({"a": 1})["a"] == "1"
    assert "gold" not in repr(full)
    with pytest.raises(KeyError):
        full["none"]
