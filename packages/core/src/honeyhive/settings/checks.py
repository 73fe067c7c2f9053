"""What is wrong with a setting, in words that name it and the remedy."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from honeyhive.errors import ConfigurationError

# Infinity is no time that Python can wait, and this is over thirty years.
_MOST: Final = 1e9


def check_url(name: str, url: str | None) -> None:
    """Raise `ConfigurationError` for a *url* that is none, that holds credentials, or that no path can be appended to."""
    if url is None:
        return
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in {"http", "https"} and bool(parts.hostname)
        has_credentials = "@" in parts.netloc
    except ValueError:
        is_usable, has_credentials = False, "@" in url
    if has_credentials:
        message = f"{name} has credentials in it; put them into otlp_headers (HH_OTLP_HEADERS), which are never shown"
        raise ConfigurationError(message)
    if "?" in url or "#" in url:
        message = f"{name} has a query or a fragment, and paths are appended to it; put keys into HH_OTLP_HEADERS"
        raise ConfigurationError(message)
    if not is_usable:
        message = f"{name} is {url!r}; it must be a URL such as http://collector:4318"
        raise ConfigurationError(message)


def check_positive(name: str, value: float | None) -> None:
    """Raise `ConfigurationError` unless *value* is greater than 0, or None where a setting may be absent."""
    if value is not None and not value > 0:
        message = f"{name} is {value!r}; it must be greater than 0"
        raise ConfigurationError(message)
    _check_most(name, value)


def check_not_negative(name: str, value: float) -> None:
    """Raise `ConfigurationError` unless *value* is 0 or greater."""
    if not value >= 0:
        message = f"{name} is {value!r}; it must be 0 or greater"
        raise ConfigurationError(message)
    _check_most(name, value)


def _check_most(name: str, value: float | None) -> None:
    if isinstance(value, float) and value > _MOST:
        message = f"{name} is {value!r}; it must be at most {_MOST:g}"
        raise ConfigurationError(message)


def check_choice(name: str, value: object, choices: Sequence[str]) -> None:
    """Raise `ConfigurationError` unless *value* is one of *choices*."""
    if value not in choices:
        message = f"{name} is {value!r}; it is one of {', '.join(choices)}"
        raise ConfigurationError(message)


def unknown_option(name: str, known: set[str]) -> str:
    """What to say of an option that is not *known*: the nearest one."""
    import difflib  # noqa: PLC0415  only mistakes need it

    nearest = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.5)
    hint = f"did you mean {nearest[0]!r}?" if nearest else f"known are {', '.join(sorted(known))}"
    return f"unknown option {name!r}; {hint}"
