"""The first use in a fresh interpreter: what `import honeyhive`, `init` and the first traced call make a program wait for.

Each round starts one interpreter, with warm file caches. Wall and CPU time of each step (`init` with the name's own import, as
programs write it), and how many modules are loaded after it. The CPU time is the steadier one on a busy machine. Events go to a
journal in a directory of their own, and nothing waits for their delivery.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

RESULT: Final = Path(__file__).parent / "results" / "first_use.json"
STEPS: Final = {
    "import honeyhive": "import honeyhive",
    "HoneyHiveTracer.init": "tracer = honeyhive.HoneyHiveTracer.init(project='benchmark')",
    "decorate": "answer = honeyhive.trace(lambda question: {'answer': question})",
    "first traced call": "answer({'question': 'why'})",
    "second traced call": "answer({'question': 'why'})",
}
PROGRAM: Final = """
import json, os, sys, time
told = {{}}
for name, statement in {steps!r}.items():
    code = compile(statement, "benchmark", "exec")
    wall, cpu = time.perf_counter(), time.thread_time()
    exec(code)
    told[name] = {{
        "wall_ms": (time.perf_counter() - wall) * 1e3,
        "thread_ms": (time.thread_time() - cpu) * 1e3,
        "modules": len(sys.modules),
    }}
sys.stdout.write(json.dumps(told))
sys.stdout.flush()
os._exit(0)
"""


def once(data_dir: str) -> dict[str, dict[str, float]]:
    """The steps in one fresh interpreter."""
    command = [sys.executable, "-c", PROGRAM.format(steps=STEPS)]
    environment = {"HH_DATA_DIR": data_dir, "PATH": os.environ["PATH"], "HOME": data_dir}
    told: dict[str, dict[str, float]] = json.loads(
        subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment).stdout
    )
    return told


def main() -> None:
    """Print the table and keep it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=21)
    rounds: int = options.parse_args().rounds
    with tempfile.TemporaryDirectory() as data_dir:
        found = [once(data_dir) for _ in range(rounds + 1)][1:]  # the first round warms the caches
    medians = {
        step: {measure: statistics.median(one[step][measure] for one in found) for measure in found[0][step]}
        for step in STEPS
    }
    for step, values in medians.items():
        wall, thread, modules = values["wall_ms"], values["thread_ms"], values["modules"]
        print(f"{step:22} wall {wall:8.2f} ms   caller CPU {thread:8.2f} ms   modules {modules:5.0f}")
    result = {"python": platform.python_version(), "rounds": rounds, "medians": medians}
    RESULT.write_text(json.dumps(result, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
