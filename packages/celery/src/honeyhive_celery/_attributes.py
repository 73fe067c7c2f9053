"""What a task message says of itself, as OpenTelemetry attributes; no lifecycle in here.

Names are those of the messaging conventions (1.44, in development) and, for what they do not know, ``celery.*``.
"""

from collections.abc import Callable, Mapping
from typing import Final, cast
from weakref import WeakKeyDictionary

from celery import Celery

# kombu's transport names; any other scheme is a name that readers know already (redis, memory, filesystem, …).
_SYSTEMS: Final[Mapping[str, str]] = {
    "amqp": "rabbitmq",
    "amqps": "rabbitmq",
    "pyamqp": "rabbitmq",
    "librabbitmq": "rabbitmq",
    "rediss": "redis",
    "sentinel": "redis",
    "sqs": "aws_sqs",
    "confluentkafka": "kafka",
    "gcpubsub": "gcp_pubsub",
    "azureservicebus": "servicebus",
}
_systems_of_apps: Final[WeakKeyDictionary[Celery, tuple[str | None, str | None]]] = WeakKeyDictionary()


def messaging_system(app: Celery, *, is_reading: bool = False) -> str | None:
    """The broker that *app* writes to, or reads from, by its URL, looked at once: no connection is opened for it."""
    systems = _systems_of_apps.get(app)
    if systems is None:
        settings = app.conf
        systems = _system(settings.broker_write_url), _system(settings.broker_read_url)
        _systems_of_apps[app] = systems
    return systems[is_reading]


def _system(url: object) -> str | None:
    if isinstance(url, list | tuple):
        url = next(iter(cast("list[object]", url)), None)
    if not isinstance(url, str) or "://" not in url:
        return None
    scheme = url.partition("://")[0].partition("+")[0].lower()
    return _SYSTEMS.get(scheme, scheme)


def task_attributes(field: Callable[[str], object], task_name: str) -> dict[str, str | int]:
    """Attributes of one execution of a task; *field* reads ``task.request``, or a message's headers, by Celery's names."""
    return _known(
        {
            "celery.task.name": task_name,
            "celery.task.id": field("id"),
            "celery.task.root_id": field("root_id"),
            "celery.task.parent_id": field("parent_id"),
            "celery.group_id": field("group"),
            "celery.retries": field("retries"),
            "celery.eta": field("eta"),
            "celery.worker.hostname": field("hostname"),
        }
    )


def message_attributes(
    task_id: object, *, operation: str, destination: object, system: str | None
) -> dict[str, str | int]:
    """Attributes of the message of task *task_id*, which is sent or processed."""
    return _known(
        {
            "messaging.system": system,
            "messaging.operation.name": operation,
            "messaging.operation.type": operation,
            "messaging.destination.name": destination,
            "messaging.message.id": task_id,
        }
    )


def destination_of(delivery: Mapping[str, object]) -> object:
    """The queue's name: with Celery's default exchanges it is the routing key, otherwise at least the exchange is known."""
    exchange = delivery.get("exchange")
    return delivery.get("routing_key") or getattr(exchange, "name", exchange)


def _known(values: Mapping[str, object]) -> dict[str, str | int]:
    return {name: value for name, value in values.items() if isinstance(value, str | int) and value != ""}
