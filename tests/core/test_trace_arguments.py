"""Arguments of traced functions: recorded as Python binds them, and a wrong call fails as it always did."""

import functools
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from honeyhive import trace
from honeyhive.decorators.arguments import Arguments
from honeyhive.errors import ConfigurationError
from honeyhive.testing import Recorder
from hypothesis import given
from hypothesis import strategies as st


def everything(a: int, /, b: int, c: int = 3, *more: int, d: int, e: int = 5, **named: int) -> str:
    return f"{a} {b} {c} {more} {d} {e} {named}"


def plain(a: int, b: int = 2) -> str:
    return f"{a} {b}"


def only_named(*, a: int, b: int = 2) -> str:
    return f"{a} {b}"


def loose(*args: int, **kwargs: int) -> str:
    return f"{args} {kwargs}"


ARGUMENTS = st.lists(st.integers(), max_size=6).map(tuple)
KEYWORDS = st.dictionaries(st.sampled_from("abcdez"), st.integers(), max_size=6)


@pytest.mark.parametrize("function", [everything, plain, only_named, loose])
@given(args=ARGUMENTS, kwargs=KEYWORDS)
def test_arguments_are_bound_as_inspect_binds_them(
    function: Callable[..., object], args: tuple[int, ...], kwargs: dict[str, int]
) -> None:
    try:
        function(*args, **kwargs)  # `bind` of Python 3.13 takes some calls that Python itself does not
    except TypeError:
        assert Arguments(function).values(args, kwargs) is None
        return
    bound = inspect.signature(function).bind(*args, **kwargs)
    bound.apply_defaults()

    values = Arguments(function).values(args, kwargs)

    assert values is not None
    assert list(values) == list(bound.arguments.values())


def _same(function: Any, kind: str) -> Any:
    """*function* as one of another kind, with the same parameters and, in the end, the same result."""
    source = {
        "coroutine": "async def made{0}:\n    return function({1})",
        "generator": "def made{0}:\n    yield function({1})",
        "async generator": "async def made{0}:\n    yield function({1})",
    }[kind]
    passed = {everything: "a, b, c, *more, d=d, e=e, **named", plain: "a, b", only_named: "a=a, b=b"}
    names: dict[str, Any] = {"function": function}
    exec(source.format(str(inspect.signature(function)).split(" ->")[0], passed[function]), names)  # noqa: S102  test code
    return names["made"]


def _drain(result: Any) -> Any:
    if inspect.isgenerator(result):
        (item,) = result
        return item
    step = result if inspect.iscoroutine(result) else anext(result)
    try:
        step.send(None)
    except StopIteration as stop:
        return stop.value
    return None


@pytest.mark.parametrize("kind", ["coroutine", "generator", "async generator"])
@pytest.mark.parametrize("function", [everything, plain, only_named])
@given(args=ARGUMENTS, kwargs=KEYWORDS)
def test_a_call_means_the_same_traced_and_untraced(
    kind: str, function: Any, args: tuple[int, ...], kwargs: dict[str, int]
) -> None:
    original = _same(function, kind)
    traced = trace(original)

    assert _outcome(traced, args, kwargs) == _outcome(original, args, kwargs)


def _outcome(function: Any, args: tuple[int, ...], kwargs: dict[str, int]) -> Any:
    """What the call gives in the end, or what Python says of it at once."""
    try:
        called = function(*args, **kwargs)
    except TypeError as error:
        return str(error)
    return _drain(called)


def test_wrong_arguments_are_reported_at_the_call_and_leave_no_event(recorder: Recorder) -> None:
    @trace
    async def coroutine(a: int) -> int:
        return a

    @trace
    def generator(a: int) -> Iterator[int]:
        yield a

    @trace
    async def async_generator(a: int) -> AsyncIterator[int]:
        yield a

    for function in (coroutine, generator, async_generator):
        wrong: Any = function
        with pytest.raises(TypeError, match=r"missing 1 required positional argument: 'a'"):
            wrong()
        with pytest.raises(TypeError, match=r"got an unexpected keyword argument 'b'"):
            wrong(1, b=2)

    assert recorder.events() == []


def test_a_traced_function_is_of_the_kind_it_was_and_tells_the_same_of_itself() -> None:
    async def coroutine(a: int, *, b: str = "x") -> int:
        """What it does."""
        return a

    traced = trace(coroutine)

    assert inspect.iscoroutinefunction(traced)
    assert inspect.signature(traced) == inspect.signature(coroutine)
    assert (traced.__name__, traced.__qualname__, traced.__doc__) == (
        coroutine.__name__,
        coroutine.__qualname__,
        coroutine.__doc__,
    )
    assert traced.__module__ == __name__
    assert traced.__kwdefaults__ == {"b": "x"}
    assert traced.__globals__ is globals()


def test_a_decorator_in_between_may_give_arguments_of_its_own(recorder: Recorder) -> None:
    def with_database(function: Any) -> Any:
        @functools.wraps(function)
        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            return await function("database", *args, **kwargs)

        return wrapper

    @trace
    @with_database
    async def look_up(database: str, key: str) -> str:
        return f"{database} {key}"

    assert _drain(look_up("k")) == "database k"
    (event,) = recorder.events()
    assert (event.inputs, event.outputs) == ({"args": ["k"], "kwargs": {}}, {"result": "database k"})


@pytest.mark.parametrize("names", ["secret", ["secret"], {"secret", "extra"}])
def test_arguments_to_be_ignored_are_not_recorded(recorder: Recorder, names: Any) -> None:
    @trace(ignore_arguments=names)
    def login(user: str, secret: str, **more: str) -> None:
        pass

    login("u", "canary", extra="kept")
    login(user="u", secret="canary")  # noqa: S106  it is none

    assert b"canary" not in recorder.request()
    assert recorder.events()[0].inputs["user"] == "u"
    assert ("extra" in recorder.events()[0].inputs["more"]) is ("extra" not in names)


def test_a_misspelt_argument_to_be_ignored_is_refused() -> None:
    with pytest.raises(
        ConfigurationError, match="names 'passwort', which the function does not have; did you mean 'password'"
    ):

        @trace(ignore_arguments=["passwort"])
        def login(password: str) -> None:
            pass


def test_the_tracer_that_a_function_takes_is_no_input(recorder: Recorder) -> None:
    @trace
    def experiment(inputs: dict[str, int], tracer: object) -> None:
        pass

    experiment({"a": 1}, recorder.tracer)

    assert recorder.events()[0].inputs == {"inputs": {"a": 1}}


def test_partials_and_callable_objects_are_traced_by_what_they_are(recorder: Recorder) -> None:
    class Greeter:
        async def __call__(self, name: str) -> str:
            return f"hello {name}"

    async def fetch(url: str, retries: int) -> int:
        return retries

    greet, get = trace(Greeter()), trace(functools.partial(fetch, retries=3))

    assert (_drain(greet("you")), _drain(get("u"))) == ("hello you", 3)
    names = [event.event_name.rsplit(".", 1)[-1] for event in recorder.events()]
    assert names == ["Greeter", "fetch"]
    assert [event.inputs for event in recorder.events()] == [{"name": "you"}, {"url": "u", "retries": 3}]


def test_a_cache_under_the_decorator_can_still_be_asked_and_cleared(recorder: Recorder) -> None:
    @trace
    @functools.lru_cache
    def double(number: int) -> int:
        return 2 * number

    cached: Any = double
    double(1)
    double(1)
    assert cached.cache_info().hits == 1
    cached.cache_clear()
    assert cached.cache_info().hits == 0
    assert len(recorder.events()) == 2
