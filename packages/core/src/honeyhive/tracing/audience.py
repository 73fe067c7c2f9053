"""Which hosts are told of our sessions (design decision 7)."""

import ipaddress
import re
from functools import lru_cache
from typing import Final

from honeyhive.settings import Settings
from honeyhive.settings.hosts import Target, is_among, target_of

_PRIVATE_SUFFIXES: Final = (".internal", ".local", ".localhost", ".svc", ".cluster.local")
# One machine in several spellings: a refusal of one of them is one of all.
_THIS_MACHINE: Final = ("localhost", "127.0.0.1", "::1", "0.0.0.0", "::")  # noqa: S104  as `OLLAMA_HOST` has it
# Public endpoints of model providers, which stay untold when `propagate_to` is as wide as `*.amazonaws.com` or `*`.
_MODEL_PROVIDERS: Final = (
    "api.openai.com",
    "*.openai.com",
    "*.openai.azure.com",
    "*.cognitiveservices.azure.com",
    "*.services.ai.azure.com",
    "*.inference.ai.azure.com",
    "models.github.ai",
    "*.anthropic.com",
    "generativelanguage.googleapis.com",
    "aiplatform.googleapis.com",
    "*.aiplatform.googleapis.com",
    "*.mistral.ai",
    "*.cohere.ai",
    "*.cohere.com",
    "*.groq.com",
    "*.together.xyz",
    "*.together.ai",
    "*.fireworks.ai",
    "*.deepseek.com",
    "*.x.ai",
    "*.z.ai",
    "*.bigmodel.cn",
    "*.minimax.io",
    "*.minimaxi.com",
    "*.perplexity.ai",
    "openrouter.ai",
    "*.openrouter.ai",
    "ai-gateway.vercel.sh",
    "gateway.ai.cloudflare.com",
    "*.replicate.com",
    "*.huggingface.co",
    "*.huggingface.cloud",
    "*.nvidia.com",
    "*.ai21.com",
    "*.cerebras.ai",
    "*.deepinfra.com",
    "*.baseten.co",
    "*.novita.ai",
    "*.hyperbolic.xyz",
    "*.nebius.com",
    "*.sambanova.ai",
    "*.moonshot.cn",
    "*.moonshot.ai",
    "*.voyageai.com",
    "*.jina.ai",
    "*.upstage.ai",
    "*.writer.com",
    "*.stability.ai",
    "*.elevenlabs.io",
    "*.deepgram.com",
    "*.assemblyai.com",
    "*.watsonx.ai",
    "*.ollama.com",
)
# Those that have a region in their names: Amazon Bedrock and SageMaker, IBM watsonx, Vertex AI, Alibaba, Volcano Engine.
_REGION: Final = r"[a-z]{2,}(-[a-z]+)+-\d+"
_REGIONAL_PROVIDERS: Final = re.compile(
    rf"(.+\.)?(bedrock(-[a-z]+)*|runtime(-[a-z]+)*\.sagemaker)\.{_REGION}(\.vpce)?\.(amazonaws\.com(\.cn)?|api\.aws)"
    r"|[a-z0-9-]+-aiplatform\.googleapis\.com|[a-z-]+\.ml\.cloud\.ibm\.com"
    r"|dashscope(-[a-z-]+)?\.aliyuncs\.com|ark\.[a-z0-9-]+\.volces\.com",
    re.ASCII,
)


def may_tell(url: str, settings: Settings) -> bool:
    """Whether the host of *url* may be told the session: private hosts and listed ones, never a model provider's."""
    target = target_of(url)
    if target is None:
        return False
    return _may_tell(target, settings.propagate_to, (*settings.propagate_not_to, *settings.model_hosts))


@lru_cache(1024)
def _may_tell(target: Target, allowed: tuple[str, ...], denied: tuple[str, ...]) -> bool:
    if any(is_among(spelling, denied) for spelling in _spellings(target)) or _is_model_provider(target):
        return False
    return is_among(target, allowed) or _is_private(target.host)


def _spellings(target: Target) -> list[Target]:
    names = (
        (target.host, *_THIS_MACHINE) if target.host in _THIS_MACHINE or _is_loopback(target.host) else (target.host,)
    )
    return [Target(name, target.port) for name in names]


def _is_model_provider(target: Target) -> bool:
    return is_among(target, _MODEL_PROVIDERS) or _REGIONAL_PROVIDERS.fullmatch(target.host) is not None


def _is_private(host: str) -> bool:
    if _is_loopback(host):
        return True
    return (":" not in host and "." not in host) or host.endswith(_PRIVATE_SUFFIXES)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
