"""Which sessions are believed, and which hosts are told of ours (design decision 7)."""

import hashlib
import hmac
import ipaddress
import os
import secrets
import time
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from honeyhive.events.identity import parse_session_id
from honeyhive.settings import Settings

_VERSION: Final = "1"
_CONTEXT: Final = b"honeyhive session propagation 1"
_MAX_AGE_S: Final = 24 * 3600
_MAX_SKEW_S: Final = 300
_MAC_CHARACTERS: Final = 32
_KEY_BYTES: Final = 32
_KEY_FILE: Final = "propagation.key"
_PRIVATE_SUFFIXES: Final = (".internal", ".local", ".localhost", ".svc", ".cluster.local")


def sign_session(session_id: str, settings: Settings, *, now_s: int | None = None) -> str:
    """The session as a header value: version, session, issue time, key id and MAC, joined by dots."""
    key = signing_key(settings)
    issued = f"{int(time.time()) if now_s is None else now_s:x}"
    return ".".join((_VERSION, session_id, issued, _key_id(key), _mac(key, session_id, settings.project, issued)))


def verify_session(token: str, settings: Settings, *, now_s: int | None = None) -> tuple[str | None, str | None]:
    """The session id that *token* proves, and the one that it merely claims; at most one of them is given."""
    parts = token.split(".")
    claimed = parse_session_id(parts[1]) if len(parts) > 1 else None
    if claimed is None or len(parts) != 5 or parts[0] != _VERSION:  # noqa: PLR2004  the five parts of `sign_session`
        return None, claimed
    key = signing_key(settings)
    _, session_id, issued, key_id, mac = parts
    expected = _mac(key, session_id, settings.project, issued)
    is_ours = key_id == _key_id(key) and hmac.compare_digest(mac.encode(), expected.encode())
    if is_ours and session_id == claimed and _is_fresh(issued, int(time.time()) if now_s is None else now_s):
        return claimed, None
    return None, claimed


def _is_fresh(issued: str, now_s: int) -> bool:
    try:
        age = now_s - int(issued, 16)
    except ValueError:
        return False
    return -_MAX_SKEW_S <= age <= _MAX_AGE_S


def signing_key(settings: Settings) -> bytes:
    """The key that sessions are signed with: from ``HH_PROPAGATION_KEY``, the API key, or a file of the data directory."""
    secret = settings.propagation_key or settings.api_key
    if secret is None:
        return _local_key(settings.data_dir) if settings.journal and not settings.test_mode else _own_key()
    return _derived_key(secret)


@lru_cache(64)
def _derived_key(secret: str) -> bytes:
    return hmac.new(secret.encode(), _CONTEXT, hashlib.sha256).digest()


@lru_cache(64)
def _local_key(data_dir: Path) -> bytes:
    """A random key that the processes of one machine share; only in memory where the directory cannot be written."""
    path = data_dir / _KEY_FILE
    fresh = secrets.token_bytes(_KEY_BYTES)
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Written aside and linked into place, so that of two processes starting at once both read one whole key.
        aside = data_dir / f".{_KEY_FILE}.{os.getpid()}.{secrets.token_hex(4)}"
        descriptor = os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, fresh)
        finally:
            os.close(descriptor)
        try:
            os.link(aside, path)
        except FileExistsError:
            pass
        finally:
            aside.unlink(missing_ok=True)
        key = path.read_bytes()
    except OSError:
        return fresh
    return key if len(key) == _KEY_BYTES else fresh


@lru_cache(1)
def _own_key() -> bytes:
    """A random key of this process alone, where nothing may be written to disk."""
    return secrets.token_bytes(_KEY_BYTES)


def _key_id(key: bytes) -> str:
    return hashlib.sha256(key).hexdigest()[:8]


def _mac(key: bytes, session_id: str, project: str | None, issued: str) -> str:
    message = "\0".join((_VERSION, session_id, project or "", issued, _key_id(key)))
    return hmac.new(key, message.encode(), hashlib.sha256).hexdigest()[:_MAC_CHARACTERS]


def may_tell(url: str, settings: Settings) -> bool:
    """Whether the host of *url* may be told the session: private hosts and listed ones, never a model provider's."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower().rstrip("."), parts.port
    except ValueError:
        return False
    # Clients disagree on what a backslash before "@" means, so that nobody can say whom such a URL reaches.
    if not host or "\\" in url or _matches(host, settings.model_hosts) or f"{host}:{port}" in settings.model_hosts:
        return False
    return _matches(host, settings.propagate_to) or _is_private(host)


def _is_private(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        # "134744072" and "0x8080808" are addresses of the internet in the eyes of a resolver.
        is_name = not host[0].isdigit()
        return is_name and ("." not in host or host.endswith(_PRIVATE_SUFFIXES))


def _matches(host: str, patterns: Iterable[str]) -> bool:
    return any(host == pattern or (pattern.startswith("*.") and host.endswith(pattern[1:])) for pattern in patterns)
