"""The whole diagnosis."""

from collections.abc import Mapping
from pathlib import Path

from honeyhive.cli.diagnosis.configured import settings_found
from honeyhive.cli.diagnosis.findings import Diagnosis
from honeyhive.cli.diagnosis.joined import adapters_found, instrumentors_found
from honeyhive.cli.diagnosis.kept import journal_found
from honeyhive.cli.diagnosis.reached import destination_found
from honeyhive.cli.diagnosis.remedies import remedies
from honeyhive.cli.diagnosis.surroundings import others_found, process_found, versions_found
from honeyhive.settings import Settings


def diagnose(
    environment: Mapping[str, str],
    *,
    settings: Settings | None = None,
    directory: Path | None = None,
    is_offline: bool = False,
) -> Diagnosis:
    """The state of this environment, or of the tracer whose *settings* are given.

    Unless *is_offline*, the destination is asked, without sending events. Raises `ConfigurationError` for a setting that cannot
    be used.
    """
    settings = Settings.from_env(environment) if settings is None else settings
    directory = Path.cwd() if directory is None else directory
    destination = destination_found(settings, is_offline=is_offline)
    journal = journal_found(settings)
    instrumentors, adapters = tuple(instrumentors_found()), tuple(adapters_found())
    return Diagnosis(
        remedies=remedies(
            settings,
            environment,
            directory=directory,
            destination=destination,
            journal=journal,
            instrumentors=instrumentors,
            adapters=adapters,
        ),
        destination=destination,
        journal=journal,
        process=process_found(environment),
        instrumentors=instrumentors,
        others=tuple(others_found(environment)),
        adapters=adapters,
        versions=versions_found(),
        settings=tuple(settings_found(settings, environment)),
    )
