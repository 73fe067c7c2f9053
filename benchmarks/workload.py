"""What is traced: functions of about 1 KB in and 1 KB out, with 512 different payloads so that no cache is flattered.

A large request is one of eight `texts`, each with a character that is not ASCII, as in a document that somebody asks about.
"""

import json
import random
from collections.abc import Callable
from typing import Any, Final

PAYLOADS: Final = 512
_SIZE: Final = 1024
_random: Final = random.Random(7)  # noqa: S311  the same payloads in every run
_WORDS: Final = ["".join(_random.choices("etaoinshrdlucmfwypvbgkqjxz", k=_random.randint(2, 10))) for _ in range(4000)]
_WEIGHTS: Final = [1 / (rank + 3) for rank in range(len(_WORDS))]


def _text(length: int) -> str:
    return " ".join(_random.choices(_WORDS, _WEIGHTS, k=length // 3))[:length]


def _payload(role: str) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "model": "gpt-4o-mini",
        "temperature": 0.7,
        "usage": {"prompt_tokens": _random.randint(50, 900), "completion_tokens": _random.randint(50, 900)},
        "messages": [{"role": "system", "content": "Answer briefly and cite sources."}, {"role": role, "content": ""}],
        "cached": None,
    }
    payload["messages"][1]["content"] = _text(_SIZE - len(json.dumps(payload)))
    return payload


INPUTS: Final = [_payload("user") for _ in range(PAYLOADS)]
OUTPUTS: Final = [_payload("assistant") for _ in range(PAYLOADS)]


def texts(size: int) -> list[str]:
    """Eight texts of *size* characters."""
    block = _text(1 << 12)
    return [("é" + _text(99) + block * (size // len(block) + 1))[:size] for _ in range(8)]


def traced_function(decorate: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Callable[[int, Any], Any]:
    """The function of the first row, decorated by a peer; *request* is a dict, or a large text."""

    def answer(number: int, request: dict[str, Any] | str) -> dict[str, Any]:  # noqa: ARG001  captured, not used
        return OUTPUTS[number % PAYLOADS]

    return decorate(answer)
