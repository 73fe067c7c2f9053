"""1.x's older name of `honeyhive.experiments`: each name warns once and says what replaces it."""

from collections.abc import Callable
from typing import Any

from honeyhive import experiments
from honeyhive.deprecation import warn_deprecated
from honeyhive.experiments import EvalResult, EvalSettings, EvaluatorSettings

__all__ = ["BaseEvaluator", "EvalResult", "EvalSettings", "EvaluatorSettings", "aevaluator", "evaluator"]


def evaluator(func: Callable[..., Any] | None = None, /, **settings: Any) -> Any:
    """Deprecated: `honeyhive.experiments.evaluator`."""
    warn_deprecated("honeyhive.evaluator", "honeyhive.experiments.evaluator")
    return experiments.evaluator(**settings) if func is None else experiments.evaluator(func, **settings)


def aevaluator(func: Callable[..., Any] | None = None, /, **settings: Any) -> Any:
    """Deprecated: `honeyhive.experiments.aevaluator`."""
    warn_deprecated("honeyhive.aevaluator", "honeyhive.experiments.aevaluator")
    return experiments.aevaluator(**settings) if func is None else experiments.aevaluator(func, **settings)


class BaseEvaluator:
    """Deprecated: a class whose instances score outputs; decorate a function with `honeyhive.experiments.evaluator`.

    A subclass overrides `evaluate`; an instance called is that method called. ``config`` holds the further keywords.
    """

    def __init__(self, name: str, **kwargs: Any) -> None:
        warn_deprecated("honeyhive.BaseEvaluator", "honeyhive.experiments.evaluator")
        self.name = name
        self.config = kwargs

    def evaluate(self, inputs: Any, outputs: Any, ground_truth: Any = None, **kwargs: Any) -> Any:
        """The score of *outputs*; raises ``TypeError`` in a class that does not override it."""
        del inputs, outputs, ground_truth, kwargs
        message = f"{type(self).__qualname__} has to define evaluate(inputs, outputs, ground_truth=None)"
        raise TypeError(message)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The same as `evaluate`."""
        return self.evaluate(*args, **kwargs)
