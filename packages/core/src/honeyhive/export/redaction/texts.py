"""One text: its secrets, then the user's patterns and functions, then personal data; leaf by leaf where it is JSON."""

import re
from collections.abc import Callable, Sequence
from typing import Any, Final, cast

import orjson

from honeyhive.export.redaction.marking import Marker, is_marker
from honeyhive.export.redaction.names import Names
from honeyhive.export.redaction.secrets import Secrets
from honeyhive.guard import guard

Stage = Callable[[str], str]

_OPENING: Final = (b"{", b"[")
# What is before the part of a name that the program chose, in attributes of ours and in lists of their names.
_FIELD: Final = re.compile(rb"(?:honeyhive_)?(?:inputs|outputs|config|metadata|metrics|feedback|user_properties)\.")
_PAIR: Final = 2
# The shortest text with a secret in it: `jwt=x`.
_LEAST: Final = 5
# Keys of programs and of conventions: no secret has this form.
PLAIN_KEY: Final = re.compile(r"[a-z]{2,16}(?:[._][a-z]{2,16})*")
# The two spellings of a list of named values: HAR's and OpenTelemetry's.
_NAME_KEYS: Final = ("name", "key", "Name", "Key")
_REQUIRED: Final = "required"
_SCHEMA_TYPES: Final = ("string", "number", "integer", "boolean", "array", "object", "null")
_SCHEMA_KEYS: Final = frozenset(
    (
        "type",
        "description",
        "title",
        "format",
        "minLength",
        "maxLength",
        "pattern",
        "items",
        "properties",
        "required",
        "nullable",
    )
)
_VALUE_KEYS: Final = ("value", "Value", "values", "content")


