"""Settings of a tracer: arguments over ``HH_*`` environment over defaults, frozen once made."""

from honeyhive.settings.environment import variables_of
from honeyhive.settings.filters import NameFilters
from honeyhive.settings.http import HTTPSettings
from honeyhive.settings.options import OTLPProtocol, TracerOptions, TrustIncoming
from honeyhive.settings.record import DEFAULT_API_URL, Settings
from honeyhive.settings.variables import parse_bool

__all__ = [
    "DEFAULT_API_URL",
    "HTTPSettings",
    "NameFilters",
    "OTLPProtocol",
    "Settings",
    "TracerOptions",
    "TrustIncoming",
    "parse_bool",
    "variables_of",
]
