"""HoneyHive's typed keys, whose form says what they may do."""

import re
from typing import Final

from honeyhive.errors import ConfigurationError

# An id of 24 characters and a secret of 64 (`facts/honeyhive-api.md` §1.9).
_BODY: Final = re.compile(r"[A-Za-z0-9]{24}_[A-Za-z0-9_-]{64}")
_KINDS: Final = {
    "ingestion_api_key": ("hh_ingst_", "an ingestion key", "HH_INGESTION_API_KEY"),
    "data_plane_api_key": ("hh_fgdp_", "a data plane key", "HH_DATA_PLANE_API_KEY"),
}
TYPED_KEYS: Final = tuple(_KINDS)
KEYS: Final = ("api_key", *_KINDS)


def check_sendable(name: str, key: str | None) -> None:
    """Raise `ConfigurationError` for a *key* that no header can hold; the key itself is not shown."""
    if key is not None and not (key.isascii() and key.isprintable() and " " not in key):
        message = (
            f"{name} has characters that no API key has (a space, a line end, a letter beyond ASCII); copy it again"
        )
        raise ConfigurationError(message)


def check_typed_key(name: str, key: str | None) -> None:
    """Raise `ConfigurationError` unless *key* has the form that setting *name* wants; the key itself is not shown."""
    if key is None:
        return
    prefix, kind, variable = _KINDS[name]
    if key.startswith(prefix) and _BODY.fullmatch(key.removeprefix(prefix)):
        return
    if key.startswith(prefix):
        what = "begins like one but is not complete"
    elif key.startswith("hh_"):
        what = "is a HoneyHive key of another kind"
    else:
        what = "is no HoneyHive key"
    message = f"{name} ({variable}) must be {kind}, {prefix} and then 24 and 64 characters; the value {what}"
    raise ConfigurationError(message)
