"""`evaluator` and `aevaluator`: a function that scores an output, with the steps its settings name."""

import asyncio
import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar, Self, overload

from honeyhive.decorators import trace
from honeyhive.errors import ConfigurationError
from honeyhive.experiments.expressions import compute
from honeyhive.experiments.result import EvalResult
from honeyhive.experiments.settings import EvalSettings, EvaluatorSettings, Step

Function = Callable[..., Any]


class _Registry(type):
    """Lets a class be asked for an evaluator by name: ``evaluator["accuracy"]`` or ``evaluator.accuracy``."""

    all_evaluators: dict[str, Any]

    def __getitem__(cls, key: str | Function) -> Any:
        name = key if isinstance(key, str) else _name_of(key)
        if name not in cls.all_evaluators:
            message = f"no evaluator is called {name!r}; known are {', '.join(sorted(cls.all_evaluators)) or 'none'}"
            raise KeyError(message)
        return cls.all_evaluators[name]

    def __setitem__(cls, key: str | Function, value: Any) -> None:
        cls.all_evaluators[key if isinstance(key, str) else _name_of(key)] = value

    def __delitem__(cls, key: str | Function) -> None:
        del cls.all_evaluators[key if isinstance(key, str) else _name_of(key)]

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__") or name not in cls.all_evaluators:
            message = f"no evaluator is called {name!r}"
            raise AttributeError(message)
        return cls.all_evaluators[name]


