"""HoneyHive sessions for FastAPI, Starlette and any ASGI application."""

from honeyhive_fastapi._instrument import instrument, uninstrument
from honeyhive_fastapi._middleware import HoneyHiveMiddleware
from honeyhive_fastapi._session import SessionDep

__all__ = ["HoneyHiveMiddleware", "SessionDep", "instrument", "uninstrument"]
