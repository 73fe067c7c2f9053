"""What stands where something was taken out."""

import hashlib
import hmac
import re
from typing import Final

from honeyhive.settings import Settings

_CONTEXT: Final = b"honeyhive redaction 1"
_DIGITS: Final = 16

MARKER: Final = re.compile(rb"\[redacted:[a-z-]+(?::[0-9a-f]{16})?\]")


def is_marker(value: object) -> bool:
    """Whether *value* is what an earlier pass left."""
    return isinstance(value, str) and MARKER.fullmatch(value.encode("utf-8", "replace")) is not None


class Marker:
    """Makes ``[redacted:<kind>]``; in hash mode ``[redacted:<kind>:<digits>]``, where equal secrets have equal digits.

    The hash is keyed with ``HH_PROPAGATION_KEY`` or the API key and tells projects apart: without that key a short secret cannot
    be guessed from it, and all services of one deployment come to the same one.
    """

    def __init__(self, settings: Settings) -> None:
        self._key: bytes | None = None
        if settings.redact_mode == "hash":
            project = (settings.project or "").encode()
            self._key = hmac.new(
                settings.propagation_keys[0].encode(), _CONTEXT + b"\0" + project, hashlib.sha256
            ).digest()

    def __call__(self, kind: str, secret: bytes) -> str:
        """The marker of *secret*."""
        if self._key is None:
            return f"[redacted:{kind}]"
        digits = hmac.new(self._key, secret, hashlib.sha256).hexdigest()[:_DIGITS]
        return f"[redacted:{kind}:{digits}]"