class evaluator(metaclass=_Registry):  # noqa: N801  a decorator's name, as in 1.x
    """Make a function an evaluator: called like the function, it returns the score that its settings make of it.

    ``@evaluator`` or ``@evaluator(repeat=3, aggregate="mean", …)``: settings are those of `EvalSettings`, any other keyword is
    an argument of the function. Arguments of a call may override both. Without ``repeat`` the call returns one score, with
    it a tuple, unless ``aggregate`` makes one score of them. Each call is an event called like the evaluator. Raises
    `honeyhive.errors.ConfigurationError` for a coroutine function (`aevaluator` takes those).
    """

    all_evaluators: ClassVar[dict[str, Any]] = {}
    all_evaluator_settings: ClassVar[dict[str, EvaluatorSettings]] = {}
    _awaits: ClassVar[bool] = False

    @overload
    def __new__(
        cls,
        func: None = None,
        eval_settings: EvalSettings | None = None,
        eval_kwargs: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> Callable[[Function], Self]: ...

    @overload
    def __new__(
        cls,
        func: Function,
        eval_settings: EvalSettings | None = None,
        eval_kwargs: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> Self: ...

    def __new__(
        cls,
        func: Function | None = None,
        eval_settings: EvalSettings | None = None,
        eval_kwargs: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> Any:
        """The evaluator of *func*, or a decorator when only settings are given."""

        def decorate(function: Function) -> Any:
            return cls(function, eval_settings, eval_kwargs, **settings)

        return decorate if func is None else super().__new__(cls)

    def __init__(  # pyright: ignore[reportInconsistentConstructor]  without a function there is no instance yet
        self,
        func: Function,
        eval_settings: EvalSettings | None = None,
        eval_kwargs: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> None:
        if inspect.iscoroutinefunction(func) and not self._awaits:
            message = f"{_name_of(func)} is a coroutine function; decorate it with @aevaluator"
            raise ConfigurationError(message)
        self.func = func
        self.name = _name_of(func)
        given, kwargs = EvalSettings.extract_eval_settings_and_kwargs(settings)
        sources = EvaluatorSettings(name=self.name)
        sources.init_settings, sources.init_kwargs = eval_settings, dict(eval_kwargs or {})
        sources.deco_settings, sources.deco_kwargs = EvalSettings(name=self.name, **given), kwargs
        # Its own: another evaluator of this name takes its place in the registry, and no more.
        self._sources = sources
        evaluator.all_evaluators[self.name] = self
        evaluator.all_evaluator_settings[self.name] = sources
        functools.update_wrapper(self, func)
        self._traced_call = self._traced()

    @property
    def settings(self) -> EvalSettings:
        """The settings that apply to a call that gives none; set, they replace those of every other source."""
        return self._sources.resolve_settings()

    @settings.setter
    def settings(self, value: EvalSettings) -> None:
        self._sources.explicit_settings = value

    @property
    def kwargs(self) -> dict[str, Any]:
        """The arguments that each call gets besides its own."""
        return self._sources.resolve_kwargs()

    @kwargs.setter
    def kwargs(self, value: dict[str, Any]) -> None:
        self._sources.explicit_kwargs = value

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The score of one call; raises what the function raises, and ``AssertionError`` where ``asserts`` says so."""
        settings, arguments = self._for_call(kwargs)
        return self._traced_call(*args, _settings=settings, **arguments)

    def raw(self, *args: Any, **kwargs: Any) -> Any:
        """What the function itself returns, without any step."""
        return self.func(*args, **kwargs)

    def _traced(self) -> Function:
        """What a call with resolved settings and arguments goes through: its event has them by the function's names."""

        def score(*args: Any, _settings: EvalSettings, **arguments: Any) -> Any:
            return self._score(_settings, args, arguments)

        return _as_event(self.name, score, self.func)

    def _score(self, settings: EvalSettings, args: tuple[Any, ...], arguments: Mapping[str, Any]) -> Any:
        function = self._function(settings)
        scores = [
            _single(_transformed(function(*args, **arguments), settings), settings) for _ in range(settings.repeat or 1)
        ]
        return _together(scores, settings)

    def _for_call(self, kwargs: Mapping[str, Any]) -> tuple[EvalSettings, dict[str, Any]]:
        given, arguments = EvalSettings.extract_eval_settings_and_kwargs(kwargs)
        settings = self._sources.resolve_settings()
        settings.update(given)
        return settings, self._sources.resolve_kwargs(arguments)

    def _function(self, settings: EvalSettings) -> Function:
        """The function to call: the evaluator's own, or the evaluator that it wraps, with that one's settings."""
        if settings.wraps is None:
            return self.func
        if isinstance(settings.wraps, str):
            return evaluator[settings.wraps]
        name, extra = next(iter(settings.wraps.items()))
        return functools.partial(evaluator[name], **extra)


class aevaluator(evaluator):  # noqa: N801  a decorator's name, as in 1.x
    """The asynchronous twin of `evaluator`: the call is awaited; repetitions run at the same time."""

    _awaits = True

    async def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The score of one call."""
        settings, arguments = self._for_call(kwargs)
        return await self._traced_call(*args, _settings=settings, **arguments)

    async def raw(self, *args: Any, **kwargs: Any) -> Any:
        """What the function itself returns, without any step."""
        return await _awaited(self.func(*args, **kwargs))

    def _traced(self) -> Function:
        async def score(*args: Any, _settings: EvalSettings, **arguments: Any) -> Any:
            return await self._score(_settings, args, arguments)

        return _as_event(self.name, score, self.func)

    async def _score(self, settings: EvalSettings, args: tuple[Any, ...], arguments: Mapping[str, Any]) -> Any:
        function = self._function(settings)

        async def once() -> Any:
            return _single(_transformed(await _awaited(function(*args, **arguments)), settings), settings)

        scores = await asyncio.gather(*(once() for _ in range(settings.repeat or 1)))
        return _together(scores, settings)


def _as_event(name: str, score: Any, function: Function) -> Function:
    """*score*, traced with the parameters of *function*, where that one tells them; its settings are no input."""
    with suppress(TypeError, ValueError):  # a builtin that does not tell its parameters
        parameters = list(inspect.signature(function).parameters.values())
        at = len(parameters) - (bool(parameters) and parameters[-1].kind is inspect.Parameter.VAR_KEYWORD)
        parameters.insert(at, inspect.Parameter("_settings", inspect.Parameter.KEYWORD_ONLY))
        score.__signature__ = inspect.Signature(parameters)
    return trace(event_type="chain", event_name=name, ignore_arguments=["_settings"])(score)


def _name_of(function: Function) -> str:
    return getattr(function, "__name__", type(function).__name__)


async def _awaited(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value


def _step(step: Step, names: Mapping[str, Any], *arguments: Any) -> Any:
    """The value of a step: a function called with *arguments*, or an expression; a name alone is a function."""
    value = step if callable(step) else compute(step, {**evaluator.all_evaluators, **names})
    return value(*arguments) if callable(value) else value


def _transformed(score: Any, settings: EvalSettings) -> Any:
    return score if settings.transform is None else _step(settings.transform, {"value": score, "result": score}, score)


def _single(score: Any, settings: EvalSettings) -> Any:
    return score if settings.aggregate is not None else _checked(score, settings)


def _together(scores: Sequence[Any], settings: EvalSettings) -> Any:
    if settings.aggregate is not None:
        values = [score.score if isinstance(score, EvalResult) else score for score in scores]
        aggregated = _step(settings.aggregate, {"values": values, "results": scores}, values)
        return _checked(aggregated, settings)
    return tuple(scores) if settings.repeat is not None else scores[0]


def _checked(score: Any, settings: EvalSettings) -> Any:
    result = score
    if settings.checker is not None:
        names = {"value": score, "result": score, "target": settings.target}
        result = _step(settings.checker, names, score, settings.target)
    if settings.asserts and not result:
        expected = "" if settings.target is None else f", expected {settings.target!r}"
        message = f"evaluator {settings.name}: score {score!r}{expected}"
        raise AssertionError(message)
    return result
