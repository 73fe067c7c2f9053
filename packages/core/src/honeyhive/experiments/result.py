"""What an evaluator found."""

import dataclasses
from typing import Any


def _empty() -> dict[str, Any]:
    return {}


@dataclasses.dataclass
class EvalResult:
    """A score, and whatever an evaluator wants to say beside it.

    ``metadata`` holds the further keyword arguments, as in 1.x: ``EvalResult(0.5, explanation="half of the words")``.
    """

    score: Any
    init_method: str | None = None
    metadata: dict[str, Any] = dataclasses.field(default_factory=_empty)

    def __init__(self, score: Any, init_method: str | None = None, **metadata: Any) -> None:
        self.score = score
        self.init_method = init_method
        self.metadata = metadata

    def to_dict(self) -> dict[str, Any]:
        """``{"score": …, "metadata": {…}}``."""
        return {"score": self.score, "metadata": self.metadata}

    def copy(self) -> "EvalResult":
        """A result of its own with the same score and metadata."""
        return EvalResult(self.score, self.init_method, **self.metadata)
