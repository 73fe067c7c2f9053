"""The types that users see from decorated classes and methods; checked by pyright, never run."""

import dataclasses
from collections.abc import Iterator
from typing import Self, assert_type

from honeyhive import trace, trace_class


@trace_class
class Service:
    def __init__(self, name: str) -> None:
        self.name = name

    def work(self, task: str) -> int:
        return len(task)

    async def fetch(self) -> bytes:
        return b""

    def stream(self) -> Iterator[str]:
        yield self.name

    @staticmethod
    def check(task: str) -> bool:
        return bool(task)

    @classmethod
    def make(cls) -> Self:
        return cls("made")

    @property
    def size(self) -> int:
        return 1


@trace(event_type="chain")
class Pipeline:
    def run(self) -> Service:
        return Service("s")


@trace_class(event_type="model", capture_inputs=False)
@dataclasses.dataclass
class Point:
    x: int


class Methods:
    @trace
    def plain(self, task: str) -> str:
        return task

    @staticmethod
    @trace
    def static(task: str) -> str:
        return task

    @trace
    @staticmethod
    def static_too(task: str) -> str:
        return task

    @classmethod
    @trace(event_type="chain")
    def of_class(cls, task: str) -> str:
        return task

    @trace(tracer=lambda self: self.tracer)
    def found(self, task: str) -> str:
        return task


async def results() -> None:
    service = Service("s")
    assert_type(service, Service)
    assert_type(service.work("t"), int)
    assert_type(await service.fetch(), bytes)
    assert_type(service.stream(), Iterator[str])
    assert_type(Service.check("t"), bool)
    assert_type(Service.make(), Service)
    assert_type(service.size, int)
    assert_type(Pipeline().run(), Service)
    assert_type(Point(1).x, int)
    assert_type(Methods().plain("t"), str)
    assert_type(Methods.static("t"), str)
    assert_type(Methods.static_too("t"), str)
    assert_type(Methods.of_class("t"), str)
    assert_type(Methods().found("t"), str)


def mistakes() -> None:
    Service()  # pyright: ignore[reportCallIssue]
    Service("s").work(1)  # pyright: ignore[reportArgumentType]
    Methods().plain()  # pyright: ignore[reportCallIssue]
    Point(x="1")  # pyright: ignore[reportArgumentType]
    trace_class(len)  # pyright: ignore[reportCallIssue, reportArgumentType]
    trace_class(event_tipe="tool")  # pyright: ignore[reportCallIssue]
