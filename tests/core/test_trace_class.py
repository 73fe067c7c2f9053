"""Classes: their own public methods are traced, and everything else stays what it was."""

import abc
import asyncio
import dataclasses
import functools
import inspect
from collections.abc import AsyncIterator, Iterator
from typing import Any, ClassVar

import pytest
from honeyhive import trace, trace_class
from honeyhive.testing import Recorder


class Descriptor:
    def __get__(self, instance: object, owner: type) -> str:
        return "described"


class Callback:
    def __call__(self) -> str:
        return "called"


@trace_class
class Service:
    """What it does."""

    registry: ClassVar[dict[str, int]] = {}
    described = Descriptor()
    callback = Callback()

    class Nested:
        def work(self) -> str:
            return "nested"

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self) -> str:
        return self.name

    def work(self, task: str) -> str:
        return self._helper(task)

    def _helper(self, task: str) -> str:
        return f"{self.name} {task}"

    async def fetch(self, url: str) -> str:
        return url

    def stream(self) -> Iterator[str]:
        yield "a"

    async def async_stream(self) -> AsyncIterator[str]:
        yield "b"

    @staticmethod
    def check(task: str) -> bool:
        return bool(task)

    @classmethod
    def make(cls, name: str) -> "Service":
        return cls(name)

    @property
    def size(self) -> int:
        return len(self.name)

    @functools.cached_property
    def expensive(self) -> int:
        return 42


def test_every_kind_of_method_is_an_event_called_like_class_and_method(recorder: Recorder) -> None:
    service = Service.make("s")
    service.work("t")
    asyncio.run(service.fetch("u"))
    assert list(service.stream()) == ["a"]
    asyncio.run(_consume(service))
    assert service.check("x")
    assert Service.check("x")

    names = [event.event_name for event in recorder.events()]
    assert names == [
        f"Service.{name}" for name in ("make", "work", "fetch", "stream", "async_stream", "check", "check")
    ]
    assert [event.inputs for event in recorder.events()][:3] == [{"name": "s"}, {"task": "t"}, {"url": "u"}]
    assert {event.event_type for event in recorder.events()} == {"tool"}


async def _consume(service: Service) -> None:
    assert [item async for item in service.async_stream()] == ["b"]


def test_what_is_no_method_of_its_own_is_left_alone(recorder: Recorder) -> None:
    service = Service("four")

    assert (service(), service.size, service.expensive, service.described) == ("four", 4, 42, "described")
    assert isinstance(Service.callback, Callback)
    assert inspect.isclass(Service.Nested)
    assert Service.Nested().work() == "nested"
    assert isinstance(vars(Service)["check"], staticmethod)
    assert isinstance(vars(Service)["make"], classmethod)
    assert isinstance(vars(Service)["size"], property)
    assert (Service.__name__, Service.__doc__) == ("Service", "What it does.")
    assert recorder.events() == []


def test_inheritance_works_as_before(recorder: Recorder) -> None:
    class Base:
        def inherited(self) -> str:
            return "base"

        def both(self) -> str:
            return "base"

    @trace_class
    class Child(Base):
        def both(self) -> str:
            return f"child of {super().both()}"

    class Grandchild(Child):
        def both(self) -> str:
            return f"grand{super().both()}"

    assert Grandchild().both() == "grandchild of base"
    assert Grandchild().inherited() == "base"
    assert "inherited" not in vars(Child)
    assert [event.event_name for event in recorder.events()] == ["Child.both"]


def test_abstract_classes_stay_abstract() -> None:
    @trace_class
    class Shape(abc.ABC):
        @abc.abstractmethod
        def area(self) -> float: ...

    class Square(Shape):
        def area(self) -> float:
            return 1.0

    with pytest.raises(TypeError, match="abstract"):
        Shape()  # pyright: ignore[reportAbstractUsage]  the mistake is the point
    assert Square().area() == 1.0


def test_dataclasses_and_slots_are_traced(recorder: Recorder) -> None:
    @trace_class
    @dataclasses.dataclass(frozen=True, slots=True)
    class Point:
        x: int

        def moved(self, by: int) -> "Point":
            return dataclasses.replace(self, x=self.x + by)

    assert Point(1).moved(2) == Point(3)
    assert recorder.event("Point.moved").outputs == {"result": {"x": 3}}


def test_trace_on_a_class_is_the_same_with_options(recorder: Recorder) -> None:
    @trace(event_type="chain", metadata={"team": "search"}, ignore_arguments=["secret"])
    class Pipeline:
        def run(self, secret: str) -> None:
            self.rank()

        @trace(event_name="ranking")
        def rank(self) -> None:
            pass

    @trace_class(event_type="model")
    class Model:
        def ask(self) -> None:
            pass

    Pipeline().run("canary")
    Model().ask()

    assert recorder.tree().splitlines()[1:] == ["  chain Pipeline.run", "    tool ranking", "  model Model.ask"]
    assert recorder.event("Pipeline.run").metadata["team"] == "search"
    assert recorder.event("Pipeline.run").inputs == {}


def test_unknown_options_of_a_class_are_refused() -> None:
    wrong: dict[str, Any] = {"metdata": {}}
    with pytest.raises(ValueError, match="did you mean 'metadata'"):
        trace_class(**wrong)
