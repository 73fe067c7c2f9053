"""How values read on a terminal: pure, and safe for text that somebody else wrote."""

import math
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from honeyhive.events.event import Status

# What makes a terminal act or hides what is there: control characters, line separators, text direction, invisible tags.
UNSAFE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)
NOTHING: Final = "-"
UNFINISHED: Final = "unfinished"
_MAX_LENGTH: Final = 2_000
_CONTROL_PICTURES: Final = 0x2400
_DELETE: Final = 0x7F

_STATUS_STYLES: Final[dict[str, str]] = {
    Status.OK: "dim",
    Status.ERROR: "bold red",
    Status.CANCELLED: "yellow",
    Status.ABANDONED: "yellow",
    Status.WAITING: "cyan",
    UNFINISHED: "cyan",
}


def plain(text: str) -> str:
    """*text* on one line, with every character that a terminal could obey made visible; at most 2,000 characters."""
    cut = text if len(text) <= _MAX_LENGTH else text[: _MAX_LENGTH - 1] + "…"
    return UNSAFE.sub(_visible, cut)


def _visible(found: re.Match[str]) -> str:
    code = ord(found[0])
    if found[0] in "\t\n\r\u2028\u2029":
        return " "
    if code < ord(" "):
        return chr(_CONTROL_PICTURES + code)
    return "␡" if code == _DELETE else "\ufffd"


def number(value: object) -> float | None:
    """*value* if it is a finite number; metadata may hold anything."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value if math.isfinite(value) else None


def duration(milliseconds: float) -> str:
    """A duration in the unit that suits it: ``0.4 ms``, ``85 ms``, ``4.21 s``, ``2 m 05 s``, ``1 h 02 m``."""
    if milliseconds < 1:
        return f"{milliseconds:.1f} ms"
    if milliseconds < 999.5:  # noqa: PLR2004  what still rounds to 999
        return f"{milliseconds:.0f} ms"
    seconds = milliseconds / 1000
    if seconds < 59.995:  # noqa: PLR2004  what still rounds to 59.99
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes:02} m" if hours else f"{minutes} m {rest:02} s"


def count(value: object) -> str:
    """A whole number with thousands separated; a dash for anything else."""
    known = number(value)
    return NOTHING if known is None else f"{known:,.0f}"


def counted(number: int, singular: str, plural: str | None = None) -> str:
    """A number of things: ``1 event``, ``2 events``, ``2 processes``."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def cost(value: object, *, decimals: int | None = None, is_partial: bool = False) -> str:
    """A price in dollars, with as many *decimals* as it needs; ``≥`` marks a sum in which a price is missing."""
    known = number(value)
    if known is None:
        return NOTHING
    places = cost_decimals([known]) if decimals is None else decimals
    return f"{'≥' if is_partial else ''}${known:,.{places}f}"


def cost_decimals(values: Iterable[object]) -> int:
    """The decimals at which the smallest of some prices still has two significant digits: at least two, at most seven."""
    known = [price for price in map(number, values) if price is not None and price > 0]
    return min(max(2, 1 - math.floor(math.log10(min(known)))), 7) if known else 2


def size(byte_count: int) -> str:
    """A size in the unit that suits it: ``512 B``, ``3.4 KiB``, ``512 MiB``."""
    if byte_count < 1024:  # noqa: PLR2004  one KiB
        return f"{byte_count} B"
    exponent = min(int(math.log2(byte_count) // 10), 4)
    amount = byte_count / 1024**exponent
    return f"{amount:.1f}".removesuffix(".0") + " " + ("KiB", "MiB", "GiB", "TiB")[exponent - 1]


def local_time(unix_milliseconds: float) -> str:
    """A moment in the time zone of this machine."""
    return datetime.fromtimestamp(unix_milliseconds / 1000).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def short_time(unix_milliseconds: float) -> str:
    """The same in twelve characters, as ``ls`` does it: the time of day, or the year unless it is this one."""
    moment = datetime.fromtimestamp(unix_milliseconds / 1000).astimezone()
    is_recent = moment.year == datetime.now().astimezone().year
    return moment.strftime("%b %d %H:%M" if is_recent else "%b %d  %Y")


def status_style(status: str) -> str:
    """The colour of a status; one that we do not know has none."""
    return _STATUS_STYLES.get(status, "")
