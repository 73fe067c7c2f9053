"""HoneyHive sessions for LlamaIndex."""

from honeyhive_llamaindex._instrumentor import instrument, uninstrument

__all__ = ["instrument", "uninstrument"]
