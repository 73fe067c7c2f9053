"""1.x's import path of `enrich_span`."""

from typing import TYPE_CHECKING

from honeyhive.lateload import names_from

if TYPE_CHECKING:
    from honeyhive.functions import enrich_span

__all__ = ["enrich_span"]

# From a floor above.
__getattr__ = names_from(__name__, {"enrich_span": "honeyhive.functions"})
