"""What a program says of an event or a session: mappings, or whatever it took for one."""

from collections.abc import Mapping
from typing import cast

Fields = Mapping[str, object]


def mapping_of(value: object) -> Fields:
    """*value* as a mapping field of an event: what is no mapping is under ``value``, and None is empty."""
    if value is None:
        return {}
    # A dict is found at once; asking an abstract class takes ten times as long. An object that is asked for its class may
    # never answer; its type does.
    return cast("Fields", value) if issubclass(type(value), (dict, Mapping)) else {"value": value}


def text_of(value: object) -> str:
    """*value* as a name or an id: a text as it is, a UUID or anything else by its ``str``."""
    return value if isinstance(value, str) else str(value)
