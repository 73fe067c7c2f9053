"""What a tracer says of the process that its events come from."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from honeyhive import __about__, semconv
from honeyhive.lateload import late_imports
from honeyhive.settings import Settings

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource

_UNNAMED: Final = "unknown_service"


def program_name() -> str:
    """The name of the program's file, without its ending; of a package that is run (``python -m``) its own."""
    file = Path(sys.argv[0]) if sys.argv and sys.argv[0] else Path()
    program = file.absolute().parent.name if file.stem == "__main__" else file.stem
    return program if program and program not in {"-c", "-m"} else "python"


def resource_of(settings: Settings) -> "Resource":
    """What OpenTelemetry's detectors and ``OTEL_RESOURCE_ATTRIBUTES`` say, and *settings* over it.

    The service is called after the program where nobody named it.
    """
    with late_imports():
        from opentelemetry.sdk.resources import OTELResourceDetector, Resource  # noqa: PLC0415  54 ms to import

        try:
            detected = Resource.create()
        except RuntimeError:  # a program that is ending: the configured detectors would need threads of their own
            detected = OTELResourceDetector().detect()
        given = {semconv.SERVICE_NAME: settings.service_name, "service.version": settings.service_version}
        named = {key: value for key, value in given.items() if value is not None}
        if str(detected.attributes.get(semconv.SERVICE_NAME, _UNNAMED)).startswith(_UNNAMED):
            named.setdefault(semconv.SERVICE_NAME, program_name())
        own = {semconv.PROCESS_PID: os.getpid(), "honeyhive.version": __about__.__version__}
        return detected.merge(Resource({**named, **own}))
