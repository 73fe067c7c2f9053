"""What `import honeyhive` costs: design §5, line 9 (at most 100 ms, and no framework in ``sys.modules``).

Each round starts one interpreter a case, in a new random order: nothing, the package, the package with its first use, and for
comparison the OpenTelemetry SDK. Medians of the time from the interpreter's first statement, with warm file caches.
"""

import argparse
import json
import platform
import random
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Final

RESULT: Final = Path(__file__).parent / "results" / "imports.json"
CASES: Final = {
    "honeyhive": "import honeyhive",
    "honeyhive, used": "import honeyhive; honeyhive.trace(lambda: 1)()",
    "opentelemetry API": "import opentelemetry.trace",
    "opentelemetry SDK": "import opentelemetry.sdk.trace, opentelemetry.sdk.trace.export",
}
HEAVY: Final = [
    "asyncio",
    "concurrent",
    "django",
    "fastapi",
    "celery",
    "httpx",
    "langchain_core",
    "llama_index",
    "numpy",
    "opentelemetry.sdk",
    "pandas",
    "pydantic",
    "requests",
    "rich",
    "typer",
]
PROGRAM: Final = """
import sys, time
before = time.perf_counter()
{statement}
took = time.perf_counter() - before
import json
print(json.dumps({{"ms": took * 1e3, "loaded": [name for name in {heavy} if name in sys.modules]}}))
"""


def main() -> None:
    """Print the table and keep it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=21)
    rounds: int = options.parse_args().rounds
    times: dict[str, list[float]] = {name: [] for name in CASES}
    loaded: dict[str, list[str]] = {}
    for _ in range(rounds + 1):
        for name in random.sample(list(CASES), len(CASES)):
            program = PROGRAM.format(statement=CASES[name], heavy=HEAVY)
            environment = {"HH_TEST_MODE": "true", "PATH": "", "HOME": "/nonexistent"}
            command = [sys.executable, "-c", program]
            found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment).stdout)
            times[name].append(found["ms"])
            loaded[name] = found["loaded"]
    medians = {name: statistics.median(taken[1:]) for name, taken in times.items()}  # the first round warms the caches
    for name, median in medians.items():
        print(f"{name:20} {median:7.1f} ms   loaded: {', '.join(loaded[name]) or 'none of the heavy ones'}")
    result = {"python": platform.python_version(), "rounds": rounds, "median_ms": medians, "loaded": loaded}
    RESULT.write_text(json.dumps(result, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
