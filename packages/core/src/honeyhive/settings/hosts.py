"""Patterns of hosts: ``name``, ``name:port``, ``*.domain``, ``*`` and addresses, as settings write them; pure."""

import ipaddress
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from honeyhive.errors import ConfigurationError

# Where the libraries of providers are told their base URL; what is reached there is a model, wherever it runs.
_MODEL_URL_VARIABLES: Final = (
    "OPENAI_BASE_URL",
    "OPENAI_API_BASE",
    "AZURE_OPENAI_ENDPOINT",
    "AZURE_AI_ENDPOINT",
    "AZURE_INFERENCE_ENDPOINT",
    "ANTHROPIC_BASE_URL",
    "ANTHROPIC_API_URL",
    "ANTHROPIC_BEDROCK_BASE_URL",
    "ANTHROPIC_VERTEX_BASE_URL",
    "AWS_ENDPOINT_URL_BEDROCK_RUNTIME",
    "GOOGLE_GEMINI_BASE_URL",
    "GOOGLE_VERTEX_BASE_URL",
    "GROQ_BASE_URL",
    "HF_INFERENCE_ENDPOINT",
    "LITELLM_PROXY_API_BASE",
    "MISTRAL_BASE_URL",
    "OLLAMA_HOST",
    "OPENROUTER_BASE_URL",
    "COHERE_BASE_URL",
    "CO_API_URL",
    "DEEPSEEK_BASE_URL",
    "TOGETHER_BASE_URL",
    "VLLM_BASE_URL",
    "XAI_BASE_URL",
)
_HOST: Final = re.compile(r"(\*\.)?[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\]|\*", re.ASCII)
_NUMBER: Final = re.compile(r"\d+|0x[0-9a-f]*", re.ASCII)
_DEFAULT_PORTS: Final = {"http": 80, "https": 443, "ws": 80, "wss": 443}


class Target(NamedTuple):
    """Whom a request reaches: a lower-case host without brackets or a dot at its end, and a port."""

    host: str
    port: int | None


def target_of(url: str) -> Target | None:
    """Whom *url* reaches; None when that cannot be said for certain.

    Clients disagree on backslashes, on encoded and on non-ASCII hosts, so that nobody can say whom such a URL reaches.
    """
    try:
        parts = urlsplit(url)
        written, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return None
    if "\\" in url or "*" in written or _HOST.fullmatch(_bracketed(written)) is None:
        return None
    host = _in_one_spelling(written)
    if host is None:
        return None
    return Target(host, port if port is not None else _DEFAULT_PORTS.get(parts.scheme))


@lru_cache(1024)
def _in_one_spelling(host: str) -> str | None:
    """*host*, where it is an address as that is usually written; None for numbers that some take for an address.

    What a resolver makes of ``2130706433``, ``0x7f.1`` or ``127.0.0.010`` differs.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None if _NUMBER.fullmatch(host.rpartition(".")[2]) else host
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def is_among(target: Target, patterns: Iterable[str]) -> bool:
    """Whether one of *patterns* names *target*; a pattern without a port names all its ports."""
    return any(_is_named(target, pattern) for pattern in patterns)


def _is_named(target: Target, pattern: str) -> bool:
    host, port = _split_port(pattern)
    if port is not None and port != target.port:
        return False
    name = host.strip("[]").rstrip(".")
    return name in {"*", target.host} or (name.startswith("*.") and target.host.endswith(name[1:]))


def _split_port(pattern: str) -> tuple[str, int | None]:
    if pattern.endswith("]"):
        return pattern, None
    host, colon, port = pattern.rpartition(":")
    if colon and port.isascii() and port.isdigit() and (":" not in host or host.endswith("]")):
        return host, int(port)
    return pattern, None


def checked_patterns(setting: str, patterns: Iterable[str]) -> tuple[str, ...]:
    """*patterns* in lower case; raises `ConfigurationError` for one that names no host."""
    checked: list[str] = []
    for given in patterns:
        host, port = _split_port(given.strip().lower())
        bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host.rstrip(".")
        name = _in_one_spelling(bare) if _HOST.fullmatch(_bracketed(bare)) else None
        if name is None:
            message = f"{setting} has {given!r}; write a host such as api.example.com, *.example.com or localhost:8080"
            raise ConfigurationError(message)
        checked.append(_bracketed(name) if port is None else f"{_bracketed(name)}:{port}")
    return tuple(checked)


def model_hosts_of(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The hosts, with ports, that *environment* tells the libraries of model providers to call."""
    found: list[str] = []
    for variable in _MODEL_URL_VARIABLES:
        url = environment.get(variable, "").strip()
        target = target_of(url if "://" in url else f"http://{url}") if url else None
        if target is not None:
            found.append(f"{_bracketed(target.host)}:{target.port}")
    return tuple(dict.fromkeys(found))
