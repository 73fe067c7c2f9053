"""Which sessions are believed (design decision 7)."""

import enum
import hashlib
import hmac
import os
import secrets
import threading
import time
from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from honeyhive.events.identity import parse_session_id
from honeyhive.settings import Settings

_VERSION: Final = "1"
_PARTS: Final = 7
_SAMPLED, _UNSAMPLED = "s", "u"
_CONTEXT: Final = b"honeyhive session propagation 1"
_MAX_SKEW_S: Final = 300
_MAC_CHARACTERS: Final = 32
_KEY_BYTES: Final = 32
_KEY_FILE: Final = "propagation.key"
_own: Final[dict[str, bytes]] = {}


class Doubt(enum.StrEnum):
    """Why a session that a request named was not continued."""

    MALFORMED = "malformed"
    UNKNOWN_KEY = "unknown_key"
    BAD_MAC = "bad_mac"
    WRONG_PROJECT = "wrong_project"
    EXPIRED = "expired"
    UNSIGNED = "unsigned"
    """Named in the way of 1.x, which signs nothing."""
    NOT_TRUSTED = "not_trusted"
    """Signed by us, and ``trust_incoming`` is ``never``."""


class Verdict(NamedTuple):
    """What is made of a token: the session that it names, if it names one, and the doubt that there is, if any.

    ``is_sampled`` is what the sender says; None where it does not.
    """

    session_id: str | None
    doubt: Doubt | None
    is_sampled: bool | None = None


def count_claim(claims: Counter[str], doubt: Doubt) -> None:
    """Count a session that was not continued in *claims*, which threads share."""
    with _counting.lock:
        claims[doubt.value] += 1


class _Counting:
    """Held while a claim is counted; free again in a child that is forked meanwhile."""

    lock = threading.RLock()


_counting: Final = _Counting()


def _reset_after_fork() -> None:
    _counting.lock = threading.RLock()


os.register_at_fork(after_in_child=_reset_after_fork)


def sign_session(session_id: str, settings: Settings, *, is_sampled: bool = True, now_s: int | None = None) -> str:
    """The session as a header value: version, session, issue time, key id, project, sampled or not, and MAC, with dots.

    The project is told by a keyed hash, so that a reader can say that a session is another project's, and nobody else which.
    """
    key = signing_keys(settings)[0]
    issued = f"{int(time.time()) if now_s is None else now_s:x}"
    sampled = _SAMPLED if is_sampled else _UNSAMPLED
    signed = ".".join((_VERSION, session_id, issued, _key_id(key), _project_id(key, settings.project), sampled))
    return f"{signed}.{_mac(key, signed)}"


def verify_session(token: str, settings: Settings, *, now_s: int | None = None) -> Verdict:
    """Whether *token* proves the session that it names."""
    parts = token.split(".")
    session_id = parse_session_id(parts[1]) if len(parts) > 1 else None
    if session_id is None or len(parts) != _PARTS or parts[0] != _VERSION or parts[1] != session_id:
        return Verdict(session_id, Doubt.MALFORMED)
    _, _, issued, key_id, project, sampled, mac = parts
    key = next((key for key in signing_keys(settings) if _key_id(key) == key_id), None)
    if key is None:
        return Verdict(session_id, Doubt.UNKNOWN_KEY)
    expected = _mac(key, token.rpartition(".")[0])
    if not hmac.compare_digest(mac.encode("utf-8", "replace"), expected.encode()):
        return Verdict(session_id, Doubt.BAD_MAC)
    if project != _project_id(key, settings.project):
        return Verdict(session_id, Doubt.WRONG_PROJECT)
    age_s = (int(time.time()) if now_s is None else now_s) - int(issued, 16)
    is_fresh = -_MAX_SKEW_S <= age_s <= settings.propagation_max_age_s + _MAX_SKEW_S
    return Verdict(session_id, None if is_fresh else Doubt.EXPIRED, sampled == _SAMPLED)


def token_interval_s(settings: Settings) -> float:
    """How long one token is used before it is signed anew: an hour, or a quarter of the time that it is valid."""
    return min(3600.0, settings.propagation_max_age_s / 4)


def signing_keys(settings: Settings) -> tuple[bytes, ...]:
    """The keys of sessions: the first signs, all verify.

    From ``HH_PROPAGATION_KEY``, else the API key, else a file of the data directory.
    """
    secrets_given = settings.propagation_keys
    if not secrets_given:
        own = _local_key(settings.data_dir) if settings.journal and not settings.test_mode else _own_key()
        return (own,)
    return tuple(map(_derived_key, secrets_given))


@lru_cache(64)
def _derived_key(secret: str) -> bytes:
    return hmac.new(secret.encode(), _CONTEXT, hashlib.sha256).digest()


@lru_cache(64)
def _local_key(data_dir: Path) -> bytes:
    """A random key that the processes of one machine share; only in memory where the directory cannot be written."""
    path = data_dir / _KEY_FILE
    try:
        return _key_in(path) or _made_key(path) or _own_key()
    except OSError:
        return _own_key()


def _key_in(path: Path) -> bytes | None:
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        return None
    return key if len(key) == _KEY_BYTES else None


def _made_key(path: Path) -> bytes | None:
    """The key that is in *path* once there is one: ours, or that of a process that was faster."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Written aside and linked into place, so that of two processes starting at once both read one whole key.
    aside = path.with_name(f".{_KEY_FILE}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_KEY_BYTES))
        _put_in_place(aside, path)
    finally:
        aside.unlink(missing_ok=True)
    return _key_in(path)


def _put_in_place(aside: Path, path: Path) -> None:
    try:
        os.link(aside, path)
    except OSError:  # another was faster, or left half a key, or the file system has no hard links
        if _key_in(path) is None:
            aside.replace(path)


def _own_key() -> bytes:
    """A random key of this process alone, where nothing may be written to disk."""
    return _own.setdefault("key", secrets.token_bytes(_KEY_BYTES))


@lru_cache(64)
def _key_id(key: bytes) -> str:
    return hashlib.sha256(key).hexdigest()[:8]


@lru_cache(64)
def _project_id(key: bytes, project: str | None) -> str:
    return hmac.new(key, b"project\0" + (project or "").encode(), hashlib.sha256).hexdigest()[:8]


def _mac(key: bytes, signed: str) -> str:
    return hmac.new(key, signed.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:_MAC_CHARACTERS]
