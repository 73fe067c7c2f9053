"""How an evaluator's score is made from its function: repetitions, transformation, aggregation, check."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Self

from honeyhive.errors import ConfigurationError

Step = str | Callable[..., Any]
Values = dict[str, Any]


@dataclasses.dataclass(kw_only=False)
class EvalSettings:
    """The settings of one evaluator (``facts/honeyhive-api.md`` §1.5); None means not given.

    ``repeat`` calls the function so many times; ``transform`` makes each score another one (``value``); ``aggregate`` makes
    one of several (``values``); ``checker`` compares the score with ``target``; ``asserts`` raises ``AssertionError`` for a
    score that is false. A step is a function, the name of an evaluator, or an expression such as ``"value * 100"``
    (`honeyhive.experiments.expressions`). ``wraps`` names the evaluator that this one calls. ``weight`` and ``evaluate`` are
    kept for the reader of results.
    """

    name: str
    wraps: str | Mapping[str, Any] | None = None
    weight: float | None = None
    asserts: bool | None = None
    repeat: int | None = None
    transform: Step | None = None
    aggregate: Step | None = None
    checker: Step | None = None
    target: Any = None
    evaluate: Step | None = None

    def __post_init__(self) -> None:
        if self.repeat is not None and self.repeat < 1:
            message = f"repeat is {self.repeat!r} for evaluator {self.name!r}; it must be at least 1"
            raise ConfigurationError(message)

    def copy(self) -> Self:
        """Settings of their own with the same values."""
        return dataclasses.replace(self)

    def update(self, eval_settings: "EvalSettings | Mapping[str, Any] | None") -> None:
        """Take over what *eval_settings* give; raises `ConfigurationError` for a name that is none of them."""
        if eval_settings is None:
            return
        given = vars(eval_settings) if isinstance(eval_settings, EvalSettings) else eval_settings
        for key, value in given.items():
            if key not in SETTING_NAMES and key != "name":
                message = f"{key!r} is no setting of an evaluator; known are {', '.join(SETTING_NAMES)}"
                raise ConfigurationError(message)
            if value is not None:
                setattr(self, key, value)
        self.__post_init__()

    def dict(self) -> Values:
        """The settings without the name."""
        return {key: value for key, value in vars(self).items() if key != "name"}

    @staticmethod
    def extract_eval_settings_and_kwargs(settings: Mapping[str, Any] | None) -> tuple[Values, Values]:
        """*settings* apart: the settings among them, and the arguments of the evaluator's function."""
        given = settings or {}
        known = {key: value for key, value in given.items() if key in SETTING_NAMES}
        return known, {key: value for key, value in given.items() if key not in SETTING_NAMES}


SETTING_NAMES = tuple(field.name for field in dataclasses.fields(EvalSettings) if field.name != "name")


def _no_arguments() -> dict[str, Any]:
    return {}


@dataclasses.dataclass
class EvaluatorSettings:
    """Where the settings and arguments of one evaluator come from; later fields win over earlier ones."""

    name: str
    default_settings: EvalSettings | None = None
    default_kwargs: dict[str, Any] = dataclasses.field(default_factory=_no_arguments)
    init_settings: EvalSettings | None = None
    init_kwargs: dict[str, Any] = dataclasses.field(default_factory=_no_arguments)
    config_settings: EvalSettings | None = None
    config_kwargs: dict[str, Any] = dataclasses.field(default_factory=_no_arguments)
    deco_settings: EvalSettings | None = None
    deco_kwargs: dict[str, Any] = dataclasses.field(default_factory=_no_arguments)
    explicit_settings: EvalSettings | None = None
    explicit_kwargs: dict[str, Any] = dataclasses.field(default_factory=_no_arguments)

    def resolve_settings(self, settings: EvalSettings | Mapping[str, Any] | None = None) -> EvalSettings:
        """The settings that apply, *settings* over all others; explicit ones replace everything."""
        if self.explicit_settings is not None:
            return self.explicit_settings.copy()
        resolved = EvalSettings(name=self.name, weight=1.0, asserts=False)
        for source in (self.default_settings, self.init_settings, self.config_settings, self.deco_settings, settings):
            resolved.update(source)
        resolved.name = self.name
        return resolved

    def resolve_kwargs(self, kwargs: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The arguments that apply, *kwargs* over all others; explicit ones replace everything."""
        if self.explicit_kwargs:
            return dict(self.explicit_kwargs)
        return {**self.default_kwargs, **self.init_kwargs, **self.config_kwargs, **self.deco_kwargs, **(kwargs or {})}
