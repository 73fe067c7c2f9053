"""Log lines as JSON, for programs that collect them. The lines of this package never hold content or keys."""

import logging
import sys
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from honeyhive.events.values import to_json

_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "honeyhive_data"}


class HoneyHiveFormatter(logging.Formatter):
    """One JSON object a line: ``timestamp`` (ISO 8601, UTC), ``level``, ``logger``, ``message`` and what was added."""

    def __init__(self, include_timestamp: bool = True, include_level: bool = True) -> None:
        super().__init__()
        self.include_timestamp = include_timestamp
        self.include_level = include_level

    def format(self, record: logging.LogRecord) -> str:
        """*record* as a line."""
        line: dict[str, Any] = {"logger": record.name, "message": record.getMessage()}
        if self.include_timestamp:
            line["timestamp"] = datetime.fromtimestamp(record.created, UTC).isoformat()
        if self.include_level:
            line["level"] = record.levelname
        line.update({key: value for key, value in vars(record).items() if key not in _STANDARD})
        line.update(getattr(record, "honeyhive_data", None) or {})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        try:
            return orjson.dumps(line, default=_described, option=orjson.OPT_NON_STR_KEYS).decode()
        except (TypeError, ValueError, RecursionError):  # cycles, large numbers, keys and texts that JSON has not
            return to_json(line).decode()


class HoneyHiveLogger:
    """A standard logger, in ``logger``, that writes JSON lines to the standard error stream.

    *level* (a name or number) wins over *verbose*, which means DEBUG, or WARNING where it is False or not given. It gets
    a handler of its own only where it has none, and then passes nothing on, so that no line is written twice.
    """

    def __init__(
        self,
        name: str,
        *,
        level: str | int | None = None,
        formatter: logging.Formatter | None = None,
        handler: logging.Handler | None = None,
        verbose: bool | None = None,
    ) -> None:
        self.logger = logging.getLogger(name)
        self.verbose = verbose
        self.logger.setLevel(_level(level, verbose))
        if not self.logger.handlers:
            if handler is None:
                handler = logging.StreamHandler(sys.stderr)
                handler.setFormatter(formatter or HoneyHiveFormatter())
            self.logger.addHandler(handler)
            self.logger.propagate = False

    def update_verbose_setting(self, verbose: bool) -> None:
        """Write debug lines from now on, or none below warnings."""
        self.verbose = verbose
        self.logger.setLevel(_level(None, verbose))

    def debug(self, message: str, *args: Any, honeyhive_data: dict[str, Any] | None = None, **more: Any) -> None:
        """Log *message* % *args* at level DEBUG; *honeyhive_data* and *more* become members of the line."""
        self._log(logging.DEBUG, message, args, honeyhive_data, more)

    def info(self, message: str, *args: Any, honeyhive_data: dict[str, Any] | None = None, **more: Any) -> None:
        """The same at level INFO."""
        self._log(logging.INFO, message, args, honeyhive_data, more)

    def warning(self, message: str, *args: Any, honeyhive_data: dict[str, Any] | None = None, **more: Any) -> None:
        """The same at level WARNING."""
        self._log(logging.WARNING, message, args, honeyhive_data, more)

    def error(self, message: str, *args: Any, honeyhive_data: dict[str, Any] | None = None, **more: Any) -> None:
        """The same at level ERROR."""
        self._log(logging.ERROR, message, args, honeyhive_data, more)

    def critical(self, message: str, *args: Any, honeyhive_data: dict[str, Any] | None = None, **more: Any) -> None:
        """The same at level CRITICAL."""
        self._log(logging.CRITICAL, message, args, honeyhive_data, more)

    def exception(self, message: str, *args: Any, honeyhive_data: dict[str, Any] | None = None, **more: Any) -> None:
        """The same at level ERROR, with the exception that is being handled."""
        self._log(logging.ERROR, message, args, honeyhive_data, {"exc_info": True, **more})

    def _log(
        self, level: int, message: str, args: tuple[Any, ...], data: dict[str, Any] | None, more: dict[str, Any]
    ) -> None:
        exc_info = more.pop("exc_info", None)
        extra = {f"{key}_" if key in _STANDARD else key: value for key, value in more.items()}
        if data:
            extra["honeyhive_data"] = data
        self.logger.log(level, message, *args, exc_info=exc_info, extra=extra, stacklevel=3)


def get_logger(name: str, verbose: bool | None = None, tracer_instance: Any = None, **options: Any) -> HoneyHiveLogger:
    """A `HoneyHiveLogger` called *name*; *verbose* is that of *tracer_instance* unless given."""
    if verbose is None and tracer_instance is not None:
        verbose = getattr(tracer_instance, "verbose", None)
    return HoneyHiveLogger(name, verbose=verbose, **options)


def _level(level: str | int | None, verbose: bool | None) -> int:
    if isinstance(level, str):
        return logging.getLevelNamesMapping().get(level.upper(), logging.WARNING)
    if level is not None:
        return level
    return logging.DEBUG if verbose else logging.WARNING


def _described(value: object) -> str:
    """What JSON has no form for is named by its type: its text may be anything."""
    return type(value).__name__
