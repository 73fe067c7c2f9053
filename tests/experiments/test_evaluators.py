import asyncio
import statistics
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from honeyhive import evaluation, session
from honeyhive.deprecation import forget_warnings
from honeyhive.errors import ConfigurationError
from honeyhive.experiments import EvalResult, EvalSettings, aevaluator, evaluator
from honeyhive.experiments.expressions import compute
from honeyhive.integration import propagating_executor
from honeyhive.testing import Recorder, recording
from hypothesis import given
from hypothesis import strategies as st


@pytest.fixture(autouse=True)
def no_evaluator_stays() -> Any:
    known = dict(evaluator.all_evaluators)
    yield
    evaluator.all_evaluators.clear()
    evaluator.all_evaluators.update(known)


def test_an_evaluator_is_called_like_its_function() -> None:
    @evaluator
    def accuracy(outputs: str, ground_truth: str) -> float:
        return 1.0 if outputs == ground_truth else 0.0

    assert accuracy("hello", "hello") == 1.0
    assert accuracy(outputs="hello", ground_truth="bye") == 0.0
    assert accuracy.raw("hello", "hello") == 1.0
    assert accuracy.__name__ == "accuracy"


def test_repetitions_give_a_score_each_and_an_aggregate_makes_one() -> None:
    scores = iter([1.0, 2.0, 6.0] * 3)

    @evaluator(repeat=3)
    def next_score() -> float:
        return next(scores)

    assert next_score() == (1.0, 2.0, 6.0)
    assert next_score(aggregate="mean") == 3.0
    assert next_score(aggregate=statistics.median) == 2.0


def plus_one(value: float) -> float:
    return value + 1


def is_equal(value: float, target: float) -> bool:
    return value == target


STEPS: list[tuple[dict[str, Any], object]] = [
    ({"transform": "value * 100"}, 50.0),
    ({"transform": plus_one}, 1.5),
    ({"checker": "value in target", "target": [0.5, 0.6]}, True),
    ({"checker": "0 <= value < target", "target": 0.5}, False),
    ({"transform": "value * 2", "checker": is_equal, "target": 1.0}, True),
]


@pytest.mark.parametrize(("settings", "expected"), STEPS)
def test_steps_are_functions_or_expressions(settings: dict[str, Any], expected: object) -> None:
    @evaluator(**settings)
    def half() -> float:
        return 0.5

    assert half() == expected


def test_asserts_raises_for_a_score_that_is_not_good_enough() -> None:
    @evaluator(asserts=True, checker="value > target", target=0.9)
    def half() -> float:
        return 0.5

    with pytest.raises(AssertionError, match=r"half: score 0\.5, expected 0\.9"):
        half()


def test_an_evaluator_wraps_another_with_arguments_of_its_own() -> None:
    @evaluator
    def scaled(value: float, factor: float = 1.0) -> float:
        return value * factor

    @evaluator(wraps={"scaled": {"factor": 10}}, transform="value + 1")
    def scaled_by_ten(value: float) -> float:
        raise NotImplementedError

    assert scaled_by_ten(2) == 21
    assert evaluator["scaled"] is scaled
    assert evaluator.scaled_by_ten is scaled_by_ten
    with pytest.raises(KeyError, match="no evaluator is called 'unknown'"):
        evaluator["unknown"]


def test_coroutine_functions_are_awaited_and_repeated_at_the_same_time() -> None:
    running: list[int] = []
    most: list[int] = []

    @aevaluator(repeat=4, aggregate="sum(values)")
    async def one() -> int:
        running.append(1)
        await asyncio.sleep(0)
        most.append(len(running))
        return 1

    async def run() -> None:
        assert await one() == 4
        assert await one.raw() == 1

    asyncio.run(run())
    assert most[0] == 4


@pytest.mark.parametrize("settings", [{}, {"weight": 2.0}, {"transform": "value / 2"}, {"checker": "value >= 1"}])
def test_a_coroutine_function_that_is_not_repeated_has_one_score(settings: dict[str, Any]) -> None:
    async def one() -> float:
        await asyncio.sleep(0)
        return 1.0

    decorated: Any = aevaluator(one, **settings)

    expected = {"transform": 0.5, "checker": True}
    assert asyncio.run(decorated()) == next((expected[name] for name in settings if name in expected), 1.0)


def test_a_coroutine_function_needs_the_asynchronous_decorator() -> None:
    with pytest.raises(ConfigurationError, match="one is a coroutine function; decorate it with @aevaluator"):

        @evaluator
        async def one() -> int:
            return 1


def test_each_call_is_an_event_inside_what_it_scores(recorder: Recorder) -> None:
    @evaluator
    def accuracy(outputs: str) -> float:
        return float(outputs == "yes")

    accuracy("yes")
    event = recorder.event("accuracy")
    assert (event.event_type, event.outputs) == ("chain", {"result": 1.0})


def test_an_evaluator_in_a_thread_is_an_event_of_the_datapoint_with_its_run_and_arguments() -> None:
    @evaluator
    def accuracy(outputs: dict[str, Any], inputs: dict[str, Any], ground_truth: object = None) -> float:
        return float(outputs["answer"] == ground_truth)

    with (
        recording(run_id="r", dataset_id="d", datapoint_id="p") as recorder,
        session("datapoint") as datapoint,
        propagating_executor(ThreadPoolExecutor(1)) as executor,
    ):
        score = executor.submit(accuracy, {"answer": 4}, {"terms": [2, 2]}, 4).result()

    event = recorder.event("accuracy")
    assert (score, event.session_id, event.parent_id) == (1.0, datapoint.session_id, datapoint.session_id)
    assert {"run_id": "r", "dataset_id": "d", "datapoint_id": "p"}.items() <= event.metadata.items()
    assert "orphan" not in event.metadata
    assert event.inputs == {"outputs": {"answer": 4}, "inputs": {"terms": [2, 2]}, "ground_truth": 4}


