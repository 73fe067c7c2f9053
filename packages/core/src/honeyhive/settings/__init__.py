"""Settings of a tracer: arguments over ``HH_*`` environment over defaults, frozen once made."""

from honeyhive.settings.environment import parse_bool, variables_of
from honeyhive.settings.options import TracerOptions, TrustIncoming
from honeyhive.settings.record import DEFAULT_API_URL, Settings

__all__ = ["DEFAULT_API_URL", "Settings", "TracerOptions", "TrustIncoming", "parse_bool", "variables_of"]
