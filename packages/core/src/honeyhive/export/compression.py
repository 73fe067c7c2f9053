"""Bodies made smaller for the way to a collector."""

import gzip
from typing import Final

from honeyhive.settings.collector import OTLPCompression

# The cheapest of each: of 2 MB of traces level 1 leaves nearly what level 6 leaves, at less than half the time.
_GZIP_LEVEL: Final = 1
_ZSTD_LEVEL: Final = 1


def compress(body: bytes, method: OTLPCompression) -> bytes:
    """*body* by *method*, which the header ``Content-Encoding`` names; both let other threads run meanwhile."""
    if method == "gzip":
        return gzip.compress(body, _GZIP_LEVEL, mtime=0)
    if method == "zstd":
        import zstandard  # noqa: PLC0415  an extra, which the settings have looked for

        return zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compress(body)
    return body
