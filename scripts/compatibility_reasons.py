"""Why a public name of 1.x is not here, or not the same: the first pattern that a path matches."""

from fnmatch import fnmatchcase

_EXPERIMENTS = "comes with the experiments engine; the evaluators are here"
_INTERNAL = "internal of 1.x, in no documentation"
_OTHER_DESIGN = "internal of 1.x; this package does the same in another way"

REASONS: tuple[tuple[str, str], ...] = (
    # Experiments.
    ("honeyhive.evaluate", _EXPERIMENTS),
    ("honeyhive.experiments*", _EXPERIMENTS),
    ("honeyhive.evaluation.evaluators*", "the legacy evaluation of 0.x, which 1.x's `__all__` does not export"),
    ("honeyhive.evaluation*", _EXPERIMENTS),
    # Command line and adapters.
    ("honeyhive.cli*", "1.x had no console script either; the command here is `honeyhive`, see `honeyhive --help`"),
    ("honeyhive.adapters.copilot_studio*", "Copilot Studio's log format is not a framework that this suite adapts"),
    # Utilities of an SDK that sends inside the caller.
    ("honeyhive.utils.*Cache*", "nothing is cached here; `cache_*` options are accepted and do nothing"),
    ("honeyhive.utils.cache*", "nothing is cached here; `cache_*` options are accepted and do nothing"),
    ("honeyhive.utils.*Pool*", "the client and the worker keep httpx's own connection pool"),
    ("honeyhive.utils.connection_pool*", "the client and the worker keep httpx's own connection pool"),
    ("honeyhive.utils.AuthenticationError", "is an `HTTPException`, raised for 401 and 403; 1.x raised it nowhere"),
    ("honeyhive.utils.RateLimitError", "is an `HTTPException`, raised for 429; 1.x raised it nowhere"),
    ("honeyhive.utils.*", _OTHER_DESIGN),
    ("honeyhive.config.resolved*", _OTHER_DESIGN),
    ("honeyhive.config*", _INTERNAL),
    ("honeyhive.models.models*", "the same models are in `honeyhive.models`"),
    ("honeyhive.api.*.api_config", "internal of 1.x: what its generated functions are called with"),
    ("honeyhive.api*.*API.export*", "internal of 1.x: `get_by_session_id` sorts by time without it"),
    ("honeyhive.api*.*API", "made by `HoneyHive`, as `client.events` and so on"),
    ("honeyhive.api.client*", _INTERNAL),
    ("honeyhive.tracer.*", _OTHER_DESIGN),
    ("honeyhive.tracer*", _OTHER_DESIGN),
    # Environment variables.
    ("HH_HIGH_CONCURRENCY", "chose 1.x's locks; nothing here depends on such a choice"),
    ("HH_RUN_ID", "a name in a comment of 1.x; the variable is `RUN_ID`"),
    ("HH_HTTP_CONFIG", "a name in a comment of 1.x"),
    ("HONEYHIVE_BATCH_SIZE", "a name in a comment of 1.x"),
    ("HONEYHIVE_NAMESPACE", "a constant's name in 1.x, not a variable"),
)


def reason_of(path: str) -> str:
    """The reason for *path*, empty when there is none."""
    return next((reason for pattern, reason in REASONS if fnmatchcase(path, pattern)), "")
