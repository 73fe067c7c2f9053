"""What became of a request."""

import dataclasses
from collections.abc import Mapping
from typing import Final

TOO_LARGE: Final = "http_413"


def _none() -> Mapping[str, int]:
    return {}


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one body: arrived, refused for good (with the reason), or to be tried again.

    ``failure`` names an answer that the body itself may be the cause of, if it comes again and again. ``retry_after_s`` is what
    the destination asks for. ``dropped`` counts, by reason, what was refused of a body whose rest arrived. ``made_progress``
    says that a body is to be tried again only because it takes long.
    """

    is_delivered: bool = False
    refused: str | None = None
    is_unauthorized: bool = False
    failure: str | None = None
    retry_after_s: float | None = None
    made_progress: bool = False
    dropped: Mapping[str, int] = dataclasses.field(default_factory=_none)

    @property
    def is_retried(self) -> bool:
        """Whether the body is to be sent again."""
        return not (self.is_delivered or self.is_unauthorized or self.refused)