@pytest.mark.parametrize("decorate", [evaluator, aevaluator])
def test_the_event_of_a_call_has_the_arguments_that_the_function_got_by_their_names(
    recorder: Recorder, decorate: Any
) -> None:
    def scaled(value: float, factor: float, *more: float, offset: float = 0.0, **named: float) -> float:
        return value * factor + offset

    scored = decorate(scaled, factor=3.0)
    results = [scored(2.0, repeat=2, offset=1.0, extra=4.0), decorate(min)([2, 1])]
    expected = [(7.0, 7.0), 1]
    assert [asyncio.run(one) if decorate is aevaluator else one for one in results] == expected

    inputs: dict[str, Any] = {"value": 2.0, "factor": 3.0, "more": [], "offset": 1.0, "named": {"extra": 4.0}}
    assert recorder.event("scaled").inputs == inputs
    assert recorder.event("min").outputs == {"result": 1}


def test_an_evaluator_that_fails_says_so_to_its_caller_and_on_its_event(recorder: Recorder) -> None:
    @evaluator
    def ratio(outputs: str) -> float:
        return 1 / len(outputs)

    @aevaluator
    async def aratio(outputs: str) -> float:
        return 1 / len(outputs)

    with pytest.raises(ZeroDivisionError):
        ratio("")
    with pytest.raises(ZeroDivisionError):
        asyncio.run(aratio(""))

    for name in ("ratio", "aratio"):
        event = recorder.event(name)
        assert (event.error, event.metadata["status"]) == ("ZeroDivisionError: division by zero", "error")


def test_settings_of_decorator_and_call_are_told_apart_from_arguments() -> None:
    @evaluator(weight=2.0, factor=3)
    def scaled(value: float, factor: float) -> float:
        return value * factor

    assert (scaled.settings.weight, scaled.kwargs) == (2.0, {"factor": 3})
    assert scaled(2) == 6
    assert scaled(2, factor=5) == 10
    scaled.settings = EvalSettings("scaled", transform="value - 1")
    assert scaled(2) == 5


def test_evaluators_of_one_name_keep_their_own_settings() -> None:
    def scaled(transform: str) -> Any:
        def accuracy(value: float, factor: float) -> float:
            return value * factor

        return evaluator(accuracy, transform=transform, factor=1.0)

    first, second = scaled("value * 10"), scaled("value * 100")
    second.kwargs = {"factor": 2.0}

    assert (first(1), second(1)) == (10.0, 200.0)
    assert evaluator["accuracy"] is second


def test_a_setting_that_cannot_be_used_is_named() -> None:
    with pytest.raises(ConfigurationError, match="repeat is 0 for evaluator 'never'"):

        @evaluator(repeat=0)
        def never() -> None:
            raise NotImplementedError

    with pytest.raises(ConfigurationError, match="'repeats' is no setting"):
        EvalSettings("one").update({"repeats": 3})


def test_results_keep_what_is_said_beside_the_score() -> None:
    result = EvalResult(0.5, explanation="half of the words")
    assert result.copy().to_dict() == {"score": 0.5, "metadata": {"explanation": "half of the words"}}


@pytest.mark.parametrize(
    "expression",
    [
        "__import__('os').getcwd()",
        "value.__class__",
        "(lambda: 1)()",
        "[v for v in values]",
        "open('file')",
        "2 ** 10 ** 10",
        "value :=",
    ],
)
def test_an_expression_reaches_nothing_but_its_values(expression: str) -> None:
    with pytest.raises(ConfigurationError):
        compute(expression, {"value": 1, "values": [1]})


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(-1000, 1000))
def test_expressions_compute_like_python(value: float, target: int) -> None:
    names = {"value": value, "target": target, "values": [value, target]}
    assert compute("value if value > target else -target", names) == (value if value > target else -target)
    assert compute("max(values) >= min(values) and not (value != value)", names) is True
    assert compute("values[1] + abs(target) * 2 - 1", names) == target + abs(target) * 2 - 1
    assert compute("value == 0 or target", names) == (value == 0 or target)


def test_the_older_names_warn_once_and_work() -> None:
    forget_warnings()
    with pytest.warns(DeprecationWarning, match=r"use honeyhive\.experiments\.evaluator"):

        @evaluation.evaluator
        def accuracy(outputs: str) -> float:
            return float(outputs == "yes")

    with warnings.catch_warnings(action="error"):
        assert evaluation.evaluator(weight=2.0)(lambda: 1)() == 1
    assert accuracy("yes") == 1.0

    class Length(evaluation.BaseEvaluator):
        def evaluate(self, inputs: Any, outputs: Any, ground_truth: Any = None, **kwargs: Any) -> int:
            return len(outputs) + self.config["extra"]

    with pytest.warns(DeprecationWarning, match="BaseEvaluator is deprecated"):
        length = Length("length", extra=1)
    assert (length.name, length({}, "four")) == ("length", 5)
    with pytest.raises(TypeError, match=r"BaseEvaluator has to define evaluate"):
        evaluation.BaseEvaluator("none")({}, "four")