class Texts:
    """Takes out of single texts what one tracer's settings name."""

    def __init__(
        self,
        secrets: Secrets,
        names: Names,
        marker: Marker,
        *,
        patterns: Sequence[Stage],
        functions: Sequence[Stage],
        max_json: int,
    ) -> None:
        self._secrets = secrets
        self._names = names
        self._marker = marker
        self._patterns = patterns
        self._stages = [*patterns, *functions]
        # A larger text is cut afterwards, and no JSON then; its names and values are found in it all the same.
        self._max_json = max_json
        self.sees_everything = bool(self._stages)

    def denies(self, key: str) -> bool:
        """Whether the value of *key* is taken out whatever it is."""
        return self._names.is_denied(key)

    def denies_next(self, argument: object, value: object) -> bool:
        """Whether *value* is what a command line says of a denied name: ``["--password", "…"]``."""
        if not isinstance(argument, str) or not isinstance(value, str) or value[:1] == "-":
            return False
        return argument[:1] == "-" and "=" not in argument and self.denies(argument)

    def denied(self, value: bytes) -> bytes:
        """What stands for the value of a denied key."""
        return self._marker("key", value).encode()

    def without_secrets(self, text: bytes) -> bytes | None:
        """*text* without secrets, whatever else the settings take out: identity, and names that conventions give."""
        return self._secrets.taken_out(text)

    def without_matches(self, name: bytes) -> bytes | None:
        """The *name* of an attribute: what the program chose of it goes through the user's patterns too."""
        field = _FIELD.match(name)
        clean = self._secrets.taken_out(name)
        if field is None or not self._patterns:
            return clean
        before = (name if clean is None else clean)[field.end() :].decode("utf-8", "replace")
        after = before
        for pattern in self._patterns:
            after = pattern(after)
        return clean if after == before else field[0] + after.encode("utf-8", "replace")

    def redacted(self, text: bytes) -> bytes | None:
        """*text* without what is to be taken out; None when that is nothing."""
        if text.lstrip()[:1] not in _OPENING or len(text) > self._max_json:
            return self._flat(text)
        if not self.sees_everything and not self._secrets.may_be_in(text):
            return None
        try:
            return self._json(orjson.loads(text), text)
        except (orjson.JSONDecodeError, orjson.JSONEncodeError):  # no JSON, or too deep to be written again
            return self._flat(text)

    def _json(self, tree: Any, text: bytes) -> bytes | None:
        if self._walk(tree):
            return orjson.dumps(tree)
        # Of two members of one name the parser keeps the last: a secret in the other is seen here, and gone from the tree.
        return None if self._secrets.taken_out(text) is None else orjson.dumps(tree)

    def _flat(self, text: bytes) -> bytes | None:
        clean = self._secrets.taken_out(text)
        if not self._stages:
            return clean
        before = (text if clean is None else clean).decode("utf-8", "replace")
        after = before
        for stage in self._stages:
            after = self._through(stage, after)
        return clean if after == before else after.encode("utf-8", "replace")

    def _through(self, stage: Stage, text: str) -> str:
        try:
            result = cast("object", stage(text))
        except Exception as error:  # noqa: BLE001  a function of the user's own; what it was to hide stays hidden
            guard.swallow(error, "redact with a function of yours")
            return "[redacted:error]"
        except SystemExit as error:  # it would end the worker's thread, and nothing else
            guard.swallow(RuntimeError(type(error).__name__), "redact with a function of yours")
            return "[redacted:error]"
        return result if isinstance(result, str) else "[redacted:error]"

    def _walk(self, tree: Any) -> int:
        """Redact the leaves of *tree* in place; how many changed. Without recursion: it may be a thousand levels deep."""
        changed = 0
        open_containers: list[Any] = [tree]
        while open_containers:
            container = open_containers.pop()
            if type(container) is dict:
                changed += self._object(cast("dict[str, Any]", container), open_containers)
            else:
                changed += self._array(cast("list[Any]", container), open_containers)
        return changed

    def _object(self, members: dict[str, Any], open_containers: list[Any]) -> int:
        changed = 0
        named = next((members[key] for key in _NAME_KEYS if key in members), None)
        is_denied_pair = isinstance(named, str) and self.denies(named)
        pairs = list(members.items())
        members.clear()
        for key, value in pairs:
            if (self.denies(key) and not _is_schema(value)) or (is_denied_pair and key in _VALUE_KEYS):
                after = self._denied(value)
            elif key == _REQUIRED and isinstance(value, list):
                after = self._names_of(cast("list[Any]", value), open_containers)
            else:
                after = self._leaf(value, open_containers)
            name = key if not self._stages and PLAIN_KEY.fullmatch(key) else self._leaf(key, open_containers)
            changed += (after is not value) + (name is not key)
            while name in members:
                name += "'"
            members[name] = after
        return changed

    def _array(self, items: list[Any], open_containers: list[Any]) -> int:
        changed = 0
        # A header as a pair: ["authorization", "Bearer …"].
        is_pair = len(items) == _PAIR and isinstance(items[0], str) and self.denies(items[0])
        before: Any = None
        for index, value in enumerate(items):
            is_denied = (is_pair and index == 1) or self.denies_next(before, value)
            before = value
            after = self._denied(value) if is_denied else self._leaf(value, open_containers)
            if after is not value:
                items[index] = after
                changed += 1
        return changed

    def _names_of(self, names: list[Any], open_containers: list[Any]) -> list[Any]:
        """The members that a JSON schema requires: two of them are no header and its value."""
        after = [self._leaf(name, open_containers) for name in names]
        return after if any(new is not old for new, old in zip(after, names, strict=True)) else names

    def _leaf(self, value: Any, open_containers: list[Any]) -> Any:
        if type(value) is str:
            if len(value) < _LEAST and not self._stages:
                return value
            after = self.redacted(value.encode("utf-8", "replace"))
            return value if after is None else after.decode("utf-8", "replace")
        if type(value) in (dict, list):
            open_containers.append(value)
        return value

    def _denied(self, value: Any) -> Any:
        if value is None or isinstance(value, bool) or value in ("", [], {}) or is_marker(value):
            return value
        return self._marker("key", value.encode() if isinstance(value, str) else orjson.dumps(value))


def _is_schema(value: object) -> bool:
    """Whether *value* is the JSON schema of a member and holds no value of it: tools have parameters called ``password``."""
    if not isinstance(value, dict):
        return False
    members = cast("dict[str, object]", value)
    return members.get("type") in _SCHEMA_TYPES and members.keys() <= _SCHEMA_KEYS


def pattern_stage(pattern: re.Pattern[str], marker: Marker) -> Stage:
    """The stage that takes out what a pattern of the user's matches."""

    def replace(match: re.Match[str]) -> str:
        return marker("pattern", match[0].encode("utf-8", "replace")) if match[0] else ""

    return lambda text: pattern.sub(replace, text)
