"""The registry of places, and the functions of the program that they use."""

from collections.abc import Callable
from typing import Any

from honeyhive import HoneyHiveTracer, trace

Place = Callable[[str], object]
PLACES: dict[str, Place] = {}
UNREAD: dict[str, Place] = {}


def secret_of(place: str) -> str:
    """A key in OpenAI's form that names its place."""
    return "sk-proj-" + place.replace("_", "") + "0123456789abcdef"


def place(function: Place) -> Place:
    """A place that is recorded."""
    PLACES[function.__name__] = function
    return function


def unread(function: Place) -> Place:
    """A place that is never read, whatever the settings."""
    UNREAD[function.__name__] = function
    return function


class HERE:
    """The tracer of this program."""

    tracer: HoneyHiveTracer


@trace(event_name="echo")
def echo(value: Any = None, *rest: Any, **named: Any) -> Any:
    return value


def identity(value: str) -> str:
    return value


def keywords(**named: str) -> None:
    """Takes any keyword."""


@trace(event_name="nothing")
def nothing() -> None:
    """An event without content."""
