"""What the demo asks when nobody asks anything else."""

DEFAULT_QUESTIONS = (
    "How do I pretty-print JSON with indentation and sorted keys?",
    "Which function inserts an item into a sorted list and keeps it sorted?",
    "How do I run a command and capture its output with a timeout?",
    "What does functools.lru_cache do when maxsize is None?",
)
