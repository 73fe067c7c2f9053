"""HoneyHive sessions for LangChain and LangGraph: one event for each run."""

from honeyhive_langchain._handler import HoneyHiveCallbackHandler
from honeyhive_langchain._instrumentor import instrument, uninstrument

__all__ = ["HoneyHiveCallbackHandler", "instrument", "uninstrument"]
